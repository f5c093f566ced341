// SPDX-License-Identifier: MIT
/*
 * What a finding means and how to mend the source.
 *
 *	fdguard-explain             the findings that there are
 *	fdguard-explain ID          one of them
 *	fdguard-explain --scdoc     all of them, for fdguard-findings(7)
 *	fdguard-explain --markdown ID
 *
 * Exit status 2 for a mistake, with a sentence on stderr.
 */
#include <stdio.h>
#include <string.h>

#include "base/fmt.h"
#include "report/line.h"
#include "tools/explain.h"

enum { MISTAKE = 2, NEAR_MAX = 5 };

static int usage(void)
{
	fputs("usage: fdguard explain [ID]\n", stderr);
	return MISTAKE;
}

static void list(void)
{
	const struct explanation *e;

	for (size_t i = 0; (e = explain_at(i)); i++)
		printf("%-18s  %-7s  %s%s\n", e->id, fdg_level_word(e->default_level), e->title, e->built ? "" : " (not built yet)");
	puts("\nfdguard explain ID tells what one of them means and how to mend the source.");
}

static void all(void)
{
	const struct explanation *e;

	for (size_t i = 0; (e = explain_at(i)); i++) {
		explain_put(stdout, e, EXPLAIN_SCDOC);
		putchar('\n');
	}
}

static int unknown(const char *id)
{
	const char *near[NEAR_MAX];
	size_t n = explain_near(id, near, NEAR_MAX);
	char name[256];
	struct fdg_buf b = FDG_BUF(name);

	fdg_put_printable(&b, id, strnlen(id, 200));
	fprintf(stderr, "fdguard: no finding is called '%s'; ", name);
	if (!n)
		fputs("fdguard explain lists them\n", stderr);
	for (size_t i = 0; i < n; i++)
		fprintf(stderr, "%s%s%s", i ? (i + 1 == n ? " or " : ", ") : "is it ", near[i], i + 1 == n ? "?\n" : "");
	return MISTAKE;
}

/* As it stands in a report: [cloexec.leaked]. */
static int one(const char *word, enum explain_format format)
{
	const struct explanation *e;
	char id[64];
	size_t n = strlen(word);

	if (n > 2 && n < sizeof(id) && word[0] == '[' && word[n - 1] == ']') {
		memcpy(id, word + 1, n - 2);
		id[n - 2] = '\0';
		word = id;
	}
	e = explain_find(word);
	if (!e)
		return unknown(word);
	explain_put(stdout, e, format);
	return 0;
}

int main(int argc, char *argv[])
{
	int status = 0;

	if (argc == 1)
		list();
	else if (argc == 2 && strcmp(argv[1], "--scdoc") == 0)
		all();
	else if (argc == 3 && strcmp(argv[1], "--markdown") == 0)
		status = one(argv[2], EXPLAIN_MARKDOWN);
	else if (argc == 2 && argv[1][0] != '-')
		status = one(argv[1], EXPLAIN_PLAIN);
	else
		return usage();
	if (fflush(stdout) != 0) {
		fprintf(stderr, "fdguard: standard output: %m\n");
		return 1;
	}
	return status;
}
