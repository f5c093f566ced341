/* SPDX-License-Identifier: MIT */
/*
 * Guard nonblock, second part (stall.c): a thread that has an event loop, and waits for the answer of a name server.
 *
 *     wrong:  getaddrinfo(host, port, &hints, &found);     in a handler of the loop: seconds, when a server does not answer
 *     right:  the same in a thread that has no loop, or getaddrinfo_a, or a resolver that the loop can drive
 *
 * Async-signal-safe, all of it.
 */
#ifndef FDG_GUARDS_NONBLOCK_LOOKUP_H
#define FDG_GUARDS_NONBLOCK_LOOKUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct fdg_stall_lookup {
	int64_t begun;
	char asked[104]; /* for people. A copy: what the program asked with may be libc's own memory, which the call writes anew */
};

/* False: this thread has no loop, and there is nothing to measure. */
bool fdg_stall_lookup_begin(struct fdg_stall_lookup *l);
/* What is looked up: one of these, before the call. NULL is nothing. */
void fdg_stall_lookup_name(struct fdg_stall_lookup *l, const char *name);
void fdg_stall_lookup_address(struct fdg_stall_lookup *l, int family, const void *address, socklen_t len);
void fdg_stall_lookup_peer(struct fdg_stall_lookup *l, const struct sockaddr *peer, socklen_t len);
/* Reports one that took too long. errno is left alone. */
void fdg_stall_lookup_end(const struct fdg_stall_lookup *l, const char *call, const void *site);

#endif
