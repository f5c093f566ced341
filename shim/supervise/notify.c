// SPDX-License-Identifier: MIT
#include "supervise/notify.h"

#include <stddef.h>

#include "base/judged.h"
#include "options/options.h"
#include "supervise/above.h"
#include "supervise/blind.h"
#include "supervise/exec.h"
#include "supervise/facts.h"
#include "supervise/filter.h"
#include "supervise/goprogram.h"
#include "supervise/hints.h"
#include "supervise/listeners.h"
#include "supervise/marks.h"
#include "supervise/mode.h"
#include "supervise/runs.h"
#include "supervise/sets.h"

#include "base/poison.h"

/* To be changed by who does not want the kernel to make the call. */
typedef void handler(struct fdg_process *p, const struct fdg_listener *l, struct fdg_answer *a);

static void handle_dup(struct fdg_process *p, const struct fdg_listener *l, struct fdg_answer *a)
{
	(void)a;
	fdg_hint_add(p, (int)l->request->data.args[0]);
}

static void handle_copy(struct fdg_process *p, const struct fdg_listener *l, struct fdg_answer *a)
{
	handle_dup(p, l, a);
	if (fdg_options.cloexec == FDG_FIX)
		fdg_marks_copy(p, (int)l->request->data.args[0]);
}

static void handle_dup_to(struct fdg_process *p, const struct fdg_listener *l, struct fdg_answer *a)
{
	int from = (int)l->request->data.args[0], to = (int)l->request->data.args[1];

	(void)a;
	if (from != to)
		fdg_listeners_replacing(p, to);
	fdg_hint_add(p, from);
	if (fdg_options.cloexec != FDG_OFF) /* also upon itself: who says so means the number */
		fdg_marks_add(p, from, to);
}

static void handle_inheritable(struct fdg_process *p, const struct fdg_listener *l, struct fdg_answer *a)
{
	int fd = (int)l->request->data.args[0];

	(void)a;
	fdg_marks_add(p, fd, fd);
}

static void handle_exec(struct fdg_process *p, const struct fdg_listener *l, struct fdg_answer *a)
{
	(void)a;
	fdg_blind_exec(p, (int)l->request->pid);
	fdg_listeners_executing(p);
	fdg_exec_seen(p, l);
}

static void handle_reuse(struct fdg_process *p, const struct fdg_listener *l, struct fdg_answer *a)
{
	(void)a;
	fdg_listeners_set(p, l);
}

static void handle_steer(struct fdg_process *p, const struct fdg_listener *l, struct fdg_answer *a)
{
	(void)l, (void)a;
	fdg_listeners_steered(p);
}

static handler *const handlers[FDG_NOTICES] = {
	[FDG_NOTICE_SETFL] = fdg_mode_setfl,
	[FDG_NOTICE_FIONBIO] = fdg_mode_fionbio,
	[FDG_NOTICE_DUP] = handle_dup,
	[FDG_NOTICE_COPY] = handle_copy,
	[FDG_NOTICE_DUP_TO] = handle_dup_to,
	[FDG_NOTICE_INHERITABLE] = handle_inheritable,
	[FDG_NOTICE_SELECT] = fdg_sets_seen,
	[FDG_NOTICE_REUSE] = handle_reuse,
	[FDG_NOTICE_STEER] = handle_steer,
	[FDG_NOTICE_EXEC] = handle_exec,
	[FDG_NOTICE_EXECAT] = handle_exec,
};

/* What it becomes by an exec may not be. */
static bool is_left_out(struct fdg_process *p, enum fdg_notice notice)
{
	return notice != FDG_NOTICE_EXEC && notice != FDG_NOTICE_EXECAT && (fdg_options.only.count || fdg_options.skip.count) && fdg_runs_leave_out(fdg_facts_exe(p));
}

/* What a thread does with a table of its own is not the process's; an exec is looked at apart. */
static bool is_of_the_process(const struct fdg_process *p, const struct fdg_listener *l, enum fdg_notice notice)
{
	int fd = notice == FDG_NOTICE_SELECT ? 0 : (int)l->request->data.args[0];

	return notice == FDG_NOTICE_EXEC || notice == FDG_NOTICE_EXECAT || fdg_facts_has_table(p, (int)l->request->pid, fd);
}

/* FDG_PROBE_… */
static int what_is_so(struct fdg_process *p, const struct seccomp_data *d, int tid)
{
	int r = FDG_PROBE_SUPERVISED;

	if (!p)
		return r;
	if ((unsigned)d->args[2] == FDG_PROBE_ASK_MODES && fdg_go_is(p))
		r |= FDG_PROBE_MODES;
	return r | p->judged | (fdg_facts_filters(tid) == 1 ? FDG_PROBE_ALONE : 0);
}

static void handle(const struct fdg_listener *l, struct fdg_answer *a)
{
	const struct seccomp_data *d = &l->request->data;
	enum fdg_notice notice = fdg_filter_notice(d);
	struct fdg_process *p;
	unsigned crowd;

	if (!handlers[notice] && notice != FDG_NOTICE_ASK)
		return;
	/* A process that we cannot name (pid 0: of a namespace that is not below ours) is left alone. Once its pidfd is open, a call that waits still says that it is its. */
	p = l->request->pid ? fdg_facts_of((int)l->request->pid) : NULL;
	if (!p && (crowd = fdg_facts_crowd()))
		fdg_blind_crowd((int)l->request->pid, crowd);
	if (notice == FDG_NOTICE_ASK && (unsigned)d->args[2] == FDG_PROBE_TEXT) {
		*a = (struct fdg_answer){ .value = fdg_above_piece(d->args[3]) };
		return;
	}
	if (notice == FDG_NOTICE_ASK) {
		if (p)
			fdg_blind_asked(p);
		*a = (struct fdg_answer){ .value = what_is_so(p, &l->request->data, (int)l->request->pid) };
		return;
	}
	if (p)
		fdg_blind_seen(p);
	if (!p || !fdg_listener_waits(l) || is_left_out(p, notice))
		return;
	if (is_of_the_process(p, l, notice))
		handlers[notice](p, l, a);
	else
		fdg_blind_tell(p, (int)l->request->pid);
}

void fdg_notify_handle(const struct fdg_listener *l)
{
	struct fdg_answer a = { .carry_on = true };

	handle(l, &a);
	fdg_listener_answer(l, &a);
}
