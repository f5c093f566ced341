// SPDX-License-Identifier: MIT
#include "tools/check_options.h"

#include <stdlib.h>
#include <string.h>

#include "options/reader.h"

enum { MISTAKE = 2 };

struct reading {
	struct pool *pool;
	struct check_options *o;
	char **at; /* the argument after the one that is read */
	size_t runs, run_room;
};

static const char help[] =
	"usage: fdguard check [options] [--] CMD [ARG...]\n"
	"\n"
	"Runs CMD and all that it starts guarded, only watching, and fails if there were findings. Exit status: CMD's own if that is not 0; else 99 with\n"
	"findings; 98 if a program ran unguarded or the evidence is not complete; else 0.\n"
	"\n"
	"  --fail-on LEVEL       the least level that fails: note, warning (default), error\n"
	"  --exitcode N          N in place of 99\n"
	"  --no-exitcode         neither findings nor unguarded programs fail\n"
	"  --baseline FILE       findings that are in FILE do not fail\n"
	"  --update-baseline     write FILE: what is new comes in, what is gone goes out\n"
	"  --leaks               list what was still open when programs ended\n"
	"  --max-time T          end the whole tree after T (30s, 5m)\n"
	"  --out DIR             keep the log and the results there: log.jsonl, findings.json, summary.txt\n"
	"  --junit FILE          write JUnit XML\n"
	"  --sarif FILE          write SARIF 2.1.0\n"
	"  --github              annotations for GitHub Actions, on standard error\n"
	"  --json                the summary as JSON\n"
	"  --log FILE            write the summary to FILE and not to standard error\n"
	"  --set KEY=VALUE       any option of the library (suppressions=FILE); see fdguard help run\n"
	"  --fix                 repair and not only watch: what was repaired is no finding\n"
	"  --close-inherited     close descriptors that programs are started with and nothing names\n"
	"  --supervise           cover static and Go programs too, by a supervisor; done without this where it changes nothing for CMD (as root)\n"
	"  --no-supervise        leave those unguarded\n";

static bool mistake(const char *format, const char *what)
{
	fputs("fdguard: ", stderr);
	fprintf(stderr, format, what);
	fputs("; fdguard help check lists the options\n", stderr);
	return false;
}

static void pass_on(struct reading *g, const char *word)
{
	g->o->run = pool_grow(g->o->run, g->runs + 1, &g->run_room, sizeof(*g->o->run));
	g->o->run[g->runs++] = word;
	g->o->run[g->runs] = NULL;
}

static void say(void *cookie, bool severe, const char *sentence)
{
	(void)cookie;
	if (severe)
		fprintf(stderr, "fdguard: %s\n", sentence);
}

static bool read_setting(struct reading *g, const char *v)
{
	if (fdg_options_set(&fdg_options, v, say, NULL))
		return false;
	/* The library is to report them all, and the name of a file may hold what no option can. */
	if (strncmp(v, "suppressions=", 13) != 0) {
		pass_on(g, "--set");
		pass_on(g, v);
	}
	return true;
}

static bool read_level(struct reading *g, const char *v)
{
	static const char *const words[] = { [FDG_LEVEL_NOTE] = "note", [FDG_LEVEL_WARNING] = "warning", [FDG_LEVEL_ERROR] = "error" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(v, words[i]) != 0)
			continue;
		g->o->fail_on = (enum fdg_level)i;
		return true;
	}
	return mistake("--fail-on: '%s' is none of note, warning, error", v);
}

static bool read_exit_code(struct reading *g, const char *v)
{
	char *end;
	long n = strtol(v, &end, 10);

	if (!strchr("0123456789", *v) || end == v || *end || n < 0 || n > 255)
		return mistake("--exitcode: '%s' is no number from 0 to 255", v);
	g->o->exit_code = (int)n;
	return true;
}

static bool read_max_time(struct reading *g, const char *v)
{
	struct fdg_slice slice = FDG_SLICE(v);

	if (!*v || fdg_value_read(fdg_row_find(FDG_SLICE("closewait.age")), &slice, &g->o->max_time_ms) || g->o->max_time_ms <= 0)
		return mistake("--max-time: '%s' is no time like 500ms, 30s or 5m", v);
	return true;
}

static const struct option_with_value {
	const char *name;
	bool (*read)(struct reading *, const char *);
	size_t text; /* or where its text goes */
} with_value[] = {
	{ "--set", read_setting, 0 },
	{ "--fail-on", read_level, 0 },
	{ "--exitcode", read_exit_code, 0 },
	{ "--max-time", read_max_time, 0 },
	{ "--log", NULL, offsetof(struct check_options, log) },
	{ "--out", NULL, offsetof(struct check_options, out) },
	{ "--junit", NULL, offsetof(struct check_options, junit) },
	{ "--sarif", NULL, offsetof(struct check_options, sarif) },
	{ "--baseline", NULL, offsetof(struct check_options, baseline) },
	{ "--launcher", NULL, offsetof(struct check_options, launcher) },
	{ "--preload", NULL, offsetof(struct check_options, preload) },
};

static const struct option_without {
	const char *name;
	size_t flag; /* 0: passed on */
} without[] = {
	{ "--json", offsetof(struct check_options, json) },
	{ "--github", offsetof(struct check_options, github) },
	{ "--leaks", offsetof(struct check_options, leaks) },
	{ "--update-baseline", offsetof(struct check_options, update_baseline) },
	{ "--no-exitcode", offsetof(struct check_options, no_exit_code) },
	{ "--fix", 0 }, { "--observe", 0 }, { "--close-inherited", 0 }, { "--supervise", 0 }, { "--no-supervise", 0 },
};

static bool take_value(struct reading *g, const struct option_with_value *w, const char *v)
{
	if (w->read)
		return w->read(g, v);
	if (!*v && strcmp(w->name, "--preload") != 0)
		return mistake("%s wants a value", w->name);
	*(const char **)((char *)g->o + w->text) = v;
	return true;
}

/* 1: read; 0: it is none of these; -1: a mistake. */
static int read_with_value(struct reading *g, char *word)
{
	for (size_t i = 0; i < sizeof(with_value) / sizeof(with_value[0]); i++) {
		size_t n = strlen(with_value[i].name);

		if (strncmp(word, with_value[i].name, n) != 0 || (word[n] && word[n] != '='))
			continue;
		if (word[n])
			return take_value(g, &with_value[i], word + n + 1) ? 1 : -1;
		if (!*g->at)
			return mistake("%s wants a value", word) ? 1 : -1;
		return take_value(g, &with_value[i], *g->at++) ? 1 : -1;
	}
	return 0;
}

static bool read_without(struct reading *g, const char *word)
{
	for (size_t i = 0; i < sizeof(without) / sizeof(without[0]); i++) {
		if (strcmp(word, without[i].name) != 0)
			continue;
		if (without[i].flag)
			*(bool *)((char *)g->o + without[i].flag) = true;
		else
			pass_on(g, word);
		return true;
	}
	return mistake("unknown option '%s'", word);
}

static bool read_words(struct reading *g, int *ret_status)
{
	while (*g->at && (*g->at)[0] == '-' && (*g->at)[1]) {
		char *word = *g->at++;
		int r;

		if (strcmp(word, "--") == 0)
			break;
		if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0) {
			fputs(help, stdout);
			*ret_status = 0;
			return false;
		}
		r = read_with_value(g, word);
		if (r < 0 || (r == 0 && !read_without(g, word)))
			return false;
	}
	g->o->argv = g->at;
	return true;
}

bool check_options_read(struct pool *pool, int argc, char *argv[], struct check_options *ret, int *ret_status)
{
	struct reading g = { .pool = pool, .o = ret, .at = argv + (argc > 0) };

	*ret = (struct check_options){ .exit_code = 99, .fail_on = FDG_LEVEL_WARNING };
	*ret_status = MISTAKE;
	fdg_options_defaults(&fdg_options);
	if (fdg_options_read(&fdg_options, getenv("FDGUARD_OPTIONS"), say, NULL))
		return false;
	pass_on(&g, "--observe");
	if (!read_words(&g, ret_status))
		return false;
	if (!*ret->argv)
		return mistake("check wants a program: %s", "fdguard check [options] [--] CMD [ARG...]");
	if (ret->update_baseline && !ret->baseline)
		return mistake("%s wants --baseline FILE", "--update-baseline");
	if (!ret->launcher)
		return mistake("%s: this program is started by fdguard check", argv[0]);
	return true;
}
