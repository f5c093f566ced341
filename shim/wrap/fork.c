// SPDX-License-Identifier: MIT
/* fork and clone; vfork is in entry_*.S. Our state needs no lock, so there is nothing to hold over a fork: the child takes a consistent copy. */
#include "wrap/wrap.h"

#include <sched.h>
#include <stdatomic.h>

#include "guards/closewait/connections.h"
#include "guards/closewait/sweep.h"
#include "guards/epoll/acts.h"
#include "guards/epoll/interest.h"
#include "guards/epoll/sets.h"
#include "guards/epoll/slow.h"
#include "guards/nonblock/nonblock.h"
#include "guards/nonblock/stall.h"
#include "guards/nonblock/stdio.h"
#include "guards/reuseport/reuseport.h"
#include "options/options.h"
#include "report/report.h"
#include "wrap/lookups.h"
#include "wrap/gai.h"
#include "wrap/sweeper.h"

void fdg_after_fork_child(void)
{
	fdg_memory_is_ours();
	fdg_lookups_forked();
	fdg_report_fork_child();
	fdg_cloexec_forked();
	fdg_nonblock_forked();
	fdg_loop_forked();
	fdg_interest_forked();
	fdg_acts_forked();
	fdg_slow_forked();
	fdg_reuseport_forked();
	fdg_sweep_forked();
	fdg_sweeper_forked();
	fdg_gai_forked();
}

/*
 * In the parent, once: what its children would each do for themselves, and lose. Binds what a child usually calls, and maps the memory in which children tell
 * their siblings what was reported.
 */
void fdg_before_fork(void)
{
	static _Atomic bool done;

	if (!atomic_load_explicit(&done, memory_order_relaxed)) {
		fdg_bind((void **)&real_execve);
		fdg_bind((void **)&real_execvpe);
		fdg_bind((void **)&real_dup2);
		fdg_bind((void **)&real_close);
		fdg_bind((void **)&real__exit);
		atomic_store_explicit(&done, true, memory_order_relaxed);
	}
	if (fdg_cloexec_has_work(0))
		fdg_told_prepare();
	if (!fdg_out()) {
		fdg_lookups_forking();
		fdg_gai_forking();
		fdg_connection_start();
		fdg_sets_forking();
		fdg_nonblock_before_fork();
		fdg_reuseport_starting();
		if (fdg_options.epoll != FDG_OFF && !fdg_foreign_memory()) /* which asks who else may have what it judges */
			fdg_ledger_forking();
	}
}

void fdg_started(int child)
{
	if (child <= 0 || fdg_out())
		return;
	fdg_reuseport_starting();
	fdg_nonblock_before_fork();
	fdg_nonblock_parent_forked(child);
	fdg_nonblock_child_left();
}

void fdg_after_fork(int child)
{
	if (child == 0)
		fdg_after_fork_child();
	else if (child > 0 && !fdg_out())
		fdg_nonblock_parent_forked(child);
}

WRAP(pid_t, fork, (void))
{
	pid_t pid;

	if (!fdg_follows())
		return real_fork();
	fdg_before_fork();
	pid = real_fork();
	fdg_after_fork(pid);
	if (pid == 0)
		fdg_sweeper_again();
	return pid;
}
FDG_TWIN(__fork, fork)

WRAP(pid_t, _Fork, (void))
{
	pid_t pid;

	if (!fdg_follows())
		return real__Fork();
	fdg_before_fork();
	pid = real__Fork();
	fdg_after_fork(pid);
	return pid;
}

/* libc forks inside; its parent leaves by a direct _exit. */
WRAP(int, daemon, (int nochdir, int noclose))
{
	int r;

	if (!fdg_follows())
		return real_daemon(nochdir, noclose);
	fdg_before_fork();
	if (!noclose) /* they become /dev/null */
		fdg_stdio_leave(NULL);
	r = real_daemon(nochdir, noclose);
	if (r == 0) {
		fdg_after_fork_child();
		fdg_sweeper_again();
	}
	return r;
}

struct start {
	int (*fn)(void *);
	void *arg;
};

/* A child with a copy of our memory: fork by another name. `s` lies in the copy of the parent's frame. libc ends it by no call that we see. */
static int after_clone(void *p)
{
	struct start s = *(struct start *)p;
	int r;

	fdg_after_fork_child();
	r = s.fn(s.arg);
	if (!fdg_out())
		fdg_leaving();
	return r;
}

/*
 * With CLONE_VM and CLONE_VFORK this thread sleeps until the child execs or exits, and the child uses its thread-local storage: the depth tells. With CLONE_VM
 * alone both run: from then on pids are compared. A child that shares memory and descriptor table is a thread in all but name, and writes as one.
 */
WRAP(int, clone, (int (*fn)(void *), void *stack, int flags, void *arg, pid_t *parent_tid, void *tls, pid_t *child_tid))
{
	struct start s = { fn, arg };
	int r;

	if (!fdg_follows() || !fn || !stack || flags & CLONE_THREAD)
		return real_clone(fn, stack, flags, arg, parent_tid, tls, child_tid);
	if (flags & CLONE_VM && flags & CLONE_FILES)
		return real_clone(fn, stack, flags, arg, parent_tid, tls, child_tid);
	/* Two ledgers for one table: what one process forces the other could not tell from what the program set. So nothing is forced any more. */
	if (flags & CLONE_FILES)
		fdg_cloexec_kinds = 0;
	fdg_before_fork();
	if (!(flags & CLONE_VM)) {
		r = real_clone(after_clone, stack, flags, &s, parent_tid, tls, child_tid);
		if (r > 0)
			fdg_after_fork(r);
		return r;
	}
	if (!(flags & CLONE_VFORK) || flags & CLONE_SETTLS) {
		fdg_start_comparing_pids();
		return real_clone(fn, stack, flags, arg, parent_tid, tls, child_tid);
	}
	fdg_vfork_depth++;
	r = real_clone(fn, stack, flags, arg, parent_tid, tls, child_tid);
	fdg_vfork_depth--;
	if (fdg_vfork_depth == 0)
		fdg_vfork_returned(r);
	return r;
}
FDG_TWIN(__clone, clone)
