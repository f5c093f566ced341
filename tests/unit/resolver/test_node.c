// SPDX-License-Identifier: MIT
#include "common.h"

#include "resolver/node.h"

static unsigned index_of(const char *name)
{
	return strcmp(name, "eth7") == 0 ? 7 : 0;
}

static int number(const char *node, int family, int flags, struct fdg_ip *ret)
{
	struct fdg_hints h = { .node = node, .family = family, .flags = flags };

	return fdg_node_number(&h, index_of, ret);
}

static void numbers_become_addresses_of_the_family(void **state)
{
	struct fdg_ip ip;

	(void)state;
	assert_int_equal(number("0x7f.1", AF_UNSPEC, 0, &ip), 0);
	assert_string_equal(shown(&ip), "127.0.0.1");
	assert_int_equal(number("1.2.3.4", AF_INET6, 0, &ip), EAI_ADDRFAMILY);
	assert_int_equal(number("1.2.3.4", AF_INET6, AI_V4MAPPED, &ip), 0);
	assert_string_equal(shown(&ip), "::ffff:1.2.3.4");
	assert_int_equal(number("::1", AF_INET, 0, &ip), EAI_ADDRFAMILY);
	assert_int_equal(number("::ffff:1.2.3.4", AF_INET, 0, &ip), 0);
	assert_string_equal(shown(&ip), "1.2.3.4");
	assert_int_equal(number("x", AF_UNSPEC, 0, &ip), FDG_NODE_NAME);
	assert_int_equal(number("x", AF_UNSPEC, AI_NUMERICHOST, &ip), EAI_NONAME);
}

static void scopes_are_names_where_that_has_a_meaning(void **state)
{
	struct fdg_ip ip;

	(void)state;
	assert_int_equal(number("fe80::1%eth7", AF_UNSPEC, 0, &ip), 0);
	assert_int_equal(ip.scope, 7);
	assert_int_equal(number("2001:db8::1%12", AF_UNSPEC, 0, &ip), 0);
	assert_int_equal(ip.scope, 12);
	assert_int_equal(number("2001:db8::1%eth7", AF_UNSPEC, 0, &ip), EAI_NONAME);
	assert_int_equal(number("fe80::1%", AF_UNSPEC, 0, &ip), EAI_NONAME);
}

static void no_node_is_this_host(void **state)
{
	struct fdg_hints h = { .family = AF_UNSPEC };
	struct fdg_ip ip[2];

	(void)state;
	assert_int_equal(fdg_node_none(&h, ip), 2);
	assert_string_equal(shown(&ip[0]), "::1");
	assert_string_equal(shown(&ip[1]), "127.0.0.1");
	h.flags = AI_PASSIVE;
	h.family = AF_INET;
	assert_int_equal(fdg_node_none(&h, ip), 1);
	assert_string_equal(shown(&ip[0]), "0.0.0.0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_become_addresses_of_the_family),
		cmocka_unit_test(scopes_are_names_where_that_has_a_meaning),
		cmocka_unit_test(no_node_is_this_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
