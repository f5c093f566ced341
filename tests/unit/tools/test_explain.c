// SPDX-License-Identifier: MIT
/* The explanations: complete for every finding, and readable in each of their forms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/report.h"
#include "tools/explain.h"

static const char *const bookkeeping[] = { "run.start", "run.end", "run.exec", "run.meant", "run.sample" };

static bool is_bookkeeping(const char *id)
{
	for (size_t i = 0; i < sizeof(bookkeeping) / sizeof(*bookkeeping); i++)
		if (strcmp(bookkeeping[i], id) == 0)
			return true;
	return false;
}

__attribute__((noinline)) static char *whole(const struct explanation *e, enum explain_format format)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	explain_put(f, e, format);
	fclose(f);
	return text;
}

static void the_texts_have_no_mistake(void **state)
{
	(void)state;
	if (explain_mistake())
		fail_msg("shim/findings: %s", explain_mistake());
}

static void every_finding_is_explained_in_full(void **state)
{
	(void)state;
	for (int i = 0; i < FDG_FINDING_COUNT; i++) {
		const char *id = fdg_finding_name((enum fdg_finding_id)i);
		const struct explanation *e = explain_find(id);

		if (is_bookkeeping(id)) {
			assert_null(e);
			continue;
		}
		if (!e || !e->title)
			fail_msg("%s: no explanation, or no title", id);
		for (int part = 0; part < EXPLAIN_PARTS; part++)
			if (!e->part[part] ? part != EXPLAIN_DOES : strlen(e->part[part]) < 20)
				fail_msg("%s: part %d is missing", id, part);
		assert_non_null(e->level);
	}
}

/* 0: it is not there. */
static size_t place_of(const char *text, const char *what)
{
	const char *found = strstr(text, what);

	return found ? (size_t)(found - text) : 0;
}

/* A repair has a heading of its own, and is not looked for under how to suppress. */
static void a_repair_is_told_in_its_part(void **state)
{
	static const char *const repaired[] = { "cloexec.leaked", "select.overflow", "nonblock.shared", "nonblock.stdio", "epoll.ignored", "epoll.spin", "epoll.stale",
						"closewait.leak", "reuseport.reset" };

	(void)state;
	for (size_t i = 0; i < sizeof(repaired) / sizeof(*repaired); i++) {
		const struct explanation *e = explain_find(repaired[i]);

		if (!e->part[EXPLAIN_DOES] || !strstr(e->part[EXPLAIN_DOES], "=fix`"))
			fail_msg("%s: what fix does is missing", repaired[i]);
	}
	for (size_t i = 0; explain_at(i); i++) {
		const struct explanation *e = explain_at(i);
		char *text = whole(e, EXPLAIN_MARKDOWN);
		size_t does = place_of(text, "### What fdguard does about it\n\n");

		if (strstr(e->part[EXPLAIN_SUPPRESS], "=fix`"))
			fail_msg("%s: %s", e->id, e->part[EXPLAIN_SUPPRESS]);
		assert_int_equal(does != 0, e->part[EXPLAIN_DOES] != NULL);
		assert_true(!does || (does > place_of(text, "### How to mend the source") && does < place_of(text, "### How to suppress it")));
		free(text);
	}
}

/* The line that the user is to copy suppresses this finding and no other. */
static void a_suppression_begins_with_the_id(void **state)
{
	(void)state;
	for (size_t i = 0; explain_at(i); i++) {
		const struct explanation *e = explain_at(i);
		size_t n = strlen(e->id);

		if (strncmp(e->part[EXPLAIN_SUPPRESS], "    ", 4) != 0 || strncmp(e->part[EXPLAIN_SUPPRESS] + 4, e->id, n) != 0 ||
		    e->part[EXPLAIN_SUPPRESS][4 + n] != ' ')
			fail_msg("%s: %s", e->id, e->part[EXPLAIN_SUPPRESS]);
	}
}

static void titles_are_sentences_without_a_full_stop(void **state)
{
	(void)state;
	for (size_t i = 0; explain_at(i); i++) {
		const char *title = explain_at(i)->title;

		assert_true(strlen(title) <= 80);
		assert_int_not_equal(title[strlen(title) - 1], '.');
	}
}

static void what_is_not_built_says_so(void **state)
{
	(void)state;
	for (size_t i = 0; explain_at(i); i++) {
		const struct explanation *e = explain_at(i);
		char *text = whole(e, EXPLAIN_PLAIN);

		assert_int_equal(!e->built, strstr(text, "is not built yet") != NULL);
		free(text);
	}
	assert_true(explain_find("cloexec.leaked")->built);
	assert_true(explain_find("run.uncovered")->built);
}

static void plain_text_is_eighty_columns_wide(void **state)
{
	(void)state;
	for (size_t i = 0; explain_at(i); i++) {
		char *text = whole(explain_at(i), EXPLAIN_PLAIN);

		for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
			size_t columns = 0;

			for (char *p = line; *p; p++)
				columns += (*p & 0xc0) != 0x80;
			assert_null(strchr(line, '\t'));
			if (columns > 80 && strncmp(line, "      ", 6) != 0) /* code is as long as it is */
				fail_msg("%s: %s", explain_at(i)->id, line);
			if (columns > 100)
				fail_msg("%s: %s", explain_at(i)->id, line);
		}
		free(text);
	}
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	while ((text = strstr(text, what))) {
		n++;
		text += strlen(what);
	}
	return n;
}

static void each_form_has_its_marks(void **state)
{
	const struct explanation *e = explain_find("cloexec.leaked");
	char *plain = whole(e, EXPLAIN_PLAIN), *flat = whole(e, EXPLAIN_FLAT);
	char *scdoc = whole(e, EXPLAIN_SCDOC), *markdown = whole(e, EXPLAIN_MARKDOWN);

	(void)state;
	assert_null(strchr(plain, '`'));
	assert_null(strchr(flat, '`'));
	assert_non_null(strstr(plain, "cloexec.leaked: A child inherited"));
	assert_non_null(strstr(plain, "      int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);\n"));
	assert_non_null(strstr(plain, "      cloexec.leaked site:"));
	assert_non_null(strstr(scdoc, "## cloexec.leaked\n"));
	assert_non_null(strstr(scdoc, "*F\\_SETFD*"));
	assert_non_null(strstr(markdown, "`F_SETFD`"));
	assert_non_null(strstr(markdown, "```c\nint s = socket"));
	assert_int_equal(count(scdoc, "```") % 2, 0);
	assert_int_equal(count(markdown, "```"), 6);
	free(plain);
	free(flat);
	free(scdoc);
	free(markdown);
}

static void a_summary_is_one_line(void **state)
{
	(void)state;
	for (size_t i = 0; explain_at(i); i++) {
		char *text = NULL;
		size_t n;
		FILE *f = open_memstream(&text, &n);

		explain_put_summary(f, explain_at(i));
		fclose(f);
		assert_null(strchr(text, '\n'));
		assert_null(strchr(text, '`'));
		assert_in_range(n, 80, 1024);
		assert_true(text[n - 1] == '.' || text[n - 1] == ')' || text[n - 1] == ':');
		free(text);
	}
}

static void near_names_are_found(void **state)
{
	static const struct { const char *asked, *best; } cases[] = {
		{ "cloexec.leak", "cloexec.leaked" }, { "leaked", "cloexec.leaked" }, { "epol.spin", "epoll.spin" },
		{ "select", "select.overflow" }, { "closewait", "closewait.leak" }, { "overflow", "select.overflow" },
		{ "reuseport.rest", "reuseport.reset" }, { "uncovered", "run.uncovered" },
	};
	const char *near[20];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_in_range(explain_near(cases[i].asked, near, 20), 1, 20);
		assert_string_equal(near[0], cases[i].best);
	}
	assert_int_equal(explain_near("zzzzzzzzzzzz", near, 20), 0);
	assert_int_equal(explain_near("", near, 20), 0);
	assert_int_equal(explain_near("cloexec", near, 2), 2);
}

/* Longer than any name, with what the table is cut at. */
static void an_endless_name_is_near_nothing(void **state)
{
	static char name[10000];
	const char *near[1];

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	assert_int_equal(explain_near(name, near, 1), 0);
	assert_null(explain_find(name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_texts_have_no_mistake),
		cmocka_unit_test(every_finding_is_explained_in_full),
		cmocka_unit_test(a_repair_is_told_in_its_part),
		cmocka_unit_test(a_suppression_begins_with_the_id),
		cmocka_unit_test(titles_are_sentences_without_a_full_stop),
		cmocka_unit_test(what_is_not_built_says_so),
		cmocka_unit_test(plain_text_is_eighty_columns_wide),
		cmocka_unit_test(each_form_has_its_marks),
		cmocka_unit_test(a_summary_is_one_line),
		cmocka_unit_test(near_names_are_found),
		cmocka_unit_test(an_endless_name_is_near_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
