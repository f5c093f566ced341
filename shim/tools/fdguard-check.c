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
#include "tools/baseline.h"
#include "tools/check_options.h"
#include "tools/collect.h"
#include "tools/coverage.h"
#include "tools/formats.h"
#include "tools/functions.h"
#include "tools/harness.h"
#include "tools/meant.h"
#include "tools/place.h"
#include "tools/result.h"
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
	struct sources *sources;
	struct result log, junit, sarif;
	struct harness harness;
	const char *harm; /* what was done to the log; NULL: nothing */
};

static void uncovered(void *cookie, const struct log_line *l)
{
	judge_finding(cookie, l);
}

/* Each would be written over another, or over what check reads. */
static bool all_differ(struct check *c)
{
	const struct result *results[] = { &c->log, &c->junit, &c->sarif };
	const char *const others[] = { c->o.log, c->o.junit, c->o.sarif, c->o.baseline, fdg_options.suppressions, c->place.log,
		pool_format(&c->r.pool, "%s/findings.json", c->place.directory), pool_format(&c->r.pool, "%s/summary.txt", c->place.directory) };

	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		for (size_t k = 0; k < sizeof(others) / sizeof(others[0]); k++) {
			if (i == k || !result_same(results[i], others[k]))
				continue;
			fprintf(stderr, "fdguard: %s and %s are the same file\n", results[i]->path, others[k]);
			return false;
		}
	return true;
}

static bool open_results(struct check *c)
{
	bool good = result_open(&c->log, c->o.log);

	good &= result_open(&c->junit, c->o.junit);
	good &= result_open(&c->sarif, c->o.sarif);
	return good;
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
	if (c->o.update_baseline)
		good &= baseline_can_be_written(c->o.baseline);
	if (!good)
		return false;
	if (open_results(c) && place_make(&c->r.pool, c->o.out, &c->place)) {
		if (all_differ(c))
			return true;
		place_leave(&c->place);
	}
	result_give_up(&c->log);
	result_give_up(&c->junit);
	result_give_up(&c->sarif);
	return false;
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
	c->r.no_exit_code = c->o.no_exit_code;
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
	argv[n++] = "--supervise-if-free";
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

/* CMD as the launcher finds it. */
static const char *find_command(struct pool *pool, const char *name)
{
	const char *path = getenv("PATH");

	if (strchr(name, '/'))
		return name;
	for (const char *p = path ? path : "/usr/local/bin:/usr/bin:/bin", *end;; p = end + 1) {
		const char *file;

		end = strchrnul(p, ':');
		file = pool_format(pool, "%.*s/%s", end > p ? (int)(end - p) : 1, end > p ? p : ".", name);
		if (access(file, X_OK) == 0)
			return file;
		if (!*end)
			return name;
	}
}

static void started(void *cookie, int pid)
{
	struct check *c = cookie;

	tree_expect(c->tree, pid, find_command(&c->r.pool, c->o.argv[0]), c->r.started);
	c->r.cmd_pid = pid;
}

static void tick(void *cookie)
{
	struct check *c = cookie;

	collect_more(c->collect);
	if (!c->harm)
		c->harm = place_harm(&c->place);
	tree_look(c->tree);
}

/* After the tree has ended. */
static void judge_all(struct check *c)
{
	struct run *r = &c->r;
	int full = place_is_full(&c->place);
	const char *program;
	uint64_t lost;
	bool whole;

	collect_finish(c->collect);
	lost = place_lost(&c->place);
	if (lost > r->lost)
		r->lost = lost;
	if (c->harm)
		run_problem(r, "the log %s %s while the command ran: findings may be lost", c->place.log, c->harm);
	if (full)
		run_problem(r, "the log %s could not take more (%s): findings may be missing", c->place.log, strerror(full));
	if (r->lost)
		run_problem(r, "%llu of the lines of the log (findings, or starts and ends of programs) could not be written to the log, or were too many to keep apart", (unsigned long long)r->lost);
	program = place_lost_program(&r->pool, &c->place);
	if (program)
		run_problem(r, "%s was started out of the log's reach (in a chroot, as another user): whether it ran guarded, and what it did, is not known; it may not be the only one", program);
	/* The launcher said why CMD could not be run. */
	if (r->cmd_status == MISTAKE || r->cmd_status == 126 || r->cmd_status == 127)
		tree_excuse(c->tree, r->cmd_pid);
	tree_finish(c->tree);
	meant_sort(r);
	r->cmd_mute = tree_is_cut_short(c->tree, r->cmd_pid) && !r->cmd_killed;
	if (r->cmd_mute && r->o.leaks)
		run_problem(r, "the command ended past the C library or out of the log's reach (a chroot): what it had open at its end (--leaks) is not known");
	if (!r->images && r->left_out)
		run_problem(r, "no program at all was guarded: options only and skip left out all that started (%llu)", (unsigned long long)r->left_out);
	if (r->more_images)
		run_problem(r, "%llu program images were more than check keeps: who started them is not known", (unsigned long long)r->more_images);
	if (r->timed_out)
		run_problem(r, "the command, or what it started, did not end by itself before --max-time: what would have come later is not known");
	whole = r->cmd_status == 0 && !r->interrupted && r->problems == 0;
	c->sources = sources_open(r, NULL);
	judge_finish(c->judge, c->sources, whole);
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
	int status = 0;

	if (r->cmd_status)
		return r->cmd_status;
	if (r->interrupted)
		return 128 + r->interrupted;
	if (!c->o.no_exit_code && fails(r, false))
		status = c->o.exit_code;
	if (!c->o.no_exit_code && !status && (fails(r, true) || r->problems))
		status = UNCOVERED;
	return status ? status : r->unwrittens ? MISTAKE : 0;
}

/* ---- results ---- */

typedef void writer(const struct run *r, const struct sources *s, FILE *f);

static void write_text(const struct run *r, const struct sources *s, FILE *f)
{
	summary_write(r, s, f);
	coverage_write(r, f);
}

static void write_json(const struct run *r, const struct sources *s, FILE *f)
{
	(void)s;
	run_json_write(r, f);
}

/* On the heap: what happens while the text is made cannot leave half of it, and what it is written to may be left not to block. */
static char *render(struct check *c, writer *w, size_t *ret_n)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, ret_n);

	if (f)
		w(&c->r, c->sources, f);
	if (!f || fclose(f) != 0) {
		fputs("fdguard: out of memory\n", stderr);
		exit(MISTAKE);
	}
	return text;
}

static void unwritten(struct check *c, const char *path, const char *why)
{
	struct run *r = &c->r;

	if (r->unwrittens < sizeof(r->unwritten) / sizeof(r->unwritten[0]))
		r->unwritten[r->unwrittens++] = pool_format(&r->pool, "%s: %s", path, why);
	if (c->o.log)
		fprintf(stderr, "fdguard: %s: %s\n", path, why);
	r->exit_status = exit_status(c);
}

static bool deliver(struct check *c, writer *w, struct result *to)
{
	size_t n;
	char *text = to->path ? render(c, w, &n) : NULL;
	bool good = !to->path || result_write(to, text, n);

	if (!good)
		unwritten(c, to->path, strerror(errno));
	free(text);
	return good;
}

static void keep(struct check *c, writer *w, const char *name)
{
	struct result to = { pool_format(&c->r.pool, "%s/%s", c->place.directory, name), place_open(&c->place, name), false };

	if (to.fd < 0)
		unwritten(c, to.path, strerror(errno));
	else
		deliver(c, w, &to);
}

static void say(struct check *c, writer *w)
{
	size_t n;
	char *text = render(c, w, &n);

	result_put(STDERR_FILENO, text, n);
	free(text);
}

static struct check *the_check;

static void tidy_up(void)
{
	place_leave(&the_check->place);
}

/* The summary comes last: it tells the exit status, which is 2 where something before it could not be written. */
static void write_results(struct check *c)
{
	writer *last = c->o.json ? write_json : write_text;

	functions_name(&c->r, c->sources);
	harness_release(&c->harness, tidy_up);
	deliver(c, junit_write, &c->junit);
	deliver(c, sarif_write, &c->sarif);
	if (c->place.kept) {
		keep(c, write_json, "findings.json");
		keep(c, write_text, "summary.txt");
	}
	if (c->o.github)
		say(c, github_write);
	if (!c->log.path || !deliver(c, last, &c->log))
		say(c, last);
	sources_close(c->sources);
}

static void update_baseline(struct check *c)
{
	const struct run *r = &c->r;

	if (!judge_update_baseline(c->judge, c->o.baseline, r->cmd_status == 0 && !r->interrupted && !r->problems))
		unwritten(c, c->o.baseline, "the baseline could not be written");
}

static int check(struct check *c)
{
	begin_run(c);
	c->harness = (struct harness){ .r = &c->r, .preload = c->o.preload, .note = note, .started = started, .tick = tick, .cookie = c };
	c->harness.argv = command_line(c);
	if (!harness_run(&c->harness))
		return MISTAKE;
	judge_all(c);
	if (c->o.update_baseline)
		update_baseline(c);
	c->r.exit_status = exit_status(c);
	write_results(c);
	return c->r.exit_status;
}

/* Else files of ours would be it. CMD finds closed what was closed. */
static void fill_standard_streams(void)
{
	int fd = 0;

	while (fd >= 0 && fd < 3)
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char *argv[])
{
	static struct check c;
	int status;

	fill_standard_streams();
	the_check = &c;
	caller_look(&c.r.pool, &c.caller);
	if (!check_options_read(&c.r.pool, argc, argv, &c.o, &status))
		return status;
	if (!prepare(&c))
		return MISTAKE;
	status = check(&c);
	place_leave(&c.place);
	return status;
}
