/* SPDX-License-Identifier: MIT */
/*
 * Interest lists as arrays, and steps that are made in both; for a unit test and a fuzzer. Who includes it says how many lists and descriptors there are (SETS, FDS),
 * how many steps in 1,000 duplicate an epoll, or close one (COPYING), what happens where the two differ (ENSURE), and where the dice come from (below). No descriptor is
 * real: the ledger says what they are.
 */
#ifndef TESTS_UNIT_GUARDS_INTEREST_MODEL_H
#define TESTS_UNIT_GUARDS_INTEREST_MODEL_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "guards/epoll/interest.h"
#include "ledger/ledger.h"

/* A clock by which there is always time to search. */
int clock_gettime(clockid_t clock, struct timespec *ret)
{
	static _Atomic long seconds;

	(void)clock;
	*ret = (struct timespec){ .tv_sec = atomic_fetch_add(&seconds, 100) + 100 };
	return 0;
}

static unsigned below(unsigned n);

enum {
	COPIES = 3,                         /* of an epoll */
	LAST_FD = FDS < 100 ? 2080 : 90000, /* three chunks of the tables */
	EPOLLS = 1500,
	SAVED = 3000,
	STRANGER = 2999,
	SITES = 16,
};

struct set {
	int number[COPIES]; /* -1: closed */
};

struct slot {
	bool is_there, is_away; /* the number is another descriptor's, for now */
	uint64_t data;
	uint32_t events;
	unsigned site, state;
	int owner;
};

static struct set sets[SETS];
static struct slot slots[SETS][FDS];
static bool is_away[FDS];
static const char sites[SITES];
static int self;

static int fd_of(int i)
{
	return i < FDS / 3 ? i : i < FDS / 3 * 2 ? i + 1000 : LAST_FD - FDS + i;
}

static void learn(int fd)
{
	fdg_ledger_learn(fd, FDG_KIND_SOCKET, 0, NULL);
}

/* The last set's epoll was never seen: it goes by its number. */
static bool is_unknown(int s)
{
	return s == SETS - 1;
}

static int number_in(int s)
{
	int copy = (int)below(COPIES);

	while (sets[s].number[copy] < 0)
		copy = (copy + 1) % COPIES;
	return sets[s].number[copy];
}

/*
 * Comparing
 */

static void same_as(const struct slot *want, int s, int i, const struct fdg_registration *r)
{
	bool is_its = false;

	ENSURE(r->fd == fd_of(i));
	ENSURE(r->data == want->data);
	ENSURE(r->events == want->events);
	ENSURE(r->site == &sites[want->site]);
	ENSURE(r->state == want->state);
	ENSURE(r->owner == want->owner);
	ENSURE(r->generation == fdg_ledger_generation(r->fd));
	for (int copy = 0; copy < COPIES; copy++)
		if (sets[s].number[copy] >= 0) {
			ENSURE(fdg_interest_is_of(r, sets[s].number[copy]));
			is_its = is_its || fdg_interest_epoll(r) == sets[s].number[copy];
		}
	ENSURE(is_its);
}

static void compare_one(int s, int i)
{
	struct fdg_registration r;
	bool found = fdg_interest_of(number_in(s), fd_of(i), &r);

	ENSURE(found == slots[s][i].is_there);
	if (found)
		same_as(&slots[s][i], s, i, &r);
}

static int index_of(int fd)
{
	int i = 0;

	while (i < FDS && fd_of(i) != fd)
		i++;
	ENSURE(i < FDS);
	return i;
}

static void compare_data(int s, uint64_t data)
{
	struct fdg_registration r;
	unsigned want = 0, same = 77;
	int epoll = number_in(s);

	for (int i = 0; i < FDS; i++)
		want += slots[s][i].is_there && slots[s][i].data == data;
	want = want < FDG_INTEREST_SAME ? want : FDG_INTEREST_SAME;
	for (int counts = 0; counts < 2; counts++) {
		ENSURE(fdg_interest_look(epoll, data, &r, counts ? &same : NULL) == (want > 0));
		if (counts)
			ENSURE(same == want);
		if (want) {
			ENSURE(r.data == data);
			ENSURE(slots[s][index_of(r.fd)].is_there);
			same_as(&slots[s][index_of(r.fd)], s, index_of(r.fd), &r);
		}
	}
}

static void compare_lists_of(int i)
{
	struct fdg_registration r;
	unsigned at = 0;
	bool seen[SETS] = { false };

	while (fdg_interest_next(fd_of(i), &at, &r)) {
		int epoll = fdg_interest_epoll(&r), s = 0;

		if (epoll < 0 || r.generation != fdg_ledger_generation(r.fd))
			continue; /* nobody saw it closed */
		while (s < SETS && !fdg_interest_is_of(&r, number_in(s)))
			s++;
		ENSURE(s < SETS);
		ENSURE(!seen[s]);
		seen[s] = true;
		ENSURE(slots[s][i].is_there);
		same_as(&slots[s][i], s, i, &r);
	}
	for (int s = 0; s < SETS; s++)
		ENSURE(seen[s] == slots[s][i].is_there);
}

static void compare_numbers(void)
{
	int fd = -1;

	for (int i = 0; i < FDS; i++) {
		bool has_any = false;

		for (int s = 0; s < SETS; s++)
			has_any = has_any || slots[s][i].is_there;
		while (has_any && fd < fd_of(i)) {
			fd = fdg_interest_next_fd(fd + 1);
			ENSURE(fd >= 0);
		}
		if (has_any)
			ENSURE(fd == fd_of(i));
	}
}

static void compare_all(void)
{
	for (int i = 0; i < FDS; i++) {
		for (int s = 0; s < SETS; s++) {
			compare_one(s, i);
			if (slots[s][i].is_there)
				compare_data(s, slots[s][i].data);
		}
		compare_lists_of(i);
	}
	compare_numbers();
}

/*
 * Steps. What the kernel would refuse is not told to anybody.
 */

static uint64_t any_data(int i)
{
	switch (below(6)) {
	case 0:
	case 4:
	case 5:
		return 7; /* many have it */
	case 1:
		return (uintptr_t)&slots[0][i];
	case 2:
		return (uint64_t)below(UINT32_MAX) << 32 | (unsigned)fd_of(i);
	default:
		return (unsigned)fd_of(i);
	}
}

static void changes(int s, int i, int op)
{
	struct slot *slot = &slots[s][i];
	struct epoll_event e = { below(UINT32_MAX), { .u64 = any_data(i) } };
	unsigned site = below(SITES);

	if (is_away[i] || slot->is_there != (op != EPOLL_CTL_ADD))
		return;
	fdg_interest_changed(number_in(s), op, fd_of(i), op == EPOLL_CTL_DEL ? NULL : &e, &sites[site]);
	if (op == EPOLL_CTL_ADD)
		*slot = (struct slot){ .owner = self };
	slot->is_there = op != EPOLL_CTL_DEL;
	slot->data = e.data.u64;
	slot->events = e.events;
	slot->site = site;
}

static void marks(int s, int i)
{
	struct fdg_registration r;
	unsigned set = below(32), clear = below(32);

	if (!slots[s][i].is_there)
		return;
	ENSURE(fdg_interest_of(number_in(s), fd_of(i), &r));
	fdg_interest_state(&r, set, clear);
	slots[s][i].state = (slots[s][i].state & ~clear) | set;
}

/* saved = dup(n); dup2(other, n): what is registered under n is nobody's until dup2(saved, n). */
static void goes_away(int i)
{
	if (is_away[i])
		return;
	is_away[i] = true;
	fdg_ledger_copy(fd_of(i), SAVED + i, 0, NULL);
	fdg_ledger_copy(STRANGER, fd_of(i), 0, NULL);
	for (int s = 0; s < SETS; s++) {
		slots[s][i].is_away = slots[s][i].is_there;
		slots[s][i].is_there = false;
	}
}

static void comes_back(int i)
{
	if (!is_away[i])
		return;
	is_away[i] = false;
	fdg_ledger_copy(SAVED + i, fd_of(i), 0, NULL);
	fdg_ledger_forget(SAVED + i);
	for (int s = 0; s < SETS; s++) {
		slots[s][i].is_there = slots[s][i].is_away;
		slots[s][i].is_away = false;
	}
}

static void closes(int i, bool is_seen)
{
	if (is_seen) {
		fdg_interest_closing(fd_of(i), self);
		fdg_ledger_forget(fd_of(i));
	}
	learn(fd_of(i));
	is_away[i] = false;
	for (int s = 0; s < SETS; s++)
		slots[s][i].is_there = slots[s][i].is_away = false;
}

static void copies(int s)
{
	int copy = (int)below(COPIES), from = number_in(s);

	if (is_unknown(s) || sets[s].number[copy] >= 0)
		return;
	sets[s].number[copy] = EPOLLS + s * COPIES + copy;
	fdg_ledger_copy(from, sets[s].number[copy], 0, NULL);
	fdg_interest_list_copied();
}

/* The last number of an epoll: its list is gone, and the number is another's. */
static void closes_epoll(int s)
{
	int copy = (int)below(COPIES), open = 0;

	for (int other = 0; other < COPIES; other++)
		open += sets[s].number[other] >= 0;
	if (is_unknown(s) || sets[s].number[copy] < 0)
		return;
	fdg_ledger_forget(sets[s].number[copy]);
	if (open > 1) {
		sets[s].number[copy] = -1;
		return;
	}
	fdg_ledger_learn(sets[s].number[copy], FDG_KIND_EPOLL, 0, NULL);
	for (int i = 0; i < FDS; i++)
		slots[s][i].is_there = slots[s][i].is_away = false;
}

static void step(void)
{
	int s = (int)below(SETS), i = (int)(below(4) ? below(FDS) : below(8));
	unsigned what = below(1000);

	if (what < 500)
		changes(s, i, EPOLL_CTL_ADD);
	else if (what < 600)
		changes(s, i, EPOLL_CTL_MOD);
	else if (what < 750)
		changes(s, i, EPOLL_CTL_DEL);
	else if (what < 800)
		marks(s, i);
	else if (what < 820)
		closes(i, what < 815);
	else if (what < 830)
		goes_away(i);
	else if (what < 880)
		comes_back(i);
	else if (what < 880 + COPYING)
		copies(s);
	else if (what < 880 + 2 * COPYING)
		closes_epoll(s);
	else if (what < 920)
		compare_one(s, i);
	else if (what < 960)
		compare_data(s, any_data(i));
	else
		compare_lists_of(i);
}

static void begin(void)
{
	self = getpid();
	memset(slots, 0, sizeof(slots));
	learn(STRANGER);
	for (int i = 0; i < FDS; i++)
		closes(i, true);
	for (int s = 0; s < SETS; s++) {
		sets[s] = (struct set){ { EPOLLS + s * COPIES, -1, -1 } };
		if (!is_unknown(s))
			fdg_ledger_learn(sets[s].number[0], FDG_KIND_EPOLL, 0, NULL);
	}
}

#endif
