// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/address.h"

static char text[256];

static const char *local(int fd)
{
	struct fdg_buf b = FDG_BUF(text);

	return fdg_put_local(&b, fd) ? text : NULL;
}

static const char *peer(int fd)
{
	struct fdg_buf b = FDG_BUF(text);

	return fdg_put_peer(&b, fd) ? text : NULL;
}

static const char *what(int fd)
{
	struct fdg_buf b = FDG_BUF(text);

	fdg_put_what(&b, fd);
	return text;
}

/* A listener on loopback, and what connects to it; *ret_port is the listener's. */
static void connected(int *ret_listener, int *ret_client, unsigned *ret_port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);

	*ret_listener = socket(AF_INET, SOCK_STREAM, 0);
	*ret_client = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(*ret_listener, (struct sockaddr *)&a, len), 0);
	assert_int_equal(listen(*ret_listener, 1), 0);
	assert_int_equal(getsockname(*ret_listener, (struct sockaddr *)&a, &len), 0);
	assert_int_equal(connect(*ret_client, (struct sockaddr *)&a, len), 0);
	*ret_port = ntohs(a.sin_port);
}

static void both_ends_of_a_connection(void **state)
{
	char want[64];
	int listener, client;
	unsigned port;

	(void)state;
	connected(&listener, &client, &port);
	snprintf(want, sizeof(want), "127.0.0.1:%u", port);
	assert_string_equal(local(listener), want);
	assert_string_equal(peer(client), want);
	assert_null(peer(listener));
	assert_string_equal(what(client), "TCP socket");
	close(listener);
	close(client);
}

/* inet_ntop is the judge. The test binds to addresses that this machine need not have. */
static void six_as_inet_ntop_writes_it(void **state)
{
	static const char *const addresses[] = { "::", "::1", "2001:db8::1", "2001:db8:0:1::", "2001:0:0:1:0:0:0:1", "1:2:3:4:5:6:7:8", "1:0:3:4:5:6:7:8",
						 "2001:db8::1:0:0:1" };
	int on = 1;

	(void)state;
	for (size_t i = 0; i < sizeof(addresses) / sizeof(*addresses); i++) {
		struct sockaddr_in6 a = { .sin6_family = AF_INET6 };
		char canonical[INET6_ADDRSTRLEN], want[80];
		int fd = socket(AF_INET6, SOCK_DGRAM, 0);

		if (fd < 0)
			return; /* a machine without IPv6 */
		assert_int_equal(inet_pton(AF_INET6, addresses[i], &a.sin6_addr), 1);
		inet_ntop(AF_INET6, &a.sin6_addr, canonical, sizeof(canonical));
		setsockopt(fd, IPPROTO_IPV6, 78 /* IPV6_FREEBIND */, &on, sizeof(on));
		if (bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0) {
			socklen_t len = sizeof(a);

			getsockname(fd, (struct sockaddr *)&a, &len);
			snprintf(want, sizeof(want), "[%s]:%u", canonical, ntohs(a.sin6_port));
			assert_string_equal(local(fd), want);
		}
		close(fd);
	}
}

static void unix_sockets_by_path_and_by_name(void **state)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), pair[2];

	(void)state;
	memcpy(a.sun_path, "\0fdguard \x1b test", 15);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, offsetof(struct sockaddr_un, sun_path) + 15), 0);
	assert_string_equal(local(fd), "@fdguard \\x1b test");
	close(fd);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_null(peer(pair[0]));
	assert_null(local(pair[0]));
	close(pair[0]);
	close(pair[1]);
}

static void what_it_is(void **state)
{
	char want[64], name[32];
	int fd[2], master, slave;

	(void)state;
	assert_int_equal(pipe(fd), 0);
	assert_string_equal(what(fd[0]), "pipe");
	assert_null(peer(fd[0]));
	close(fd[0]);
	close(fd[1]);
	assert_string_equal(what(fd[0]), "descriptor");
	assert_int_equal(openpty(&master, &slave, name, NULL, NULL), 0);
	snprintf(want, sizeof(want), "terminal %s", name);
	assert_string_equal(what(slave), want);
	close(master);
	close(slave);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_ends_of_a_connection),
		cmocka_unit_test(six_as_inet_ntop_writes_it),
		cmocka_unit_test(unix_sockets_by_path_and_by_name),
		cmocka_unit_test(what_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
