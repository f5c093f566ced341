// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "guards/nonblock/lookup.h"
#include "guards/nonblock/stall.h"
#include "options/options.h"

static struct fdg_stall_lookup lookup;

static const char *of_name(const char *name)
{
	lookup.asked[0] = '\0';
	fdg_stall_lookup_name(&lookup, name);
	return lookup.asked;
}

static const char *of_address(int family, const void *address, socklen_t len)
{
	lookup.asked[0] = '\0';
	fdg_stall_lookup_address(&lookup, family, address, len);
	return lookup.asked;
}

static const char *of_peer(const void *peer, socklen_t len)
{
	lookup.asked[0] = '\0';
	fdg_stall_lookup_peer(&lookup, peer, len);
	return lookup.asked;
}

static void names(void **state)
{
	char name[300], *end;

	(void)state;
	assert_string_equal(of_name("db.example"), "db.example");
	assert_string_equal(of_name(NULL), "");
	assert_string_equal(of_name(""), "");
	assert_string_equal(of_name("a\033[31m\n\377b"), "a\\x1b[31m\\x0a\\xffb"); /* nothing that a terminal would obey */
	memset(name, 'n', sizeof(name));
	name[96] = '\0';
	assert_string_equal(of_name(name), name);
	name[96] = 'n';
	name[sizeof(name) - 1] = '\0';
	end = strstr(of_name(name), "…");
	assert_ptr_equal(end, lookup.asked + 96);
	memset(name, '\001', sizeof(name) - 1); /* each takes four bytes of the room */
	end = strstr(of_name(name), "\\x01…");
	assert_non_null(end);
	assert_true(end + strlen(end) < lookup.asked + sizeof(lookup.asked));
}

static void addresses(void **state)
{
	struct in6_addr six;
	struct in_addr four;

	(void)state;
	inet_pton(AF_INET, "192.0.2.7", &four);
	inet_pton(AF_INET6, "2001:db8::7", &six);
	assert_string_equal(of_address(AF_INET, &four, sizeof(four)), "192.0.2.7");
	assert_string_equal(of_address(AF_INET6, &six, sizeof(six)), "2001:db8::7");
	inet_pton(AF_INET6, "::", &six);
	assert_string_equal(of_address(AF_INET6, &six, sizeof(six)), "::");
	assert_string_equal(of_address(AF_INET, &four, 3), ""); /* libc refuses these, and looks no further */
	assert_string_equal(of_address(AF_INET6, &four, sizeof(four)), "");
	assert_string_equal(of_address(AF_UNIX, &six, sizeof(six)), "");
	assert_string_equal(of_address(AF_INET, NULL, sizeof(four)), "");
}

static void peers(void **state)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(53) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };

	(void)state;
	inet_pton(AF_INET, "192.0.2.7", &in.sin_addr);
	inet_pton(AF_INET6, "fe80::1", &in6.sin6_addr);
	assert_string_equal(of_peer(&in, sizeof(in)), "192.0.2.7");
	assert_string_equal(of_peer(&in6, sizeof(in6)), "fe80::1");
	assert_string_equal(of_peer(&in6, sizeof(in)), "");
	assert_string_equal(of_peer(&in, 2), "");
	assert_string_equal(of_peer(NULL, 0), "");
}

static void only_threads_with_a_loop_are_timed(void **state)
{
	(void)state;
	fdg_options.nonblock = FDG_REPORT;
	assert_false(fdg_stall_lookup_begin(&lookup));
	fdg_has_loop = true;
	strcpy(lookup.asked, "left over");
	assert_true(fdg_stall_lookup_begin(&lookup));
	assert_string_equal(lookup.asked, "");
	fdg_options.nonblock = FDG_OFF;
	assert_false(fdg_stall_lookup_begin(&lookup));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		cmocka_unit_test(addresses),
		cmocka_unit_test(peers),
		cmocka_unit_test(only_threads_with_a_loop_are_timed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
