// SPDX-License-Identifier: MIT
#include "resolver/sentence.h"

#include <netdb.h>

#include "base/poison.h"

const char *fdg_error_sentence(int error)
{
	switch (error) {
	case 0:
		return "there is no error";
	case 1: /* FDG_RESOLVER_NOT_OURS, FDG_CORE_NOT_OURS */
		return "only libc's getaddrinfo can tell";
	case EAI_BADFLAGS:
		return "a flag is not known, or makes no sense here";
	case EAI_NONAME:
		return "there is no such name or service";
	case EAI_AGAIN:
		return "the servers gave no answer: it may be there later";
	case EAI_FAIL:
		return "the servers failed for good";
	case EAI_NODATA:
		return "the name exists, but has no address of this kind";
	case EAI_FAMILY:
		return "the address family is neither AF_INET nor AF_INET6";
	case EAI_SOCKTYPE:
		return "there is no such kind of socket";
	case EAI_SERVICE:
		return "there is no such service for this kind of socket";
	case EAI_ADDRFAMILY:
		return "the address is of another family";
	case EAI_MEMORY:
		return "there is no memory";
	case EAI_SYSTEM:
		return "a system call failed";
	case EAI_OVERFLOW:
		return "the buffer is too small";
	case EAI_CANCELED:
		return "it was cancelled";
	default:
		return "an error that has no name";
	}
}
