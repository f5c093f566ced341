// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../../harness/reported.h"
#include "guards/reuseport/resize.h"
#include "ledger/ledger.h"

static struct sockaddr_storage where;
static socklen_t len;

static void begin(int family)
{
	memset(&where, 0, sizeof(where));
	where.ss_family = (sa_family_t)family;
	len = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
	if (family == AF_INET)
		((struct sockaddr_in *)&where)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		((struct sockaddr_in6 *)&where)->sin6_addr = in6addr_loopback;
	report();
}

static int join(int type)
{
	int fd = socket(where.ss_family, type | SOCK_CLOEXEC, 0), one = 1;

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)), 0);
	fdg_groups_noted(fd, SOL_SOCKET, SO_REUSEPORT);
	assert_int_equal(bind(fd, (struct sockaddr *)&where, len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&where, &len), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, 8), 0);
	assert_true(fdg_groups_learn(fd));
	fdg_resize_joined(fd, NULL);
	return fd;
}

static void leave(int fd)
{
	struct fdg_group g;

	assert_true(fdg_group_ask(fd, &g));
	fdg_resize_leaving(fd, &g, NULL);
	close(fd);
	fdg_groups_forget(fd);
	fdg_resize_left((unsigned)fd, (unsigned)fd);
}

static bool said(const char *text)
{
	bool is = strstr(report(), text) != NULL;

	if (!is)
		print_error("%s\n", logged);
	return is;
}

static bool silent(void)
{
	return *report() == '\0';
}

static void one_leaves(void **state)
{
	int fd[3];

	(void)state;
	begin(AF_INET6);
	for (int i = 0; i < 3; i++)
		fd[i] = join(SOCK_DGRAM);
	assert_true(silent());
	leave(fd[1]);
	assert_true(said("UDP sockets on [::1]:"));
	assert_non_null(strstr(logged, " went from 3 to 2 members, as "));
	assert_non_null(strstr(logged, "\n  members before: 3\n"));
	leave(fd[0]);
	assert_true(silent()); /* a moment later */
	leave(fd[2]);
	assert_true(silent()); /* the last one */
}

static void time_passes(void **state)
{
	int fd[5];

	(void)state;
	begin(AF_INET);
	fdg_resize_now = 1000;
	for (int i = 0; i < 3; i++)
		fd[i] = join(SOCK_STREAM);
	fdg_resize_now = 2999;
	fd[3] = join(SOCK_STREAM); /* it still starts */
	assert_true(silent());
	fdg_resize_now += 2000;
	fd[4] = join(SOCK_STREAM);
	assert_true(said("listeners on 127.0.0.1:"));
	assert_non_null(strstr(logged, " went from 4 to 5 members, as "));
	fdg_resize_now += 4999;
	leave(fd[4]);
	assert_true(silent());
	fdg_resize_now += 1;
	leave(fd[3]);
	assert_true(said(" went from 4 to 3 members, as "));
	for (int i = 0; i < 3; i++)
		leave(fd[i]);
	fdg_resize_now = 0;
}

static void apart(void **state)
{
	int fd[4];

	(void)state;
	begin(AF_INET);
	fd[0] = join(SOCK_DGRAM);
	fd[1] = join(SOCK_DGRAM);
	begin(AF_INET);
	fd[2] = join(SOCK_DGRAM);
	fd[3] = join(SOCK_DGRAM);
	leave(fd[0]);
	assert_true(said(" from 2 to 1 members"));
	leave(fd[2]);
	assert_true(said(" from 2 to 1 members"));
	leave(fd[1]);
	leave(fd[3]);
}

static void nothing_changed(void **state)
{
	int fd[2], copy;

	(void)state;
	begin(AF_INET);
	fd[0] = join(SOCK_DGRAM);
	fd[1] = join(SOCK_DGRAM);
	copy = dup(fd[0]);
	leave(fd[0]);
	assert_true(silent());
	assert_int_equal(dup2(copy, fd[0]), fd[0]);
	close(copy);
	assert_int_equal(connect(fd[0], (struct sockaddr *)&where, len), 0);
	leave(fd[0]);
	assert_true(silent()); /* it had its one flow */
	leave(fd[1]);
}

static void off(void **state)
{
	int fd[2];

	(void)state;
	begin(AF_INET);
	fd[0] = join(SOCK_DGRAM);
	fd[1] = join(SOCK_DGRAM);
	fdg_options.reuseport = FDG_OFF;
	leave(fd[0]);
	assert_true(silent());
	fdg_options.reuseport = FDG_REPORT;
	fdg_options.level = FDG_LEVEL_WARNING;
	fd[0] = join(SOCK_DGRAM);
	leave(fd[0]);
	assert_true(silent());
	fdg_options.level = FDG_LEVEL_NOTE;
	leave(fd[1]);
}

static void steered(void **state)
{
	int fd[2];

	(void)state;
	fdg_resize_steered();
	begin(AF_INET);
	fd[0] = join(SOCK_DGRAM);
	fd[1] = join(SOCK_DGRAM);
	leave(fd[0]);
	assert_true(silent());
	leave(fd[1]);
}

static int setup(void **state)
{
	(void)state;
	if (begin_reports("/usr/bin/quicd") != 0)
		return -1;
	fdg_options.level = FDG_LEVEL_NOTE;
	fdg_options.reuseport = FDG_REPORT;
	atomic_store(&fdg_phase, FDG_ACTIVE);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_leaves), cmocka_unit_test(time_passes), cmocka_unit_test(apart),
		cmocka_unit_test(nothing_changed), cmocka_unit_test(off), cmocka_unit_test(steered),
	};

	return cmocka_run_group_tests(tests, setup, end_reports);
}
