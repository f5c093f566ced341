// SPDX-License-Identifier: MIT
/* getaddrinfo_a, gai_suspend, gai_cancel. gai_error, which returns a field of the program's own, stays libc's. */
#include "wrap/wrap.h"

#include <errno.h>
#include <sys/prctl.h>

#include "base/judged.h"
#include "guards/nonblock/lookup.h"
#include "wrap/gai.h"
#include "wrap/lookups.h"

static struct fdg_gai_batch *new_batch(int mode, const struct sigevent *event, const void *site)
{
	struct fdg_gai_batch *b = malloc(sizeof(*b));

	if (!b)
		return NULL;
	*b = (struct fdg_gai_batch){
		.left = 1, .waited = mode == GAI_WAIT, .event = { .sigev_notify = SIGEV_NONE }, .site = site
	};
	if (event && mode != GAI_WAIT)
		b->event = *event;
	return b;
}

/* How many are in `line` now; false: not all. */
static bool enter_all(struct gaicb *list[], int n, struct fdg_gai_batch *b, struct fdg_gai_line *line,
		      enum fdg_gai_state state, unsigned *ret)
{
	bool all = true;

	*ret = 0;
	for (int i = 0; i < n; i++) {
		struct fdg_gai *g = list[i] ? fdg_gai_new(list[i], b) : NULL;

		if (g)
			fdg_gai_put(line, g, state);
		else if (list[i])
			all = false;
		*ret += g != NULL;
	}
	return all;
}

/*
 * A seccomp filter from outside knows what libc's lookups need. The object that has many in flight needs more (epoll, timerfd), and a filter may kill for it; getaddrinfo does
 * not. Our supervisor's refuses nothing.
 */
static bool is_filtered(void)
{
	long r = fdg_sys2(SYS_prctl, PR_GET_SECCOMP, FDG_PROBE);

	return r != 0 && (r < 0 || !(r & FDG_PROBE_ALONE));
}

/* False: there can be no thread. */
static bool to_threads(struct fdg_gai_line *line)
{
	struct fdg_gai *g;

	while ((g = fdg_gai_first(line))) {
		enum fdg_gai_state state = (enum fdg_gai_state)g->state;

		fdg_gai_take(line, g);
		if (!fdg_gai_libc(g)) {
			fdg_gai_put(line, g, state);
			return false;
		}
	}
	return true;
}

static bool wait_for_all(struct gaicb *list[], int n, struct fdg_gai_batch *b)
{
	struct fdg_gai_line mine = { .used = false };
	uint64_t mask = fdg_gai_enter();
	unsigned count;
	bool all = enter_all(list, n, b, &mine, FDG_GAI_WAITED, &count), together = count > 1 && !is_filtered();

	if (count > 1 && !together)
		to_threads(&mine);
	fdg_gai_count_down(b);
	fdg_gai_leave(mask);
	if (count)
		fdg_gai_drive_here(&mine, together ? count : 1, b);
	free(b);
	return all;
}

static void refuse_all(void)
{
	struct fdg_gai *g;

	while ((g = fdg_gai_first(&fdg_gai_queued))) {
		fdg_gai_take(&fdg_gai_queued, g);
		fdg_gai_end(g, EAI_SYSTEM, NULL);
	}
	fdg_gai_publish();
}

static bool start_all(struct gaicb *list[], int n, struct fdg_gai_batch *b)
{
	uint64_t mask = fdg_gai_enter();
	unsigned count;
	bool all = enter_all(list, n, b, &fdg_gai_queued, FDG_GAI_QUEUED, &count);

	if (count && !(is_filtered() ? to_threads(&fdg_gai_queued) : fdg_gai_drive())) {
		refuse_all();
		all = false;
	}
	fdg_gai_count_down(b);
	fdg_gai_leave(mask);
	return all;
}

static int ask_all(int mode, struct gaicb *list[], int n, struct sigevent *event, const void *site)
{
	struct fdg_gai_batch *b;
	int saved = errno;

	if (!fdg_lookups_may() || (mode != GAI_WAIT && mode != GAI_NOWAIT))
		return real_getaddrinfo_a(mode, list, n, event);
	b = new_batch(mode, event, site);
	if (!b)
		return EAI_AGAIN;
	if (mode == GAI_WAIT ? wait_for_all(list, n, b) : start_all(list, n, b)) {
		errno = saved;
		return 0;
	}
	errno = EAGAIN;
	return EAI_SYSTEM;
}

static const char *first_name(struct gaicb *list[], int n)
{
	for (int i = 0; i < n; i++)
		if (list[i])
			return list[i]->ar_name;
	return NULL;
}

WRAP(int, getaddrinfo_a, (int mode, struct gaicb *list[], int n, struct sigevent *event))
{
	struct fdg_stall_lookup stall;
	bool in_loop;
	int r;

	FDG_PASS(getaddrinfo_a, mode, list, n, event);
	in_loop = mode == GAI_WAIT && fdg_stall_lookup_begin(&stall);
	if (in_loop)
		fdg_stall_lookup_name(&stall, first_name(list, n));
	r = ask_all(mode, list, n, event, FDG_SITE);
	if (in_loop)
		fdg_stall_lookup_end(&stall, "getaddrinfo_a", FDG_SITE);
	return r;
}

static int in_progress(const struct gaicb *const list[], int n)
{
	int count = 0;

	for (int i = 0; i < n; i++)
		count += list[i] && __atomic_load_n(&list[i]->__return, __ATOMIC_ACQUIRE) == EAI_INPROGRESS;
	return count;
}

/* How many are in progress, if one of them at least is ours; else 0. */
static int in_progress_here(const struct gaicb *const list[], int n)
{
	int count = 0;
	bool any = false;
	uint64_t mask;

	if (!fdg_gai_any() || fdg_foreign_memory())
		return 0;
	mask = fdg_gai_enter();
	count = in_progress(list, n);
	for (int i = 0; i < n && !any; i++)
		any = list[i] && list[i]->__return == EAI_INPROGRESS && fdg_gai_find(list[i]);
	fdg_gai_leave(mask);
	return any ? count : 0;
}

/* False: it has passed. */
static bool left_until(const struct timespec *end, struct timespec *ret)
{
	struct timespec now;

	fdg_sys_clock(CLOCK_MONOTONIC, &now);
	ret->tv_sec = end->tv_sec - now.tv_sec;
	ret->tv_nsec = end->tv_nsec - now.tv_nsec;
	if (ret->tv_nsec < 0) {
		ret->tv_sec--;
		ret->tv_nsec += 1000000000;
	}
	return ret->tv_sec >= 0;
}

static void end_of(const struct timespec *timeout, struct timespec *ret)
{
	fdg_sys_clock(CLOCK_MONOTONIC, ret);
	ret->tv_sec += timeout->tv_sec;
	ret->tv_nsec += timeout->tv_nsec;
	if (ret->tv_nsec >= 1000000000) {
		ret->tv_sec++;
		ret->tv_nsec -= 1000000000;
	}
}

static int sleep_until_one_is_over(const struct gaicb *const list[], int n, int before, const struct timespec *timeout)
{
	struct timespec end, left;

	if (timeout)
		end_of(timeout, &end);
	for (;;) {
		uint32_t news = fdg_gai_news();
		int r = 0;

		if (in_progress(list, n) < before)
			return 0;
		if (timeout && !left_until(&end, &left))
			return EAI_SYSTEM; /* not EAI_AGAIN, as the manual page has it: as libc */
		r = fdg_gai_sleep(news, timeout ? &left : NULL);
		if (r == -EINTR)
			return in_progress(list, n) < before ? 0 : EAI_INTR;
	}
}

WRAP(int, gai_suspend, (const struct gaicb *const list[], int n, const struct timespec *timeout))
{
	int before = in_progress_here(list, n);

	return before ? sleep_until_one_is_over(list, n, before, timeout) : real_gai_suspend(list, n, timeout);
}

static void cancel(struct fdg_gai_line *line, struct fdg_gai *g)
{
	fdg_gai_take(line, g);
	fdg_gai_end(g, EAI_CANCELED, NULL);
	fdg_gai_publish();
}

/* 0: it is none of ours. */
static int cancel_ours(const struct gaicb *cb)
{
	struct fdg_gai *g = fdg_gai_find(cb);

	if (!g)
		return 0;
	switch (g->state) {
	case FDG_GAI_QUEUED:
		cancel(&fdg_gai_queued, g);
		return EAI_CANCELED;
	case FDG_GAI_LINED:
		cancel(&fdg_gai_lined, g);
		fdg_gai_libc_not();
		return EAI_CANCELED;
	case FDG_GAI_FLYING:
		fdg_gai_cancel_flying(g);
		return EAI_CANCELED;
	default:
		return EAI_NOTCANCELED;
	}
}

WRAP(int, gai_cancel, (struct gaicb * cb))
{
	uint64_t mask;
	int r;

	if (!cb || !fdg_gai_any() || fdg_foreign_memory())
		return real_gai_cancel(cb);
	mask = fdg_gai_enter();
	r = cancel_ours(cb);
	fdg_gai_leave(mask);
	return r ? r : real_gai_cancel(cb);
}
