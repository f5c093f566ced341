// SPDX-License-Identifier: MIT
/*
 * fdguard check: the CI harness. Started by the launcher:
 *
 *   fdguard-check --launcher FDGUARD [--preload LD_PRELOAD] [options] [--] CMD [ARG…]
 *
 * It runs `FDGUARD run --observe … --set format=json --set log=… -- CMD`, reads the log while it grows, waits for the whole tree of processes, judges, and
 * writes. What is wrong with the command line or with a file that it names is said before anything runs, with exit status 2.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fmt.h"
#include "report/line.h"
#include "tools/check_options.h"
#include "tools/collect.h"
#include "tools/formats.h"
#include "tools/harness.h"
#include "tools/place.h"
#include "tools/summary.h"

enum { MISTAKE = 2, UNCOVERED = 98 };

struct check {
	struct check_options o;
	struct run r;
	struct caller caller;
	struct place place;
	struct judge *judge;
	struct tree *tree;
	struct collect *collect;
	FILE *log, *junit, *sarif;
};

static void uncovered(void *cookie, const struct log_line *l)
{
	judge_finding(cookie, l);
}

static FILE *open_result(const char *path, bool *good)
{
	/* Not emptied yet: check may have to give up before there is a result. */
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0666) : -1;

	if (!path)
		return NULL;
	if (fd < 0) {
		fprintf(stderr, "fdguard: %s: %s\n", path, strerror(errno));
		*good = false;
	}
	return fd < 0 ? NULL : fdopen(fd, "w");
}

/* All that can be wrong before CMD runs. */
static bool prepare(struct check *c)
{
	const char *suppressions = fdg_options.suppressions;
	bool good = true;

	c->r.o = (struct run_options){ c->o.fail_on, c->o.leaks, *suppressions ? suppressions : NULL, c->o.baseline };
	c->judge = judge_new(&c->r);
	if (*suppressions)
		good &= judge_read_suppressions(c->judge, suppressions);
	if (c->o.baseline)
		good &= judge_read_baseline(c->judge, c->o.baseline, !c->o.update_baseline);
	if (!good)
		return false;
	c->log = open_result(c->o.log, &good);
	c->junit = open_result(c->o.junit, &good);
	c->sarif = open_result(c->o.sarif, &good);
	return good && place_make(&c->r.pool, c->o.out, &c->place);
}

static void begin_run(struct check *c)
{
	char cwd[PATH_MAX], now[64];
	struct fdg_buf b = FDG_BUF(now);

	fdg_put_now(&b);
	c->r.argv = c->o.argv;
	c->r.directory = pool_copy(&c->r.pool, getcwd(cwd, sizeof(cwd)) ? cwd : "");
	c->r.started = pool_copy(&c->r.pool, now);
	c->r.max_time_ms = c->o.max_time_ms;
	c->r.caller_fds = c->caller.fds;
	c->tree = tree_new(&c->r, uncovered, c->judge);
	c->collect = collect_new(&c->r, c->tree, c->judge, &c->caller, c->place.log_read);
}

/* The value of option log: percent signs are doubled there. */
static const char *log_option(struct check *c)
{
	const char *path = c->place.log;
	char *text = pool_take(&c->r.pool, 2 * strlen(path) + 16), *out = stpcpy(text, "log=");

	for (; *path; path++) {
		*out++ = *path;
		if (*path == '%')
			*out++ = '%';
	}
	return text;
}

static const char **command_line(struct check *c)
{
	const char *const ours[] = { "--set", "format=json", "--set", "suppressions=", "--set", "run.exec=on", "--set", log_option(c), "--" };
	size_t n = 0, runs = 0, args = 0;
	const char **argv;

	while (c->o.run[runs])
		runs++;
	while (c->o.argv[args])
		args++;
	argv = pool_take(&c->r.pool, (runs + args + 16) * sizeof(*argv));
	argv[n++] = c->o.launcher;
	argv[n++] = "run";
	memcpy(argv + n, c->o.run, runs * sizeof(*argv));
	n += runs;
	memcpy(argv + n, ours, sizeof(ours));
	n += sizeof(ours) / sizeof(ours[0]);
	memcpy(argv + n, c->o.argv, args * sizeof(*argv));
	return argv;
}

static const char *note(void *cookie, int pid)
{
	struct check *c = cookie;

	return caller_note(&c->r.pool, &c->caller, pid);
}

static void started(void *cookie, int pid)
{
	struct check *c = cookie;

	tree_expect(c->tree, pid, c->o.argv[0], c->r.started);
	c->r.cmd_pid = pid;
}

static void tick(void *cookie)
{
	struct check *c = cookie;

	collect_more(c->collect);
	tree_look(c->tree);
}

/* After the tree has ended. */
static void judge_all(struct check *c)
{
	struct run *r = &c->r;
	int full = place_is_full(&c->place);
	bool whole;

	collect_finish(c->collect);
	if (full)
		run_problem(r, "the log %s could not take more (%s): findings may be missing", c->place.log, strerror(full));
	if (r->lost)
		run_problem(r, "%llu findings could not be written to the log, or were too many to keep apart", (unsigned long long)r->lost);
	/* The launcher said why CMD could not be run. */
	if (r->cmd_status == MISTAKE || r->cmd_status == 126 || r->cmd_status == 127)
		tree_excuse(c->tree, r->cmd_pid);
	tree_finish(c->tree);
	if (r->more_images)
		run_problem(r, "%llu program images were more than check keeps: who started them is not known", (unsigned long long)r->more_images);
	if (r->timed_out)
		run_problem(r, "the tree of processes did not end by itself");
	whole = r->cmd_status == 0 && !r->interrupted && r->problems == 0;
	judge_finish(c->judge, whole);
}

static bool fails(const struct run *r, bool of_run)
{
	for (size_t i = 0; i < r->findings; i++)
		if (r->finding[i].fails && run_is_uncovered(&r->finding[i]) == of_run)
			return true;
	return !of_run && r->more_failing;
}

static int exit_status(const struct check *c)
{
	const struct run *r = &c->r;

	if (r->cmd_status)
		return r->cmd_status;
	if (r->interrupted)
		return 128 + r->interrupted;
	if (c->o.no_exit_code)
		return 0;
	if (fails(r, false))
		return c->o.exit_code;
	return fails(r, true) || r->problems ? UNCOVERED : 0;
}

/* Over what was there. */
static bool finish(FILE *f, const char *path)
{
	bool good = fflush(f) == 0 && !ferror(f);

	good = fclose(f) == 0 && good;
	if (!good)
		fprintf(stderr, "fdguard: %s: %s\n", path, strerror(errno));
	return good;
}

static bool empty(FILE *f)
{
	int r = ftruncate(fileno(f), 0);

	return r == 0 || errno == EINVAL; /* a device, a pipe */
}

static bool write_kept(struct check *c, const struct sources *s)
{
	FILE *f;
	bool good = true;

	if (!c->place.kept)
		return true;
	if ((f = place_open(&c->place, "findings.json"))) {
		run_json_write(&c->r, f);
		good &= finish(f, "findings.json");
	}
	if ((f = place_open(&c->place, "summary.txt"))) {
		summary_write(&c->r, s, f);
		good &= finish(f, "summary.txt");
	}
	return good && f;
}

static bool write_results(struct check *c)
{
	struct sources *s = sources_open(&c->r, NULL);
	FILE *out = c->log ? c->log : stderr;
	bool good = write_kept(c, s);

	if (c->junit && empty(c->junit)) {
		junit_write(&c->r, s, c->junit);
		good &= finish(c->junit, c->o.junit);
	}
	if (c->sarif && empty(c->sarif)) {
		sarif_write(&c->r, s, c->sarif);
		good &= finish(c->sarif, c->o.sarif);
	}
	if (c->o.github)
		github_write(&c->r, s, stderr);
	if (c->log)
		empty(c->log);
	if (c->o.json)
		run_json_write(&c->r, out);
	else
		summary_write(&c->r, s, out);
	if (c->log)
		good &= finish(c->log, c->o.log);
	sources_close(s);
	return good;
}

static int check(struct check *c)
{
	struct harness h = { .r = &c->r, .preload = c->o.preload, .note = note, .started = started, .tick = tick, .cookie = c };
	bool good = true;

	begin_run(c);
	h.argv = command_line(c);
	if (!harness_run(&h))
		return MISTAKE;
	judge_all(c);
	if (c->o.update_baseline)
		good = judge_update_baseline(c->judge, c->o.baseline, c->r.cmd_status == 0 && !c->r.interrupted && !c->r.problems);
	c->r.exit_status = exit_status(c);
	good &= write_results(c);
	return good || c->r.exit_status ? c->r.exit_status : MISTAKE;
}

int main(int argc, char *argv[])
{
	static struct check c;
	int status;

	caller_look(&c.r.pool, &c.caller);
	if (!check_options_read(&c.r.pool, argc, argv, &c.o, &status))
		return status;
	if (!prepare(&c))
		return MISTAKE;
	status = check(&c);
	place_leave(&c.place);
	return status;
}
