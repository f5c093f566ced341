// SPDX-License-Identifier: MIT
/* What is counted as a leak, and what closewait=fix does about it: many at a time (cure.c). */
#include "base/big.h"
#include "guards/closewait/closewait.h"
#include "guards/holders.h"
#include "options/options.h"

#include "base/poison.h"

/* Those that are to be cured, and are together. */
FDG_BIG static struct fdg_cure_job cures[FDG_CURES];
FDG_BIG static struct {
	struct fdg_connection *c;
	struct fdg_closewait_group *g;
	uint32_t generation;
	fdg_moment used, noted; /* at the latest; as it is noted */
} curing[FDG_CURES];
static unsigned to_cure;

#define GET(field) atomic_load_explicit(&c->field, memory_order_relaxed)

/* Who starts a process may have given it away, and that one to its own children: nobody can be asked. */
static enum fdg_cured may_be_cured(int fd, const struct fdg_connection *c)
{
	if (fdg_ledger_state(fd) & FDG_PASSED || fdg_ledger_is_inherited(fd))
		return FDG_CURE_SHARED;
	if (GET(bits) & FDG_CONNECTION_HALF)
		return FDG_CURE_HALF;
	if (GET(unread) > FDG_CLOSEWAIT_PARTING)
		return FDG_CURE_UNREAD;
	return fdg_holders_is_older(fd) || GET(starts) != atomic_load_explicit(&fdg_connection_starts, memory_order_relaxed) ? FDG_CURE_STARTED : FDG_CURED;
}

static bool is_to_be_cured(const struct fdg_closewait *s, const struct fdg_connection *c)
{
	return fdg_options.closewait == FDG_FIX && !s->is_last && !(GET(bits) & FDG_CONNECTION_CURED);
}

static void add(struct fdg_closewait_tally *t, const struct fdg_closewait *s, int fd, const struct fdg_connection *c, fdg_moment used)
{
	int64_t age = fdg_connection_ms(GET(seen), s->now), idle = fdg_connection_ms(used, s->now);

	if (!t->sockets || age > t->age) {
		t->age = age;
		t->fd = fd;
	}
	if (!t->sockets || idle < t->idle)
		t->idle = idle;
	t->sockets++;
	t->ephemeral += GET(bits) & FDG_CONNECTION_EPHEMERAL ? 1 : 0;
	t->unread += GET(unread) != 0;
}

static void hush_no_more(struct fdg_connection *c)
{
	atomic_fetch_and_explicit(&c->bits, ~(uint32_t)FDG_CONNECTION_HUSH, memory_order_relaxed);
}

static void is_done(struct fdg_closewait *s, unsigned i)
{
	struct fdg_connection *c = curing[i].c;
	struct fdg_closewait_group *g = curing[i].g;
	bool is_cured = cures[i].done == FDG_CURED || cures[i].done == FDG_CURED_BEFORE;
	bool is_ended = cures[i].done == FDG_CURED && fdg_options.closewait_cure == FDG_CURE_SHUTDOWN;

	if (GET(generation) == curing[i].generation) {
		if (is_cured)
			atomic_fetch_or_explicit(&c->bits, FDG_CONNECTION_CURED, memory_order_relaxed);
		if (!is_ended)
			hush_no_more(c);
	}
	g->cured += is_cured;
	g->fixed += is_cured;
	if (!is_cured)
		g->uncured = cures[i].done;
	add(is_ended ? &g->ended : &g->there, s, cures[i].fd, c, curing[i].used);
}

/* A sweep takes long where there are many, and has pauses. */
static bool was_used(unsigned i)
{
	const struct fdg_connection *c = curing[i].c;

	return GET(generation) != curing[i].generation || GET(used) != curing[i].noted;
}

void fdg_closewait_cure(struct fdg_closewait *s)
{
	for (unsigned i = 0; i < to_cure; i++)
		if (was_used(i))
			cures[i].cookie = 0;
	fdg_cure_all(cures, to_cure);
	for (unsigned i = 0; i < to_cure; i++) {
		if (!cures[i].cookie)
			cures[i].done = FDG_CURE_USED;
		is_done(s, i);
	}
	to_cure = 0;
}

static void cure_soon(struct fdg_closewait *s, int fd, struct fdg_connection *c, struct fdg_closewait_group *g, fdg_moment used)
{
	cures[to_cure] = (struct fdg_cure_job){ fd, GET(cookie), FDG_CURE_REFUSED };
	curing[to_cure].c = c;
	curing[to_cure].g = g;
	curing[to_cure].generation = GET(generation);
	curing[to_cure].used = used;
	curing[to_cure].noted = GET(used);
	atomic_fetch_or_explicit(&c->bits, FDG_CONNECTION_HUSH, memory_order_relaxed);
	atomic_store_explicit(&fdg_connection_uses[fd], 0, memory_order_relaxed);
	if (++to_cure == FDG_CURES)
		fdg_closewait_cure(s);
}

void fdg_closewait_count(struct fdg_closewait *s, int fd, struct fdg_connection *c, fdg_moment used)
{
	struct fdg_closewait_group *g = fdg_closewait_group_of(fd, c, s->now);
	bool is_wanted = is_to_be_cured(s, c);
	enum fdg_cured may = is_wanted ? may_be_cured(fd, c) : FDG_CURED;

	s->leaks++;
	g->count++;
	g->last = s->now;
	if (is_wanted && may == FDG_CURED) {
		cure_soon(s, fd, c, g, used);
		return;
	}
	if (is_wanted)
		g->uncured = may;
	g->fixed += (GET(bits) & FDG_CONNECTION_CURED) != 0;
	add(&g->there, s, fd, c, used);
}

void fdg_closewait_cure_none(void)
{
	for (unsigned i = 0; i < to_cure; i++)
		if (atomic_load_explicit(&curing[i].c->generation, memory_order_relaxed) == curing[i].generation)
			hush_no_more(curing[i].c);
	to_cure = 0;
}
