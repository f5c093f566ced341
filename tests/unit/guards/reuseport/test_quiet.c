// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <linux/filter.h>

#include "guards/reuseport/quiet.h"
#include "reuseport_common.h"

static int setup(void **state)
{
	(void)state;
	fdg_options_defaults(&fdg_options);
	atomic_store(&fdg_phase, FDG_ACTIVE);
	new_group(AF_INET);
	return 0;
}

static int connected(void)
{
	int fd = socket(address.sin6_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&address, address_len), 0);
	return fd;
}

/* The client is told that it is connected, and nothing arrives; what it sends later does. It is quiet for 20 ms, so a slow machine may miss it, now and then. */
static bool was_quiet(void)
{
	int fd = member(), peer;
	struct pollfd p = { fd, POLLIN, 0 };
	bool quiet;

	assert_true(fdg_quiet(fd));
	peer = connected();
	quiet = queued(fd) == 0;
	assert_int_equal(write(peer, "x", 1), 1);
	assert_int_equal(poll(&p, 1, 30000), 1); /* it ends by itself */
	assert_int_equal(queued(fd), 1);
	close(peer);
	closes(fd);
	return quiet;
}

static void no_handshake_ends(void **state)
{
	int tries = 0;

	(void)state;
	while (!was_quiet())
		assert_true(++tries < 50);
	new_group(AF_INET6);
	for (tries = 0; !was_quiet(); tries++)
		assert_true(tries < 50);
}

static void ended(void **state)
{
	int fd = member(), peer;

	(void)state;
	assert_true(fdg_quiet(fd));
	fdg_quiet_end(fd);
	peer = connected();
	assert_int_equal(queued(fd), 1);
	close(peer);
	closes(fd);
}

static void never_over_a_filter(void **state)
{
	struct sock_filter all[] = { BPF_STMT(BPF_RET | BPF_K, 0xffffffff) };
	struct sock_fprog program = { 1, all };
	int fd = member();

	(void)state;
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)), 0);
	assert_false(fdg_quiet(fd));
	closes(fd);
}

static int as_user(void)
{
	int fd = member();

	return (geteuid() == 0 && seteuid(65534) != 0) || fdg_quiet(fd);
}

static void who_may_not(void **state)
{
	(void)state;
	assert_int_equal(in_child(as_user), 0);
}

int main(void)
{
	const struct CMUnitTest privileged[] = {
		cmocka_unit_test_setup(no_handshake_ends, setup),
		cmocka_unit_test_setup(ended, setup),
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(never_over_a_filter, setup),
		cmocka_unit_test_setup(who_may_not, setup),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	return fdg_migrate_may_load() ? failed + cmocka_run_group_tests(privileged, NULL, NULL) : failed;
}
