/* SPDX-License-Identifier: MIT */
/* wrap/lookups.c and wrap/room.c, which are compiled in here, with lookups that are none: they count. */
#ifndef LOOKUPS_FAKE_H
#define LOOKUPS_FAKE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "wrap/lookups.c"
#include "wrap/room.c"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

enum { KEPT_AT = 2000 };

struct fdg_lookup {
	_Atomic int used_by; /* whoever is between begin and end */
	bool running;
	int fd; /* 0: none */
};

static _Atomic int made, freed, torn, clashes, rested;
static bool may = true, modest;
static const char *failed;
static int fd_of_next = KEPT_AT;
int (*real_poll)(struct pollfd *, nfds_t, int);

int fdg_libcs_poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	return real_poll(fds, n, timeout_ms);
}

ssize_t fdg_libcs_recv(int fd, void *message, size_t room, int flags)
{
	return recv(fd, message, room, flags);
}

int64_t fdg_lookup_clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

bool fdg_lookups_may(void)
{
	return may;
}

bool fdg_lookups_are_modest(void)
{
	return modest;
}

int fdg_lookup_make(const struct fdg_lookup_calls *calls, struct fdg_lookup **ret)
{
	static struct fdg_lookup all[1024]; /* no malloc: a handler calls it */
	static _Atomic unsigned next;

	assert_non_null(calls->block);
	*ret = &all[next++ % COUNT(all)];
	memset(*ret, 0, sizeof(**ret));
	made++;
	return 0;
}

void fdg_lookup_free(struct fdg_lookup *l)
{
	assert_false(l->running || l->fd);
	freed++;
}

void fdg_lookup_facts(const struct fdg_lookup *l, struct fdg_lookup_facts *ret)
{
	(void)l;
	*ret = (struct fdg_lookup_facts){ .reason = failed };
}

bool fdg_lookup_begin(struct fdg_lookup *l)
{
	bool was = l->running;

	torn += was;
	if (!was)
		clashes += atomic_exchange(&l->used_by, 1);
	l->running = true;
	l->fd = fd_of_next;
	return was;
}

void fdg_lookup_end(struct fdg_lookup *l)
{
	l->running = false;
	l->used_by = 0;
}

void fdg_lookup_rest(struct fdg_lookup *l)
{
	assert_true(l->running);
	rested += l->fd != 0;
	l->fd = 0;
}

unsigned fdg_lookup_descriptors(const struct fdg_lookup *l, int *ret, unsigned room)
{
	if (l->fd && room)
		*ret = l->fd;
	return l->fd != 0;
}

int fdg_lookup_floor(void)
{
	return 960;
}

static struct fdg_slot *slot(unsigned n)
{
	return &atomic_load(&fdg_slots)->slot[n];
}

static int setup(void **state)
{
	(void)state;
	fdg_options_defaults(&fdg_options);
	atomic_store(&fdg_phase, FDG_ACTIVE);
	fdg_room_make();
	atomic_store(&fdg_slots, NULL);
	last_end = looked = 0;
	never = false;
	fdg_room_due = 0;
	fdg_room_lowest = UINT_MAX;
	made = freed = torn = clashes = rested = 0;
	fd_of_next = KEPT_AT;
	may = true;
	failed = NULL;
	return 0;
}

static __attribute__((noinline)) void take_and_give(void)
{
	FDG_HELD(h);

	assert_true(fdg_lookups_take(&h));
	fdg_lookups_give(&h);
}

/* So many within a second that descriptors stay open. */
static inline void take_densely(void)
{
	for (int i = 0; i < BULK; i++)
		take_and_give();
}

#endif
