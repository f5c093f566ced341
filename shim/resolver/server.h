/* SPDX-License-Identifier: MIT */
/*
 * What is known of a server from its traffic: how long an answer takes, how many questions it can have at a time, whether it is there and knows what it is
 * asked. No I/O; times are microseconds.
 *
 * Round trips are RFC 6298's, with smaller gains where many are measured at a time, and without Karn's rule: every transmission has an id of its own.
 * That tells too what was repeated too early, and the wait is stretched until that is rare (one in sixty): a server that is slow now and then is not
 * asked twice for everything.
 *
 * The window begins at FDG_SERVER_WINDOW and doubles with each windowful, until more is lost than the line loses anyway; then it is halved. A cut that
 * does not lessen the loss shows that the loss is the line's own: it is taken back, and that much is allowed from then on.
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
	FDG_SERVER_WINDOW = 256, /* as many small queries as a default receive buffer holds */
	FDG_SERVER_WINDOW_MIN = 8,
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
	/* The windowful that runs. */
	uint32_t answered, lost;
	/* Losses, in 1,024ths: what the line is known to lose; what was lost before the cut whose effect is awaited, and the window then. */
	uint32_t tolerated, cut_loss, cut_window;
	/* Health. */
	uint64_t heard;      /* when, last; 0: never */
	uint64_t down_until; /* 0: not down */
	uint32_t down_for;
	uint32_t silent, shamed, plain;
};

void fdg_server_start(struct fdg_server *s, uint32_t window_max);
/* A transmission was answered, after trip µs; 0: one cannot tell. */
void fdg_server_answered(struct fdg_server *s, uint64_t now, uint32_t trip, unsigned flying);
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

static inline bool fdg_server_is_live(const struct fdg_server *s)
{
	return !s->down_until;
}

/* True: it is down, and should be asked now; the next time is later. */
bool fdg_server_probe(struct fdg_server *s, uint64_t now);
/* How long to wait for the answer to the nth transmission of a question to it, n from 1; not more than `max`, but at least as long as an answer takes. */
uint32_t fdg_server_patience(const struct fdg_server *s, unsigned n, uint32_t max);

#endif
