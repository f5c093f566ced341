// SPDX-License-Identifier: MIT
#include "common.h"

static void both_families_are_read(void **state)
{
	struct fdg_ip ip;

	(void)state;
	ip = ip_of("1.2.3.4");
	assert_int_equal(ip.family, AF_INET);
	assert_memory_equal(ip.bytes, "\1\2\3\4\0\0\0\0\0\0\0\0\0\0\0", 16);
	ip = ip_of("::ffff:1.2.3.4");
	assert_true(fdg_ip_is_mapped(&ip));
	assert_false(fdg_ip_parse(text_of("1.2.3.4"), AF_INET6, &ip));
	assert_false(fdg_ip_parse(text_of("::1"), AF_INET, &ip));
	assert_false(fdg_ip_parse(text_of("1.2.3"), AF_UNSPEC, &ip));
	assert_false(fdg_ip_parse(text_of("fe80::1%1"), AF_UNSPEC, &ip));
	assert_false(fdg_ip_parse(text_of(""), AF_UNSPEC, &ip));
}

static void old_forms_are_read(void **state)
{
	static const char *const forms[] = { "127.1", "0x7f.1", "0177.0.0.1", "2130706433" };
	struct fdg_ip ip;

	(void)state;
	for (size_t i = 0; i < COUNT(forms); i++) {
		assert_true(fdg_ip_parse_old(text_of(forms[i]), &ip));
		assert_string_equal(shown(&ip), "127.0.0.1");
	}
	assert_false(fdg_ip_parse_old(text_of("256.1.1.1"), &ip));
	assert_false(fdg_ip_parse_old(text_of("::1"), &ip));
	assert_false(fdg_ip_parse_old(text_of("1.2.3.4\r"), &ip));
}

static void six_bytes_of_a_four(void **state)
{
	struct fdg_ip ip = ip_of("1.2.3.4");
	uint8_t six[16];

	(void)state;
	fdg_ip_to_six(&ip, six);
	assert_memory_equal(six, "\0\0\0\0\0\0\0\0\0\0\xff\xff\1\2\3\4", 16);
}

static unsigned eth_is_3(const char *name)
{
	return strcmp(name, "eth") == 0 ? 3 : 0;
}

/* -1: no scope. */
static long scope(const char *address, const char *text, unsigned (*index)(const char *))
{
	struct fdg_ip ip = ip_of(address);

	return fdg_ip_parse_scope(text_of(text), index, &ip) ? (long)ip.scope : -1;
}

static void scopes_are_names_where_they_mean_something(void **state)
{
	(void)state;
	assert_int_equal(scope("fe80::1", "eth", eth_is_3), 3);
	assert_int_equal(scope("ff02::1", "eth", eth_is_3), 3);
	assert_int_equal(scope("fe80::1", "eth", NULL), -1);
	assert_int_equal(scope("2001:db8::1", "eth", eth_is_3), -1);
	assert_int_equal(scope("2001:db8::1", "5", eth_is_3), 5);
	assert_int_equal(scope("fe80::1", "99999", eth_is_3), 99999);
	assert_int_equal(scope("fe80::1", "4294967296", eth_is_3), -1);
	assert_int_equal(scope("fe80::1", "", eth_is_3), -1);
	assert_int_equal(scope("fe80::1", "+5", eth_is_3), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_families_are_read),
		cmocka_unit_test(old_forms_are_read),
		cmocka_unit_test(six_bytes_of_a_four),
		cmocka_unit_test(scopes_are_names_where_they_mean_something),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
