// SPDX-License-Identifier: MIT
#include "report/suppress.h"

#include "common.h"
#include "report/run.h"

static const char *folder;

static int setup(void **state)
{
	(void)state;
	folder = enter_folder();
	fdg_run.exe = EXE;
	set_options(FDG_TEXT, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	leave_folder(folder);
	return 0;
}

static const struct fdg_place site[] = { { "/usr/lib/libsdk.so", 0x1a2b }, { "/usr/lib/libdeep.so", 0x2 } };
static const struct fdg_place created[] = { { "/opt/shop/lib/libpool.so.1", 0x77 }, { "/usr/lib/libdeeper.so", 0x3 } };

static struct fdg_symbols symbols = { .text = "\0poll_loop+0x4b\0connect+0x9\0deep+0x1" };

static struct fdg_finding with_frames(void)
{
	struct fdg_finding f = leak();

	f.site = site;
	f.created = created;
	f.sites = f.createds = 2;
	symbols.site[0] = 1;
	symbols.created[0] = 16;
	symbols.site[1] = symbols.created[1] = 28;
	return f;
}

static bool matches(const char *text, const struct fdg_finding *f)
{
	char line[512], why[256];
	struct fdg_buf w = FDG_BUF(why);
	struct fdg_suppression s = { .line = 1 };

	snprintf(line, sizeof(line), "%s", text);
	if (!fdg_suppression_parse(line, &s, &w))
		fail_msg("%s: %s", text, why);
	return fdg_suppression_matches(&s, f, &symbols);
}

static void all_parts_must_match(void **state)
{
	static const char *const hits[] = {
		"closewait.leak", "closewait.*", "*", "  closewait.leak\t# why: it is known", "closewait.leak #", "closewait.leak\r",
		("closewait.leak exe:" EXE), "closewait.leak exe:shopd", "closewait.leak exe:/opt/*/shopd", "closewait.leak exe:shop?",
		"closewait.leak peer:10.0.0.7:8001", "closewait.leak peer:10.0.0.*", "closewait.leak site:libsdk.so:poll_loop",
		"closewait.leak site:libsdk.so:0x1a2b", "closewait.leak site:libsdk.so:*", "closewait.leak site:*:connect",
		"closewait.leak site:libpool.so.1:connect", "closewait.leak site:libpool.so.1:0x77",
		"closewait.* site:libsdk.so:poll_* peer:10.* exe:shopd # all of them",
	};
	static const char *const misses[] = {
		"closewait.leak exe:shop", "closewait.leak exe:/opt/shop/bin", "closewait.leak peer:10.0.0.7", "epoll.spin", "epoll.*",
		"closewait.leak site:libsdk.so", "closewait.leak site:/usr/lib/libsdk.so:poll_loop", "closewait.leak site:libsdk.so:poll_loop+0x4b",
		"closewait.leak site:*:deep", "closewait.leak site:libdeep.so:*", "closewait.leak site:libdeeper.so:*", "closewait.leak site:libsdk.so:1a2b",
		"closewait.leak site:libsdk.so:poll_loop peer:10.9.*", "closewait.leak peer:10.* exe:other",
	};
	struct fdg_finding f = with_frames();

	(void)state;
	for (size_t i = 0; i < COUNT(hits); i++)
		if (!matches(hits[i], &f))
			fail_msg("does not match: %s", hits[i]);
	for (size_t i = 0; i < COUNT(misses); i++)
		if (matches(misses[i], &f))
			fail_msg("matches: %s", misses[i]);
}

static void a_part_that_the_finding_lacks_matches_nothing(void **state)
{
	static const struct fdg_place unknown[] = { { NULL, 0 } };
	struct fdg_finding f = leak();

	(void)state;
	f.peer = NULL;
	assert_false(matches("closewait.leak peer:*", &f));
	assert_false(matches("closewait.leak site:*", &f));
	f.site = f.created = unknown;
	f.sites = f.createds = 1;
	assert_false(matches("closewait.leak site:*", &f));
	assert_true(matches("closewait.leak exe:*", &f));
}

static void a_frame_without_a_symbol_has_its_offset(void **state)
{
	struct fdg_finding f = with_frames();

	(void)state;
	symbols.site[0] = 0;
	assert_true(matches("closewait.leak site:libsdk.so:0x1a2b", &f));
	assert_false(matches("closewait.leak site:libsdk.so:poll_loop", &f));
}

static void mistakes_are_explained(void **state)
{
	static const struct { const char *line, *why; } rows[] = {
		{ "closewait.leek", "no finding is called 'closewait.leek'" },
		{ "site:libsdk.so:*", "no finding is called 'site:libsdk.so:*'" },
		{ "closewait.leak because I say so", "'because' is neither site:GLOB nor peer:GLOB nor exe:GLOB; a reason begins with #" },
		{ "closewait.leak exe:", "'exe:' has no pattern" },
		{ "closewait.leak peer:a peer:b", "'peer:' is given twice" },
		{ "", "" }, { "   ", "" }, { "# a comment", "" }, { "\t# a comment", "" }, { "\r", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char line[128], why[256];
		struct fdg_buf w = FDG_BUF(why);
		struct fdg_suppression s = { .id = "before", .line = 1 };

		strcpy(line, rows[i].line);
		assert_false(fdg_suppression_parse(line, &s, &w));
		assert_null(s.id);
		assert_string_equal(why, rows[i].why);
	}
}

static void start_and_probe(void)
{
	struct fdg_finding f = leak();
	char text[128];
	struct fdg_buf b = FDG_BUF(text);

	fdg_suppress_start();
	dprintf(2, "%s", fdg_suppressed(&f, &symbols) ? "suppressed" : "written");
	fdg_suppress_put_used(&b);
	dprintf(2, " %s %s\n", fdg_suppress_any() ? "some" : "none", text);
}

static const char *result_of(const char *path)
{
	struct outcome *o;

	fdg_options.suppressions = path;
	o = in_child(start_and_probe);
	assert_exit(o, 0);
	return o->err;
}

static void a_file_is_read_and_the_lines_that_matched_are_known(void **state)
{
	(void)state;
	write_file("file", "# ours\n\nepoll.spin\ncloexec.* # later\ncloses\nclosewait.leak # last line has no end");
	assert_string_equal(result_of("file"), "fdguard: suppressions: file: line 5: no finding is called 'closes'\nsuppressed some [6]\n");
}

static void files_that_cannot_be_used_are_one_sentence(void **state)
{
	char *large = malloc(FDG_SUPPRESS_BYTES + 2);

	(void)state;
	assert_string_equal(result_of(""), "written none []\n");
	assert_string_equal(result_of("missing"), "fdguard: suppressions: missing: it cannot be opened; no finding is suppressed\nwritten none []\n");
	assert_contains(result_of("/"), "fdguard: suppressions: /: it is no regular file; no finding is suppressed\n");
	assert_contains(result_of("/dev/null"), "it is no regular file");
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_contains(result_of("fifo"), "it is no regular file");
	memset(large, '\n', FDG_SUPPRESS_BYTES + 1);
	memcpy(large, "*", 1);
	large[FDG_SUPPRESS_BYTES + 1] = '\0';
	write_file("large", large);
	assert_string_equal(result_of("large"), "fdguard: suppressions: large: it is larger than 64 KiB; no finding is suppressed\nwritten none []\n");
	assert_int_equal(truncate("large", FDG_SUPPRESS_BYTES), 0);
	assert_string_equal(result_of("large"), "suppressed some [1]\n");
	assert_int_equal(truncate("large", 10), 0);
	assert_int_equal(truncate("large", 12), 0); /* two NULs */
	assert_contains(result_of("large"), "it is no text");
	write_file("empty", "");
	assert_string_equal(result_of("empty"), "written none []\n");
	free(large);
}

static void too_many_lines_are_said_and_not_used(void **state)
{
	char *text = malloc(FDG_SUPPRESS_BYTES), *p = text;

	(void)state;
	for (unsigned i = 0; i < FDG_SUPPRESS_LINES; i++)
		p += sprintf(p, "epoll.spin\n");
	strcpy(p, "closewait.leak\n");
	write_file("file", text);
	assert_string_equal(result_of("file"),
			    "fdguard: suppressions: file: line 1025: there are more than 1024 before it; it is not used\nwritten some []\n");
	free(text);
}

static void many_mistakes_are_eight_sentences(void **state)
{
	(void)state;
	write_file("file", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nclosewait.leak\n");
	assert_int_equal(occurrences(result_of("file"), "no finding is called"), 8);
	assert_contains(result_of("file"), "suppressed some [11]\n");
}

static void match_in_a_child(void)
{
	struct fdg_finding f = leak();
	char text[64];
	struct fdg_buf b = FDG_BUF(text);
	int status;

	fdg_suppress_start();
	if (fork() == 0)
		_exit(fdg_suppressed(&f, &symbols) ? 0 : 1);
	wait(&status);
	fdg_suppress_put_used(&b);
	dprintf(2, "%s %d", text, status);
}

static void what_matched_in_a_forked_child_is_known_too(void **state)
{
	(void)state;
	write_file("file", "closewait.leak\n");
	fdg_options.suppressions = "file";
	assert_string_equal(in_child(match_in_a_child)->err, "[1] 0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(all_parts_must_match),
		TEST(a_part_that_the_finding_lacks_matches_nothing),
		TEST(a_frame_without_a_symbol_has_its_offset),
		TEST(mistakes_are_explained),
		TEST(a_file_is_read_and_the_lines_that_matched_are_known),
		TEST(files_that_cannot_be_used_are_one_sentence),
		TEST(too_many_lines_are_said_and_not_used),
		TEST(many_mistakes_are_eight_sentences),
		TEST(what_matched_in_a_forked_child_is_known_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
