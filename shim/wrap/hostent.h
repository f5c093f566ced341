/* SPDX-License-Identifier: MIT */
/* struct hostent: carved out of a caller's buffer, or out of memory of the process, as libc has it for calls that are given none. */
#ifndef FDG_WRAP_HOSTENT_H
#define FDG_WRAP_HOSTENT_H

#include <netdb.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "resolver/lookup.h"

/* False: the room is too small. */
bool fdg_hostent_fill(const struct fdg_lookup_host *from, struct hostent *to, char *room, size_t n);

/* What a call of this name gave last. It grows, and what it was before it grew stays mapped: a program may still look there. */
struct fdg_hostent_own {
	_Atomic int writer; /* a thread's number */
	char *room;
	size_t size;
	struct hostent entry;
};

/* NULL: no memory, or somebody is at it: another thread for too long, or this very one, whom a signal has interrupted; or the parent of a forked child. */
struct hostent *fdg_hostent_keep(struct fdg_hostent_own *own, const struct fdg_lookup_host *from);

#endif
