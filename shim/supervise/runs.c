// SPDX-License-Identifier: MIT
#include "supervise/runs.h"

#include <errno.h>
#include <string.h>

#include "base/exe.h"
#include "base/sys.h"
#include "report/report.h"
#include "supervise/voice.h"

#include "base/poison.h"

struct run {
	bool is_ours; /* we wrote its run.start, and owe its run.end */
	struct fdg_subject subject;
	struct fdg_run_image image;
};

static struct run *runs; /* by fdg_facts_index */
static int first;

static struct run *run_of(const struct fdg_process *p)
{
	return &runs[fdg_facts_index(p)];
}

int fdg_runs_start(int first_pid)
{
	first = first_pid;
	runs = fdg_sys_mmap(FDG_PROCESSES * sizeof(*runs), false);
	if (!runs)
		return -ENOMEM;
	fdg_report_start(NULL, 0, NULL);
	fdg_voice_start(first_pid, fdg_runs_are_written());
	return 0;
}

bool fdg_runs_leave_out(const char *exe)
{
	if (!fdg_options.only.count && !fdg_options.skip.count)
		return false;
	exe = fdg_base_name(exe);
	return (fdg_options.only.count && !fdg_names_match(&fdg_options.only, exe)) || fdg_names_match(&fdg_options.skip, exe);
}

bool fdg_runs_are_written(void)
{
	return fdg_options.format == FDG_JSON && fdg_options.log.where != FDG_LOG_NONE;
}

/* The names of another process are another one's: nothing of them is kept from it. */
static struct run *refresh(struct fdg_process *p)
{
	struct run *r = run_of(p);

	if (r->subject.pid != p->pid) {
		r->is_ours = false;
		r->subject = (struct fdg_subject){ .pid = p->pid, .tid = p->pid, .ppid = p->parent };
	}
	return r;
}

static void speak_as(struct run *r, const struct fdg_process *p, int tid, const char *exe)
{
	fdg_voice_borrow(p->pid, p->pidfd);
	r->subject.tid = tid;
	r->subject.exe = exe;
	fdg_report_as(&r->subject);
}

bool fdg_runs_is_known(struct fdg_process *p)
{
	return refresh(p)->is_ours;
}

void fdg_runs_speak_for(struct fdg_process *p, int tid)
{
	struct run *r = refresh(p);
	const char *exe = fdg_facts_exe(p);

	speak_as(r, p, tid, !p->is_exe_known && r->is_ours ? r->image.exe : exe); /* of one that may not be looked into what was foreseen is all there is */
}

void fdg_runs_speak_as(struct fdg_process *p, const char *exe)
{
	speak_as(refresh(p), p, p->pid, exe);
}

void fdg_runs_silent(void)
{
	fdg_report_as(NULL);
	fdg_voice_give_back();
}

static void write_end(struct run *r, const struct fdg_process *p, bool by_exec)
{
	if (!r->is_ours)
		return;
	speak_as(r, p, p->pid, r->image.exe);
	fdg_report_subject_end(by_exec);
	fdg_runs_silent();
	r->is_ours = false;
}

static void copy_image(struct run *r, const struct fdg_run_image *image)
{
	r->image = *image;
	for (int i = 0; i < r->image.argc; i++)
		r->image.argv[i] = r->image.text + (image->argv[i] - image->text);
	r->subject = (struct fdg_subject){ .pid = r->subject.pid, .ppid = fdg_facts_parent(r->subject.pid), .argc = r->image.argc, .argv = r->image.argv };
}

void fdg_runs_exec(struct fdg_process *p, const struct fdg_run_image *image)
{
	struct run *r = refresh(p);

	if (!image)
		return;
	write_end(r, p, true);
	copy_image(r, image);
	r->is_ours = fdg_runs_are_written() && !image->is_preloaded && !fdg_runs_leave_out(image->exe);
	if (!r->is_ours)
		return;
	speak_as(r, p, p->pid, r->image.exe);
	fdg_report_run_start();
	fdg_runs_silent();
}

void fdg_runs_ended(struct fdg_process *p)
{
	write_end(refresh(p), p, false);
	run_of(p)->subject.pid = 0;
	if (p->pid == first)
		fdg_voice_first_ended();
}
