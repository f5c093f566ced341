// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdatomic.h>

#include "base/state.h"
#include "guards/closewait/cure.h"
#include "guards/closewait/keepalive.h"
#include "ledger/ledger.h"
#include "tcp_common.h"

static int begin(void **state)
{
	(void)state;
	atomic_store(&fdg_phase, FDG_ACTIVE);
	fdg_options_defaults(&fdg_options);
	fdg_options.keepalive = (struct fdg_keepalive){ true, 70, 20, 3 };
	return 0;
}

static int get(int fd, int level, int name)
{
	int value = -1;
	socklen_t n = sizeof(value);

	assert_int_equal(getsockopt(fd, level, name, &value, &n), 0);
	return value;
}

static void set(int fd, int level, int name, int value)
{
	assert_int_equal(setsockopt(fd, level, name, &value, sizeof(value)), 0);
	fdg_keepalive_noted(fd, level, name, &value);
}

static void has(int fd, int on, int idle, int interval, int count)
{
	assert_int_equal(get(fd, SOL_SOCKET, SO_KEEPALIVE), on);
	assert_int_equal(get(fd, IPPROTO_TCP, TCP_KEEPIDLE), idle);
	assert_int_equal(get(fd, IPPROTO_TCP, TCP_KEEPINTVL), interval);
	assert_int_equal(get(fd, IPPROTO_TCP, TCP_KEEPCNT), count);
}

static int made(int domain, int type, int protocol)
{
	int fd = socket(domain, type, protocol);

	assert_true(fd >= 0);
	errno = 77;
	fdg_keepalive_socket(fd, domain, type);
	assert_int_equal(errno, 77);
	return fd;
}

static void tcp_alone(void **state)
{
	int four = made(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), six = made(AF_INET6, SOCK_STREAM, IPPROTO_TCP);
	int udp = made(AF_INET, SOCK_DGRAM, 0), local = made(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	has(four, 1, 70, 20, 3);
	has(six, 1, 70, 20, 3);
	assert_int_equal(get(udp, SOL_SOCKET, SO_KEEPALIVE), 0);
	assert_int_equal(get(local, SOL_SOCKET, SO_KEEPALIVE), 0);
	close(four);
	close(six);
	close(udp);
	close(local);
}

static void mptcp_is_left_alone(void **state)
{
	int fd = socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP);

	(void)state;
	if (fd < 0) {
		assert_true(errno == EPROTONOSUPPORT || errno == ENOPROTOOPT); /* a kernel without it */
		return;
	}
	fdg_keepalive_socket(fd, AF_INET, SOCK_STREAM);
	assert_int_equal(get(fd, SOL_SOCKET, SO_KEEPALIVE), 0);
	close(fd);
}

static void with_the_systems_timers(void **state)
{
	int plain = socket(AF_INET, SOCK_STREAM, 0), fd;

	(void)state;
	fdg_options.keepalive = (struct fdg_keepalive){ .on = true };
	fd = made(AF_INET, SOCK_STREAM, 0);
	has(fd, 1, get(plain, IPPROTO_TCP, TCP_KEEPIDLE), get(plain, IPPROTO_TCP, TCP_KEEPINTVL), get(plain, IPPROTO_TCP, TCP_KEEPCNT));
	assert_int_equal(get(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 0);
	close(plain);
	close(fd);
}

static void the_timeout_alone(void **state)
{
	int fd;

	(void)state;
	fdg_options.keepalive = (struct fdg_keepalive){ 0 };
	fdg_options.keepalive_user_timeout_ms = 9000;
	fd = made(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(get(fd, SOL_SOCKET, SO_KEEPALIVE), 0);
	assert_int_equal(get(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 9000);
	close(fd);
	fdg_options.keepalive_user_timeout_ms = FDG_DURATION_MAX;
	fd = made(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(get(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), INT32_MAX);
	close(fd);
}

static void nothing_where_it_is_off(void **state)
{
	int fd;

	(void)state;
	fdg_options.keepalive = (struct fdg_keepalive){ 0 };
	fd = made(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(get(fd, SOL_SOCKET, SO_KEEPALIVE), 0);
	fdg_keepalive_arrived(fd);
	assert_int_equal(get(fd, SOL_SOCKET, SO_KEEPALIVE), 0);
	close(fd);
}

static void arrived(void **state)
{
	int plain = socket(AF_INET, SOCK_STREAM, 0), chosen = socket(AF_INET, SOCK_STREAM, 0), refused = socket(AF_INET, SOCK_STREAM, 0), ends[2];

	(void)state;
	set(chosen, SOL_SOCKET, SO_KEEPALIVE, 1);
	set(refused, SOL_SOCKET, SO_KEEPALIVE, 0);
	fdg_keepalive_arrived(plain);
	fdg_keepalive_arrived(chosen);
	fdg_keepalive_arrived(refused);
	has(plain, 1, 70, 20, 3);
	assert_int_equal(get(chosen, IPPROTO_TCP, TCP_KEEPIDLE), get(refused, IPPROTO_TCP, TCP_KEEPIDLE));
	assert_int_equal(get(refused, SOL_SOCKET, SO_KEEPALIVE), 0);
	assert_int_equal(pipe(ends), 0);
	fdg_keepalive_arrived(ends[0]);
	set(refused, SOL_SOCKET, SO_KEEPALIVE, 1);
	assert_false(fdg_keepalive_is_off(fdg_cure_cookie(refused)));
	close(plain);
	close(chosen);
	close(refused);
	close(ends[0]);
	close(ends[1]);
}

/* The peer had been waiting before the listener was ours. */
static void accepted_from_what_was_made_elsewhere(void **state)
{
	struct tcp_pair ours = tcp_pair(), before = tcp_pair(), off = tcp_pair();
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	(void)state;
	fdg_ledger_learn(listener, fdg_kindword_of(FDG_KIND_SOCKET, AF_INET, SOCK_STREAM), 0, NULL);
	fdg_keepalive_arrived(listener);
	fdg_keepalive_accepted(listener, ours.there);
	assert_int_equal(get(ours.there, SOL_SOCKET, SO_KEEPALIVE), 0); /* the kernel has given it what the listener has */
	fdg_ledger_learn(listener, fdg_kindword_of(FDG_KIND_SOCKET, AF_INET, SOCK_STREAM), FDG_INHERITED, NULL);
	fdg_ledger_flag(listener, FDG_PASSED, 0);
	fdg_keepalive_accepted(listener, before.there);
	has(before.there, 1, 70, 20, 3);
	set(listener, SOL_SOCKET, SO_KEEPALIVE, 0);
	fdg_keepalive_accepted(listener, off.there);
	assert_int_equal(get(off.there, SOL_SOCKET, SO_KEEPALIVE), 0);
	close(listener);
	for (int i = 0; i < 3; i++) {
		struct tcp_pair p = i == 0 ? ours : i == 1 ? before : off;

		close(p.here);
		close(p.there);
	}
}

static void nothing_is_noted_in_foreign_memory(void **state)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	(void)state;
	fdg_vfork_depth++;
	set(fd, SOL_SOCKET, SO_KEEPALIVE, 0);
	fdg_vfork_depth--;
	assert_false(fdg_keepalive_is_off(fdg_cure_cookie(fd)));
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(tcp_alone, begin),
		cmocka_unit_test_setup(mptcp_is_left_alone, begin),
		cmocka_unit_test_setup(with_the_systems_timers, begin),
		cmocka_unit_test_setup(the_timeout_alone, begin),
		cmocka_unit_test_setup(nothing_where_it_is_off, begin),
		cmocka_unit_test_setup(arrived, begin),
		cmocka_unit_test_setup(accepted_from_what_was_made_elsewhere, begin),
		cmocka_unit_test_setup(nothing_is_noted_in_foreign_memory, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
