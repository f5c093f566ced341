// SPDX-License-Identifier: MIT
#include "guards/slow.h"

#include <time.h>

#include "base/state.h"
#include "base/sys.h"
#include "guards/epoll.h"

#include "base/poison.h"

#define COMES_ONCE (EPOLLET | EPOLLONESHOT)
#define MS INT64_C(1000000)
#define FIRST_SLICE (MS / 16) /* what else is ready comes soon where such things came before */
#define SLICE (2 * MS)
#define LOOKED_INTO 8 /* events at a time whose unread bytes are asked for */
#define SHARED_EVERY 16u
#define NO INT64_C(-1)

/* Of the suspect that has the slot of the same number. */
struct pause {
	_Atomic uint32_t serial, events, ms;
	_Atomic int unread;
	_Atomic int64_t since; /* it was handed over */
};

static struct pause pauses[FDG_SUSPECTS];

#define GET(member) atomic_load_explicit(&(member), memory_order_relaxed)
#define SET(member, value) atomic_store_explicit(&(member), (value), memory_order_relaxed)

static int64_t now_ns(void)
{
	struct timespec t = { 0, 0 };

	fdg_sys_clock(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* What is known of it is what came now. */
static void begin_anew(struct pause *p, uint32_t events, int unread, int64_t now)
{
	SET(p->events, events);
	SET(p->unread, unread);
	SET(p->since, now);
	SET(p->ms, 1);
}

bool fdg_slow_begin(const struct fdg_suspect *s)
{
	struct pause *p = &pauses[s->slot];
	uint64_t bit = UINT64_C(1) << s->slot;

	begin_anew(p, 0, -1, 0);
	SET(p->serial, s->serial);
	atomic_fetch_or(&fdg_suspects_slow, bit);
	if (!fdg_suspect_is_over(s))
		return true;
	atomic_fetch_and(&fdg_suspects_slow, ~bit);
	return false;
}

void fdg_slow_stop(void)
{
	if (!fdg_foreign_memory())
		atomic_store(&fdg_suspects_slow, 0);
}

void fdg_slow_wait_begin(struct fdg_slow_wait *w, int epfd, int64_t timeout_ns)
{
	*w = (struct fdg_slow_wait){ .epfd = epfd, .end = timeout_ns < 0 ? INT64_MAX : now_ns() + timeout_ns };
	w->set = fdg_interest_set(epfd);
}

int64_t fdg_slow_ns_of(const struct timespec *timeout)
{
	struct timespec t;

	if (!timeout)
		return -1;
	if (!fdg_sys_peek(timeout, &t, sizeof(t)) || t.tv_sec < 0 || t.tv_nsec < 0 || t.tv_nsec >= 1000000000)
		return 0;
	return t.tv_sec > INT32_MAX ? -1 : (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int64_t fdg_slow_left(const struct fdg_slow_wait *w)
{
	int64_t left;

	if (w->end == INT64_MAX)
		return -1;
	left = w->end - now_ns();
	return left < 0 ? 0 : left;
}

/* Is the event of this suspect's registration, and of no other one? */
static bool is_of(const struct fdg_slow_wait *w, const struct epoll_event *e, const struct fdg_suspect *s)
{
	struct fdg_registration r;
	unsigned same;

	if (!fdg_interest_look(w->epfd, e->data.u64, &r, &same) || !same)
		return false;
	if (same == 1)
		return r.fd == s->told.fd && !(r.events & COMES_ONCE);
	if ((w->asks - 1) % SHARED_EVERY)
		return fdg_interest_of(w->epfd, s->told.fd, &r) && r.data == e->data.u64 && !(r.events & COMES_ONCE);
	return same < FDG_INTEREST_SAME && fdg_epoll_which(w->epfd, e->data.u64, e->events, &r) && r.fd == s->told.fd;
}

static bool find(const struct fdg_slow_wait *w, const struct epoll_event *e, struct fdg_suspect *ret)
{
	struct fdg_told t = { w->set, e->data.u64, w->epfd, -1 };

	return fdg_suspect_look(&t, ret) && fdg_slow_is(ret) && GET(pauses[ret->slot].serial) == ret->serial && is_of(w, e, ret);
}

/* How long it may wait from now on, ns; 0: its pause is over; NO: it is not to wait. */
static int64_t look(const struct fdg_slow_wait *w, const struct epoll_event *e, bool looks_into, int64_t now)
{
	struct fdg_suspect s;
	struct pause *p;
	int64_t left;
	int unread;

	if (!find(w, e, &s))
		return NO;
	p = &pauses[s.slot];
	unread = looks_into ? fdg_epoll_unread(s.told.fd) : GET(p->unread);
	if (e->events != GET(p->events) || unread != GET(p->unread)) {
		begin_anew(p, e->events, looks_into ? unread : fdg_epoll_unread(s.told.fd), now);
		return NO;
	}
	left = GET(p->since) + GET(p->ms) * MS - now;
	return left > 0 ? left : 0;
}

/* Of those whose pause is over the next one is twice as long. */
static void give(const struct fdg_slow_wait *w, const struct epoll_event *e, int n, int64_t now)
{
	struct fdg_suspect s;

	for (int i = 0; i < n; i++) {
		struct pause *p;
		uint32_t ms;

		if (!find(w, &e[i], &s))
			continue;
		p = &pauses[s.slot];
		ms = GET(p->ms);
		if (GET(p->since) + ms * MS > now)
			continue;
		SET(p->ms, ms * 2 < FDG_SLOW_MOST_MS ? ms * 2 : FDG_SLOW_MOST_MS);
		SET(p->since, now);
	}
}

/* A batch as large as can be may hide others: what is told goes to the end of the kernel's list. */
static bool may_hide(struct fdg_slow_wait *w, int n, int room)
{
	unsigned slow = (unsigned)__builtin_popcountll(atomic_load_explicit(&fdg_suspects_slow, memory_order_relaxed));

	if (n < room || w->full >= slow / (unsigned)room + 1) {
		w->full = 0;
		return false;
	}
	w->full++;
	return true;
}

enum fdg_slow_answer fdg_slow_hold(struct fdg_slow_wait *w, const struct epoll_event *e, int n, int room, int64_t *ret_ns)
{
	int64_t now = now_ns(), least = w->end > now ? w->end - now : NO;
	int stride = n / LOOKED_INTO + 1;

	if (n > (int)FDG_SUSPECTS || fdg_phase_now() != FDG_ACTIVE || fdg_foreign_memory())
		return FDG_SLOW_GIVE;
	w->asks++;
	for (int i = 0; i < n && least > 0; i++) {
		int64_t left = look(w, &e[i], (i + (int)w->asks) % stride == 0, now);

		if (left < least)
			least = left;
	}
	if (least == 0)
		give(w, e, n, now);
	if (least <= 0)
		return FDG_SLOW_GIVE;
	if (may_hide(w, n, room))
		return FDG_SLOW_ASK;
	w->slice = w->slice ? w->slice * 2 : FIRST_SLICE;
	if (w->slice > SLICE)
		w->slice = SLICE;
	*ret_ns = least < w->slice ? least : w->slice;
	return FDG_SLOW_SLEEP;
}

int fdg_slow_gone(const struct fdg_slow_wait *w, struct epoll_event *e, int n)
{
	struct fdg_suspect s;
	int kept = 0;

	for (int i = 0; i < n; i++)
		if (find(w, &e[i], &s) && fdg_epoll_ask(s.told.fd, e[i].events) & e[i].events)
			e[kept++] = e[i];
	return kept;
}
