// SPDX-License-Identifier: MIT
/* The public object's drive: process, wait, and the descriptor that tells when. */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include "base/sys.h"
#include "resolver/resolver_inside.h"

#include "base/poison.h"

void fdg_outside_start(struct fdg_outside *o)
{
	*o = (struct fdg_outside){ .epoll = -1, .timer = -1, .inner = -1 };
}

static void put_away(int *fd)
{
	if (*fd >= 0)
		fdg_sys_close(*fd);
	*fd = -1;
}

/* A program may have closed them, and have others at their numbers; the epoll knows its timer. */
static bool is_ours(const struct fdg_outside *o)
{
	struct epoll_event event = { .events = EPOLLIN };

	return o->epoll >= 0 && fdg_sys4(SYS_epoll_ctl, o->epoll, EPOLL_CTL_MOD, o->timer, &event) >= 0;
}

/* A forked child's copies are its own to close. */
void fdg_outside_end(struct fdg_outside *o)
{
	if (is_ours(o)) {
		put_away(&o->timer);
		put_away(&o->epoll);
	}
	fdg_outside_start(o);
}

/* Is there one to be kept up to date? What it was in the parent is not touched. */
static bool is_in_use(struct fdg_outside *o)
{
	if (o->epoll < 0)
		return false;
	if (o->pid == fdg_sys_getpid() && is_ours(o))
		return true;
	fdg_outside_end(o);
	return false;
}

static int make(struct fdg_outside *o)
{
	struct epoll_event event = { .events = EPOLLIN };
	long error;

	o->epoll = fdg_pool_high((int)fdg_sys1(SYS_epoll_create1, EPOLL_CLOEXEC));
	if (o->epoll < 0)
		return o->epoll;
	o->timer = fdg_pool_high((int)fdg_sys2(SYS_timerfd_create, CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
	error = o->timer < 0 ? o->timer : fdg_sys4(SYS_epoll_ctl, o->epoll, EPOLL_CTL_ADD, o->timer, &event);
	if (error < 0) {
		put_away(&o->timer);
		put_away(&o->epoll);
		return (int)error;
	}
	o->pid = fdg_sys_getpid();
	o->inner = -1;
	o->armed = 0;
	return 0;
}

/* The exchange's epoll, whenever that is another one. */
static void follow(struct fdg_outside *o, int inner)
{
	struct epoll_event event = { .events = EPOLLIN };

	if (o->inner == inner)
		return;
	if (o->inner >= 0)
		fdg_sys4(SYS_epoll_ctl, o->epoll, EPOLL_CTL_DEL, o->inner, NULL);
	if (inner >= 0)
		fdg_sys4(SYS_epoll_ctl, o->epoll, EPOLL_CTL_ADD, inner, &event);
	o->inner = inner;
}

/* Earlier than need be is no harm: the next process sets it anew. */
static void arm(struct fdg_outside *o, int in_ms)
{
	uint64_t now = fdg_clock(), when = now + (uint64_t)in_ms * 1000;
	struct itimerspec t = { .it_value = { .tv_nsec = 1 } };

	if (in_ms < 0 || o->rung || (o->armed > now && o->armed <= when))
		return;
	if (in_ms)
		t.it_value = (struct timespec){ .tv_sec = in_ms / 1000, .tv_nsec = in_ms % 1000 * 1000000L };
	fdg_sys4(SYS_timerfd_settime, o->timer, 0, &t, NULL);
	o->armed = when > now ? when : now + 1;
	o->rung = !in_ms;
}

static void update(struct fdg_resolver *r)
{
	struct fdg_outside *o = &r->outside;
	struct itimerspec none = { .it_value = { 0, 0 } };
	int due;

	if (!is_in_use(o))
		return;
	if (o->rung)
		o->armed = 1; /* it has been */
	o->rung = false;
	follow(o, r->core->x ? fdg_exchange_fd(r->core->x) : -1);
	due = fdg_resolver_timeout(r);
	if (due < 0 && o->armed) {
		fdg_sys4(SYS_timerfd_settime, o->timer, 0, &none, NULL);
		o->armed = 0;
	} else if (o->armed && o->armed <= fdg_clock()) { /* it has been: readable until it is set */
		fdg_sys4(SYS_timerfd_settime, o->timer, 0, &none, NULL);
		o->armed = 0;
	}
	arm(o, due);
}

void fdg_outside_ring(struct fdg_resolver *r)
{
	if (r->outside.rung || r->telling || !is_in_use(&r->outside))
		return;
	follow(&r->outside, r->core->x ? fdg_exchange_fd(r->core->x) : -1);
	arm(&r->outside, fdg_resolver_timeout(r));
}

int fdg_resolver_fd(struct fdg_resolver *r)
{
	struct fdg_outside *o = &r->outside;
	int error = 0;

	if (!is_in_use(o))
		error = make(o);
	if (error)
		return error;
	update(r);
	return o->epoll;
}

int fdg_resolver_timeout(struct fdg_resolver *r)
{
	if (r->core->ended_first != FDG_CORE_NONE)
		return 0;
	return r->core->x && r->core->running ? fdg_exchange_due(r->core->x) : -1;
}

static unsigned tell(struct fdg_resolver *r)
{
	if (r->core->ended_first == FDG_CORE_NONE)
		return 0;
	r->core->now = fdg_clock();
	r->told = 0;
	r->telling = true;
	fdg_core_tell(r->core);
	r->telling = false;
	return r->told;
}

/* Files are looked at between drives: an exchange that drives cannot be exchanged. */
static void look_around(struct fdg_resolver *r)
{
	r->core->now = fdg_clock();
	fdg_core_look_at_conf(r->core);
}

int fdg_resolver_process(struct fdg_resolver *r)
{
	unsigned n;

	if (r->telling)
		return -EBUSY;
	look_around(r);
	if (r->core->x)
		fdg_exchange_drive(r->core->x);
	n = tell(r);
	if (n && r->core->x && r->core->running) /* what was submitted just now goes out */
		fdg_exchange_drive(r->core->x);
	update(r);
	return (int)n;
}

/* µs to go; -1: for ever. */
static int left_of(uint64_t end, int timeout_ms)
{
	uint64_t now = fdg_clock();

	if (timeout_ms < 0)
		return -1;
	return now >= end ? 0 : (int)((end - now + 999) / 1000);
}

int fdg_resolver_wait(struct fdg_resolver *r, int timeout_ms)
{
	uint64_t end = fdg_clock() + (timeout_ms > 0 ? (uint64_t)timeout_ms * 1000 : 0);
	unsigned n;
	int left;

	if (r->telling)
		return -EBUSY;
	for (;;) {
		look_around(r);
		n = tell(r);
		left = left_of(end, timeout_ms);
		if (n || !r->core->running || !r->core->x)
			break;
		fdg_exchange_wait(r->core->x, left);
		n = tell(r);
		if (n || !left || r->core->x->interrupted)
			break;
	}
	update(r);
	return (int)n;
}

void fdg_resolver_counts(const struct fdg_resolver *r, struct fdg_resolver_counts *ret)
{
	const struct fdg_core_counts *c = &r->core->counts;
	struct fdg_exchange_counts x = r->core->before;
	size_t size = ret->size;
	struct fdg_resolver_counts all;

	if (r->core->x)
		fdg_core_add_counts(&x, fdg_exchange_counts(r->core->x));
	all = (struct fdg_resolver_counts){
		.size = size,
		.submitted = c->submitted,
		.ended = c->ended,
		.failed = c->failed,
		.asked = c->asked,
		.shared = c->shared,
		.cached = c->cached,
		.sent = x.sent,
		.repeated = x.again,
		.answers = x.answers,
		.refused = x.wrong_id + x.wrong_question + x.not_answers + x.too_short,
		.tcp = x.tcp,
		.servers_lost = x.dead + x.lame,
		.ports = x.ports_made,
	};
	__builtin_memcpy(ret, &all, size < sizeof(all) ? size : sizeof(all));
}
