// SPDX-License-Identifier: MIT
#include "guards/reuseport/lent.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/big.h"
#include "base/state.h"
#include "base/sys.h"
#include "guards/reuseport/lent_look.h"
#include "ledger/ledger.h"

#include "base/poison.h"

#ifndef __WALL
#define __WALL 0x40000000
#endif

enum { FROM_ELSEWHERE = 0, FIRST = 1, LOOKS = 20000, SECOND_NS = 200000000 };

/* How often a process was started, and how often it had been when a number became a listener's. */
FDG_BIG static _Atomic uint32_t made[FDG_LEDGER_MAX];
static _Atomic uint32_t starts = FIRST, born = FIRST;
static _Atomic int self; /* 0: not known yet */
static _Atomic int64_t second, spent; /* in that second of CLOCK_MONOTONIC, on looks for one listener each, in ns of the CPU */

static bool is_tracked(int fd)
{
	return (unsigned)fd < FDG_LEDGER_MAX && !fdg_foreign_memory();
}

void fdg_lent_made(int fd)
{
	int nobody = 0;

	if (!is_tracked(fd))
		return;
	atomic_compare_exchange_strong(&self, &nobody, fdg_sys_getpid());
	atomic_store_explicit(&made[fd], atomic_load_explicit(&starts, memory_order_relaxed), memory_order_relaxed);
}

void fdg_lent_copied(int from, int to)
{
	if (is_tracked(from) && is_tracked(to))
		atomic_store_explicit(&made[to], atomic_load_explicit(&made[from], memory_order_relaxed), memory_order_relaxed);
}

void fdg_lent_arrived(int fd)
{
	if (is_tracked(fd))
		atomic_store_explicit(&made[fd], FROM_ELSEWHERE, memory_order_relaxed);
}

void fdg_lent_starting(void)
{
	if (!fdg_foreign_memory())
		atomic_fetch_add_explicit(&starts, 1, memory_order_relaxed);
}

void fdg_lent_forked(void)
{
	atomic_store_explicit(&born, atomic_fetch_add_explicit(&starts, 1, memory_order_relaxed) + 1, memory_order_relaxed);
	atomic_store_explicit(&self, fdg_sys_getpid(), memory_order_relaxed);
}

/* True also where they were not all looked at. */
static bool others_have(int fd, unsigned looks, bool guesses, int64_t *ret_cpu)
{
	uint64_t inode;
	struct stat st;
	bool found = true;
	struct fdg_lent_look l = { &inode, &found, 1, looks, guesses, 0 };

	*ret_cpu = 0;
	if (fdg_sys_fstat(fd, &st) < 0)
		return true;
	inode = st.st_ino;
	found = fdg_lent_look(&l) != FDG_ALL_SEEN || found;
	*ret_cpu = l.cpu;
	return found;
}

/* A child that nobody saw being started. */
static bool has_children(void)
{
	return fdg_sys5(SYS_waitid, P_ALL, 0, 0, WEXITED | WNOHANG | WNOWAIT | __WALL, 0) != -ECHILD;
}

/* Nor by a call that is not wrapped, as far as children tell. */
static bool is_since_the_last(uint32_t was)
{
	return was == atomic_load_explicit(&starts, memory_order_relaxed) && (was != FIRST || !has_children());
}

static bool is_made_here(uint32_t was)
{
	return was != FROM_ELSEWHERE && was >= atomic_load_explicit(&born, memory_order_relaxed) && atomic_load_explicit(&self, memory_order_relaxed) == fdg_sys_getpid();
}

static uint32_t made_at(int fd)
{
	return is_tracked(fd) ? atomic_load_explicit(&made[fd], memory_order_relaxed) : FROM_ELSEWHERE;
}

bool fdg_lent_never(int fd)
{
	uint32_t was = made_at(fd);

	return is_made_here(was) && is_since_the_last(was);
}

/* Of a program that closes many, one after the other. */
static bool has_no_time(void)
{
	struct timespec t = { 0, 0 };
	int64_t s;

	fdg_sys_clock(CLOCK_MONOTONIC, &t);
	s = t.tv_sec;
	if (atomic_exchange_explicit(&second, s, memory_order_relaxed) != s)
		atomic_store_explicit(&spent, 0, memory_order_relaxed);
	return atomic_load_explicit(&spent, memory_order_relaxed) >= SECOND_NS;
}

bool fdg_lent_maybe(int fd)
{
	uint32_t was = made_at(fd);
	int64_t cpu;
	bool r;

	if (!is_made_here(was))
		return true;
	if (is_since_the_last(was))
		return false;
	if (has_no_time())
		return true;
	r = others_have(fd, LOOKS, true, &cpu);
	atomic_fetch_add_explicit(&spent, cpu, memory_order_relaxed);
	return r;
}

enum fdg_unseen fdg_lent_maybe_each(const int fd[], const uint64_t inode[], bool ret[], unsigned n)
{
	struct fdg_lent_look l = { inode, ret, n, LOOKS, true, 0 };
	enum fdg_unseen unseen = FDG_ALL_SEEN;
	bool any = false;

	for (unsigned i = 0; i < n && !any; i++)
		any = is_made_here(made_at(fd[i])) && !is_since_the_last(made_at(fd[i]));
	memset(ret, 0, n);
	if (any)
		unseen = fdg_lent_look(&l);
	for (unsigned i = 0; i < n; i++) {
		uint32_t was = made_at(fd[i]);

		ret[i] = !is_made_here(was) || (ret[i] && !is_since_the_last(was));
	}
	return unseen;
}

bool fdg_lent_is_seen(int fd, unsigned looks, int64_t *ret_cpu)
{
	return others_have(fd, looks, false, ret_cpu);
}
