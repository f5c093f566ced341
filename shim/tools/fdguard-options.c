// SPDX-License-Identifier: MIT
/*
 * The options for those who are no preloaded library: the launcher checks and joins settings with this, and help, the man page
 * and the README get their table from it.
 *
 *	fdguard-options check [--] TEXT         is TEXT a good FDGUARD_OPTIONS?
 *	fdguard-options set KEY=VALUE...        the settings as one FDGUARD_OPTIONS text, paths made absolute, on stdout
 *	fdguard-options modes fix|observe       what --fix and --observe stand for, of the guards that are built
 *	fdguard-options list [--scdoc|--markdown]
 *
 * Exit status 2 for a mistake, with a sentence on stderr.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "options/reader.h"
#include "report/suppress.h"

enum { MISTAKE = 2 };

static const char *const meanings[] = {
#define OPTION(field, key, type, def, guard, values, meaning) meaning,
#include "options.def"
#undef OPTION
};

static int usage(void)
{
	fputs("usage: fdguard-options check [--] TEXT\n"
	      "       fdguard-options set KEY=VALUE...\n"
	      "       fdguard-options modes fix|observe\n"
	      "       fdguard-options list [--scdoc | --markdown]\n", stderr);
	return MISTAKE;
}

static void say(void *cookie, bool severe, const char *sentence)
{
	(void)cookie;
	(void)severe;
	fprintf(stderr, "fdguard: %s\n", sentence);
}

static int check_suppressions(const char *path)
{
	FILE *f = *path ? fopen(path, "re") : NULL;
	char *line = NULL, why[256];
	size_t room = 0;
	int mistakes = 0;

	for (unsigned n = 1; f && getline(&line, &room, f) > 0; n++) {
		struct fdg_suppression s = { .line = n };
		struct fdg_buf b = FDG_BUF(why);

		line[strcspn(line, "\n")] = '\0';
		if (fdg_suppression_parse(line, &s, &b) || !b.len)
			continue;
		fprintf(stderr, "fdguard: suppressions '%s', line %u: %s\n", path, n, why);
		mistakes++;
	}
	free(line);
	if (f)
		fclose(f);
	return mistakes;
}

/* The library tells this in its report; the launcher wants to know before anything runs. */
static int check_files(const struct fdg_options *o)
{
	struct stat st;

	if (!o->suppressions[0])
		return 0;
	if (stat(o->suppressions, &st) == 0 && !S_ISREG(st.st_mode))
		fprintf(stderr, "fdguard: suppressions '%s' is not a regular file\n", o->suppressions);
	else if (access(o->suppressions, R_OK) < 0)
		fprintf(stderr, "fdguard: suppressions '%s' cannot be read: %m\n", o->suppressions);
	else
		return check_suppressions(o->suppressions);
	return 1;
}

static int check(int argc, char **argv)
{
	struct fdg_options o;
	int mistakes, first = argc > 0 && strcmp(argv[0], "--") == 0;

	if (argc != first + 1)
		return usage();
	fdg_options_defaults(&o);
	mistakes = fdg_options_read(&o, argv[first], say, NULL);
	mistakes += check_files(&o);
	return mistakes ? MISTAKE : 0;
}

/* The value as it goes into the text: paths absolute, since it will be read in other working directories. NULL after a complaint. */
static const char *final_value(const struct fdg_options *o, struct fdg_slice key, const char *value)
{
	const struct fdg_row *row = fdg_row_find(key);
	const char *path = value, *why = NULL;

	if (!row) /* include */
		why = fdg_path_absolute(FDG_SLICE(value), false, &path);
	else if (row->type == FDG_TYPE_PATH || row->type == FDG_TYPE_PATTERN)
		path = *(const char *const *)((const char *)o + row->field);
	else if (row->type == FDG_TYPE_LOG && o->log.where == FDG_LOG_FILE)
		path = o->log.path;
	if (!why && strchr(path, '\''))
		why = "a quote cannot be written in FDGUARD_OPTIONS";
	if (!why)
		return path;
	fprintf(stderr, "fdguard: bad value \"%s\" for key '%.*s': %s\n", value, (int)key.n, key.s, why);
	return NULL;
}

/* Appends one checked setting to the text; returns the number of mistakes in it. */
static int set_one(struct fdg_options *o, const char *setting, FILE *text)
{
	struct fdg_slice key = { setting, strcspn(setting, "=") };
	int mistakes = fdg_options_set(o, setting, say, NULL);
	const char *value, *quote;

	if (mistakes)
		return mistakes;
	value = final_value(o, key, setting + key.n + 1);
	if (!value)
		return 1;
	quote = strpbrk(value, ": \t\n\v\f\r") ? "'" : "";
	fprintf(text, "%s%.*s=%s%s%s", ftell(text) > 0 ? ":" : "", (int)key.n, key.s, quote, value, quote);
	return 0;
}

static int set(int argc, char **argv)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);
	struct fdg_options o;
	int mistakes = 0;

	fdg_options_defaults(&o);
	for (int i = 0; i < argc; i++)
		mistakes += set_one(&o, argv[i], f);
	fclose(f);
	mistakes += check_files(&o);
	if (!mistakes)
		puts(text);
	free(text);
	return mistakes ? MISTAKE : 0;
}

/* A guard that is not built yet is left out: nobody who says --fix wants to hear about each of them. */
static int modes(int argc, char **argv)
{
	bool fix = argc == 1 && strcmp(argv[0], "fix") == 0;
	const char *colon = "";

	if (!fix && (argc != 1 || strcmp(argv[0], "observe") != 0))
		return usage();
	for (const struct fdg_row *row = fdg_rows; row < fdg_rows + FDG_ROWS; row++) {
		const char *value = row->type == FDG_TYPE_MODE ? (fix ? "fix" : "report") : row->type == FDG_TYPE_REPORT_OFF ? "report" :
			row == &fdg_rows[FDG_ROW_resolver] && !fix ? "off" : NULL;

		if (!value || row->stage != FDG_BUILT)
			continue;
		printf("%s%s=%s", colon, row->key, value);
		colon = ":";
	}
	putchar('\n');
	return 0;
}

/* How a format marks what it lists. */
struct style {
	const char *head, *key, *meaning, *end; /* printed around the parts of a row; key is a printf format */
	const char *mark[2];                    /* around a default */
	const char *escape;                     /* bytes that want a backslash */
};

static const struct style plain = {
	.head = "key                     values, * for the default\n\n",
	.key = "%-24s", .meaning = "\n                        ", .end = "\n",
	.mark = { "", "*" }, .escape = "",
};
static const struct style scdoc = {
	.head = "",
	.key = "*%s*=", .meaning = "\n\t", .end = "\n\n",
	.mark = { "*", "*" }, .escape = "_*\\<>",
};
static const struct style markdown = {
	.head = "| key | values (default in bold) | meaning |\n|---|---|---|\n",
	.key = "| `%s` | ", .meaning = " | ", .end = " |\n",
	.mark = { "**", "**" }, .escape = "|*_\\<",
};

static void put_escaped(const struct style *style, struct fdg_slice v)
{
	for (size_t i = 0; i < v.n; i++) {
		if (strchr(style->escape, v.s[i]))
			putchar('\\');
		putchar(v.s[i]);
	}
}

static struct fdg_slice trimmed(struct fdg_slice v)
{
	for (; v.n && *v.s == ' '; v.n--)
		v.s++;
	return v;
}

static bool has_word(struct fdg_slice list, struct fdg_slice wanted)
{
	struct fdg_slice word;

	while (fdg_slice_word(&list, &word)) {
		word = trimmed(word);
		if (word.n == wanted.n && memcmp(word.s, wanted.s, word.n) == 0)
			return true;
	}
	return false;
}

/* A default is one or more of the values, or it is told behind them. */
static void put_values(const struct style *style, const struct fdg_row *row)
{
	struct fdg_slice rest = FDG_SLICE(row->values), word, def = FDG_SLICE(row->def);
	bool marked = !def.n;

	for (const char *comma = ""; fdg_slice_word(&rest, &word); comma = ", ") {
		bool is_default = has_word(def, trimmed(word));

		marked |= is_default;
		fputs(comma, stdout);
		fputs(is_default ? style->mark[0] : "", stdout);
		put_escaped(style, trimmed(word));
		fputs(is_default ? style->mark[1] : "", stdout);
	}
	if (!marked)
		printf(" (%s%s%s)", style->mark[0], row->def, style->mark[1]);
}

static int list(int argc, char **argv)
{
	const struct style *style = &plain;

	if (argc == 1 && strcmp(argv[0], "--scdoc") == 0)
		style = &scdoc;
	else if (argc == 1 && strcmp(argv[0], "--markdown") == 0)
		style = &markdown;
	else if (argc)
		return usage();
	fputs(style->head, stdout);
	for (const struct fdg_row *row = fdg_rows; row < fdg_rows + FDG_ROWS; row++) {
		if (!*meanings[row - fdg_rows])
			continue;
		printf(style->key, row->key);
		put_values(style, row);
		fputs(style->meaning, stdout);
		put_escaped(style, FDG_SLICE(meanings[row - fdg_rows]));
		fputs(row->stage == FDG_BUILT ? "" : " (not built yet)", stdout);
		fputs(style->end, stdout);
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct { const char *name; int (*run)(int argc, char **argv); } commands[] = {
		{ "check", check }, { "set", set }, { "modes", modes }, { "list", list },
	};
	int status = MISTAKE + 1;

	for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			status = commands[i].run(argc - 2, argv + 2);
	if (status > MISTAKE)
		return usage();
	if (fflush(stdout) != 0) {
		fprintf(stderr, "fdguard: standard output: %m\n");
		return 1;
	}
	return status;
}
