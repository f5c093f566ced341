/* SPDX-License-Identifier: MIT */
/*
 * What is known of a server from its traffic: how long an answer takes, how many questions it can have at a time, whether it is there and knows what it is
 * asked. No I/O; times are microseconds.
 *
 * Round trips are RFC 6298's, with smaller gains where many are measured at a time, and without Karn's rule: every transmission has an id of its own.
 * That tells too what was repeated too early, and the wait is stretched until that is rare (one in sixty): a server that is slow now and then is not
 * asked twice for everything.
 *
 * The window begins at FDG_SERVER_WINDOW and doubles with each windowful, until more is lost than the line loses anyway; then it is cut. A server, or a way,
 * that had more than it could take answers no less for that; where a windowful has fewer answers now, the loss is the line's own: the cut is taken back, and that
 * much is allowed from then on. Below FDG_SERVER_WINDOW_MIN nothing is gained: each question waits longer for every repetition anyway.
 *
 * Down is a server that was silent where an answer was due, or that failed names that others knew. It is asked again after a second, then two, four, up to
 * a minute.
 */
#ifndef FDG_RESOLVER_SERVER_H
#define FDG_RESOLVER_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	FDG_SERVER_WINDOW = 1024,
	FDG_SERVER_BURST = 128, /* at a time, while nothing is known: a default receive buffer holds 256 small queries */
	FDG_SERVER_WINDOW_MIN = 64,
	FDG_SERVER_SETTLED = 16, /* answers, from which on the round trip is more than a guess */
	FDG_SERVER_RTO = 400000,      /* while nothing is measured */
	FDG_SERVER_RTO_MIN = 15000,   /* µs; nearer than that is often a scheduler's doing */
	FDG_SERVER_SPREAD_MIN = 3000, /* a timer's tick, a scheduler's whim */
	FDG_SERVER_PATIENCE_MAX = 200000,
	FDG_SERVER_SILENT = 3, /* transmissions without an answer, one after the other: down */
	FDG_SERVER_SHAMED = 4, /* names failed that others knew: down */
	FDG_SERVER_DOWN_MIN = 1000000,
	FDG_SERVER_DOWN_MAX = 64000000,
	FDG_SERVER_PLAIN = 3, /* answers that came only without EDNS: it gets none from then on */
};

struct fdg_server {
	uint32_t trip, spread, rto; /* µs; trip 0: not measured */
	uint32_t patience; /* µs, in rto: what is added since answers came after all to what had been repeated */
	uint32_t window, window_max;
	bool limited; /* the window kept something back since the last look at it */
	bool grown;   /* it has been cut once: from then on it grows slowly */
	bool draining; /* it was cut just now: what is told of is what went out before */
	uint32_t trips; /* measured, up to FDG_SERVER_SETTLED */
	/* The windowful that runs; `peak`: the most that were in flight. */
	uint32_t answered, lost, peak;
	uint32_t tolerated; /* losses, in 1,024ths: what the line is known to lose */
	/* Before the cut whose effect is awaited: the window, and how many of a windowful were answered; 0: no cut. */
	uint32_t cut_window, cut_answered;
	/* Health. */
	uint64_t heard;      /* when, last; 0: never */
	uint64_t down_until; /* 0: not down */
	uint32_t down_for;
	uint32_t silent, shamed, plain;
};

void fdg_server_start(struct fdg_server *s, uint32_t window_max);
/* A transmission was answered, after trip µs; 0: one cannot tell. True: the round trip is settled since now. */
bool fdg_server_answered(struct fdg_server *s, uint64_t now, uint32_t trip, unsigned flying);
/* The answer was one that ends a question: it knows its names. */
void fdg_server_good(struct fdg_server *s);
/* A transmission's time is over. True: the server is down since now. */
bool fdg_server_lost(struct fdg_server *s, uint64_t now);
/* … and its answer came after all. */
void fdg_server_late(struct fdg_server *s);
/* Another server knew what this one failed. True: it is down since now. */
bool fdg_server_shame(struct fdg_server *s, uint64_t now);
/* The host says that nothing listens. True: it is down since now. */
bool fdg_server_absent(struct fdg_server *s, uint64_t now);

/* Of questions that have not gone out, how many may at a time. */
static inline uint32_t fdg_server_burst(const struct fdg_server *s)
{
	return s->trip ? UINT32_MAX : FDG_SERVER_BURST;
}

static inline bool fdg_server_is_live(const struct fdg_server *s)
{
	return !s->down_until;
}

/* True: it is down, and should be asked now; the next time is later. */
bool fdg_server_probe(struct fdg_server *s, uint64_t now);
/* How long to wait for the answer to the nth transmission of a question to it, n from 1; not more than `max`, but at least as long as an answer takes. */
uint32_t fdg_server_patience(const struct fdg_server *s, unsigned n, uint32_t max);

#endif
