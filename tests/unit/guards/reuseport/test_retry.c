// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "guards/reuseport/retry.h"
#include "ledger/watch.h"
#include "options/options.h"

static int setup(void **state)
{
	(void)state;
	fdg_options.connect_retry = 12;
	return 0;
}

static int pause_of(int fd, int error)
{
	struct fdg_retry t;

	fdg_retry_begin(&t, fd);
	return fdg_retry_pause(&t, fd, error);
}

static void errors(void **state)
{
	static const int others[] = { ETIMEDOUT, EINTR, EINPROGRESS, EALREADY, EISCONN, EHOSTUNREACH, ENETUNREACH, EADDRNOTAVAIL, EBADF, ECONNABORTED, EPERM, EAGAIN };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	(void)state;
	assert_int_equal(pause_of(fd, ECONNREFUSED), 1);
	assert_int_equal(pause_of(fd, ECONNRESET), 1);
	for (unsigned i = 0; i < sizeof(others) / sizeof(*others); i++)
		assert_int_equal(pause_of(fd, others[i]), -1);
	close(fd);
}

static void pauses(void **state)
{
	static const int want[] = { 1, 2, 4, 8, 16, 32, 64, 128, 128, 128, 128, 128, -1 };
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	struct fdg_retry t;

	(void)state;
	fdg_retry_begin(&t, fd);
	for (unsigned i = 0; i < sizeof(want) / sizeof(*want); i++)
		assert_int_equal(fdg_retry_pause(&t, fd, ECONNREFUSED), want[i]);
	fdg_retry_begin(&t, fd);
	assert_int_equal(fdg_retry_pause(&t, fd, ECONNREFUSED), 1);
	t.begun -= INT64_C(1990000000);
	assert_int_equal(fdg_retry_pause(&t, fd, ECONNREFUSED), 2);
	t.begun -= INT64_C(10000000);
	assert_int_equal(fdg_retry_pause(&t, fd, ECONNREFUSED), -1); /* 2 s are over */
	close(fd);
}

static void send_timeout(void **state)
{
	struct timeval t = { 0, 50000 };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct fdg_retry r;

	(void)state;
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t)), 0);
	fdg_retry_begin(&r, fd);
	r.begun -= INT64_C(60000000);
	assert_int_equal(fdg_retry_pause(&r, fd, ECONNREFUSED), -1);
	t = (struct timeval){ 3, 0 };
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t)), 0);
	fdg_retry_begin(&r, fd);
	r.begun -= INT64_C(1000000000);
	assert_int_equal(fdg_retry_pause(&r, fd, ECONNREFUSED), 1);
	r.begun -= INT64_C(1000000000);
	assert_int_equal(fdg_retry_pause(&r, fd, ECONNREFUSED), -1);
	close(fd);
}

static void others(void **state)
{
	int udp = socket(AF_INET, SOCK_DGRAM, 0), local = socket(AF_UNIX, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), pipes[2];

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(pause_of(udp, ECONNREFUSED), -1);
	assert_int_equal(pause_of(local, ECONNREFUSED), -1);
	assert_int_equal(pause_of(pipes[0], ECONNREFUSED), -1);
	assert_int_equal(pause_of(-1, ECONNREFUSED), -1);
	assert_int_equal(pause_of(fd, ECONNREFUSED), -1);
	fdg_watch_change(fd, FDG_WATCH_BLOCKS, 0); /* the program was told that it blocks */
	assert_int_equal(pause_of(fd, ECONNREFUSED), 1);
	fdg_watch_change(fd, 0, FDG_WATCH_BLOCKS);
	close(udp);
	close(local);
	close(fd);
	close(pipes[0]);
	close(pipes[1]);
}

static int bound_to(uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static void bound(void **state)
{
	int by_chance = bound_to(0), own = bound_to(1999);

	(void)state;
	assert_int_equal(pause_of(by_chance, ECONNREFUSED), -1);
	assert_int_equal(pause_of(own, ECONNREFUSED), 1);
	close(by_chance);
	close(own);
}

static void same(void **state)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), other = socket(AF_INET, SOCK_STREAM, 0);
	struct fdg_retry t;

	(void)state;
	fdg_retry_begin(&t, fd);
	assert_int_equal(fdg_retry_pause(&t, fd, ECONNREFUSED), 1);
	assert_true(fdg_retry_may(&t, fd));
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	assert_false(fdg_retry_may(&t, fd));
	assert_int_equal(fcntl(fd, F_SETFL, 0), 0);
	assert_int_equal(dup2(other, fd), fd);
	assert_false(fdg_retry_may(&t, fd));
	close(fd);
	assert_false(fdg_retry_may(&t, fd));
	close(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors), cmocka_unit_test(pauses), cmocka_unit_test(send_timeout), cmocka_unit_test(others), cmocka_unit_test(bound), cmocka_unit_test(same),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
