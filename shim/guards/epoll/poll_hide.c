// SPDX-License-Identifier: MIT
/*
 * epoll=fix, for poll: numbers that are not open and make a loop spin are left out of its waits. The kernel is asked each time whether they are closed still: what is
 * opened by code that we do not see is waited for again with the next call.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>

#include "base/sys.h"
#include "guards/epoll/poll.h"

#include "base/poison.h"

static _Atomic int hidden[FDG_POLL_HIDDEN]; /* the number and 1; 0: free */
_Atomic unsigned fdg_poll_hides;

struct room {
	_Atomic bool taken;
	_Atomic(struct pollfd *) at;
	_Atomic uint64_t entries;
};

static struct room rooms[FDG_POLL_ROOMS];

static bool is_open(int fd)
{
	return fdg_sys_fcntl(fd, F_GETFD, 0) != -EBADF;
}

static void show(unsigned i, int number)
{
	if (atomic_compare_exchange_strong(&hidden[i], &number, 0))
		atomic_fetch_sub(&fdg_poll_hides, 1);
}

bool fdg_poll_hide(int fd)
{
	if (fd == INT_MAX)
		return false;
	for (unsigned i = 0; i < FDG_POLL_HIDDEN; i++)
		if (atomic_load(&hidden[i]) == fd + 1)
			return true;
	for (unsigned i = 0; i < FDG_POLL_HIDDEN; i++) {
		int none = 0;

		if (atomic_compare_exchange_strong(&hidden[i], &none, fd + 1)) {
			atomic_fetch_add(&fdg_poll_hides, 1);
			return true;
		}
	}
	return false;
}

/* Those that are closed still. */
static unsigned list_closed(int *ret_fds)
{
	unsigned n = 0;

	for (unsigned i = 0; i < FDG_POLL_HIDDEN; i++) {
		int number = atomic_load_explicit(&hidden[i], memory_order_relaxed);

		if (number && is_open(number - 1))
			show(i, number);
		else if (number)
			ret_fds[n++] = number - 1;
	}
	return n;
}

static bool is_in(const int *fds, unsigned n, int fd)
{
	for (unsigned i = 0; i < n; i++)
		if (fds[i] == fd)
			return true;
	return false;
}

unsigned fdg_poll_leave_out(struct pollfd *copy, uint64_t n)
{
	int closed[FDG_POLL_HIDDEN];
	unsigned count = list_closed(closed), out = 0;

	for (uint64_t i = 0; i < n; i++) {
		if (copy[i].fd < 0) {
			copy[i].fd = -1;
		} else if (is_in(closed, count, copy[i].fd)) {
			copy[i].fd = FDG_POLL_OUT;
			out++;
		}
	}
	return out;
}

/* A room that is taken is its taker's own. */
static bool grow(struct room *r, uint64_t n)
{
	struct pollfd *old = atomic_load_explicit(&r->at, memory_order_relaxed);
	uint64_t entries = atomic_load_explicit(&r->entries, memory_order_relaxed), want = FDG_POLL_FEW;

	if (entries >= n)
		return true;
	while (want < n)
		want *= 2;
	if (old)
		fdg_sys_munmap(old, entries * sizeof(*old));
	old = fdg_sys_mmap(want * sizeof(*old), false);
	atomic_store_explicit(&r->at, old, memory_order_relaxed);
	atomic_store_explicit(&r->entries, old ? want : 0, memory_order_relaxed);
	return old != NULL;
}

struct pollfd *fdg_poll_room(uint64_t n)
{
	for (unsigned i = 0; i < FDG_POLL_ROOMS; i++) {
		bool taken = false;

		if (!atomic_compare_exchange_strong(&rooms[i].taken, &taken, true))
			continue;
		if (grow(&rooms[i], n))
			return atomic_load_explicit(&rooms[i].at, memory_order_relaxed);
		atomic_store(&rooms[i].taken, false);
		return NULL;
	}
	return NULL;
}

void fdg_poll_room_done(const struct pollfd *room)
{
	for (unsigned i = 0; i < FDG_POLL_ROOMS; i++)
		if (atomic_load_explicit(&rooms[i].at, memory_order_relaxed) == room)
			atomic_store(&rooms[i].taken, false);
}
