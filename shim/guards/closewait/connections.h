/* SPDX-License-Identifier: MIT */
/*
 * What guard closewait knows of a TCP socket besides the ledger: who connected or accepted it, when the program used it last, since when the peer's end has been seen. A side
 * table by number, in chunks that are mapped when a connection with such a number is made.
 *
 * No lock, relaxed atomics; async-signal-safe. In memory that is not ours nothing is written.
 */
#ifndef FDG_GUARDS_CLOSEWAIT_CONNECTIONS_H
#define FDG_GUARDS_CLOSEWAIT_CONNECTIONS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "ledger/ledger.h"

/* Times are moments: 16 ms each since the process looked at the clock first, from 1; 0 is none. They last for two years. */
typedef uint32_t fdg_moment;

enum {
	FDG_CONNECTION_CONNECTED = 1, /* site and thread are those of connect, */
	FDG_CONNECTION_ACCEPTED = 2,  /* … or of accept */
	FDG_CONNECTION_ARRIVED = 4,   /* came from another process */
	FDG_CONNECTION_SENT = 8,      /* was sent to another process */
	FDG_CONNECTION_LEAK = 16,     /* the kernel said so at `asked` */
	FDG_CONNECTION_CURED = 32,    /* and it was cured */
	FDG_CONNECTION_SHUT = 64,     /* not in CLOSE_WAIT, though its reading end is shut */
	FDG_CONNECTION_EPHEMERAL = 128, /* its local port is one of those that the kernel hands out */
	FDG_CONNECTION_HALF = 256, /* was sent to when its peer had closed its half */
	FDG_CONNECTION_HUSH = 512, /* is being ended, or was, and not been sent to since: hush.h */
	FDG_CONNECTION_BITS = 0xffff, /* the bits above are guard keepalive's */
};

struct fdg_connection {
	_Atomic uint32_t generation; /* of the ledger's entry that the rest is about */
	_Atomic uint32_t bits;
	_Atomic uintptr_t site;   /* who called connect or accept; 0: not known */
	_Atomic uint64_t sent;    /* bytes that were when the peer's end was seen */
	_Atomic uint64_t cookie;  /* SO_COOKIE, asked when it was found to leak; 0: not yet */
	_Atomic uint32_t thread;  /* who connected or accepted it: a number of ours from 1; 0: not known */
	_Atomic fdg_moment used;  /* when the program used it last, or a little earlier */
	_Atomic fdg_moment seen;  /* since when its peer's end is known */
	_Atomic fdg_moment asked; /* when the kernel was asked of it last */
	_Atomic uint32_t unread;  /* bytes that it had for the program then */
	_Atomic uint32_t starts;  /* processes that had been started when it was made */
	_Atomic uint32_t group;   /* of closewait.c; 0: none yet */
};

/* Milliseconds of a clock that ticks every few of them, and the moment that they are in. */
int64_t fdg_connection_clock(void);
fdg_moment fdg_connection_moment(int64_t ms);
/* How long ago that was, in milliseconds. */
int64_t fdg_connection_ms(fdg_moment since, fdg_moment now);

/* The last sweep before the program used it, for each number: what every data call looks at. */
extern _Atomic uint32_t fdg_connection_uses[FDG_LEDGER_MAX];

/* What is known of fd; NULL: nothing yet. */
struct fdg_connection *fdg_connection_find(int fd);
/* The same, and from now on something is: all zero but for the generation. NULL: no memory, or it is not ours. */
struct fdg_connection *fdg_connection_make(int fd);

/* connect succeeded or is under way; accept made fd; fd came from another process, or was sent there. TCP sockets alone are noted. */
void fdg_connection_connected(int fd, const void *site);
void fdg_connection_accepted(int fd, const void *site);
/* `to` is another number of what `from` is. */
void fdg_connection_copied(int from, int to);
void fdg_connection_arrived(int fd);
void fdg_connection_sent(int fd);

/* A process is being started, by whatever call: it may get what is open now, and give it to others. */
extern _Atomic uint32_t fdg_connection_starts;
void fdg_connection_start(void);

/* A socket that TCP may be behind: IPv4 or IPv6, a stream; or one that nothing more is known of. */
static inline bool fdg_connection_is_tcp(uint32_t state)
{
	unsigned domain = state >> 8 & 0xff, type = state >> 16 & 0xf;

	return fdg_kindword_kind(state & FDG_KIND_MASK) == FDG_KIND_SOCKET && (domain == 2 || domain == 10 || domain == 0) && (type == 1 || type == 0);
}

#endif
