// SPDX-License-Identifier: MIT
#include "resolver/gaiconf.h"

#include "common.h"

static struct fdg_gaiconf conf;

static void parse(const char *text)
{
	memset(&conf, 0x5a, sizeof(conf));
	fdg_gaiconf_parse(text_of(text), &conf);
}

static uint32_t label(const char *address)
{
	struct fdg_ip ip = ip_of(address);

	return fdg_gaiconf_label(&conf, &ip);
}

static uint32_t precedence(const char *address)
{
	struct fdg_ip ip = ip_of(address);

	return fdg_gaiconf_precedence(&conf, &ip);
}

static uint32_t scope(const char *address)
{
	struct fdg_ip ip = ip_of(address);

	return fdg_gaiconf_scope(&conf, &ip);
}

static void the_defaults_are_libcs(void **state)
{
	static const struct { const char *address; uint32_t label, precedence, scope; } rows[] = {
		{ "::1", 0, 50, 2 }, { "2001:db8::1", 1, 40, 14 }, { "2002:a::1", 2, 30, 14 }, { "::5", 3, 20, 14 }, { "1.2.3.4", 4, 10, 14 },
		{ "::ffff:1.2.3.4", 4, 10, 14 }, { "fec0::1", 5, 40, 5 }, { "fd00::1", 6, 40, 14 }, { "2001::1", 7, 40, 14 }, { "fe80::1", 1, 40, 2 },
		{ "127.0.0.1", 4, 10, 2 }, { "169.254.1.1", 4, 10, 2 }, { "10.0.0.1", 4, 10, 14 }, { "ff05::1", 1, 40, 5 }, { "ff01::1", 1, 40, 1 },
	};

	(void)state;
	parse("");
	assert_false(conf.reload || conf.cut);
	for (size_t i = 0; i < COUNT(rows); i++)
		if (label(rows[i].address) != rows[i].label || precedence(rows[i].address) != rows[i].precedence || scope(rows[i].address) != rows[i].scope)
			fail_msg("%s: %u %u %u", rows[i].address, label(rows[i].address), precedence(rows[i].address), scope(rows[i].address));
}

static void a_table_that_is_named_is_replaced(void **state)
{
	(void)state;
	parse("precedence ::ffff:0:0/96 100\nreload yes # now\nlabel 2001:db8::/32 9\nlabel 2001:db8:1::/48 8\nscopev4 10.0.0.0/8 5\nscopev4 ::ffff:10.1.0.0/112 6\n");
	assert_true(conf.reload);
	assert_int_equal(precedence("1.2.3.4"), 100);
	assert_int_equal(precedence("::1"), 40);
	assert_int_equal(label("2001:db8::1"), 9);
	assert_int_equal(label("2001:db8:1::1"), 8);
	assert_int_equal(label("::1"), 1);
	assert_int_equal(scope("10.0.0.1"), 5);
	assert_int_equal(scope("10.1.0.1"), 6);
	assert_int_equal(scope("127.0.0.1"), 14);
	parse("label ::/0 3\nlabel ::1 4\nscopev4 0.0.0.0/0 7\nreload yes\nreload no");
	assert_int_equal(label("9.9.9.9"), 3);
	assert_int_equal(label("::1"), 4);
	assert_int_equal(scope("127.0.0.1"), 7);
	assert_false(conf.reload);
}

static void prefixes_may_end_inside_a_byte(void **state)
{
	(void)state;
	parse("label fe80::/10 9\nlabel fe80::/9 8");
	assert_int_equal(label("febf::1"), 9);
	assert_int_equal(label("fec0::1"), 8);
	assert_int_equal(label("ff00::1"), 1);
}

static void bad_lines_change_nothing(void **state)
{
	(void)state;
	parse("label ::/129 7\nlabel x 7\nlabel 1.2.3.4 7\nlabel ::/1x 7\nlabel ::/0 -1\nlabel ::/0 2147483648\nLabel ::/0 7\n"
	      "scopev4 ::1/128 7\nscopev4 1.2.3.4/33 7\nscopev4 ::ffff:1.2.3.4/95 7\n#label ::/0 7\nlabel\n");
	assert_int_equal(label("::2:1"), 3);
	assert_int_equal(scope("1.2.3.4"), 14);
	assert_false(conf.cut);
}

static void a_table_has_a_limit(void **state)
{
	char text[FDG_GAICONF_ENTRIES * 32] = "", line[64];

	(void)state;
	for (unsigned i = 1; i < FDG_GAICONF_ENTRIES; i++) {
		snprintf(line, sizeof(line), "label %x::/16 5\n", i);
		strcat(text, line);
	}
	parse(text);
	assert_false(conf.cut);
	assert_int_equal(conf.label.count, FDG_GAICONF_ENTRIES);
	strcat(text, "label 99::/16 5\n");
	parse(text);
	assert_true(conf.cut);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_defaults_are_libcs),
		cmocka_unit_test(a_table_that_is_named_is_replaced),
		cmocka_unit_test(prefixes_may_end_inside_a_byte),
		cmocka_unit_test(bad_lines_change_nothing),
		cmocka_unit_test(a_table_has_a_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
