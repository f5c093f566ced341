/* SPDX-License-Identifier: MIT */
/*
 * Descriptors of ours that are kept for a while in a program that may close any number: each with the cookie of its socket, and used only where that is right still.
 *
 * Raw system calls; async-signal-safe.
 */
#ifndef FDG_GUARDS_REUSEPORT_KEPT_H
#define FDG_GUARDS_REUSEPORT_KEPT_H

#include <stdatomic.h>
#include <stdint.h>

struct fdg_kept {
	_Atomic int fd; /* 1 more: 0 is none */
	_Atomic uint64_t cookie;
};

/* Another one for each socket; 0: it is none. */
uint64_t fdg_socket_cookie(int fd);

/* A close-on-exec duplicate out of the low numbers, with some left for the program; -1: there is no room. */
int fdg_kept_raise(int fd);
/* fd -1: none. */
void fdg_kept_put(struct fdg_kept *k, int fd);
/* It is the caller's then; -1: there is none any more. */
int fdg_kept_take(struct fdg_kept *k);
void fdg_kept_close(struct fdg_kept *k);

static inline int fdg_kept_fd(struct fdg_kept *k)
{
	return atomic_load(&k->fd) - 1;
}

#endif
