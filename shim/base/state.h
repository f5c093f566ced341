/* SPDX-License-Identifier: MIT */
/*
 * What every wrapper asks first: do we take part, and whose memory is this?
 */
#ifndef FDG_BASE_STATE_H
#define FDG_BASE_STATE_H

#include <stdatomic.h>
#include <stdbool.h>

enum fdg_phase {
	FDG_EARLY,   /* our constructor has not run: pass through */
	FDG_ACTIVE,
	FDG_PASSIVE, /* options only/skip leave this program out: pass through, but follow at exec */
	FDG_RETIRED, /* the program entered a seccomp filter: make the real call and nothing else */
};

/* Written by wrap's start-up, and once more by prctl/seccomp; read by every wrapper. */
extern _Atomic int fdg_phase;

/*
 * Above 0 on a thread that is between vfork() and the child's exec or exit: the child runs on this thread's stack and thread-local storage, in
 * memory that its parent will get back, so nothing of ours may be written. Counted by the assembly entry of vfork and by clone.
 */
extern _Thread_local int fdg_vfork_depth;

/*
 * Set by the first clone(CLONE_VM) without CLONE_VFORK and CLONE_THREAD: from then on a process with another pid may run in this memory at the same
 * time, and the thread-local mark cannot tell (it may share our thread-local storage), so writers compare pids: 100 ns, paid by nobody else.
 */
extern _Atomic bool fdg_compare_pids;

static inline enum fdg_phase fdg_phase_now(void)
{
	return (enum fdg_phase)atomic_load_explicit(&fdg_phase, memory_order_relaxed);
}

/* In a child of fork: the pid that it came from; else 0. Thread-local, of the thread that forked, which is the child's first: that page is written by libc in any
 * child, so writing here copies no other. */
extern _Thread_local int fdg_forked_from;

/* A process that is nobody's fork, vfork or clone: what nearly every call asks about, in three loads. */
static inline bool fdg_is_ordinary(void)
{
	return fdg_vfork_depth == 0 && fdg_forked_from == 0 && !atomic_load_explicit(&fdg_compare_pids, memory_order_relaxed);
}

/* Are forks and execs ours to follow? */
static inline bool fdg_follows(void)
{
	enum fdg_phase p = fdg_phase_now();

	return p == FDG_ACTIVE || p == FDG_PASSIVE;
}

/* True where our tables belong to somebody else: in a vfork child, or a clone that shares our memory. */
bool fdg_is_not_owner(void);
static inline bool fdg_foreign_memory(void)
{
	if (__builtin_expect(fdg_vfork_depth > 0, 0))
		return true;
	return __builtin_expect(atomic_load_explicit(&fdg_compare_pids, memory_order_relaxed), 0) && fdg_is_not_owner();
}
/* Called before a clone that will share our memory. */
void fdg_start_comparing_pids(void);
/* Called in a forked child: this memory is ours now, whatever its parent was. */
void fdg_memory_is_ours(void);

#endif
