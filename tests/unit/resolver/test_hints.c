// SPDX-License-Identifier: MIT
#include "common.h"

#include "resolver/hints.h"

/* libc is compared with in tests/resolver/differential.c; this is what can be said without it. */
static struct fdg_hints read_all(const char *node, const char *service, int flags, int socktype, int protocol, int want)
{
	struct addrinfo hints = { .ai_flags = flags, .ai_socktype = socktype, .ai_protocol = protocol };
	struct fdg_services services;
	struct fdg_hints h;
	int error;

	assert_int_equal(fdg_services_parse(text_of("http 80/tcp www\nboth 7/tcp\nboth 7/udp\n"), &services), 0);
	error = fdg_hints_read(node, service, &hints, &h);
	if (!error)
		error = fdg_hints_kinds(&h, &services);
	assert_int_equal(error, want);
	fdg_services_free(&services);
	return h;
}

static void what_makes_no_sense_is_refused(void **state)
{
	struct addrinfo family = { .ai_family = AF_UNIX };
	struct fdg_hints h;

	(void)state;
	read_all(NULL, NULL, 0, 0, 0, EAI_NONAME);
	read_all("*", "*", 0, 0, 0, EAI_NONAME);
	read_all("x", NULL, 0x4000, 0, 0, EAI_BADFLAGS);
	read_all(NULL, "80", AI_CANONNAME, 0, 0, EAI_BADFLAGS);
	read_all("x", NULL, 0, 77, 0, EAI_SOCKTYPE);
	read_all("x", NULL, 0, SOCK_STREAM, IPPROTO_UDP, EAI_SOCKTYPE);
	read_all("x", "80", 0, SOCK_RAW, 0, EAI_SERVICE);
	read_all("x", "nosuch", 0, 0, 0, EAI_SERVICE);
	read_all("x", "http", 0, SOCK_DGRAM, 0, EAI_SERVICE);
	read_all("x", "http", AI_NUMERICSERV, 0, 0, EAI_NONAME);
	read_all("\xc3\xb6", NULL, AI_IDN, 0, 0, FDG_HINTS_NOT_OURS);
	assert_int_equal(fdg_hints_read("x", NULL, &family, &h), EAI_FAMILY);
}

static void sockets_come_in_libcs_order(void **state)
{
	struct fdg_hints h = read_all("x", "80", 0, 0, 0, 0);

	(void)state;
	assert_int_equal(h.kind_count, 3);
	assert_int_equal(h.kind[0].socktype, SOCK_STREAM);
	assert_int_equal(h.kind[1].protocol, IPPROTO_UDP);
	assert_int_equal(h.kind[2].socktype, SOCK_RAW);
	assert_int_equal(h.kind[2].port, 80);
	h = read_all("x", "both", 0, 0, 0, 0);
	assert_int_equal(h.kind_count, 2);
	h = read_all("x", "www", 0, 0, 0, 0);
	assert_int_equal(h.kind_count, 1);
	assert_int_equal(h.kind[0].port, 80);
	h = read_all("x", NULL, 0, SOCK_RAW, 99, 0);
	assert_int_equal(h.kind[0].protocol, 99);
	h = read_all("x", "", 0, SOCK_STREAM, IPPROTO_SCTP, 0);
	assert_int_equal(h.kind[0].protocol, IPPROTO_SCTP);
}

static void no_hints_are_hints_too(void **state)
{
	struct fdg_hints h;

	(void)state;
	assert_int_equal(fdg_hints_read("x", NULL, NULL, &h), 0);
	assert_int_equal(h.flags, AI_V4MAPPED | AI_ADDRCONFIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_makes_no_sense_is_refused),
		cmocka_unit_test(sockets_come_in_libcs_order),
		cmocka_unit_test(no_hints_are_hints_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
