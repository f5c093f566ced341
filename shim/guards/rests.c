// SPDX-License-Identifier: MIT
#include "guards/rests.h"

#include <time.h>

#include "base/big.h"
#include "base/state.h"
#include "base/sys.h"
#include "guards/acts.h"
#include "guards/cures.h"
#include "guards/epoll.h"
#include "guards/spin.h"
#include "ledger/watch.h"

#include "base/poison.h"

#define BUSY UINT64_MAX
#define OLD_MS 1000
#define HOLD_MS 50

struct rest {
	_Atomic uint64_t set; /* 0: free */
	_Atomic int fd, unread;
	_Atomic uint32_t generation;
	_Atomic uint64_t description; /* of fd: a number may be saved and put back */
	_Atomic int64_t told;
};

FDG_BIG static struct rest rests[FDG_RESTS];
_Atomic unsigned fdg_rests;
static _Atomic int64_t held_until;

static bool is_of(const struct rest *r, const struct fdg_registration *g)
{
	if (atomic_load(&r->set) != g->set || atomic_load(&r->fd) != g->fd)
		return false;
	return atomic_load(&r->generation) == g->generation || (g->description && atomic_load(&r->description) == g->description);
}

static void drop(struct rest *r, uint64_t set)
{
	if (atomic_compare_exchange_strong(&r->set, &set, 0))
		atomic_fetch_sub(&fdg_rests, 1);
}

bool fdg_rest_add(const struct fdg_registration *g)
{
	for (unsigned i = 0; i < FDG_RESTS; i++)
		if (is_of(&rests[i], g))
			return true;
	for (unsigned i = 0; i < FDG_RESTS; i++) {
		struct rest *r = &rests[i];
		uint64_t none = 0;

		if (!atomic_compare_exchange_strong(&r->set, &none, BUSY))
			continue;
		atomic_store(&r->fd, g->fd);
		atomic_store(&r->generation, g->generation);
		atomic_store(&r->description, g->description);
		atomic_store(&r->unread, fdg_epoll_unread(g->fd));
		atomic_store(&r->told, fdg_acts_clock());
		atomic_fetch_add(&fdg_rests, 1);
		atomic_store(&r->set, g->set);
		return true;
	}
	return false;
}

void fdg_rest_drop(const struct fdg_registration *g)
{
	for (unsigned i = 0; i < FDG_RESTS; i++)
		if (is_of(&rests[i], g))
			drop(&rests[i], g->set);
}

void fdg_rests_forked(void)
{
	fdg_cures_forked();
	for (unsigned i = 0; fdg_rests_any() && i < FDG_RESTS; i++)
		atomic_store(&rests[i].set, 0);
	if (fdg_rests_any())
		atomic_store(&fdg_rests, 0);
}

/* The registration, if it is at rest still. */
static bool find(const struct rest *r, uint64_t set, struct fdg_registration *ret)
{
	unsigned at = 0;

	while (fdg_interest_next(atomic_load(&r->fd), &at, ret))
		if (ret->set == set && is_of(r, ret))
			return ret->state & FDG_INTEREST_REARMED && ret->generation == fdg_ledger_generation(ret->fd) && fdg_interest_epoll(ret) >= 0;
	return false;
}

void fdg_rests_release(void)
{
	struct fdg_registration g;

	if (!fdg_rests_any() || fdg_foreign_memory())
		return;
	atomic_store(&held_until, fdg_acts_clock() + HOLD_MS); /* other threads go on to wait */
	for (unsigned i = 0; i < FDG_RESTS; i++) {
		uint64_t set = atomic_load(&rests[i].set);

		if (set && set != BUSY && find(&rests[i], set, &g))
			fdg_cure_restore(&g);
	}
}

bool fdg_rests_are_held(void)
{
	int64_t until = atomic_load_explicit(&held_until, memory_order_relaxed);

	return until && fdg_acts_clock() < until;
}

/* Of a list that nobody waits on: is it there still? */
static void look_after(struct rest *r, uint64_t set, int64_t now)
{
	int64_t told = atomic_load(&r->told);
	struct fdg_registration g;

	if (now - told < OLD_MS || !atomic_compare_exchange_strong(&r->told, &told, now))
		return;
	if (!find(r, set, &g))
		drop(r, set);
}

static bool is_taken_from(struct rest *r)
{
	int unread = fdg_epoll_unread(atomic_load(&r->fd));

	return atomic_exchange(&r->unread, unread) > unread;
}

/* Its turn has come, or it is no more. */
static void tell(struct rest *r, uint64_t set, int64_t now)
{
	int64_t told = atomic_load(&r->told);
	struct fdg_registration g;

	if (!find(r, set, &g))
		drop(r, set);
	else if (is_taken_from(r))
		fdg_spin_wakes(&g);
	else if (now - told >= FDG_REST_MS && atomic_compare_exchange_strong(&r->told, &told, now))
		fdg_cure_rearm(&g);
}

/* Of this list, or of one that is in another's: whoever waits there waits for it. */
static bool is_waited_for(struct rest *r, const struct fdg_registration *of, int epfd)
{
	struct fdg_registration g;

	if (fdg_interest_is_of(of, epfd))
		return true;
	return find(r, of->set, &g) && fdg_ledger_state(fdg_interest_epoll(&g)) & FDG_POLLED;
}

static bool may_be_epoll(int fd)
{
	uint32_t state = fdg_ledger_state(fd);

	return fd >= 0 && (!state || fdg_kindword_kind(state & FDG_KIND_MASK) == FDG_KIND_EPOLL);
}

void fdg_rests_polled(int fd)
{
	struct fdg_registration g;

	for (unsigned i = 0; may_be_epoll(fd) && i < FDG_RESTS; i++) {
		g.set = atomic_load(&rests[i].set);
		if (!g.set || g.set == BUSY || !is_waited_for(&rests[i], &g, fd) || !find(&rests[i], g.set, &g))
			continue;
		fdg_watch_change(fdg_interest_epoll(&g), FDG_WATCH_OUTSIDE, 0);
		fdg_cure_restore(&g);
	}
}

/* Those of this list. False: it has none. */
static bool tell_all(int epfd, int64_t now)
{
	bool any = false;

	for (unsigned i = 0; i < FDG_RESTS; i++) {
		struct fdg_registration g = { .set = atomic_load(&rests[i].set) };

		if (!g.set || g.set == BUSY)
			continue;
		if (!is_waited_for(&rests[i], &g, epfd)) {
			look_after(&rests[i], g.set, now);
			continue;
		}
		tell(&rests[i], g.set, now);
		any = true;
	}
	return any;
}

static int64_t now_ns(void)
{
	struct timespec t = { 0, 0 };

	fdg_sys_clock(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Rounded up: a wait is never shorter than the program's. */
static void cut(struct fdg_rest_wait *w, int64_t now)
{
	int64_t left = w->end - now;

	w->ns = left < FDG_REST_MS * INT64_C(1000000) ? left : FDG_REST_MS * INT64_C(1000000);
	w->ms = left < FDG_REST_MS * INT64_C(1000000) ? (int)((left + 999999) / 1000000) : FDG_REST_MS;
}

int64_t fdg_rest_ns_of(const struct timespec *timeout)
{
	struct timespec t;

	if (!timeout)
		return -1;
	if (!fdg_sys_peek(timeout, &t, sizeof(t)) || t.tv_sec < 0 || t.tv_nsec < 0 || t.tv_nsec >= 1000000000)
		return 0;
	return t.tv_sec > INT32_MAX ? -1 : (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void fdg_rest_begin(struct fdg_rest_wait *w, int epfd, int64_t timeout_ns)
{
	int64_t now = now_ns();

	*w = (struct fdg_rest_wait){ .epfd = epfd, .end = timeout_ns < 0 ? INT64_MAX : now + timeout_ns };
	if (fdg_phase_now() != FDG_ACTIVE || fdg_foreign_memory())
		return;
	w->in_parts = tell_all(epfd, fdg_acts_clock()) && timeout_ns != 0;
	cut(w, now);
}

bool fdg_rest_again(struct fdg_rest_wait *w)
{
	int64_t now = now_ns();

	if (now >= w->end)
		return false;
	tell_all(w->epfd, fdg_acts_clock());
	cut(w, now);
	return true;
}
