/* SPDX-License-Identifier: MIT */
/*
 * Options keepalive and keepalive.user_timeout. A peer that vanished (power, a cable, a firewall that forgot) sends no end: without keepalive its connection stays ESTABLISHED for
 * ever, and no sweep can tell it from an idle one.
 *
 *     wrong:  int fd = socket(AF_INET, SOCK_STREAM, 0); connect(fd, …); read(fd, …);     waits for a peer that is gone
 *     right:  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one)); and TCP_KEEPIDLE of some minutes
 *
 * What the program sets is what the kernel has, because ours is set first: when a socket is made. What accept returns has its listener's options from the kernel, ours or the
 * program's. Of a socket that was made elsewhere (inherited, or sent here) nobody knows what was set on purpose: one that has keepalive is left as it is.
 *
 * Raw system calls; async-signal-safe.
 */
#ifndef FDG_GUARDS_CLOSEWAIT_KEEPALIVE_H
#define FDG_GUARDS_CLOSEWAIT_KEEPALIVE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/kind.h"
#include "options/options.h"

static inline bool fdg_keepalive_any(void)
{
	return __builtin_expect(fdg_options.keepalive.on || fdg_options.keepalive_user_timeout_ms > 0, 0);
}

void fdg_keepalive_socket_slow(int fd);
void fdg_keepalive_accepted_slow(int listener, int fd);
void fdg_keepalive_arrived_slow(int fd);
void fdg_keepalive_noted_slow(int fd, const void *value);

/* The program made this socket. */
static inline void fdg_keepalive_socket(int fd, int domain, int type)
{
	if (fdg_keepalive_any() && fd >= 0 && (domain == AF_INET || domain == AF_INET6) && (type & 0xf) == SOCK_STREAM)
		fdg_keepalive_socket_slow(fd);
}

/* accept returned fd. Its peer may have been waiting since before the listener was ours. */
static inline void fdg_keepalive_accepted(int listener, int fd)
{
	if (fdg_keepalive_any() && fd >= 0)
		fdg_keepalive_accepted_slow(listener, fd);
}

/* fd, of this kind, was made by another process. */
static inline void fdg_keepalive_arrived(int fd)
{
	if (fdg_keepalive_any())
		fdg_keepalive_arrived_slow(fd);
}

/* What the process was started with, once the ledger knows it. */
void fdg_keepalive_start(void);

/* setsockopt(fd, level, name, value, …) was done: the kernel has read an int at `value`. */
static inline void fdg_keepalive_noted(int fd, int level, int name, const void *value)
{
	if (__builtin_expect(level == SOL_SOCKET && name == SO_KEEPALIVE, 0) && (fdg_options.closewait_cure == FDG_CURE_KEEPALIVE || fdg_keepalive_any()))
		fdg_keepalive_noted_slow(fd, value);
}

/* The socket of this cookie has no keepalive because the program said so. */
bool fdg_keepalive_is_off(uint64_t cookie);

#endif
