// SPDX-License-Identifier: MIT
#include "guards/nonblock/modes.h"

#include <sys/prctl.h>

#include "base/judged.h"
#include "base/state.h"
#include "base/sys.h"

#include "base/poison.h"

atomic_bool fdg_modes_ours = true;
static atomic_bool is_asked;

void fdg_modes_start(long answer)
{
	if (answer > 0 && (answer & FDG_PROBE_SUPERVISED))
		atomic_store_explicit(&fdg_modes_ours, false, memory_order_relaxed);
}

/* Few programs turn anything blocking: asked when this one does. */
bool fdg_modes_ask(void)
{
	bool ours;
	long r;

	if (atomic_load_explicit(&is_asked, memory_order_relaxed) || fdg_foreign_memory())
		return false;
	r = fdg_sys3(SYS_prctl, PR_GET_SECCOMP, FDG_PROBE, FDG_PROBE_ASK_MODES);
	ours = r <= 0 || !(r & FDG_PROBE_MODES);
	atomic_store_explicit(&fdg_modes_ours, ours, memory_order_relaxed);
	atomic_store_explicit(&is_asked, true, memory_order_relaxed);
	return ours;
}
