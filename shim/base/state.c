// SPDX-License-Identifier: MIT
#include "base/state.h"

#include "base/sys.h"

#include "base/poison.h"

_Atomic int fdg_phase = FDG_EARLY;
_Thread_local int fdg_vfork_depth;
_Thread_local int fdg_forked_from;
_Atomic bool fdg_compare_pids;
static _Atomic int owner;

bool fdg_is_not_owner(void)
{
	return fdg_sys_getpid() != atomic_load_explicit(&owner, memory_order_relaxed);
}

/* Writes nothing that need not change: in a forked child each first write to a page copies it. */
void fdg_memory_is_ours(void)
{
	if (fdg_vfork_depth)
		fdg_vfork_depth = 0;
	if (atomic_load_explicit(&fdg_compare_pids, memory_order_relaxed))
		atomic_store_explicit(&owner, fdg_sys_getpid(), memory_order_relaxed);
}

void fdg_start_comparing_pids(void)
{
	if (atomic_load_explicit(&fdg_compare_pids, memory_order_relaxed))
		return;
	atomic_store_explicit(&owner, fdg_sys_getpid(), memory_order_relaxed);
	atomic_store_explicit(&fdg_compare_pids, true, memory_order_release);
}
