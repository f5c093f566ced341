// SPDX-License-Identifier: MIT
#include "supervise/runs.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/exe.h"
#include "base/sys.h"
#include "guards/metrics/metrics.h"
#include "report/report.h"
#include "supervise/rows.h"
#include "supervise/voice.h"

#include "base/poison.h"

struct run {
	bool is_ours; /* we wrote its run.start, and owe its run.end */
	bool is_measured; /* by us: option metrics */
	int64_t descriptors, limit; /* as they were seen last; -1: not yet */
	struct fdg_subject subject;
	int64_t began_ms, due_ms; /* of option metrics, by the clock of the day */
	struct fdg_run_image image;
};

static struct fdg_rows runs;
static int first;
static bool is_lost_said;

static struct run *run_of(const struct fdg_process *p)
{
	return fdg_row(&runs, p->index);
}

int fdg_runs_start(int first_pid)
{
	first = first_pid;
	if (fdg_rows_start(&runs, sizeof(struct run)) < 0)
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

bool fdg_runs_are_told(void)
{
	return fdg_runs_are_written() || fdg_metrics_any();
}

static int64_t now_ms(void)
{
	struct timespec t = { 0, 0 };

	fdg_sys_clock(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* One that has ended has none any more. */
static void keep_last(struct run *r, struct fdg_sample *s)
{
	if (s->descriptors < 0)
		s->descriptors = r->descriptors;
	if (s->limit < 0)
		s->limit = r->limit;
	r->descriptors = s->descriptors;
	r->limit = s->limit;
}

/* While it is spoken for. Its descriptors are counted as long as it is there. */
static void publish(struct run *r, int64_t now, bool ended)
{
	struct fdg_sample *s = fdg_sys_mmap(sizeof(*s), false);

	r->due_ms = now + FDG_METRICS_MS;
	if (!s)
		return;
	fdg_report_count(&s->counts);
	fdg_sample_ask(r->subject.pid, s);
	keep_last(r, s);
	s->began_ms = r->began_ms;
	s->ended = ended;
	s->supervised = true;
	fdg_metrics_publish(s);
	fdg_sys_munmap(s, sizeof(*s));
}

/* A clock that was set back does not keep it from being told. */
static void publish_if_due(struct run *r)
{
	int64_t now;

	if (!r->is_measured)
		return;
	now = now_ms();
	if (now >= r->due_ms || now < r->due_ms - FDG_METRICS_MS)
		publish(r, now, false);
}

/* The names of another process are another one's: nothing of them is kept from it. */
static struct run *refresh(struct fdg_process *p)
{
	struct run *r = run_of(p);

	if (r->subject.pid != p->pid) {
		r->is_ours = r->is_measured = false;
		r->subject = (struct fdg_subject){ .pid = p->pid, .tid = p->pid, .ppid = p->parent };
	}
	return r;
}

static struct run *spoken_for;

static void speak_as(struct run *r, const struct fdg_process *p, int tid, const char *exe)
{
	fdg_voice_borrow(p->pid, p->pidfd);
	r->subject.tid = tid;
	r->subject.exe = exe;
	spoken_for = r;
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

/* A log that nobody reads is no news at the second line. */
static void say_lost(void)
{
	if (is_lost_said || !fdg_report_lost())
		return;
	is_lost_said = true;
	fdg_report_say_lost(false);
	fdg_voice_keep();
}

void fdg_runs_silent(void)
{
	say_lost();
	if (spoken_for)
		publish_if_due(spoken_for);
	spoken_for = NULL;
	fdg_report_as(NULL);
	fdg_voice_give_back();
}

static void write_end(struct run *r, const struct fdg_process *p, bool by_exec)
{
	if (!r->is_ours && !r->is_measured)
		return;
	speak_as(r, p, p->pid, r->image.exe);
	if (r->is_measured)
		publish(r, now_ms(), true);
	r->is_measured = false;
	if (r->is_ours)
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
	r->is_ours = fdg_runs_are_told() && !image->is_preloaded && !fdg_runs_leave_out(image->exe);
	r->is_measured = fdg_metrics_any() && (r->is_ours || (image->is_go && !fdg_runs_leave_out(image->exe)));
	if (!r->is_ours && !r->is_measured)
		return;
	speak_as(r, p, p->pid, r->image.exe);
	r->began_ms = now_ms();
	r->due_ms = 0;
	r->descriptors = r->limit = -1;
	if (r->is_ours)
		fdg_report_run_start();
	fdg_runs_silent();
}

void fdg_runs_ended(struct fdg_process *p)
{
	write_end(refresh(p), p, false);
	if (p->pid == first && is_lost_said) {
		speak_as(run_of(p), p, p->pid, fdg_facts_exe(p));
		fdg_report_say_lost(true);
		fdg_runs_silent();
	}
	run_of(p)->subject.pid = 0;
	if (p->pid == first)
		fdg_voice_first_ended();
}
