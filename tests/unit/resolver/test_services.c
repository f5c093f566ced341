// SPDX-License-Identifier: MIT
#include "resolver/services.h"

#include "common.h"

static struct fdg_services services;

static int setup(void **state)
{
	(void)state;
	return fdg_services_parse(text_of("# comment\nhttp\t80/tcp www # web\nhttp 8080/udp\nnoslash 7\nbad 80x/tcp\nnone\nblank 9/ tcp\n"
					  "wrap 65616/tcp\nhuge 99999999999/tcp\nminus -1/tcp\nlast 1/sctp"), &services);
}

static int teardown(void **state)
{
	(void)state;
	fdg_services_free(&services);
	return 0;
}

/* -1: there is none. */
static int port_of(const char *name, const char *protocol)
{
	uint16_t port;

	return fdg_services_port(&services, name, protocol, &port) ? port : -1;
}

static void names_and_aliases_have_ports(void **state)
{
	(void)state;
	assert_int_equal(port_of("http", NULL), 80);
	assert_int_equal(port_of("http", "tcp"), 80);
	assert_int_equal(port_of("http", "udp"), 8080);
	assert_int_equal(port_of("www", "tcp"), 80);
	assert_int_equal(port_of("www", "udp"), -1);
	assert_int_equal(port_of("HTTP", "tcp"), -1);
	assert_int_equal(port_of("last", "sctp"), 1);
	assert_int_equal(port_of("bad", NULL), -1);
	assert_int_equal(port_of("none", NULL), -1);
	assert_int_equal(port_of("noslash", NULL), 7);
	assert_int_equal(port_of("noslash", ""), 7);
	assert_int_equal(port_of("blank", ""), 9);
	assert_int_equal(port_of("wrap", "tcp"), 80);
	assert_int_equal(port_of("huge", "tcp"), -1);
	assert_int_equal(port_of("minus", "tcp"), -1);
}

static void ports_have_names(void **state)
{
	(void)state;
	assert_string_equal(fdg_services_name(&services, 80, NULL), "http");
	assert_string_equal(fdg_services_name(&services, 8080, "udp"), "http");
	assert_null(fdg_services_name(&services, 8080, "tcp"));
	assert_null(fdg_services_name(&services, 81, NULL));
}

static int number_of(const char *text)
{
	uint16_t port;

	return fdg_services_number(text, &port) ? port : -1;
}

static void numbers_are_read_as_strtoul_does(void **state)
{
	(void)state;
	assert_int_equal(number_of("80"), 80);
	assert_int_equal(number_of(" 80"), 80);
	assert_int_equal(number_of("+80"), 80);
	assert_int_equal(number_of("080"), 80);
	assert_int_equal(number_of(""), 0);
	assert_int_equal(number_of("65536"), 0);
	assert_int_equal(number_of("4294967376"), 80);
	assert_int_equal(number_of("-1"), -1);
	assert_int_equal(number_of("0x50"), -1);
	assert_int_equal(number_of("80x"), -1);
	assert_int_equal(number_of("http"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_aliases_have_ports),
		cmocka_unit_test(ports_have_names),
		cmocka_unit_test(numbers_are_read_as_strtoul_does),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
