// SPDX-License-Identifier: MIT
/* Who drives requests: the thread of GAI_NOWAIT, which lives for a second after the last, and callers of GAI_WAIT. */
#include "wrap/gai.h"

#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/state.h"
#include "base/sys.h"
#include "guards/lookup/lookup.h"
#include "options/options.h"
#include "resolver/engine.h"
#include "resolver/resolver_inside.h"
#include "wrap/libcs.h"
#include "wrap/lookup_list.h"

enum { INFLIGHT = 1024, PORTS = 16, LOOK_MS = 250, DENSE = 16, DENSE_US = 1000000 / DENSE };

static struct fdg_resolver *object;
static bool there;            /* the thread */
static _Atomic uint32_t bell; /* rung for it while it has nothing to do */
static _Atomic uint64_t lost; /* µs in which it did not run though a wait was over */
static uint64_t rested;       /* µs: when it had nothing left to do */
static unsigned dense;        /* bursts that came one upon the other */

/* One request of a round that took long, or failed; it is told of when the lock is free. What is beside it has the same cause, as a rule. */
static struct {
	bool any;
	char asked[FDG_REQUEST_TEXT];
	struct sockaddr_storage server;
	struct fdg_looked_up l;
} to_tell;

static struct fdg_looked_up facts_of(const struct fdg_gai *g, const struct fdg_resolver_result *result,
				     uint64_t lost_now)
{
	return (struct fdg_looked_up){
		.call = "getaddrinfo_a",
		.asked = result->node,
		.site = g->batch->site,
		.took_ms = (int64_t)(result->took_us / 1000),
		.lost_ms = (int64_t)((lost_now - g->lost) / 1000),
		.reason = fdg_lookup_reason(result->error) ? result->reason : NULL,
		.server = result->server,
		.sent = result->sent,
	};
}

static void note(const struct fdg_gai *g, const struct fdg_resolver_result *result)
{
	struct fdg_looked_up l = facts_of(g, result, atomic_load_explicit(&lost, memory_order_relaxed));

	if (to_tell.any || (!l.reason && l.took_ms < FDG_LOOKUP_SLOW)) {
		fdg_looked_up(&(struct fdg_looked_up){ .call = l.call }); /* counted */
		return;
	}
	to_tell.any = true;
	if (l.asked)
		l.asked = memcpy(to_tell.asked, l.asked, strnlen(l.asked, sizeof(to_tell.asked) - 1) + 1);
	to_tell.asked[sizeof(to_tell.asked) - 1] = '\0';
	if (l.server) {
		to_tell.server = *l.server;
		l.server = &to_tell.server;
	}
	to_tell.l = l;
}

/* In the thread that drives, the only one that writes it. */
static void tell(void)
{
	if (to_tell.any)
		fdg_looked_up(&to_tell.l);
	to_tell.any = false;
}

static struct fdg_resolver *make(unsigned inflight)
{
	struct fdg_resolver_options o = {
		.size = sizeof(o),
		.inflight = inflight,
		.ports = PORTS < inflight ? PORTS : inflight,
		.flags = FDG_RESOLVER_STRICT | (fdg_options.resolver_cache ? 0 : FDG_RESOLVER_NO_CACHE),
	};
	struct fdg_resolver *r;

	if (fdg_resolver_create(&o, &r))
		return NULL;
	r->core->world.believe_ms = 0; /* as libc, which looks at its files each time */
	return r;
}

/* What only libc knows, and what we had no memory or descriptors for: libc's needs one alone. */
static bool is_libcs(const struct fdg_resolver_result *r)
{
	return r->error == FDG_RESOLVER_NOT_OURS || r->error == EAI_SYSTEM || r->error == EAI_MEMORY ||
	       (r->error == EAI_AGAIN && r->reason == fdg_exchange_sentence(FDG_EXCHANGE_NO_SOCKET));
}

static int result_of(const struct fdg_resolver_result *result, struct addrinfo **ret)
{
	*ret = result->error ? NULL : fdg_lookup_list_copy(result->addresses);
	return result->error || *ret ? result->error : EAI_MEMORY;
}

static void to_libc(struct fdg_gai *g)
{
	if (!fdg_gai_libc(g))
		fdg_gai_end(g, EAI_AGAIN, NULL);
}

/* With the lock, in the thread that drives. */
static void flown(void *cookie, const struct fdg_resolver_result *result)
{
	struct fdg_gai *g = cookie;
	struct addrinfo *found;
	int error;

	if (g->state == FDG_GAI_DROPPED) {
		fdg_gai_end(g, EAI_CANCELED, NULL);
	} else if (is_libcs(result)) {
		to_libc(g);
	} else {
		note(g, result);
		error = result_of(result, &found);
		fdg_gai_end(g, error, found);
	}
}

static bool submit(struct fdg_resolver *r, struct fdg_gai *g, fdg_resolver_done *done, uint64_t lost_now)
{
	const struct gaicb *cb = g->cb;

	g->lost = lost_now;
	return fdg_resolver_submit(r, cb->ar_name, cb->ar_service, cb->ar_request, done, g, &g->handle) == 0;
}

/* Whoever holds the lock; the thread that drives is told by the object's descriptor. */
static void submit_queued(void)
{
	struct fdg_gai *g;

	while (object && (g = fdg_gai_first(&fdg_gai_queued))) {
		if (!submit(object, g, flown, atomic_load_explicit(&lost, memory_order_relaxed)))
			return;
		fdg_gai_take(&fdg_gai_queued, g);
		g->state = FDG_GAI_FLYING;
	}
}

static bool has_work(void)
{
	return fdg_gai_queued.used || (object && fdg_resolver_running(object));
}

/* Between bursts no descriptor is kept, nor what is known of the servers, but where there are many. */
static void rest(void)
{
	uint64_t now = fdg_clock();

	dense = now - rested > DENSE_US ? 0 : dense + 1;
	if (dense < DENSE)
		fdg_gai_drive_rests();
	rested = now;
}

static void work(void)
{
	struct fdg_gai *g;

	if (!object)
		object = make(INFLIGHT);
	submit_queued();
	if (object)
		fdg_resolver_process(object);
	submit_queued();
	while (!object && (g = fdg_gai_first(&fdg_gai_queued))) {
		fdg_gai_take(&fdg_gai_queued, g);
		to_libc(g);
	}
	if (!has_work())
		rest();
	fdg_gai_publish();
}

/* A wait for answers of so many ms that has begun then: how much longer it was (the process was stopped, or short of CPU). */
static uint64_t beyond(uint64_t begun, int timeout_ms)
{
	uint64_t spent = fdg_clock() - begun, meant = (uint64_t)timeout_ms * 1000;

	return spent > meant ? spent - meant : 0;
}

/* A program may close the descriptor under us. */
static void wait_for(int fd, int timeout_ms)
{
	int ms = timeout_ms < 0 || timeout_ms > LOOK_MS ? LOOK_MS : timeout_ms;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint64_t begun = fdg_clock();

	fdg_sys_poll(&p, fd >= 0, ms);
	atomic_fetch_add_explicit(&lost, beyond(begun, ms), memory_order_relaxed);
}

/* True: it may end. */
static bool sleep_until_rung(uint32_t seen)
{
	struct timespec second = { .tv_sec = 1 };

	return fdg_sys4(SYS_futex, &bell, FUTEX_WAIT_PRIVATE, seen, &second) == -ETIMEDOUT;
}

void fdg_gai_drive_rests(void)
{
	if (has_work())
		return;
	fdg_resolver_destroy(object);
	object = NULL;
}

static bool leaves(void)
{
	bool stays;

	fdg_gai_lock();
	stays = has_work();
	fdg_gai_drive_rests();
	there = stays;
	fdg_gai_unlock();
	return !stays;
}

static void *drive(void *nothing)
{
	fdg_sys2(SYS_prctl, PR_SET_NAME, "fdguard-names");
	for (;;) {
		uint32_t seen;
		int fd = -1, due = 0;
		bool busy;

		fdg_gai_lock();
		seen = atomic_load(&bell);
		if (has_work())
			work();
		busy = has_work();
		if (busy) {
			fd = object->outside.epoll >= 0
				     ? object->outside.epoll
				     : fdg_resolver_fd(object); /* process has looked whether it still is that */
			due = fdg_resolver_timeout(object);
		}
		fdg_gai_unlock();
		tell();
		if (busy)
			wait_for(fd, due);
		else if (sleep_until_rung(seen) && leaves())
			return nothing;
	}
}

bool fdg_gai_drive(void)
{
	if (!there)
		there = fdg_gai_thread(drive);
	if (!there)
		return false;
	submit_queued();
	atomic_fetch_add(&bell, 1);
	fdg_sys3(SYS_futex, &bell, FUTEX_WAKE_PRIVATE, 1);
	return true;
}

void fdg_gai_cancel_flying(struct fdg_gai *g)
{
	fdg_gai_drop(g);
	fdg_resolver_cancel(object, g->handle);
}

/* The wait for a list in the thread that asks. */
struct here {
	struct fdg_gai_batch *batch;
	struct fdg_resolver *object; /* nobody else touches it */
	uint64_t begun, lost;        /* of the present wait; of those before */
	volatile bool asleep;        /* waits for threads that ask libc */
};

/* g is known to others. */
static void waited(void *cookie, const struct fdg_resolver_result *result)
{
	struct fdg_gai *g = cookie;
	struct addrinfo *found = NULL;
	bool libcs = is_libcs(result), taken;
	int error = libcs ? 0 : result_of(result, &found);
	struct here *h = g->batch->here;
	struct fdg_looked_up l = facts_of(g, result, h->lost + beyond(h->begun, LOOK_MS));
	uint64_t mask;

	if (!libcs)
		fdg_looked_up(&l);
	mask = fdg_gai_enter();
	taken = !libcs || fdg_gai_libc(g);
	if (!libcs)
		fdg_gai_end(g, error, found);
	fdg_gai_publish();
	fdg_gai_leave(mask);
	if (!taken)
		fdg_gai_libc_here(g);
}

static void sleep_until_over(struct here *h)
{
	uint32_t left;

	h->asleep = true;
	while ((left = atomic_load_explicit(&h->batch->left, memory_order_acquire)))
		fdg_sys4(SYS_futex, &h->batch->left, FUTEX_WAIT_PRIVATE, left, NULL);
	h->asleep = false;
}

static struct fdg_gai *first_of(struct fdg_gai_line *mine)
{
	struct fdg_gai *g = fdg_gai_first(mine);

	if (g)
		fdg_gai_take(mine, g);
	return g;
}

/* One is cheaper with the objects of getaddrinfo; but this is no cancellation point. */
static void look_up(struct fdg_gai *g)
{
	struct addrinfo *found = NULL;
	int cancelled, error;
	uint64_t mask;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancelled);
	error = fdg_getaddrinfo_for(g->cb, &found, g->batch->site);
	pthread_setcancelstate(cancelled, NULL);
	mask = fdg_gai_enter();
	fdg_gai_end(g, error, found);
	fdg_gai_publish();
	fdg_gai_leave(mask);
}

static void drive_all(struct here *h, struct fdg_gai_line *mine, unsigned count)
{
	struct fdg_resolver *r = make(count < INFLIGHT ? count : INFLIGHT);
	struct fdg_gai *g;

	h->object = r;
	while (r && (mine->used || fdg_resolver_running(r))) {
		while (fdg_resolver_room(r) && (g = first_of(mine)))
			submit(r, g, waited, h->lost);
		h->begun = fdg_clock();
		fdg_resolver_wait(r, LOOK_MS);
		h->lost += beyond(h->begun, LOOK_MS);
	}
	h->object = NULL;
	fdg_resolver_destroy(r);
}

/* libc calls this where a signal handler leaves by longjmp. Elsewhere than in a wait nothing is known of the object's state, nor of malloc's: then it stays as it is. */
static void leave_here(void *cookie)
{
	struct here *h = cookie;
	bool waits = h->object && h->object->core->x && h->object->core->x->blocked;
	int saved = errno;
	uint64_t mask;

	if ((!waits && !h->asleep) || fdg_foreign_memory())
		return;
	fdg_resolver_destroy(h->object);
	mask = fdg_gai_enter();
	fdg_gai_abandon(h->batch);
	fdg_gai_leave(mask);
	errno = saved;
}

void fdg_gai_drive_here(struct fdg_gai_line *mine, unsigned count, struct fdg_gai_batch *b)
{
	struct here h = { .batch = b };
	struct _pthread_cleanup_buffer buffer;
	struct fdg_gai *g;

	b->here = &h;
	_pthread_cleanup_push(&buffer, leave_here, &h);
	if (count > 1)
		drive_all(&h, mine, count);
	while ((g = first_of(mine)))
		look_up(g);
	sleep_until_over(&h);
	_pthread_cleanup_pop(&buffer, 0);
}

void fdg_gai_drive_forked(void)
{
	there = to_tell.any = false;
	object = NULL;
}
