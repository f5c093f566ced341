// SPDX-License-Identifier: MIT
#include "guards/epoll/slow.h"

#include <string.h>
#include <time.h>

#include "base/state.h"
#include "base/sys.h"
#include "guards/epoll/epoll.h"

#include "base/poison.h"

#define STAYS (uint32_t)(EPOLLERR | EPOLLHUP)
#define COMES_ONCE (EPOLLET | EPOLLONESHOT)
#define MS INT64_C(1000000)
#define LIVELY (MS / 20) /* where something else came the last time, it may come at once again: nobody sleeps for so long */
#define FIRST_SLICE (MS / 16)
#define SLICE (2 * MS)
#define STOP_MS 10 /* of waiting for those who are asleep */

/* Of the suspect that has the slot of the same number. */
struct pause {
	_Atomic uint32_t serial, events, ms;
	_Atomic int64_t since; /* it was handed over */
};

static struct pause pauses[FDG_SUSPECTS];
static _Thread_local _Atomic bool is_lively;
static _Thread_local _Atomic int64_t lively_until;
static _Atomic int sleepers;

#define GET(member) atomic_load_explicit(&(member), memory_order_relaxed)
#define SET(member, value) atomic_store_explicit(&(member), (value), memory_order_relaxed)

static void begin_anew(struct pause *p, uint32_t events, int64_t now)
{
	SET(p->events, events);
	SET(p->since, now);
	SET(p->ms, 1);
}

bool fdg_slow_begin(const struct fdg_suspect *s)
{
	struct pause *p = &pauses[s->slot];
	uint64_t bit = UINT64_C(1) << s->slot;

	begin_anew(p, 0, 0);
	SET(p->serial, s->serial);
	atomic_fetch_or(&fdg_suspects_slow, bit);
	if (!fdg_suspect_is_over(s))
		return true;
	atomic_fetch_and(&fdg_suspects_slow, ~bit);
	return false;
}

void fdg_slow_stop(void)
{
	if (fdg_foreign_memory())
		return;
	atomic_store(&fdg_suspects_slow, 0);
	for (int i = 0; i < STOP_MS && atomic_load(&sleepers) > 0; i++)
		fdg_sys_poll(NULL, 0, 1);
}

bool fdg_slow_sleeps(void)
{
	atomic_fetch_add(&sleepers, 1);
	if (atomic_load(&fdg_suspects_slow))
		return true;
	fdg_slow_wakes();
	return false;
}

void fdg_slow_wakes(void)
{
	atomic_fetch_sub(&sleepers, 1);
}

void fdg_slow_registers(int epfd, int op, int fd, const struct epoll_event *event)
{
	struct fdg_told t = { fdg_interest_set(epfd), 0, epfd, -1 };
	struct fdg_suspect s;
	struct epoll_event e;

	fdg_acted(fd);
	if (op == EPOLL_CTL_DEL || !event || fdg_foreign_memory() || !fdg_sys_peek(event, &e, sizeof(e)))
		return;
	t.data = e.data.u64;
	if (fdg_suspect_look(&t, &s) && fdg_slow_is(&s))
		fdg_suspect_end(&s);
}

void fdg_slow_wait_begin(struct fdg_slow_wait *w, int epfd, int64_t timeout_ns, bool is_idle)
{
	*w = (struct fdg_slow_wait){ .epfd = epfd, .is_idle = is_idle, .end = timeout_ns < 0 ? INT64_MAX : fdg_turn_clock() + timeout_ns };
	w->set = fdg_interest_set(epfd);
}

void fdg_slow_forked(void)
{
	SET(sleepers, 0);
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
	left = w->end - fdg_turn_clock();
	return left < 0 ? 0 : left;
}

/* Is the event of this suspect's registration, and can it be of no other one? */
static bool is_of(const struct fdg_slow_wait *w, uint64_t data, const struct fdg_suspect *s)
{
	struct fdg_registration r;
	unsigned same;

	return fdg_interest_look(w->epfd, data, &r, &same) && same == 1 && r.fd == s->told.fd && !(r.events & COMES_ONCE);
}

/* The pause of what is told; NULL: it has none. */
static struct pause *find(const struct fdg_slow_wait *w, const struct epoll_event *e)
{
	struct fdg_told t = { w->set, e->data.u64, w->epfd, -1 };
	struct fdg_suspect s;

	if (e->events & ~STAYS || !fdg_suspect_look(&t, &s) || !fdg_slow_is(&s) || GET(pauses[s.slot].serial) != s.serial || !is_of(w, e->data.u64, &s))
		return NULL;
	return &pauses[s.slot];
}

static bool is_among(uint64_t data, const struct epoll_event *e, int n)
{
	for (int i = 0; i < n; i++)
		if (e[i].data.u64 == data)
			return true;
	return false;
}

/* How long it may wait from now on, ns; 0: it is to be handed over. */
static int64_t look(const struct fdg_slow_wait *w, const struct epoll_event *e, int i, int64_t now)
{
	struct pause *p = find(w, &e[i]);
	int64_t left;

	if (!p || is_among(e[i].data.u64, e, i))
		return 0;
	if (e[i].events != GET(p->events)) {
		begin_anew(p, e[i].events, now);
		return 0;
	}
	left = GET(p->since) + GET(p->ms) * MS - now;
	return left > 0 ? left : 0;
}

/* Of those whose pause is over the next one is twice as long; all begin anew where the program is at work. */
static void give(const struct fdg_slow_wait *w, const struct epoll_event *e, int n, int64_t now)
{
	bool others = false;

	for (int i = 0; i < n; i++) {
		struct pause *p = find(w, &e[i]);
		uint32_t ms;

		if (!p) {
			others = true;
			continue;
		}
		ms = GET(p->ms);
		if (!w->is_idle)
			begin_anew(p, e[i].events, now);
		else if (GET(p->since) + ms * MS <= now) {
			SET(p->ms, ms * 2 < FDG_SLOW_MOST_MS ? ms * 2 : FDG_SLOW_MOST_MS);
			SET(p->since, now);
		}
	}
	SET(is_lively, others);
	if (others)
		SET(lively_until, now + LIVELY);
}

/* How long the next sleep is; FDG_SLOW_NO_SLEEP: none. */
static int64_t slice(struct fdg_slow_wait *w, int64_t now)
{
	if (!w->begun)
		w->begun = now;
	if (GET(is_lively) && now - w->begun < LIVELY)
		return FDG_SLOW_NO_SLEEP;
	w->slice = w->slice ? w->slice * 2 : FIRST_SLICE;
	if (w->slice > SLICE)
		w->slice = SLICE;
	return w->slice;
}

/* How long a batch is held back that may hide others, without a question: not at all where something else has just come. */
static int64_t pace(struct fdg_slow_wait *w, const struct epoll_event *e, int n, int64_t now)
{
	if (!w->is_idle || n > FDG_TURN_ROOM || now < GET(lively_until))
		return 0;
	for (int i = 0; i < n; i++)
		if (!find(w, &e[i]) || is_among(e[i].data.u64, e, i))
			return 0;
	w->is_paced = true;
	return w->end - now < SLICE ? w->end - now : SLICE;
}

int64_t fdg_slow_hold(struct fdg_slow_wait *w, const struct epoll_event *e, int n, int room)
{
	int64_t now, least, next;

	if (!fdg_slow_any() || fdg_phase_now() != FDG_ACTIVE || fdg_foreign_memory())
		return 0;
	now = fdg_turn_clock();
	if (!fdg_turn_has_room(n, room) && (next = pace(w, e, n, now)) > 0)
		return next;
	least = w->is_idle && fdg_turn_has_room(n, room) && w->end > now ? w->end - now : 0;
	for (int i = 0; i < n && least > 0; i++) {
		int64_t left = look(w, e, i, now);

		if (left < least)
			least = left;
	}
	if (least == 0) {
		give(w, e, n, now);
		return 0;
	}
	next = slice(w, now);
	return least < next ? least : next;
}

/* What is carried by several is handed over: one of them may have it. */
static bool is_there(const struct fdg_slow_wait *w, const struct epoll_event *e)
{
	struct fdg_registration r;
	unsigned same = 0;

	if (!fdg_interest_look(w->epfd, e->data.u64, &r, &same) || same != 1)
		return same > 0;
	return fdg_epoll_ask(r.fd, e->events) & e->events;
}

int fdg_slow_again(const struct fdg_slow_wait *w, struct epoll_event *e, int n, const struct epoll_event *again, int more, int *ret_missed)
{
	int missed = 0;

	for (int i = 0; i < n; i++)
		if (!is_among(e[i].data.u64, again, more) && is_there(w, &e[i]))
			e[missed++] = e[i];
	memcpy(e + missed, again, (size_t)more * sizeof(*e));
	*ret_missed = missed;
	return missed + more;
}
