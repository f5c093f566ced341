// SPDX-License-Identifier: MIT
/* The lines about a run itself: run.start, run.sample, run.exec, run.meant and run.end. JSON alone has them. */
#include "report/run.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fmt.h"
#include "base/image.h"
#include "base/sys.h"
#include "report/desk.h"
#include "report/lost.h"
#include "report/report.h"
#include "report/suppress.h"

#include "base/poison.h"

static bool writes_runs(void)
{
	return fdg_options.format == FDG_JSON && fdg_options.log.where != FDG_LOG_NONE && fdg_run_is(FDG_RUN_LIVE);
}

static int write_run(enum fdg_finding_id id, const char *message, const struct fdg_fact *fact, unsigned facts, const char *members)
{
	struct fdg_finding f = FDG_FINDING_INIT(id);
	struct fdg_item item = { .f = &f, .members = members };
	struct fdg_desk *d = fdg_desk_take(&fdg_run.lost_run);
	int r;

	if (!d)
		return -ENOMEM;
	f.message = message;
	f.fact = fact;
	f.facts = facts;
	r = fdg_desk_write(&item, d, &fdg_run.lost_run);
	fdg_desk_give(d);
	return r;
}

/* Numbers of processes mean something within their namespace. */
static unsigned add_pidns(struct fdg_fact *fact, unsigned n)
{
	struct stat st;

	if (fdg_options.run_exec && fdg_sys_stat("/proc/self/ns/pid", &st) == 0)
		fact[n++] = (struct fdg_fact){ "pidns", NULL, NULL, (int64_t)st.st_ino };
	return n;
}

void fdg_report_run_start(void)
{
	char message[512], argv[2048];
	struct fdg_buf m = FDG_BUF(message), a = FDG_BUF(argv);
	unsigned n = 2;
	struct fdg_fact facts[4] = {
		{ "ppid", NULL, NULL, 0 },
		{ "argc", NULL, NULL, fdg_run.subject ? fdg_run.subject->argc : fdg_run.argc },
	};
	char *const *arguments = fdg_run.subject ? fdg_run.subject->argv : fdg_run.argv;

	if (!writes_runs())
		return;
	facts[0].number = fdg_run_ppid();
	fdg_fmt(&m, "guarding %s", fdg_run_exe());
	if (arguments) {
		fdg_put(&a, ",\"argv\":");
		fdg_put_json_array(&a, (int)facts[1].number, arguments);
	}
	if (fdg_run.subject)
		facts[n++] = (struct fdg_fact){ "supervised", NULL, NULL, 1 };
	else if (fdg_exe_is_go()) /* it will end past the C library */
		facts[n++] = (struct fdg_fact){ "go", NULL, NULL, 1 };
	write_run(FDG_RUN_START, message, facts, add_pidns(facts, n), argv);
}

void fdg_report_run_sample(const char *message, const struct fdg_fact *fact, unsigned facts, const char *members)
{
	if (writes_runs())
		write_run(FDG_RUN_SAMPLE, message, fact, facts, members);
}

/* What was found out about the file. It is seldom another than its name says. */
static unsigned add_image(struct fdg_fact *fact, unsigned n, const struct fdg_run_exec *x)
{
	const struct fdg_image *i = x->image;

	if (!i || i->kind == FDG_IMAGE_UNKNOWN)
		return n;
	fact[n++] = (struct fdg_fact){ "image", NULL, NULL, i->kind };
	fact[n++] = (struct fdg_fact){ "detail", NULL, NULL, i->detail };
	if (*i->loader)
		fact[n++] = (struct fdg_fact){ "loader", NULL, i->loader, 0 };
	if (*i->real && strcmp(i->real, x->file) != 0)
		fact[n++] = (struct fdg_fact){ "real", NULL, i->real, 0 };
	return n;
}

void fdg_report_run_exec(const struct fdg_run_exec *x)
{
	char message[512];
	struct fdg_buf m = FDG_BUF(message);
	unsigned n = 5;
	struct fdg_fact facts[10] = {
		{ "file", NULL, x->file, 0 },
		{ "child", NULL, NULL, x->child },
		{ "error", NULL, NULL, x->error },
		{ "elsewhere", NULL, NULL, x->elsewhere },
		{ "barred", NULL, NULL, x->barred },
	};

	if (!fdg_options.run_exec || !writes_runs())
		return;
	fdg_fmt(&m, x->error ? "%s could not be started" : "starting %s", x->file);
	n = add_pidns(facts, n);
	n = add_image(facts, n, x);
	/* A shell tries each folder of PATH. */
	if (write_run(FDG_RUN_EXEC, message, facts, n, NULL) < 0 && !x->error && (!x->image || x->image->kind != FDG_IMAGE_UNKNOWN))
		fdg_lost_program(x->file);
}

void fdg_report_run_meant(const struct fdg_finding *f)
{
	struct fdg_desk *d;

	if (!fdg_options.run_exec || !writes_runs() || !(d = fdg_desk_take(&fdg_run.lost_run)))
		return;
	fdg_find_symbols(f, &d->symbols);
	fdg_desk_write(&(struct fdg_item){ .f = f, .symbols = &d->symbols }, d, &fdg_run.lost_run);
	fdg_desk_give(d);
}

static fdg_report_open *what_is_open;

void fdg_report_open_by(fdg_report_open *put)
{
	what_is_open = put;
}

/* A list that does not fit is left out as a whole. */
static void put_suppressions_used(struct fdg_buf *b)
{
	struct fdg_buf part = { b->text, b->len, b->len + 1024, false };

	if (!fdg_suppress_any())
		return;
	fdg_put(&part, ",\"suppressions_used\":");
	fdg_suppress_put_used(&part);
	if (part.cut)
		b->text[b->len] = '\0';
	else
		b->len = part.len;
}

/* Before an exec and before a filter nothing is said of what is open: it lives on, or may be closed yet. */
enum ending { AT_EXIT, AT_EXEC, AT_FILTER };

static void put_members(struct fdg_buf *b, enum ending how)
{
	put_suppressions_used(b);
	if (how == AT_EXIT && fdg_options.run_exec && what_is_open) {
		fdg_put(b, ",\"open\":");
		what_is_open(b);
	}
}

/* More than a signal stack may have: in a mapping. Without one these are left out. */
#define MEMBERS_MAX (1024 + FDG_REPORT_OPEN_MAX)

static unsigned add_lookups(struct fdg_fact *fact, unsigned n)
{
	uint64_t ours = atomic_load(&fdg_run.looked_up), libcs = atomic_load(&fdg_run.looked_up_by_libc);

	if (ours)
		fact[n++] = (struct fdg_fact){ "lookups", NULL, NULL, (int64_t)ours };
	if (libcs)
		fact[n++] = (struct fdg_fact){ "lookups_by_libc", NULL, NULL, (int64_t)libcs };
	return n;
}

static void write_run_end(enum ending how)
{
	char message[512], *members = fdg_sys_mmap(MEMBERS_MAX, false);
	struct fdg_buf m = FDG_BUF(message), more = { members, 0, MEMBERS_MAX, false };
	uint64_t findings = atomic_load(&fdg_run.findings);
	unsigned n = fdg_options.run_exec ? 7 : 5;
	struct fdg_fact facts[14] = {
		{ "findings", NULL, NULL, (int64_t)findings },
		{ "suppressed", NULL, NULL, (int64_t)atomic_load(&fdg_run.suppressed) },
		{ "repeats", NULL, NULL, (int64_t)atomic_load(&fdg_run.held_back) },
		{ "dropped", NULL, NULL, (int64_t)atomic_load(&fdg_run.dropped) },
		{ "lost", NULL, NULL, (int64_t)atomic_load(&fdg_run.lost) },
		/* With run.exec=on: */
		{ "lost_run", NULL, NULL, (int64_t)atomic_load(&fdg_run.lost_run) },
		{ "lost_below", NULL, NULL, (int64_t)fdg_lost_below() },
	};

	fdg_put_count(&m, findings);
	fdg_fmt(&m, findings == 1 ? " finding in %s" : " findings in %s", fdg_run_exe());
	if (members)
		put_members(&more, how);
	if (atomic_load(&fdg_run.translated))
		facts[n++] = (struct fdg_fact){ "translated", NULL, NULL, (int64_t)atomic_load(&fdg_run.translated) };
	if (fdg_options.connect_retry) {
		facts[n++] = (struct fdg_fact){ "connects_retried", NULL, NULL, (int64_t)atomic_load(&fdg_run.retried) };
		facts[n++] = (struct fdg_fact){ "connects_saved", NULL, NULL, (int64_t)atomic_load(&fdg_run.connected) };
	}
	n = add_lookups(facts, n);
	if (how == AT_FILTER)
		facts[n++] = (struct fdg_fact){ "until", NULL, "seccomp", 0 };
	n = add_pidns(facts, n);
	write_run(FDG_RUN_END, message, facts, n, members);
	if (members)
		fdg_sys_munmap(members, MEMBERS_MAX);
}

static bool is_own_run(void)
{
	return fdg_run_is(FDG_RUN_LIVE) && fdg_run.pid == fdg_sys_getpid();
}

bool fdg_report_exec(void)
{
	if (!writes_runs() || !is_own_run() || atomic_exchange(&fdg_run.ended, true))
		return false;
	write_run_end(AT_EXEC);
	return true;
}

void fdg_report_exec_failed(void)
{
	atomic_store(&fdg_run.ended, false);
}

/* Of a forked child too: what it execs then is out of sight. */
void fdg_report_filter(void)
{
	if (writes_runs() && !atomic_load(&fdg_run.ended))
		write_run_end(AT_FILTER);
}

void fdg_report_subject_end(bool by_exec)
{
	if (writes_runs())
		write_run_end(by_exec ? AT_EXEC : AT_EXIT);
}

void fdg_report_end(void)
{
	if (!is_own_run() || atomic_exchange(&fdg_run.ended, true))
		return;
	if (writes_runs())
		write_run_end(AT_EXIT);
	fdg_lost_say();
}
