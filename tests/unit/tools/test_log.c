// SPDX-License-Identifier: MIT
#include "tools/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tools/fingerprint.h"
#include "tools/json.h"

#define HEAD "{\"v\":1,\"time\":\"2026-11-21T21:16:00.123Z\",\"pid\":12,\"tid\":13,\"exe\":\"/usr/bin/x\""
#define REST ",\"guard\":\"g\",\"id\":\"g.x\",\"level\":\"note\",\"action\":\"reported\",\"message\":\"m\""
#define FULL HEAD ",\"guard\":\"closewait\",\"id\":\"closewait.leak\",\"level\":\"warning\",\"action\":\"reported\",\"message\":\"m\",\"fd\":1045,\"count\":360," \
	"\"peer\":\"10.0.0.7:8001\",\"local\":\"l\",\"age_ms\":61000,\"site\":[{\"object\":\"/usr/lib/libsdk.so\",\"offset\":\"0x1a2b\",\"symbol\":\"DataApi::connect+0x4b\"}," \
	"{\"object\":\"o\",\"offset\":\"0x0\"}],\"created\":[],\"fix\":\"f\",\"repeats\":3,\"cut\":true,\"kind\":\"TCP socket\",\"parent_pid\":77,\"argv\":[\"a\",\"b c\"]}"

static struct pool pool;

static bool parse(const char *text, struct log_line *ret)
{
	const char *why = NULL;
	bool good = log_parse(&pool, text, strlen(text), ret, &why);

	assert_true(good || (why && *why));
	return good;
}

static void a_whole_line_is_read(void **state)
{
	struct log_line l;

	(void)state;
	assert_true(parse(FULL, &l));
	assert_string_equal(l.time, "2026-11-21T21:16:00.123Z");
	assert_int_equal(l.pid, 12);
	assert_int_equal(l.tid, 13);
	assert_string_equal(l.exe, "/usr/bin/x");
	assert_string_equal(l.guard, "closewait");
	assert_string_equal(l.id, "closewait.leak");
	assert_int_equal(l.level, FDG_LEVEL_WARNING);
	assert_false(l.fixed);
	assert_string_equal(l.message, "m");
	assert_int_equal(l.fd, 1045);
	assert_int_equal(l.count, 360);
	assert_string_equal(l.peer, "10.0.0.7:8001");
	assert_int_equal(l.age_ms, 61000);
	assert_int_equal(l.sites, 2);
	assert_string_equal(l.site[0].object, "/usr/lib/libsdk.so");
	assert_int_equal(l.site[0].offset, 0x1a2b);
	assert_string_equal(l.site[0].symbol, "DataApi::connect+0x4b");
	assert_null(l.site[1].symbol);
	assert_int_equal(l.createds, 0);
	assert_string_equal(l.fix, "f");
	assert_int_equal(l.repeats, 3);
	assert_true(l.cut);
	assert_int_equal(l.fields, 3);
	assert_string_equal(log_field(&l, "kind"), "TCP socket");
	assert_string_equal(log_field(&l, "argv"), "[\"a\",\"b c\"]");
	assert_null(log_field(&l, "nosuch"));
	assert_int_equal(log_number(&l, "parent_pid", -1), 77);
	assert_int_equal(log_number(&l, "kind", -1), -1);
	assert_string_equal(log_array(&l, "argv")->first->next->string, "b c");
	assert_null(log_array(&l, "kind"));
}

static void a_line_of_source_that_the_log_tells(void **state)
{
	struct log_line l;
	struct log_frame copy;

	(void)state;
	assert_true(parse(HEAD REST ",\"site\":[{\"object\":\"/x/dial\",\"offset\":\"0x10\",\"symbol\":\"main.main+0x2\",\"function\":\"main.tune\",\"file\":\"/src/dial.go\",\"line\":38,\"calls\":\"os.(*File).Fd\"},"
			  "{\"object\":\"/x/dial\",\"offset\":\"0x20\",\"file\":\"/src/a.go\",\"line\":-1},{\"object\":\"/x/dial\",\"offset\":\"0x30\",\"line\":7}]}", &l));
	copy = log_frame_copy(&pool, &l.site[0]);
	assert_string_equal(copy.source->function, "main.tune");
	assert_string_equal(copy.source->file, "/src/dial.go");
	assert_int_equal(copy.source->line, 38);
	assert_string_equal(copy.symbol, "main.main+0x2");
	assert_null(l.site[1].source->function);
	assert_int_equal(l.site[1].source->line, 0);
	assert_null(l.site[2].source);
	assert_null(log_frame_copy(&pool, &l.site[2]).source);
}

static void what_is_left_out_is_told_apart(void **state)
{
	struct log_line l;

	(void)state;
	assert_true(parse(HEAD ",\"guard\":\"run\",\"id\":\"run.start\",\"level\":\"note\",\"action\":\"fixed\",\"message\":\"\"}", &l));
	assert_true(l.fixed);
	assert_int_equal(l.fd, -1);
	assert_int_equal(l.age_ms, -1);
	assert_int_equal(l.count, 0);
	assert_null(l.peer);
	assert_null(l.fix);
	assert_int_equal(l.sites + l.createds + l.fields, 0);
}

static void what_is_no_line_is_refused(void **state)
{
	static const char *const lines[] = {
		"", "[]", "1", "{}", "{\"v\":1}", "{\"v\":2}",
		HEAD "}",
		HEAD REST,
		HEAD ",\"guard\":\"g\",\"id\":\"../../x\",\"level\":\"note\",\"action\":\"reported\",\"message\":\"m\"}",
		HEAD ",\"guard\":\"g\",\"id\":\"a b\",\"level\":\"note\",\"action\":\"reported\",\"message\":\"m\"}",
		HEAD ",\"guard\":\"\",\"id\":\"g.x\",\"level\":\"note\",\"action\":\"reported\",\"message\":\"m\"}",
		HEAD ",\"guard\":\"g\",\"id\":\"g.x\",\"level\":\"loud\",\"action\":\"reported\",\"message\":\"m\"}",
		HEAD ",\"guard\":\"g\",\"id\":\"g.x\",\"level\":\"note\",\"action\":\"done\",\"message\":\"m\"}",
		HEAD ",\"guard\":\"g\",\"id\":\"g.x\",\"level\":\"note\",\"action\":\"reported\",\"message\":1}",
		HEAD REST ",\"site\":{}}",
		HEAD REST ",\"site\":[1]}",
		HEAD REST ",\"site\":[{\"object\":\"o\"}]}",
		HEAD REST ",\"site\":[{\"object\":\"o\",\"offset\":\"12\"}]}",
		HEAD REST ",\"site\":[{\"object\":\"o\",\"offset\":\"0x\"}]}",
		HEAD REST ",\"site\":[{\"object\":\"o\",\"offset\":\"0x-1\"}]}",
		HEAD REST ",\"site\":[{\"object\":\"o\",\"offset\":\"0x11111111111111111\"}]}",
	};
	struct log_line l;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (parse(lines[i], &l))
			fail_msg("accepted: %s", lines[i]);
	assert_true(parse(HEAD REST "}", &l));
}

static struct log_line leak(const char *peer, const struct log_frame *site, const struct log_frame *created)
{
	return (struct log_line){ .id = "cloexec.leaked", .guard = "cloexec", .exe = "/opt/a b/x", .peer = peer, .site = site, .sites = site != NULL,
				  .created = created, .createds = created != NULL };
}

static void a_fingerprint_is_what_stays_the_same(void **state)
{
	const struct log_frame a = { "/build/1/monitor", 0x10, "probe_fork+0x5c", NULL }, b = { "/usr/monitor", 0x9999, "probe_fork.constprop.0+0x1", NULL };
	const struct log_frame rust = { "/x/libr.so", 1, "_ZN3abc3def17h0123456789abcdefE+0x7", NULL }, bare = { "/lib/odd name#1.so", 0x1a2b, NULL, NULL };
	struct log_line one = leak(NULL, &a, NULL), two = leak(NULL, &b, NULL), three = leak("/run/x", &bare, &rust), four = leak("@a", NULL, NULL);

	(void)state;
	assert_string_equal(fingerprint_of(&pool, &one), "cloexec.leaked site=monitor:probe_fork peer=none");
	assert_string_equal(fingerprint_of(&pool, &two), fingerprint_of(&pool, &one));
	assert_string_equal(fingerprint_of(&pool, &three), "cloexec.leaked site=odd%20name%231.so:0x1a2b created=libr.so:_ZN3abc3def peer=unix");
	assert_string_equal(fingerprint_of(&pool, &four), "cloexec.leaked exe=x peer=unix");
}

static void peers_are_of_five_classes(void **state)
{
	static const struct { const char *peer, *want; } cases[] = {
		{ NULL, "none" }, { "", "none" }, { "127.0.0.1:80", "loopback" }, { "127.9.9.9", "loopback" }, { "[::1]:80", "loopback" }, { "::1", "loopback" },
		{ "0.0.0.0:1", "loopback" }, { "[::ffff:127.0.0.1]:80", "loopback" }, { "10.1.2.3:80", "private" }, { "172.16.0.1:1", "private" },
		{ "172.31.255.255:1", "private" }, { "172.32.0.1:1", "public" }, { "172.15.0.1:1", "public" }, { "192.168.1.1:1", "private" },
		{ "192.169.1.1:1", "public" }, { "169.254.1.1:1", "private" }, { "100.64.0.1:1", "private" }, { "100.128.0.1:1", "public" },
		{ "[fe80::1%eth0]:1", "private" }, { "fd00::1", "private" }, { "[2001:db8::1]:443", "public" }, { "8.8.8.8:53", "public" },
		{ "/run/x.sock", "unix" }, { "@abstract", "unix" }, { "unix:/x", "unix" }, { "what is this", "public" }, { "[", "public" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(peer_class(cases[i].peer), cases[i].want);
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
		cmocka_unit_test(a_whole_line_is_read),
		cmocka_unit_test(a_line_of_source_that_the_log_tells),
		cmocka_unit_test(what_is_left_out_is_told_apart),
		cmocka_unit_test(what_is_no_line_is_refused),
		cmocka_unit_test(a_fingerprint_is_what_stays_the_same),
		cmocka_unit_test(peers_are_of_five_classes),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
