// SPDX-License-Identifier: MIT
/*
 * fdguard report: the JSON logs of many processes and hosts, put together as text, as one page for a browser, and in the formats that CI reads.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/collect.h"
#include "tools/formats.h"
#include "tools/functions.h"
#include "tools/report.h"
#include "tools/report_options.h"
#include "tools/result.h"

enum { UNREAD = 1, MISTAKE = 2 };

struct results {
	struct result html, junit, sarif;
};

static bool open_results(struct results *s, const struct report_options *o)
{
	bool good = result_open(&s->html, o->html);

	good &= result_open(&s->junit, o->junit);
	good &= result_open(&s->sarif, o->sarif);
	if (good && !result_same(&s->html, o->junit) && !result_same(&s->html, o->sarif) && !result_same(&s->junit, o->sarif))
		return true;
	if (good)
		fputs("fdguard: two results are to go to the same file\n", stderr);
	result_give_up(&s->html);
	result_give_up(&s->junit);
	result_give_up(&s->sarif);
	return false;
}

/* What was read must not be written over. */
static bool differs(const struct results *s, const struct report_file *f)
{
	bool same = f->lines && (result_same(&s->html, f->path) || result_same(&s->junit, f->path) || result_same(&s->sarif, f->path));

	if (same)
		fprintf(stderr, "fdguard: %s is a log, and would be written over\n", f->path);
	return !same;
}

static bool all_differ(const struct report *p, struct results *s)
{
	bool good = true;

	for (size_t i = 0; i < p->files; i++)
		good &= differs(s, &p->file[i]);
	if (good)
		return true;
	result_give_up(&s->html);
	result_give_up(&s->junit);
	result_give_up(&s->sarif);
	return false;
}

/* Debug information of this machine is about programs of this machine. */
static bool wants_lines(const struct report *p, const struct report_options *o)
{
	char here[256] = "";

	if (o->lines != LINES_HERE)
		return o->lines == LINES_ALWAYS;
	gethostname(here, sizeof(here) - 1);
	for (size_t i = 0; i < p->host_count; i++) {
		const char *name = report_string(p, p->hosts[i]);

		if (*name && strcmp(name, here) != 0)
			return false;
	}
	return true;
}

static void say_problems(struct report *p)
{
	for (size_t i = 0; i < p->files; i++) {
		const struct report_file *f = &p->file[i];

		if (f->problem)
			run_problem(&p->r, "%s %s", f->path, f->problem);
		else if (f->bad)
			run_problem(&p->r, "%llu of the lines of %s are none of ours; %s", (unsigned long long)f->bad, f->path, f->why[0]);
	}
	if (p->more_images)
		run_problem(&p->r, "%llu program images were more than report keeps", (unsigned long long)p->more_images);
}

static char *render(const struct report *p, void (*put)(const struct report *p, FILE *f), size_t *ret_n)
{
	char *text = NULL;
	FILE *f = open_memstream(&text, ret_n);

	if (f)
		put(p, f);
	if (!f || fclose(f) != 0) {
		fputs("fdguard: out of memory\n", stderr);
		exit(MISTAKE);
	}
	return text;
}

static void put_junit(const struct report *p, FILE *f)
{
	junit_write(&p->r, p->sources, f);
}

static void put_sarif(const struct report *p, FILE *f)
{
	sarif_write(&p->r, p->sources, f);
}

static bool deliver(const struct report *p, void (*put)(const struct report *p, FILE *f), struct result *to)
{
	size_t n;
	char *text = to->path ? render(p, put, &n) : NULL;
	bool good = !to->path || result_write(to, text, n);

	if (!good)
		fprintf(stderr, "fdguard: %s: %s\n", to->path, strerror(errno));
	free(text);
	return good;
}

static bool write_all(struct report *p, const struct report_options *o, struct results *s)
{
	bool good = deliver(p, report_page_write, &s->html);

	good &= deliver(p, put_junit, &s->junit);
	good &= deliver(p, put_sarif, &s->sarif);
	report_text_write(p, o->top, stdout);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return good;
	fprintf(stderr, "fdguard: standard output: %s\n", strerror(errno));
	return false;
}

static int report(struct report *p, const struct report_options *o, struct results *s)
{
	bool good = true;

	for (size_t i = 0; o->log[i]; i++)
		good &= report_read(p, o->log[i]);
	if (!all_differ(p, s))
		return MISTAKE;
	report_finish(p);
	say_problems(p);
	for (size_t i = 0; i < p->files; i++)
		if (p->file[i].problem)
			fprintf(stderr, "fdguard: %s %s\n", p->file[i].path, p->file[i].problem);
	p->sources = wants_lines(p, o) ? sources_open(&p->r, NULL) : NULL;
	judge_finish(p->judge, p->sources, false);
	if (p->sources)
		functions_name(&p->r, p->sources);
	good &= write_all(p, o, s);
	sources_close(p->sources);
	return good && !p->unread ? 0 : UNREAD;
}

int main(int argc, char *argv[])
{
	static struct report p;
	struct report_options o;
	struct results s;
	int status;

	if (!report_options_read(argc, argv, &o, &status))
		return status;
	report_begin(&p);
	p.level = o.level;
	p.commands = !o.no_commands;
	p.r.o.fail_on = FDG_LEVEL_WARNING;
	p.r.o.suppressions = o.suppressions;
	if ((o.suppressions && !judge_read_suppressions(p.judge, o.suppressions)) || !open_results(&s, &o))
		return MISTAKE;
	status = report(&p, &o, &s);
	report_free(&p);
	return status;
}
