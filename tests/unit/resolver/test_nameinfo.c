// SPDX-License-Identifier: MIT
#include "common.h"

#include "resolver/nameinfo.h"

#include <netdb.h>

static int check(const char *text, socklen_t len, int flags, struct fdg_ip *ip, uint16_t *port)
{
	struct fdg_ip of = ip_of(text);
	struct sockaddr_storage a;
	socklen_t whole = fdg_ip_to_socket(&of, 80, &a);

	return fdg_nameinfo_check((const struct sockaddr *)&a, len ? len : whole, flags, ip, port);
}

static void arguments_are_looked_at(void **state)
{
	struct sockaddr local = { .sa_family = AF_UNIX }, other = { .sa_family = 99 };
	struct fdg_ip ip;
	uint16_t port;

	(void)state;
	assert_int_equal(check("192.0.2.1", 0, 0, &ip, &port), 0);
	assert_string_equal(shown(&ip), "192.0.2.1");
	assert_int_equal(port, 80);
	assert_int_equal(check("2001:db8::1", 0, NI_DGRAM, &ip, &port), 0);
	assert_string_equal(shown(&ip), "2001:db8::1");
	assert_int_equal(check("192.0.2.1", 15, 0, &ip, &port), EAI_FAMILY);
	assert_int_equal(check("2001:db8::1", 16, 0, &ip, &port), EAI_FAMILY);
	assert_int_equal(check("192.0.2.1", 0, 0x1000, &ip, &port), EAI_BADFLAGS);
	assert_int_equal(check("192.0.2.1", 0, NI_NOFQDN, &ip, &port), FDG_NAMEINFO_NOT_OURS);
	assert_int_equal(fdg_nameinfo_check(NULL, 0, 0, &ip, &port), EAI_FAMILY);
	assert_int_equal(fdg_nameinfo_check(&local, sizeof(local), 0, &ip, &port), FDG_NAMEINFO_NOT_OURS);
	assert_int_equal(fdg_nameinfo_check(&other, sizeof(other), 0, &ip, &port), EAI_FAMILY);
}

static void numbers_have_scopes(void **state)
{
	char text[FDG_NAMEINFO_HOST];
	struct fdg_ip ip = ip_of("fe80::1");

	(void)state;
	ip.scope = fdg_world_interface("lo");
	fdg_nameinfo_number(&ip, text);
	assert_string_equal(text, ip.scope ? "fe80::1%lo" : "fe80::1");
	ip.scope = 4000000000u;
	fdg_nameinfo_number(&ip, text);
	assert_string_equal(text, "fe80::1%4000000000");
	ip = ip_of("2001:db8::1");
	ip.scope = 1;
	fdg_nameinfo_number(&ip, text);
	assert_string_equal(text, "2001:db8::1%1");
}

static void ports_that_are_wanted_as_numbers_are(void **state)
{
	struct fdg_world w = { .believe_ms = 0 };
	char text[FDG_NAMEINFO_SERVICE];

	(void)state;
	assert_true(fdg_nameinfo_service(&w, 65535, NI_NUMERICSERV, 1, text));
	assert_string_equal(text, "65535");
	assert_int_equal(w.looked[FDG_WORLD_SERVICES], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arguments_are_looked_at),
		cmocka_unit_test(numbers_have_scopes),
		cmocka_unit_test(ports_that_are_wanted_as_numbers_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
