// SPDX-License-Identifier: MIT
#include "tools/report_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MISTAKE = 2 };

static const char help[] =
	"usage: fdguard report [options] LOG...\n"
	"\n"
	"Puts JSON logs (fdguard run --json --log FILE, format=json) of many processes and hosts together. LOG is a file, a directory of logs (a directory\n"
	"in it is a host of that name), or - for standard input; HOST=LOG tells whose it is. Without --html, --junit and --sarif, and with them, the text goes to\n"
	"standard output. Exit status: 0; 1 if a LOG could not be read or a result not be written; 2 for a mistake in the call.\n"
	"\n"
	"  --html FILE           write one page that needs nothing else, and no network\n"
	"  --junit FILE          write JUnit XML\n"
	"  --sarif FILE          write SARIF 2.1.0\n"
	"  --level LEVEL         the least level that is told: note (default), warning, error\n"
	"  --suppressions FILE   leave out what its lines accept; see fdguard-findings(7)\n"
	"  --top N               of each kind of finding tell the N gravest whole (text; default 5; 0: all)\n"
	"  --no-commands         leave out the arguments that programs were started with\n"
	"  --lines, --no-lines   file and line from the debug information on this machine: always, never; without either, if no LOG is another host's\n";

static bool mistake(const char *format, const char *what)
{
	fputs("fdguard: ", stderr);
	fprintf(stderr, format, what);
	fputs("; fdguard help report lists the options\n", stderr);
	return false;
}

static bool read_level(struct report_options *o, const char *v)
{
	static const char *const words[] = { [FDG_LEVEL_NOTE] = "note", [FDG_LEVEL_WARNING] = "warning", [FDG_LEVEL_ERROR] = "error" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(v, words[i]) != 0)
			continue;
		o->level = (enum fdg_level)i;
		return true;
	}
	return mistake("--level: '%s' is none of note, warning, error", v);
}

static bool read_top(struct report_options *o, const char *v)
{
	char *end;
	unsigned long n = strtoul(v, &end, 10);

	if (!*v || strspn(v, "0123456789") != strlen(v) || *end || n > 1000000)
		return mistake("--top: '%s' is no number from 0 to 1000000", v);
	o->top = n;
	return true;
}

static const struct with_value {
	const char *name;
	bool (*read)(struct report_options *, const char *);
	size_t text; /* or where its text goes */
} with_value[] = {
	{ "--html", NULL, offsetof(struct report_options, html) },
	{ "--junit", NULL, offsetof(struct report_options, junit) },
	{ "--sarif", NULL, offsetof(struct report_options, sarif) },
	{ "--suppressions", NULL, offsetof(struct report_options, suppressions) },
	{ "--level", read_level, 0 },
	{ "--top", read_top, 0 },
};

static bool take_value(struct report_options *o, const struct with_value *w, const char *v)
{
	if (w->read)
		return w->read(o, v);
	if (!*v)
		return mistake("%s wants a value", w->name);
	*(const char **)((char *)o + w->text) = v;
	return true;
}

/* 1: read, and *at is behind it; 0: it is none of these; -1: a mistake. */
static int read_with_value(struct report_options *o, char ***at)
{
	const char *word = **at;

	for (size_t i = 0; i < sizeof(with_value) / sizeof(with_value[0]); i++) {
		const struct with_value *w = &with_value[i];
		size_t n = strlen(w->name);

		if (strncmp(word, w->name, n) != 0 || (word[n] && word[n] != '='))
			continue;
		if (!word[n] && !(*at)[1])
			return mistake("%s wants a value", w->name) - 1;
		*at += word[n] ? 1 : 2;
		return take_value(o, w, word[n] ? word + n + 1 : (*at)[-1]) ? 1 : -1;
	}
	return 0;
}

static bool read_flag(struct report_options *o, const char *word)
{
	if (strcmp(word, "--no-commands") == 0)
		o->no_commands = true;
	else if (strcmp(word, "--lines") == 0)
		o->lines = LINES_ALWAYS;
	else if (strcmp(word, "--no-lines") == 0)
		o->lines = LINES_NEVER;
	else
		return mistake("unknown option '%s'", word);
	return true;
}

bool report_options_read(int argc, char *argv[], struct report_options *ret, int *ret_status)
{
	size_t logs = 0;
	bool ended = false;

	*ret = (struct report_options){ .level = FDG_LEVEL_NOTE, .top = 5, .log = argv };
	*ret_status = MISTAKE;
	for (char **at = argv + 1; *at;) {
		int r = ended || (*at)[0] != '-' || !(*at)[1] ? 0 : read_with_value(ret, &at);

		if (r < 0)
			return false;
		if (r > 0)
			continue;
		if (ended || (*at)[0] != '-' || !(*at)[1]) {
			argv[logs++] = *at++;
		} else if (strcmp(*at, "--") == 0) {
			ended = true;
			at++;
		} else if (strcmp(*at, "--help") == 0 || strcmp(*at, "-h") == 0) {
			fputs(help, stdout);
			*ret_status = 0;
			return false;
		} else if (!read_flag(ret, *at++)) {
			return false;
		}
	}
	argv[argc > 0 ? logs : 0] = NULL;
	return logs > 0 || mistake("%s wants a LOG", "report");
}
