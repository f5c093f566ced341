// SPDX-License-Identifier: MIT
#include "resolver/error.h"

#include "base/poison.h"

const char *fdg_dns_sentence(enum fdg_dns_error error)
{
	static const char *const sentences[] = {
#define E(name, sentence) sentence,
#include "resolver/errors.def"
#undef E
	};

	return (unsigned)error < FDG_DNS_ERRORS ? sentences[error] : "an error that has no name";
}
