/* SPDX-License-Identifier: MIT */
/*
 * What this folder knows of the process that it reports for.
 */
#ifndef FDG_REPORT_RUN_H
#define FDG_REPORT_RUN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/exe.h"
#include "base/sys.h"
#include "report/report.h"

enum fdg_run_stage { FDG_RUN_IDLE, FDG_RUN_LIVE, FDG_RUN_RETIRED };

struct fdg_run {
	/* Written by fdg_report_start alone, before the stage is LIVE. */
	const char *exe; /* NULL: fdg_exe(), when it is needed */
	int argc;
	char *const *argv; /* NULL: not known */
	int pid;
	/* Whom the supervisor speaks for; never set in a guarded program. */
	struct fdg_subject *subject;

	_Atomic int stage;
	_Atomic bool ended;
	_Atomic unsigned said; /* sentences of fdg_report_say */

	/* Since the process began; a forked child counts anew. */
	_Atomic uint64_t findings;   /* lines, written or lost */
	_Atomic uint64_t of[FDG_FINDING_COUNT][2]; /* the same and what no line is written of, by id; reported, fixed */
	_Atomic uint64_t suppressed; /* different ones */
	_Atomic uint64_t translated; /* events that guard epoll gave what the program asks for */
	_Atomic uint64_t retried;    /* connects that guard reuseport made again */
	_Atomic uint64_t connected;  /* … and that succeeded so */
	_Atomic uint64_t looked_up, looked_up_by_libc; /* names */
	_Atomic uint64_t held_back;  /* repeats */
	_Atomic uint64_t dropped;    /* different ones that the table of repeats had no room for */
	_Atomic uint64_t lost;       /* lines of findings that the sink did not take */
	_Atomic uint64_t lost_run;   /* the same of run.start and run.end */
	_Atomic int lost_reason;     /* the first errno */
};

extern struct fdg_run fdg_run;

static inline bool fdg_run_is(enum fdg_run_stage stage)
{
	return atomic_load_explicit(&fdg_run.stage, memory_order_acquire) == (int)stage;
}

static inline const char *fdg_run_exe(void)
{
	if (fdg_run.subject)
		return fdg_run.subject->exe;
	return fdg_run.exe ? fdg_run.exe : fdg_exe();
}

/* The process that a line is about. */
static inline int fdg_run_pid(void)
{
	return fdg_run.subject ? fdg_run.subject->pid : fdg_sys_getpid();
}

static inline int fdg_run_tid(void)
{
	return fdg_run.subject ? fdg_run.subject->tid : fdg_sys_gettid();
}

static inline int fdg_run_ppid(void)
{
	return fdg_run.subject ? fdg_run.subject->ppid : fdg_sys_getppid();
}

#endif
