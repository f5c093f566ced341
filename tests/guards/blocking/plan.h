/* SPDX-License-Identifier: MIT */
/* One random case: a call, and what happens at the other end while it sleeps; and what came of it. */
#ifndef BLOCKING_PLAN_H
#define BLOCKING_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rig.h"

enum op {
	TAKE, TAKE_PARTS, TAKE_PARTS2, RECEIVE, RECEIVE_FROM, RECEIVE_MESSAGE, RECEIVE_MESSAGES,
	GIVE, GIVE_PARTS, GIVE_PARTS2, POST, POST_TO, POST_MESSAGE, POST_MESSAGES,
	OPS
};
extern const char *const op_names[OPS];

/* At the other end: bytes come or are read, … */
enum act { SENDS, READS, DRAINS, SIGNALS, SHUTS, CLOSES, RESETS, WAITS, ACTS };
extern const char *const act_names[ACTS];

enum { STEPS = 6, MESSAGES = 3, MOST_BYTES = 600000 };

struct plan {
	enum channel channel;
	enum op op;
	int way;             /* BY_NAME, BY_NUMBER */
	size_t n;            /* bytes; of each message */
	unsigned parts;      /* 1, 2, or many */
	int flags;
	int low;             /* SO_RCVLOWAT */
	int limit;           /* SO_RCVTIMEO, SO_SNDTIMEO: ms */
	int patience;        /* recvmmsg's timeout, ms; -1: none */
	bool restart;
	bool in_turn;        /* and of the other kind after each signal */
	size_t room;         /* for recvmsg's control data; of a stream of AF_UNIX: who wrote it */
	bool filled;         /* mine is full before the call */
	size_t before;       /* bytes that are there before the call */
	struct { enum act act; size_t n; } script[STEPS];
	unsigned steps;
	unsigned settle;     /* ms; where a slow path looks now and then */
};

struct outcome {
	long ret;
	int error;           /* errno after it, whatever it returned */
	int step;            /* after which act it came back; -1: it did not wait */
	uint64_t bytes;      /* hash of the whole buffer */
	unsigned len[MESSAGES];
	int message_flags;
	size_t control;      /* bytes */
	size_t delivered;    /* bytes that the other end got */
	bool in_order;       /* and they were the ones that were sent */
	bool cut;            /* the other end was closed before it had all */
	int handled, broken; /* signals */
	long next;           /* what a further call says that does not wait */
	int next_error;
	bool patience_left;
	bool armed;          /* the kernel's O_NONBLOCK was as it should be */
};

void make_plan(struct plan *p);
void print_plan(const struct plan *p);
static inline bool gives(const struct plan *p) { return p->op >= GIVE; }

void run_plan(const struct plan *p, bool marked, struct outcome *ret);
void print_outcome(const char *title, const struct outcome *o);
/* As far as the channel is exact: TCP's buffers are not. */
bool is_same(const struct plan *p, const struct outcome *a, const struct outcome *b);

#endif
