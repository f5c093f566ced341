// SPDX-License-Identifier: MIT
#include "common.h"

#include "resolver/search.h"

static struct fdg_conf conf;

static void set_conf(const char *text)
{
	struct fdg_conf_input in = { .text = text_of(text) };

	fdg_conf_parse(&in, &conf);
}

/* All names that are asked for when each ends with `o`, with a blank behind each; and what it comes to. */
static const char *walk(const char *node, enum fdg_outcome o, bool alone, enum fdg_outcome *ret)
{
	static char text[1024];
	char one[FDG_DNS_TEXT_MAX];
	struct fdg_dns_name name;
	struct fdg_search s;

	text[0] = '\0';
	fdg_search_start(&s, &conf, node, alone);
	do {
		if (fdg_search_name(&s, &conf, node, &name))
			fdg_dns_name_to_text(&name, one);
		else
			strcpy(one, "!");
		strcat(strcat(text, one), " ");
	} while (fdg_search_next(&s, &conf, node, o));
	if (ret)
		*ret = fdg_search_outcome(&s);
	return text;
}

static void the_list_comes_first_where_dots_are_few(void **state)
{
	(void)state;
	set_conf("search a.org b.org\noptions ndots:2\n");
	assert_string_equal(walk("x", FDG_OUTCOME_NOTFOUND, false, NULL), "x.a.org x.b.org x ");
	assert_string_equal(walk("x.y", FDG_OUTCOME_NOTFOUND, false, NULL), "x.y.a.org x.y.b.org x.y ");
	assert_string_equal(walk("x.y.z", FDG_OUTCOME_NOTFOUND, false, NULL), "x.y.z x.y.z.a.org x.y.z.b.org ");
	assert_string_equal(walk("x.", FDG_OUTCOME_NOTFOUND, false, NULL), "x ");
	assert_string_equal(walk("x", FDG_OUTCOME_NOTFOUND, true, NULL), "x ");
}

static void without_a_list_there_is_one_name(void **state)
{
	(void)state;
	set_conf("options ndots:5\n");
	assert_string_equal(walk("x", FDG_OUTCOME_NOTFOUND, false, NULL), "x ");
}

static void the_root_and_single_labels_can_be_left_out(void **state)
{
	(void)state;
	set_conf("search .\n");
	assert_string_equal(walk("x", FDG_OUTCOME_NOTFOUND, false, NULL), "x ");
	set_conf("search a.org\noptions no-tld-query\n");
	assert_string_equal(walk("x", FDG_OUTCOME_NOTFOUND, false, NULL), "x.a.org ");
	assert_string_equal(walk("x.y", FDG_OUTCOME_NOTFOUND, false, NULL), "x.y x.y.a.org ");
}

static void silence_ends_the_list_but_for_the_name_itself(void **state)
{
	enum fdg_outcome o;

	(void)state;
	set_conf("search a.org b.org\n");
	assert_string_equal(walk("x", FDG_OUTCOME_AGAIN, false, &o), "x.a.org x ");
	assert_int_equal(o, FDG_OUTCOME_AGAIN);
	assert_string_equal(walk("x", FDG_OUTCOME_SERVFAIL, false, &o), "x.a.org x.b.org x ");
	assert_int_equal(o, FDG_OUTCOME_SERVFAIL);
	assert_string_equal(walk("x", FDG_OUTCOME_FOUND, false, &o), "x.a.org ");
	assert_int_equal(o, FDG_OUTCOME_FOUND);
	assert_string_equal(walk("x", FDG_OUTCOME_EMPTY, false, &o), "x.a.org ");
	assert_int_equal(o, FDG_OUTCOME_EMPTY);
}

static void what_cannot_be_a_name_is_none(void **state)
{
	static const char *const bad[] = { "-x", "x!", "a..b", ".a", "a\\046b", "a b" };
	char label[] = "0123456789012345678901234567890123456789012345678901234567890123";

	(void)state;
	set_conf("");
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_string_equal(walk(bad[i], FDG_OUTCOME_NOTFOUND, false, NULL), "! ");
	assert_string_equal(walk(label, FDG_OUTCOME_NOTFOUND, false, NULL), "! ");
	assert_string_equal(walk("_x-", FDG_OUTCOME_NOTFOUND, false, NULL), "_x- ");
	assert_string_equal(walk(".", FDG_OUTCOME_NOTFOUND, false, NULL), ". ");
}

static enum fdg_outcome of_two(const char *node, enum fdg_outcome first, enum fdg_outcome then)
{
	struct fdg_search s;

	fdg_search_start(&s, &conf, node, false);
	if (fdg_search_next(&s, &conf, node, first))
		while (fdg_search_next(&s, &conf, node, then))
			;
	return fdg_search_outcome(&s);
}

/* libc: the name as it is, if it came first, decides; else that there is no data, then that a server failed. */
static void of_several_failures_one_is_told(void **state)
{
	(void)state;
	set_conf("search a.org b.org\n");
	assert_int_equal(of_two("x.y", FDG_OUTCOME_SERVFAIL, FDG_OUTCOME_NODATA), FDG_OUTCOME_SERVFAIL);
	assert_int_equal(of_two("x", FDG_OUTCOME_NODATA, FDG_OUTCOME_NOTFOUND), FDG_OUTCOME_NODATA);
	assert_int_equal(of_two("x", FDG_OUTCOME_SERVFAIL, FDG_OUTCOME_NOTFOUND), FDG_OUTCOME_SERVFAIL);
	assert_int_equal(of_two("x", FDG_OUTCOME_SERVFAIL, FDG_OUTCOME_NODATA), FDG_OUTCOME_NODATA);
	assert_int_equal(of_two("x", FDG_OUTCOME_NOTFOUND, FDG_OUTCOME_FOUND), FDG_OUTCOME_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_list_comes_first_where_dots_are_few),
		cmocka_unit_test(without_a_list_there_is_one_name),
		cmocka_unit_test(the_root_and_single_labels_can_be_left_out),
		cmocka_unit_test(silence_ends_the_list_but_for_the_name_itself),
		cmocka_unit_test(what_cannot_be_a_name_is_none),
		cmocka_unit_test(of_several_failures_one_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
