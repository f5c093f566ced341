// SPDX-License-Identifier: MIT
#include "tools/collect.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fmt.h"
#include "tools/binary.h"
#include "tools/drivers.h"
#include "tools/meant.h"
#include "tools/left_out.h"

#define PROBLEMS_MAX 32
#define SHOWN_MAX 60 /* bytes of a line that is no line */

struct collect {
	struct run *r;
	struct tree *t;
	struct judge *j;
	const struct caller *caller;
	int log, error;
	uint64_t line;     /* the one that is being read, from 1 on */
	uint64_t bad;
	bool too_long;     /* the rest of this line is passed over */
	struct pool scratch;
	size_t have;
	char text[LOG_LINE_MAX + 1];
};

struct collect *collect_new(struct run *r, struct tree *t, struct judge *j, const struct caller *c, int log)
{
	struct collect *n = pool_take(&r->pool, sizeof(*n));

	n->r = r;
	n->t = t;
	n->j = j;
	n->caller = c;
	n->log = log;
	n->line = 1;
	return n;
}

void collect_free(struct collect *c)
{
	pool_free(&c->scratch);
}

void run_problem(struct run *r, const char *format, ...)
{
	char *text = NULL;
	va_list ap;

	if (r->problems == PROBLEMS_MAX)
		return;
	if (!r->problem)
		r->problem = pool_take(&r->pool, PROBLEMS_MAX * sizeof(*r->problem));
	va_start(ap, format);
	if (vasprintf(&text, format, ap) >= 0)
		r->problem[r->problems++] = pool_copy(&r->pool, text);
	va_end(ap);
	free(text);
}

static void bad_line(struct collect *c, const char *text, size_t n, const char *why)
{
	char shown[4 * SHOWN_MAX + 8];
	struct fdg_buf b = FDG_BUF(shown);

	if (c->bad++ >= 4)
		return;
	fdg_put_printable(&b, text, n < SHOWN_MAX ? n : SHOWN_MAX);
	run_problem(c->r, "line %llu of the log is none of ours: %s (%s%s)", (unsigned long long)c->line, why, shown, n > SHOWN_MAX ? "…" : "");
}

/* The launcher, which began where we did, names programs as it was given them. */
static const char *whole_path(struct collect *c, const char *path)
{
	char *real = realpath(path, NULL);

	if (real)
		path = pool_copy(&c->scratch, real);
	free(real);
	return path;
}

static const char *cure_of(const char *exe)
{
	struct binary seen;

	binary_look(exe, &seen);
	return left_out_cure(seen.kind, false);
}

static void take_line(struct collect *c, const char *text, size_t n)
{
	struct log_line l;
	const char *why;

	if (n == 0)
		return;
	if (!log_parse(&c->scratch, text, n, &l, &why)) {
		bad_line(c, text, n, why);
	} else if (strcmp(l.id, "run.start") == 0) {
		tree_start(c->t, &l);
	} else if (strcmp(l.id, "run.end") == 0) {
		tree_end(c->t, &l);
	} else if (strcmp(l.id, "run.exec") == 0) {
		tree_exec(c->t, &l);
	} else if (strcmp(l.id, "run.sample") == 0) { /* its time lines are fdguard report's */
	} else if (strcmp(l.id, "run.meant") == 0) {
		meant_add(c->r, &l);
	} else if (caller_is_meant(c->caller, &l)) {
		c->r->callers++;
	} else if (!drivers_take(c->r, &l)) {
		if (strcmp(l.id, "run.uncovered") == 0) {
			l.exe = whole_path(c, l.exe);
			if (!l.fix)
				l.fix = cure_of(l.exe);
			tree_excuse(c->t, l.pid);
		}
		judge_finding(c->j, &l);
	}
	pool_empty(&c->scratch);
}

static void end_line(struct collect *c, const char *text, size_t n)
{
	if (!c->too_long)
		take_line(c, text, n);
	c->too_long = false;
	c->line++;
}

/* The whole lines that are there; the rest is moved to the front. */
static void take_lines(struct collect *c)
{
	char *at = c->text, *end = c->text + c->have, *newline;

	while ((newline = memchr(at, '\n', (size_t)(end - at)))) {
		end_line(c, at, (size_t)(newline - at));
		at = newline + 1;
	}
	c->have = (size_t)(end - at);
	memmove(c->text, at, c->have);
	if (c->have < LOG_LINE_MAX)
		return;
	if (!c->too_long)
		bad_line(c, c->text, c->have, "it is too long");
	c->too_long = true;
	c->have = 0;
}

void collect_more(struct collect *c)
{
	ssize_t n;

	while ((n = read(c->log, c->text + c->have, LOG_LINE_MAX - c->have)) > 0) {
		c->have += (size_t)n;
		take_lines(c);
	}
	if (n < 0 && errno != EINTR)
		c->error = errno;
}

void collect_finish(struct collect *c)
{
	collect_more(c);
	if (c->error)
		run_problem(c->r, "the log could not be read to its end: %s", strerror(c->error));
	if (c->have)
		bad_line(c, c->text, c->have, "it was cut off: the log could not take it");
	if (c->bad > 4)
		run_problem(c->r, "%llu more lines of the log are none of ours", (unsigned long long)c->bad - 4);
}
