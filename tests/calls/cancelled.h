/* SPDX-License-Identifier: MIT */
/* A call in a thread that is cancelled, while it waits or before it comes. */
#ifndef CANCELLED_H
#define CANCELLED_H

#include <pthread.h>
#include <time.h>

#include "expect.h"

static volatile int cleaned;

static void clean(void *unused)
{
	(void)unused;
	cleaned = 1; /* run by unwinding through whoever stands between the thread and libc */
}

/* Runs one in a thread, lets it wait, cancels it; with `first` the cancellation is already there when the call comes. */
static bool cancelled(void *(*one)(void *), bool first)
{
	struct timespec moment = { 0, 5000000 };
	pthread_t thread;
	bool go = !first;
	void *result;

	cleaned = 0;
	SAME(pthread_create(&thread, NULL, one, first ? &go : NULL), 0);
	if (!first)
		nanosleep(&moment, NULL);
	SAME(pthread_cancel(thread), 0);
	__atomic_store_n(&go, true, __ATOMIC_SEQ_CST);
	SAME(pthread_join(thread, &result), 0);
	return result == PTHREAD_CANCELED && cleaned;
}

/* No cancellation point: spins until the cancellation has been sent. */
static void hold(void *go)
{
	while (go && !__atomic_load_n((bool *)go, __ATOMIC_SEQ_CST))
		;
}

#define THREAD(name, call) \
	static void *name(void *go) \
	{ \
		pthread_cleanup_push(clean, NULL); \
		hold(go); \
		call; \
		pthread_cleanup_pop(0); \
		return NULL; \
	}

#endif
