// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tools/accept.h"
#include "tools/fingerprint.h"
#include "tools/places.h"

static struct pool pool;
static const struct log_frame site = { "/b/monitor", 0x10, "probe_fork+0x5c", NULL }, created = { "/b/monitor", 0x20, "dns_pool_open.part.0+0xa2", NULL };

static struct log_line line(const char *id, const struct log_field *field)
{
	return (struct log_line){ .id = id, .exe = "/x/lynx", .site = &site, .sites = 1, .created = &created, .createds = 1, .field = field, .fields = field != NULL };
}

static void a_kind_is_one_word_whatever_their_number(void **state)
{
	static const struct { const char *id, *name, *text, *want; } cases[] = {
		{ "cloexec.leaked", "kind", "UDP socket", " kind=UDP-socket " },
		{ "cloexec.leaked", "kind", "directory", " kind=directory " },
		{ "cloexec.leaked", "kind", "what is # this", " kind=what-is-%23-this " },
		{ "cloexec.inherited", "kinds", "1 file", " kind=file " },
		{ "cloexec.inherited", "kinds", "1,100 UDP sockets, 2 directories, 3 inotifies, 1 file", " kind=UDP-socket+directory+file+inotify " },
		{ "cloexec.inherited", "kinds", "2 files, 1 file", " kind=file " },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct log_field field = { cases[i].name, cases[i].text, true };
		struct log_line l = line(cases[i].id, &field);

		assert_non_null(strstr(fingerprint_of(&pool, &l), cases[i].want));
	}
}

static void the_kind_of_what_a_call_is_done_to_is_not_the_callers(void **state)
{
	const struct log_field field = { "kind", "UDP socket", true };
	struct log_line l = line("select.overflow", &field);

	(void)state;
	assert_string_equal(fingerprint_of(&pool, &l), "select.overflow site=monitor:probe_fork created=monitor:dns_pool_open peer=none");
}

static void an_old_fingerprint_is_the_same_without_the_kind(void **state)
{
	(void)state;
	assert_string_equal(fingerprint_without_kind(&pool, "a.b kind=file site=o:f peer=none"), "a.b site=o:f peer=none");
	assert_string_equal(fingerprint_without_kind(&pool, "a.b site=o:f peer=none"), "a.b site=o:f peer=none");
}

static void what_accepts_a_finding_is_a_line_of_globs(void **state)
{
	const struct log_frame odd = { "/b/my lib[1]#.so", 0x30, "operator*+0x1", NULL }, bare = { "/b/stripped", 0x30, NULL, NULL };
	struct log_line l = line("cloexec.leaked", NULL), s = line("select.overflow", NULL);

	(void)state;
	assert_string_equal(accept_line(&pool, &l), "cloexec.leaked site:monitor:dns_pool_open*");
	assert_string_equal(accept_line(&pool, &s), "select.overflow site:monitor:probe_fork");
	l.created = &odd;
	assert_string_equal(accept_line(&pool, &l), "cloexec.leaked site:my?lib?1??.so:operator?");
	l.created = &bare;
	assert_string_equal(accept_line(&pool, &l), "cloexec.leaked site:stripped:* # wide: all of this object, which has no symbols");
	l.createds = 0;
	assert_string_equal(accept_line(&pool, &l), "cloexec.leaked site:monitor:probe_fork");
	l.sites = 0;
	assert_string_equal(accept_line(&pool, &l), "cloexec.leaked exe:lynx");
}

static void one_caller_is_told_where_the_stack_is_known(void **state)
{
	const struct log_frame stack[] = { { "/b/net", 0x10, "xsocket+0x1b", NULL }, { "/b/app", 0x20, "first+0x9", NULL }, { "/b/app", 0x30, "main+0x1", NULL } };
	struct log_line l = line("cloexec.leaked", NULL);
	const char *print;

	(void)state;
	l.created = stack;
	l.createds = 3;
	print = fingerprint_of(&pool, &l);
	assert_string_equal(print, "cloexec.leaked site=monitor:probe_fork created=net:xsocket caller=app:first peer=none");
	assert_string_equal(fingerprint_without_caller(&pool, print), "cloexec.leaked site=monitor:probe_fork created=net:xsocket peer=none");
	assert_string_equal(accept_line(&pool, &l), "cloexec.leaked site:net:xsocket # whoever calls it");
}

static void what_was_not_told_apart_says_so(void **state)
{
	const struct log_field field = { "crowded", "yes", true };
	struct log_line l = line("cloexec.leaked", &field);

	(void)state;
	l.createds = 0;
	assert_string_equal(fingerprint_of(&pool, &l), "cloexec.leaked site=monitor:probe_fork crowded=yes peer=none");
	assert_string_equal(accept_line(&pool, &l), "cloexec.leaked site:monitor:probe_fork # wide: all that leaks into what it starts");
}

static void places_are_told_apart_and_added_up(void **state)
{
	struct run_finding f = { .places = 0 };
	struct log_frame frame = created;
	struct log_line l = line("cloexec.leaked", NULL);

	(void)state;
	l.created = &frame;
	for (unsigned i = 0; i < 3 * RUN_PLACES_MAX; i++) {
		frame.offset = i % 7;
		l.count = i;
		places_add(&pool, &f, &l);
	}
	assert_int_equal(f.places, 7);
	assert_int_equal(f.place[0].reports, (3 * RUN_PLACES_MAX + 6) / 7);
	assert_int_equal(f.place[(3 * RUN_PLACES_MAX - 1) % 7].most, 3 * RUN_PLACES_MAX - 1);
	places_fold(&f, NULL);
	assert_int_equal(f.places, 7);
	for (unsigned i = 0; i < 2 * RUN_PLACES_MAX; i++) {
		frame.offset = i;
		places_add(&pool, &f, &l);
	}
	assert_int_equal(f.places, RUN_PLACES_MAX);
	l.createds = l.sites = 0;
	places_add(&pool, &f, &l);
	assert_int_equal(f.places, RUN_PLACES_MAX);
}

static int teardown(void **state)
{
	(void)state;
	pool_free(&pool);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kind_is_one_word_whatever_their_number),
		cmocka_unit_test(the_kind_of_what_a_call_is_done_to_is_not_the_callers),
		cmocka_unit_test(an_old_fingerprint_is_the_same_without_the_kind),
		cmocka_unit_test(what_accepts_a_finding_is_a_line_of_globs),
		cmocka_unit_test(one_caller_is_told_where_the_stack_is_known),
		cmocka_unit_test(what_was_not_told_apart_says_so),
		cmocka_unit_test(places_are_told_apart_and_added_up),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
