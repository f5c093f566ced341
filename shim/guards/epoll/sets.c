// SPDX-License-Identifier: MIT
/* What lies in the table is written by relatives, which may have gone wild: every number is taken for what it may be. */
#include "guards/epoll/sets.h"

#include <errno.h>
#include <linux/kcmp.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "base/files.h"
#include "base/fmt.h"
#include "base/state.h"
#include "base/sys.h"
#include "guards/epoll/interest.h"
#include "guards/sharer.h"
#include "ledger/ledger.h"

#include "base/poison.h"

struct use {
	_Atomic int pid;      /* 0: free */
	_Atomic uint64_t set; /* the epoll's description */
};

struct table {
	_Atomic bool is_full; /* somebody found no place */
	struct use use[FDG_SETS];
};

static struct table *_Atomic table;

static struct table *get(void)
{
	return atomic_load_explicit(&table, memory_order_acquire);
}

void fdg_sets_forking(void)
{
	struct table *fresh, *none = NULL;

	if (get() || !fdg_interest_has_own() || fdg_foreign_memory())
		return;
	fresh = fdg_sys_mmap(sizeof(*fresh), true);
	if (fresh && !atomic_compare_exchange_strong(&table, &none, fresh))
		fdg_sys_munmap(fresh, sizeof(*fresh));
}

static bool is_gone(int pid)
{
	return pid <= 0 || fdg_sys2(SYS_kill, pid, 0) < 0;
}

static bool is_noted(struct table *t, uint64_t set, int pid)
{
	for (unsigned i = 0; i < FDG_SETS; i++)
		if (atomic_load_explicit(&t->use[i].pid, memory_order_acquire) == pid &&
		    atomic_load_explicit(&t->use[i].set, memory_order_relaxed) == set)
			return true;
	return false;
}

/* Of a process that is gone, or a list of our own that is. */
static bool is_over(const struct use *u, int pid, int self)
{
	return pid == self ? fdg_ledger_next_of(0, atomic_load(&u->set), UINT32_MAX) < 0 : is_gone(pid);
}

static bool note(struct table *t, uint64_t set, int pid, bool over_old)
{
	for (unsigned i = 0; i < FDG_SETS; i++) {
		int seen = atomic_load(&t->use[i].pid);

		if (seen != 0 && !(over_old && is_over(&t->use[i], seen, pid)))
			continue;
		if (!atomic_compare_exchange_strong(&t->use[i].pid, &seen, pid))
			continue;
		atomic_store(&t->use[i].set, set);
		return true;
	}
	return false;
}

/* One that was made since the last fork is nobody else's. */
void fdg_sets_waits(int epfd)
{
	struct table *t = get();
	uint64_t set = fdg_ledger_description(epfd);
	int pid;

	if (!t || !set || set >= atomic_load_explicit(&fdg_ledger_floor, memory_order_relaxed) || fdg_foreign_memory())
		return;
	pid = fdg_sys_getpid();
	if (!is_noted(t, set, pid) && !note(t, set, pid, false) && !note(t, set, pid, true))
		atomic_store(&t->is_full, true);
}

bool fdg_sets_may_have(int epfd, int pid)
{
	char path[64];
	struct fdg_buf b = FDG_BUF(path);
	struct stat here, there;
	long r = fdg_sys5(SYS_kcmp, fdg_sys_getpid(), pid, KCMP_FILE, epfd, epfd);

	if (r >= 0)
		return r == 0;
	if (r == -EBADF || r == -ESRCH)
		return false;
	fdg_fmt(&b, "/proc/%d/fd/%d", pid, epfd);
	r = fdg_sys_stat(path, &there);
	if (r < 0)
		return r != -ENOENT || fdg_sys_stat("/proc/self", &here) < 0;
	return fdg_sys_fstat(epfd, &here) < 0 || (here.st_dev == there.st_dev && here.st_ino == there.st_ino);
}

bool fdg_sets_used(int epfd)
{
	struct table *t = get();
	uint64_t set = fdg_ledger_description(epfd);
	int self = fdg_sys_getpid();

	if (!t || !set)
		return false;
	if (atomic_load_explicit(&t->is_full, memory_order_relaxed))
		return true;
	for (unsigned i = 0; i < FDG_SETS; i++) {
		int pid = atomic_load(&t->use[i].pid);

		if (pid > 0 && pid != self && atomic_load(&t->use[i].set) == set && !is_gone(pid) &&
		    fdg_sets_may_have(epfd, pid))
			return true;
	}
	return false;
}

#define PROCESSES_MAX 4096

struct search {
	int epfd, self;
	struct fdg_numbers numbers;
};

/* Of those that we may not look into nothing is known. */
static int somebody(void *cookie, int pid)
{
	const struct search *s = cookie;
	long r = pid == s->self ? 1 : fdg_sys5(SYS_kcmp, s->self, pid, KCMP_FILE, s->epfd, s->epfd);

	return r == 0 || (r == -ENOSYS && fdg_sets_may_have(s->epfd, pid));
}

bool fdg_sets_somebody_has(int epfd)
{
	struct search *s = fdg_sys_mmap(sizeof(*s), false);
	bool is_found;

	if (!s)
		return true;
	s->epfd = epfd;
	s->self = fdg_sys_getpid();
	is_found = fdg_each_number(&s->numbers, "/proc", PROCESSES_MAX, somebody, s) != 0; /* or they are too many */
	fdg_sys_munmap(s, sizeof(*s));
	return is_found;
}
