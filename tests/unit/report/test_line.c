// SPDX-License-Identifier: MIT
#include "report/line.h"

#include "common.h"
#include "report/run.h"
#include "report/symbol.h"

static struct fdg_symbols symbols;
static struct fdg_line line;

static int setup(void **state)
{
	(void)state;
	fdg_run.exe = EXE;
	memset(&symbols, 0, sizeof(symbols));
	symbols.len = 1;
	return 0;
}

static uint16_t symbol(const char *text)
{
	size_t at = symbols.len, n = strlen(text) + 1;

	assert_true(at + n <= sizeof(symbols.text));
	memcpy(symbols.text + at, text, n);
	symbols.len += n;
	return (uint16_t)at;
}

static const char *compose(enum fdg_format format, const struct fdg_finding *f, uint64_t repeats)
{
	const struct fdg_item item = { .f = f, .symbols = &symbols, .repeats = repeats };
	static char text[FDG_LINE_MAX + 1];

	set_options(format, NULL);
	memset(&line, 'X', sizeof(line));
	fdg_compose(&item, &line);
	assert_true(line.len <= FDG_LINE_MAX);
	assert_int_equal(line.text[line.len - 1], '\n');
	memcpy(text, line.text, line.len);
	text[line.len] = '\0';
	if (format == FDG_JSON)
		assert_json_lines(text, 1);
	return text;
}

/* A copy in which the time, the pid and the tid are always the same. */
static const char *steady(const char *text)
{
	static char copy[FDG_LINE_MAX + 1];
	char *p, *q;

	strcpy(copy, text);
	p = strstr(copy, "\"time\":\"");
	if (p)
		memcpy(p + 8, "2026-11-21T21:16:00.123Z", 24);
	p = strstr(copy, "\"pid\":");
	q = p ? strstr(p, ",\"exe\"") : NULL;
	if (q) {
		memmove(p + strlen("\"pid\":1,\"tid\":1"), q, strlen(q) + 1);
		memcpy(p, "\"pid\":1,\"tid\":1", strlen("\"pid\":1,\"tid\":1"));
	}
	p = strstr(copy, "(pid ");
	if (p) {
		q = strchr(p, '\n');
		memmove(p + strlen("(pid 1)"), q, strlen(q) + 1);
		memcpy(p, "(pid 1)", strlen("(pid 1)"));
	}
	return copy;
}

static struct fdg_finding whole(void)
{
	static const struct fdg_place site[] = { { "/usr/lib/libsdk.so", 0x1a2b }, { EXE, 0x40 } }, created[] = { { "/usr/lib/libsdk.so", 0x99 } };
	static const struct fdg_fact facts[] = { { "last_use", "last used", "3 hours ago", 0 }, { "queue", "bytes unread", NULL, -5 } };
	struct fdg_finding f = leak();

	f.local = "10.0.0.9:41000";
	f.site = site;
	f.sites = 2;
	f.created = created;
	f.createds = 1;
	f.fact = facts;
	f.facts = 2;
	symbols.site[0] = symbol("poll_loop+0x4b");
	symbols.created[0] = symbol("DataApi::connect+0x9");
	return f;
}

static void json_has_the_contracts_fields_in_the_contracts_order(void **state)
{
	struct fdg_finding f = whole();

	(void)state;
	assert_string_equal(steady(compose(FDG_JSON, &f, 12)),
			    "{\"v\":1,\"time\":\"2026-11-21T21:16:00.123Z\",\"pid\":1,\"tid\":1,\"exe\":\"" EXE "\",\"guard\":\"closewait\","
			    "\"id\":\"closewait.leak\",\"level\":\"warning\",\"action\":\"reported\","
			    "\"message\":\"360 TCP sockets to 10.0.0.7:8001 are in CLOSE_WAIT\",\"fd\":1045,\"count\":360,"
			    "\"peer\":\"10.0.0.7:8001\",\"local\":\"10.0.0.9:41000\",\"age_ms\":61000,"
			    "\"site\":[{\"object\":\"/usr/lib/libsdk.so\",\"offset\":\"0x1a2b\",\"symbol\":\"poll_loop+0x4b\"},"
			    "{\"object\":\"" EXE "\",\"offset\":\"0x40\"}],"
			    "\"created\":[{\"object\":\"/usr/lib/libsdk.so\",\"offset\":\"0x99\",\"symbol\":\"DataApi::connect+0x9\"}],"
			    "\"fix\":\"close the socket when read returns 0\",\"repeats\":12,\"last_use\":\"3 hours ago\",\"queue\":-5}\n");
}

static void json_leaves_out_what_is_not_known(void **state)
{
	struct fdg_finding f = FDG_FINDING_INIT(FDG_EPOLL_SPIN);
	static const struct fdg_place unknown[] = { { NULL, 0 } };

	(void)state;
	f.message = "";
	f.fixed = true;
	f.site = unknown;
	f.sites = 1;
	assert_string_equal(steady(compose(FDG_JSON, &f, 0)),
			    "{\"v\":1,\"time\":\"2026-11-21T21:16:00.123Z\",\"pid\":1,\"tid\":1,\"exe\":\"" EXE "\",\"guard\":\"epoll\","
			    "\"id\":\"epoll.spin\",\"level\":\"error\",\"action\":\"fixed\",\"message\":\"\"}\n");
}

static void text_is_a_paragraph_that_reads_aloud(void **state)
{
	struct fdg_finding f = whole();

	(void)state;
	f.fixed = true;
	assert_string_equal(steady(compose(FDG_TEXT, &f, 12)),
			    "fdguard: warning: 360 TCP sockets to 10.0.0.7:8001 are in CLOSE_WAIT [closewait.leak]\n"
			    "  program: " EXE " (pid 1)\n"
			    "  fd: 1045\n"
			    "  count: 360\n"
			    "  peer: 10.0.0.7:8001\n"
			    "  local: 10.0.0.9:41000\n"
			    "  age: 61 s\n"
			    "  last used: 3 hours ago\n"
			    "  bytes unread: -5\n"
			    "  at poll_loop+0x4b (/usr/lib/libsdk.so+0x1a2b)\n"
			    "    called from " EXE "+0x40\n"
			    "  made at DataApi::connect+0x9 (/usr/lib/libsdk.so+0x99)\n"
			    "  fixed: by fdguard, in this run alone\n"
			    "  repeated: 12 times since it was last written\n"
			    "  fix: close the socket when read returns 0\n");
}

static void text_leaves_out_what_is_not_known(void **state)
{
	struct fdg_finding f = FDG_FINDING_INIT(FDG_EPOLL_SPIN);

	(void)state;
	f.message = "1,100 wake-ups a second";
	assert_string_equal(steady(compose(FDG_TEXT, &f, 0)), "fdguard: error: 1,100 wake-ups a second [epoll.spin]\n  program: " EXE " (pid 1)\n");
}

static void ages_are_in_a_unit_that_one_can_grasp(void **state)
{
	static const struct { int64_t ms; const char *want; } rows[] = {
		{ 0, "age: 0 ms\n" }, { 999, "age: 999 ms\n" }, { 1000, "age: 1 s\n" }, { 119999, "age: 119 s\n" }, { 120000, "age: 2 min\n" },
		{ 7199999, "age: 119 min\n" }, { 7200000, "age: 2 h\n" }, { INT64_C(36000000000), "age: 10,000 h\n" }, { INT64_MAX, " h\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fdg_finding f = leak();

		f.age_ms = rows[i].ms;
		assert_contains(compose(FDG_TEXT, &f, 0), rows[i].want);
	}
}

static void no_byte_of_ours_commands_a_terminal(void **state)
{
	struct fdg_finding f = leak();
	const char *text;

	(void)state;
	f.message = "\x1b[2J and\nfdguard: error: forged \x7f \xc2\x9b" "31m \xc3\xa9 \xe2\x82\xac";
	f.peer = "a\rb";
	text = compose(FDG_TEXT, &f, 0);
	assert_contains(text, "fdguard: warning: ?[2J and?fdguard: error: forged ? ?31m \xc3\xa9 \xe2\x82\xac [closewait.leak]\n");
	assert_contains(text, "  peer: a?b\n");
}

static char *repeated(char c, size_t n)
{
	char *text = malloc(n + 1);

	memset(text, c, n);
	text[n] = '\0';
	return text;
}

static void what_is_known_of_a_place_besides(void **state)
{
	static const struct fdg_source source[] = { { "main.main+0x1d2", "main.tune", "/src/dial.go", 38, "os.(*File).Fd" }, { .symbol = "main.main+0x2", .file = "/src/dial.go" } };
	struct fdg_finding f = whole();

	(void)state;
	f.source = source;
	fdg_find_symbols(&f, &symbols);
	assert_contains(compose(FDG_JSON, &f, 0), "\"offset\":\"0x1a2b\",\"symbol\":\"main.main+0x1d2\",\"function\":\"main.tune\",\"file\":\"/src/dial.go\",\"line\":38,\"calls\":\"os.(*File).Fd\"},");
	assert_contains(compose(FDG_JSON, &f, 0), "\"offset\":\"0x40\",\"symbol\":\"main.main+0x2\",\"file\":\"/src/dial.go\"}]");
	assert_contains(compose(FDG_TEXT, &f, 0), " main.tune at /src/dial.go:38 (/usr/lib/libsdk.so+0x1a2b), by os.(*File).Fd\n");
	assert_contains(compose(FDG_TEXT, &f, 0), "called from main.main at /src/dial.go (");
}

static void frames_go_first_and_the_innermost_stays(void **state)
{
	char *path = repeated('p', 250);
	struct fdg_place site[FDG_FRAMES_MAX];
	struct fdg_finding f = whole();
	const char *text;

	(void)state;
	for (size_t i = 0; i < COUNT(site); i++)
		site[i] = (struct fdg_place){ path, i };
	f.site = site;
	f.sites = COUNT(site);
	for (enum fdg_format format = FDG_TEXT; format <= FDG_JSON; format++) {
		text = compose(format, &f, 0);
		assert_int_equal(occurrences(text, path), 8);
		assert_contains(text, format == FDG_JSON ? "\"offset\":\"0x0\"" : "+0x0");
		assert_contains(text, "close the socket");
		assert_contains(text, "3 hours ago");
		assert_contains(text, format == FDG_JSON ? ",\"cut\":true}\n" : "\n  shortened: ");
	}
	free(path);
}

static void facts_go_next_from_the_last(void **state)
{
	char *value = repeated('v', 1000);
	struct fdg_fact facts[] = { { "one", "one", value, 0 }, { "two", "two", value, 0 }, { "three", "three", value, 0 },
				    { "four", "four", value, 0 }, { "five", "five", value, 0 } };
	struct fdg_finding f = whole();
	const char *text;

	(void)state;
	f.fact = facts;
	f.facts = COUNT(facts);
	for (enum fdg_format format = FDG_TEXT; format <= FDG_JSON; format++) {
		text = compose(format, &f, 0);
		assert_int_equal(occurrences(text, value), 3);
		assert_contains(text, "three");
		assert_lacks(text, "four");
		assert_contains(text, "poll_loop+0x4b");
		assert_lacks(text, format == FDG_JSON ? "0x40\"" : "+0x40\n");
		assert_contains(text, "close the socket");
	}
	free(value);
}

static void strings_are_shortened_last(void **state)
{
	char *message = repeated('m', 6000);
	struct fdg_finding f = whole();
	const char *text;

	(void)state;
	f.message = message;
	for (enum fdg_format format = FDG_TEXT; format <= FDG_JSON; format++) {
		text = compose(format, &f, 0);
		assert_true(strlen(text) > 2048);
		assert_contains(text, "mmmm…");
		assert_contains(text, "close the socket");
		assert_lacks(text, "3 hours ago");
	}
	free(message);
}

static void what_just_fits_is_not_cut(void **state)
{
	(void)state;
	for (enum fdg_format format = FDG_TEXT; format <= FDG_JSON; format++) {
		size_t without = 0;

		for (size_t n = 1; n < FDG_LINE_MAX; n++) {
			char *message = repeated('m', n);
			struct fdg_finding f = FDG_FINDING_INIT(FDG_EPOLL_SPIN);
			const char *text;

			f.message = message;
			text = compose(format, &f, 0);
			if (n == 1)
				without = strlen(text) - 1;
			/* The time is in the text, but not its length; the pid does not change. */
			if (n <= FDG_LINE_MAX - without)
				assert_int_equal(strlen(text), without + n);
			else
				assert_contains(text, format == FDG_JSON ? "\"cut\":true" : "shortened:");
			free(message);
		}
	}
}

static void what_does_not_fit_whole_is_marked(void **state)
{
	(void)state;
	for (size_t n = 3000; n < FDG_LINE_MAX; n++) {
		char *message = repeated('m', n);
		struct fdg_finding f = FDG_FINDING_INIT(FDG_EPOLL_SPIN);
		const char *text;

		message[n - 1] = '\x01'; /* six bytes in the line, which are not split */
		f.message = message;
		text = compose(FDG_JSON, &f, 0);
		if (!strstr(text, "\\u0001\"}\n"))
			assert_contains(text, "\"cut\":true}\n");
		free(message);
	}
}

static char *random_string(unsigned *seed, size_t max)
{
	size_t n = (size_t)rand_r(seed) % (max + 1);
	char *text = malloc(n + 1);

	for (size_t i = 0; i < n; i++) {
		int kind = rand_r(seed) % 4;

		text[i] = (char)(kind == 0 ? 1 + rand_r(seed) % 31 : kind == 1 ? "\"\\\x7f/"[rand_r(seed) % 4] : kind == 2 ? 128 + rand_r(seed) % 128 : 'a');
	}
	text[n] = '\0';
	return text;
}

static void any_contents_make_valid_json_and_clean_text(void **state)
{
	unsigned seed = 20261121;

	(void)state;
	for (int round = 0; round < 3000; round++) {
		static const size_t sizes[] = { 0, 40, 700, 5000, 20000 };
		size_t max = sizes[rand_r(&seed) % (int)COUNT(sizes)];
		char *s[8];

		setup(NULL);
		for (size_t i = 0; i < COUNT(s); i++)
			s[i] = random_string(&seed, max);
		struct fdg_place site[FDG_FRAMES_MAX], created[] = { { s[0], (uint64_t)-1 } };
		struct fdg_fact facts[] = { { s[1], "a", s[2], 0 }, { "b", "b", NULL, INT64_MIN } };
		struct fdg_finding f = FDG_FINDING_INIT(FDG_NONBLOCK_SHARED);

		for (size_t i = 0; i < COUNT(site); i++)
			site[i] = (struct fdg_place){ i % 3 ? s[3] : NULL, i };
		for (size_t i = 0; i < COUNT(site) && max == 40; i++)
			symbols.site[i] = symbol(s[3]);
		fdg_run.exe = s[4];
		f.message = s[5];
		f.fix = s[6];
		f.peer = f.local = s[7];
		f.count = UINT64_MAX;
		f.age_ms = INT64_MAX;
		f.site = site;
		f.sites = COUNT(site);
		f.created = created;
		f.createds = 1;
		f.fact = facts;
		f.facts = 2;
		compose(FDG_JSON, &f, UINT32_MAX);
		const char *text = compose(FDG_TEXT, &f, 1);
		for (const char *p = text; *p; p++)
			assert_true((unsigned char)*p >= 0x20 || *p == '\n');
		for (const char *p = strchr(text, '\n'); p && p[1]; p = strchr(p + 1, '\n'))
			assert_memory_equal(p, "\n  ", 3);
		for (size_t i = 0; i < COUNT(s); i++)
			free(s[i]);
	}
}

static void an_array_ends_with_its_last_whole_element(void **state)
{
	char *strings[] = { "a", "b\"c", "\xff", "dddddddd", NULL };
	static const struct { size_t cap; const char *want; } rows[] = {
		{ 64, "[\"a\",\"b\\\"c\",\"\xef\xbf\xbd\",\"dddddddd\"]" },
		{ 30, "[\"a\",\"b\\\"c\",\"\xef\xbf\xbd\",\"dddddddd\"]" },
		{ 29, "[\"a\",\"b\\\"c\",\"\xef\xbf\xbd\"]" },
		{ 12, "[\"a\"]" }, { 6, "[\"a\"]" }, { 5, "[]" }, { 3, "[]" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[64];
		struct fdg_buf b = { text, 0, rows[i].cap, false };

		fdg_put_json_array(&b, 4, strings);
		assert_false(b.cut);
		assert_string_equal(text, rows[i].want);
	}
}

static void symbols_are_looked_up_for_each_frame_that_has_one(void **state)
{
	struct fdg_place here, nowhere = { "/nonexistent", 0 };
	struct fdg_place site[FDG_FRAMES_MAX];
	struct fdg_finding f = leak();

	(void)state;
	fdg_run.exe = "/nonexistent/shopd";
	assert_true(fdg_place_of((char *)&random_string + 1, &here));
	for (size_t i = 0; i < COUNT(site); i++)
		site[i] = i == 1 ? nowhere : here;
	f.site = f.created = site;
	f.sites = COUNT(site);
	f.createds = 1;
	memset(&symbols, 'X', sizeof(symbols));
	fdg_find_symbols(&f, &symbols);
	assert_string_equal(symbols.text + symbols.site[0], "random_string+0x0");
	assert_string_equal(symbols.text + symbols.created[0], "random_string+0x0");
	assert_string_equal(symbols.text + symbols.site[FDG_FRAMES_MAX - 1], "random_string+0x0");
	assert_int_equal(symbols.site[1], 0);
	assert_int_equal(symbols.created[1], 0);
}

#define LONG_NAME a_function_whose_name_is_so_long_that_the_names_of_all_frames_of_a_finding_do_not_fit_into_one_line_of_the_log_and_some_of_them_are_left_out

__attribute__((noinline)) static int LONG_NAME(int n)
{
	__asm__ volatile("" : "+r"(n));
	return n;
}

static void symbols_without_room_are_left_out_whole(void **state)
{
	struct fdg_place site[FDG_FRAMES_MAX];
	struct fdg_finding f = leak();
	unsigned found = 0;

	(void)state;
	assert_int_equal(LONG_NAME(1), 1);
	assert_true(fdg_place_of((char *)&LONG_NAME + 1, &site[0]));
	for (size_t i = 1; i < COUNT(site); i++)
		site[i] = site[0];
	f.site = f.created = site;
	f.sites = f.createds = COUNT(site);
	fdg_find_symbols(&f, &symbols);
	for (size_t i = 0; i < COUNT(site); i++) {
		if (symbols.site[i])
			assert_contains(symbols.text + symbols.site[i], "left_out+0x0");
		if (symbols.created[i])
			assert_contains(symbols.text + symbols.created[i], "left_out+0x0");
		found += (symbols.site[i] != 0) + (symbols.created[i] != 0);
	}
	assert_in_range(found, 10, 2 * COUNT(site) - 10);
	assert_true(symbols.site[0] && symbols.created[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(json_has_the_contracts_fields_in_the_contracts_order, setup),
		cmocka_unit_test_setup(json_leaves_out_what_is_not_known, setup),
		cmocka_unit_test_setup(text_is_a_paragraph_that_reads_aloud, setup),
		cmocka_unit_test_setup(text_leaves_out_what_is_not_known, setup),
		cmocka_unit_test_setup(ages_are_in_a_unit_that_one_can_grasp, setup),
		cmocka_unit_test_setup(no_byte_of_ours_commands_a_terminal, setup),
		cmocka_unit_test_setup(what_is_known_of_a_place_besides, setup),
		cmocka_unit_test_setup(frames_go_first_and_the_innermost_stays, setup),
		cmocka_unit_test_setup(facts_go_next_from_the_last, setup),
		cmocka_unit_test_setup(strings_are_shortened_last, setup),
		cmocka_unit_test_setup(what_just_fits_is_not_cut, setup),
		cmocka_unit_test_setup(what_does_not_fit_whole_is_marked, setup),
		cmocka_unit_test_setup(any_contents_make_valid_json_and_clean_text, setup),
		cmocka_unit_test_setup(an_array_ends_with_its_last_whole_element, setup),
		cmocka_unit_test_setup(symbols_are_looked_up_for_each_frame_that_has_one, setup),
		cmocka_unit_test_setup(symbols_without_room_are_left_out_whole, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
