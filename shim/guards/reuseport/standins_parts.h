/* SPDX-License-Identifier: MIT */
/* What standins.c and standins_send.c share. */
#ifndef FDG_GUARDS_REUSEPORT_STANDINS_PARTS_H
#define FDG_GUARDS_REUSEPORT_STANDINS_PARTS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <time.h>

#include "base/sys.h"
#include "guards/reuseport/kept.h"
#include "guards/reuseport/socket_address.h"
#include "guards/reuseport/standins.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

enum { FREE, HELD, WAITING, TAKEN, LOOKED_AT, SPENT };

/* The addresses and the namespace are the stand-in's, and are right when `state` is WAITING or SPENT. */
struct fdg_slot {
	_Atomic uint32_t state;
	_Atomic uint32_t key; /* of the stand-in's own address and port */
	union fdg_socket_address from, to;
	uint64_t netns;
	struct fdg_kept connection;
	struct fdg_kept standin; /* our end of it: it tells when the listener that has the other is closed */
	int sending;             /* … while it is being made, or its number kept for it; 0: none */
	bool is_there;
	_Atomic int64_t since; /* it waits, or is spent, in ms */
	_Atomic bool is_ending; /* it is SPENT, and what it has is being reset */
	_Atomic bool is_found;  /* … and its stand-in was accepted meanwhile */
};

struct fdg_board {
	_Atomic unsigned waiting;
	_Atomic unsigned spent;
	_Atomic unsigned unseen; /* were spent, and others have their slots */
	_Atomic unsigned end;   /* slots from here on were never used */
	struct fdg_slot slot[FDG_HANDOVER_MAX];
};
extern struct fdg_board *_Atomic fdg_standins_board; /* NULL: nothing was handed over yet */

static inline struct fdg_board *fdg_board(void)
{
	return atomic_load_explicit(&fdg_standins_board, memory_order_acquire);
}

static inline struct fdg_slot *fdg_slot(int slot)
{
	return &fdg_board()->slot[slot];
}

/* A slot that WAITs is SPENT; ret gets 1 more if it had its connection still. False: it does not wait any more. Only in the caller's turn (turn.h). */
bool fdg_standin_spend(int slot, unsigned *ret);

static inline void fdg_linger_none(int fd)
{
	struct linger l = { 1, 0 };

	fdg_sys5(SYS_setsockopt, fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
}

static inline void fdg_reset_socket(int fd)
{
	fdg_linger_none(fd);
	fdg_sys_close(fd);
}

static inline uint64_t fdg_netns_of(int fd)
{
	uint64_t cookie = 0;
	unsigned n = sizeof(cookie);

	return fdg_sys_getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &n) < 0 ? 0 : cookie;
}

static inline int64_t fdg_now_ns(void)
{
	struct timespec t = { 0, 0 };

	fdg_sys_clock(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static inline int64_t fdg_now_ms(void)
{
	return fdg_now_ns() / 1000000;
}

#endif
