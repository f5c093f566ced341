// SPDX-License-Identifier: MIT
#include "resolver/sort.h"

#include "common.h"

enum { MAX = 8 };

/* A destination, and the source that it would have; NULL: there is no way to it. */
struct route {
	const char *to, *from;
	struct fdg_sort_source with; /* but for ip */
};

static const struct route *routes;
static unsigned asked;

static bool ask(void *cookie, const struct fdg_ip *to, struct fdg_sort_source *ret)
{
	(void)cookie;
	asked++;
	for (const struct route *r = routes; r->to; r++) {
		struct fdg_ip ip = ip_of(r->to);

		if (memcmp(&ip, to, sizeof(ip)) != 0)
			continue;
		if (!r->from)
			return false;
		*ret = r->with;
		ret->ip = ip_of(r->from);
		return true;
	}
	fail_msg("%s is in no route", shown(to));
	return false;
}

/* The order of the routes' destinations, as digits. */
static const char *sorted(const struct route *these, const char *conf_text)
{
	static char digits[MAX + 1];
	struct fdg_sort_item items[MAX];
	struct fdg_gaiconf conf;
	unsigned order[2 * MAX], n = 0;

	fdg_gaiconf_parse(text_of(conf_text), &conf);
	asked = 0;
	for (routes = these; these[n].to; n++)
		items[n].to = ip_of(these[n].to);
	fdg_sort(&conf, items, order, n, ask, NULL);
	for (unsigned i = 0; i < n; i++)
		digits[i] = (char)('0' + order[i]);
	digits[n] = '\0';
	return digits;
}

#define ORDER(conf, ...) sorted((const struct route[]){ __VA_ARGS__, { .to = NULL } }, (conf))

static void each_rule_counts(void **state)
{
	(void)state;
	/* 1: what cannot be reached is last */
	assert_string_equal(ORDER("", { "2001:db8::1", NULL, {} }, { "1.2.3.4", "10.0.0.1", {} }), "10");
	/* 2: matching scope */
	assert_string_equal(ORDER("", { "2001:db8::1", "fe80::2", {} }, { "2001:db8::2", "2001:db8::3", {} }), "10");
	/* 3: deprecated */
	assert_string_equal(ORDER("", { "2001:db8::1", "2001:db8::2", { .deprecated = true } }, { "2001:db8::3", "2001:db8::2", {} }), "10");
	/* 4: home */
	assert_string_equal(ORDER("", { "2001:db8::1", "2001:db8::2", {} }, { "2001:db8::3", "2001:db8::2", { .home = true } }), "10");
	/* 5: matching label: not from 6to4 */
	assert_string_equal(ORDER("", { "2001:db8::1", "2002::1", {} }, { "1.2.3.4", "10.0.0.1", {} }), "10");
	/* 6: precedence */
	assert_string_equal(ORDER("", { "1.2.3.4", "10.0.0.1", {} }, { "2001:db8::1", "2001:db8::2", {} }), "10");
	assert_string_equal(ORDER("precedence ::ffff:0:0/96 100", { "1.2.3.4", "10.0.0.1", {} }, { "2001:db8::1", "2001:db8::2", {} }), "01");
	/* 7: native transport, unless it is one interface */
	assert_string_equal(ORDER("", { "2001:db8::3", "2001:db8::2", { .tunnel = true } }, { "2001:db8::1", "2001:db8::2", { .interface = 1 } }), "10");
	assert_string_equal(ORDER("", { "2001:db8::3", "2001:db8::2", { .tunnel = true } }, { "2001:db8::1", "2001:db8::2", {} }), "01");
	/* 8: smaller scope */
	assert_string_equal(ORDER("", { "2001:db8::1", "2001:db8::2", {} }, { "fe80::1", "fe80::2", {} }), "10");
	/* 9: common prefix */
	assert_string_equal(ORDER("", { "2001:db8:2::1", "2001:db8::2", {} }, { "2001:db8::1", "2001:db8::2", {} }), "10");
	assert_string_equal(ORDER("", { "10.0.0.1", "10.0.0.9", { .prefix_len = 24 } }, { "10.0.0.8", "10.0.0.9", { .prefix_len = 24 } }), "10");
	assert_string_equal(ORDER("", { "10.0.1.1", "10.0.0.9", { .prefix_len = 24 } }, { "10.0.2.8", "10.0.0.9", { .prefix_len = 24 } }), "01");
	assert_string_equal(ORDER("", { "10.0.0.1", "10.0.0.9", {} }, { "10.0.0.8", "10.0.0.9", {} }), "01");
	/* 10: as they came */
	assert_string_equal(ORDER("", { "1.1.1.1", "9.9.9.9", {} }, { "1.1.1.2", "9.9.9.9", {} }, { "1.1.1.3", "9.9.9.9", {} }), "012");
}

static void equal_neighbours_are_asked_once(void **state)
{
	(void)state;
	assert_string_equal(ORDER("", { "1.1.1.1", "9.9.9.9", {} }, { "1.1.1.1", "9.9.9.9", {} }, { "1.1.1.2", "9.9.9.9", {} }), "012");
	assert_int_equal(asked, 2);
}

static void one_and_none_are_orders_too(void **state)
{
	struct fdg_gaiconf conf;

	(void)state;
	assert_string_equal(ORDER("", { "1.1.1.1", NULL, {} }), "0");
	fdg_gaiconf_parse(text_of(""), &conf);
	fdg_sort(&conf, NULL, NULL, 0, ask, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_rule_counts),
		cmocka_unit_test(equal_neighbours_are_asked_once),
		cmocka_unit_test(one_and_none_are_orders_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
