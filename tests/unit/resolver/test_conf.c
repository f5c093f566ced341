// SPDX-License-Identifier: MIT
#include "resolver/conf.h"

#include "common.h"

static struct fdg_conf conf;

static unsigned lo_is_7(const char *name)
{
	return strcmp(name, "lo") == 0 ? 7 : 0;
}

static void parse_with(const char *text, const char *localdomain, const char *res_options, const char *hostname)
{
	struct fdg_conf_input in = {
		.text = text_of(text), .localdomain = localdomain, .res_options = res_options, .hostname = hostname, .interface = lo_is_7
	};

	memset(&conf, 0x5a, sizeof(conf));
	fdg_conf_parse(&in, &conf);
}

static void parse(const char *text)
{
	parse_with(text, NULL, NULL, NULL);
}

static void search_is(const char *want)
{
	char all[FDG_CONF_SEARCH_BYTES + 1] = "";
	unsigned n = 0;

	for (const char *d = fdg_conf_next_domain(&conf, NULL); d; d = fdg_conf_next_domain(&conf, d), n++)
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", n ? " " : "", d);
	assert_string_equal(all, want);
	assert_int_equal(n, conf.search_count);
}

static void servers_are(const char *want)
{
	char all[256] = "";

	for (unsigned i = 0; i < conf.server_count; i++)
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", i ? " " : "", shown(&conf.server[i]));
	assert_string_equal(all, want);
}

static void without_a_file_there_are_defaults(void **state)
{
	(void)state;
	parse("");
	servers_are("127.0.0.1");
	search_is("");
	assert_int_equal(conf.ndots, 1);
	assert_int_equal(conf.timeout, 5);
	assert_int_equal(conf.attempts, 2);
	assert_int_equal(conf.options, 0);
	assert_false(conf.sortlist || conf.search_cut);
	parse_with("", NULL, NULL, "box.example.org");
	search_is("example.org");
	parse_with("search a", NULL, NULL, "box.example.org");
	search_is("a");
}

static void servers_are_read(void **state)
{
	(void)state;
	parse("nameserver 10.0.0.1\nnameserver\t2001:db8::1 # comment\n nameserver 1.1.1.1\nnameserver 0x7f.1 ; c\nnameserver 9.9.9.9\n");
	servers_are("10.0.0.1 2001:db8::1 127.0.0.1");
	parse("nameserver 300.1.1.1\nnameserver\nnameserver 1.2.3.4x\n#nameserver 1.2.3.4\n;nameserver 1.2.3.4\nNAMESERVER 1.2.3.4\nnameservers 1.2.3.4\n");
	servers_are("127.0.0.1");
	parse("nameserver fe80::1%lo\nnameserver fe80::2%12\nnameserver 2001:db8::1%lo");
	servers_are("fe80::1%7 fe80::2%12 2001:db8::1");
	parse("nameserver fe80::1%none\nnameserver fe80::2%\nnameserver ff02::1%4294967296\n");
	servers_are("fe80::1 fe80::2 ff02::1");
	parse("nameserver ::1\r\nnameserver 1.1.1.1\r\n"); /* as in libc, CR is no blank here */
	servers_are("127.0.0.1");
	parse("nameserver 1.1.1.1;x\nnameserver ::1#x\nnameserver 9.9.9.9 #x\n");
	servers_are("9.9.9.9");
}

static void the_last_of_search_and_domain_wins(void **state)
{
	(void)state;
	parse("domain one.org two.org\n");
	search_is("one.org");
	parse("search a.org\tb.org  c.org \ndomain d.org\n");
	search_is("d.org");
	parse("domain d.org\nsearch a b c d e f g h i j\nsearch \ndomain");
	search_is("a b c d e f g h i j");
	parse_with("search a\ndomain b", "x y\nz", NULL, NULL);
	search_is("x y");
	parse_with("search a\n", "", NULL, "h.org");
	search_is("");
	assert_int_equal(conf.search_count, 1);
}

static void a_search_list_has_a_limit(void **state)
{
	char text[FDG_CONF_SEARCH_BYTES + 100] = "search";

	(void)state;
	for (unsigned i = 0; i < FDG_CONF_SEARCH_BYTES / 4; i++)
		strcat(text, " abc");
	parse(text);
	assert_int_equal(conf.search_count, FDG_CONF_SEARCH_BYTES / 4);
	assert_false(conf.search_cut);
	strcat(text, "d"); /* the last domain's NUL has no room now */
	parse(text);
	assert_int_equal(conf.search_count, FDG_CONF_SEARCH_BYTES / 4 - 1);
	assert_true(conf.search_cut);
}

static void options_are_read(void **state)
{
	static const struct { const char *word; unsigned option; } rows[] = {
		{ "rotate", FDG_CONF_ROTATE }, { "edns0", FDG_CONF_EDNS0 }, { "single-request", FDG_CONF_SINGLE_REQUEST },
		{ "single-request-reopen", FDG_CONF_SINGLE_REQUEST_REOPEN }, { "no-tld-query", FDG_CONF_NO_TLD_QUERY }, { "no_tld_query", FDG_CONF_NO_TLD_QUERY },
		{ "no-reload", FDG_CONF_NO_RELOAD }, { "use-vc", FDG_CONF_USE_VC }, { "trust-ad", FDG_CONF_TRUST_AD }, { "no-aaaa", FDG_CONF_NO_AAAA },
		{ "no-check-names", 0 }, { "inet6", 0 }, { "unknown", 0 }, { "Rotate", 0 }, { "rotate2", FDG_CONF_ROTATE },
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		snprintf(text, sizeof(text), "options x %s\n", rows[i].word);
		parse(text);
		assert_int_equal(conf.options, rows[i].option);
		parse_with("", NULL, rows[i].word, NULL);
		assert_int_equal(conf.options, rows[i].option);
	}
	parse("sortlist 10.0.0.0\n");
	assert_true(conf.sortlist);
}

static void numbers_have_limits(void **state)
{
	(void)state;
	parse("options ndots:3 timeout:7\toptions attempts:4\n");
	assert_true(conf.ndots == 3 && conf.timeout == 7 && conf.attempts == 4);
	parse("options ndots:16 timeout:31 attempts:6");
	assert_true(conf.ndots == 15 && conf.timeout == 30 && conf.attempts == 5);
	parse("options ndots:99999999999 timeout:0 attempts:0");
	assert_true(conf.ndots == 15 && conf.timeout == 0 && conf.attempts == 0);
	parse("options ndots:-1 timeout:-1 attempts:x");
	assert_true(conf.ndots == 15 && conf.timeout == 0 && conf.attempts == 0);
	parse_with("options ndots:3 rotate", NULL, "ndots:2 edns0", NULL);
	assert_true(conf.ndots == 2 && conf.options == (FDG_CONF_ROTATE | FDG_CONF_EDNS0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_file_there_are_defaults),
		cmocka_unit_test(servers_are_read),
		cmocka_unit_test(the_last_of_search_and_domain_wins),
		cmocka_unit_test(a_search_list_has_a_limit),
		cmocka_unit_test(options_are_read),
		cmocka_unit_test(numbers_have_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
