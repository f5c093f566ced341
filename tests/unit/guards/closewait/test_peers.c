// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guards/closewait/peers.h"
#include "options/options.h"

#define ROOM 16u

static struct fdg_peer told[ROOM];
static unsigned tolds;

static int begin(void **state)
{
	(void)state;
	fdg_options_defaults(&fdg_options);
	fdg_options.metrics = "/x";
	fdg_peers_forked();
	return 0;
}

/* A datagram socket has a peer without anybody there. */
static int to(const char *host, uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, host, &a.sin_addr);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static void add(const char *host, uint16_t port, bool accepted, unsigned times)
{
	int fd = to(host, port);

	for (unsigned i = 0; i < times; i++)
		fdg_peers_add(fd, accepted);
	close(fd);
}

static int64_t tell(void)
{
	return fdg_peers_tell(told, ROOM, &tolds);
}

static const char *name(unsigned i)
{
	static char text[80];
	struct fdg_buf b = FDG_BUF(text);

	fdg_peer_put(&b, &told[i]);
	return text;
}

static void before_a_sweep_nothing_is_known(void **state)
{
	(void)state;
	assert_int_equal(tell(), -1);
	fdg_peers_begin();
	add("127.0.0.1", 80, false, 1);
	assert_int_equal(tell(), -1);
	fdg_peers_end();
	assert_int_equal(tell(), 1);
	assert_int_equal(tolds, 1);
}

static void who_has_most_comes_first(void **state)
{
	(void)state;
	fdg_peers_begin();
	add("127.0.0.1", 80, false, 2);
	add("127.0.0.2", 80, false, 5);
	add("127.0.0.1", 81, false, 3);
	fdg_peers_end();
	assert_int_equal(tell(), 10);
	assert_int_equal(tolds, 3);
	assert_string_equal(name(0), "127.0.0.2:80");
	assert_string_equal(name(1), "127.0.0.1:81");
	assert_int_equal(told[2].count, 2);
}

static void accepted_ones_are_of_a_host(void **state)
{
	(void)state;
	fdg_peers_begin();
	add("127.0.0.1", 80, true, 1);
	add("127.0.0.1", 81, true, 1);
	add("127.0.0.1", 81, false, 1);
	fdg_peers_end();
	assert_int_equal(tell(), 3);
	assert_int_equal(tolds, 2);
	assert_string_equal(name(0), "127.0.0.1:*");
	assert_int_equal(told[0].count, 2);
	assert_string_equal(name(1), "127.0.0.1:81");
}

static void of_many_those_that_have_most_are_named(void **state)
{
	unsigned sum = 0;
	char host[32];

	(void)state;
	fdg_peers_begin();
	for (unsigned i = 1; i <= 2000; i++) {
		snprintf(host, sizeof(host), "127.1.%u.%u", i / 200, i % 200 + 1);
		add(host, 80, false, i == 100 ? 7 : 1);
	}
	fdg_peers_end();
	assert_int_equal(tell(), 2006);
	assert_int_equal(tolds, ROOM);
	assert_int_equal(told[0].count, 7);
	for (unsigned i = 0; i < tolds; i++)
		sum += told[i].count;
	assert_int_equal(sum, 7 + ROOM - 1);
}

static void who_is_gone_is_told_of_once_more(void **state)
{
	(void)state;
	fdg_peers_begin();
	add("127.0.0.1", 80, false, 2);
	add("127.0.0.2", 80, false, 1);
	fdg_peers_end();
	tell();
	fdg_peers_begin();
	add("127.0.0.2", 80, false, 1);
	fdg_peers_end();
	assert_int_equal(tell(), 1);
	assert_int_equal(tolds, 2);
	assert_string_equal(name(1), "127.0.0.1:80");
	assert_int_equal(told[1].count, 0);
	assert_int_equal(tell(), 1);
	assert_int_equal(tolds, 1);
}

static void without_the_option_nothing_is_counted(void **state)
{
	(void)state;
	fdg_options.metrics = "";
	fdg_peers_begin();
	add("127.0.0.1", 80, false, 2);
	fdg_peers_end();
	assert_int_equal(tell(), -1);
}

static void an_address_of_ipv6_is_in_brackets(void **state)
{
	struct fdg_peer p = { .address = { 0x20, 0x01, 0x0d, 0xb8, [15] = 7 }, .port = 80 };

	(void)state;
	told[0] = p;
	assert_string_equal(name(0), "[2001:db8::7]:80");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(before_a_sweep_nothing_is_known, begin), cmocka_unit_test_setup(who_has_most_comes_first, begin),
		cmocka_unit_test_setup(accepted_ones_are_of_a_host, begin),     cmocka_unit_test_setup(of_many_those_that_have_most_are_named, begin),
		cmocka_unit_test_setup(who_is_gone_is_told_of_once_more, begin), cmocka_unit_test_setup(without_the_option_nothing_is_counted, begin),
		cmocka_unit_test_setup(an_address_of_ipv6_is_in_brackets, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
