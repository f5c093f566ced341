// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "reuseport_common.h"

#ifndef SO_DETACH_REUSEPORT_BPF
#define SO_DETACH_REUSEPORT_BPF 68
#endif

/* Does this process have CAP_BPF and CAP_SYS_ADMIN, and no filter? Then what follows must work. */
static bool may_load(void)
{
	unsigned long long caps = 0;
	char line[256];
	int filter = 0;
	FILE *f = fopen("/proc/self/status", "re");

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "CapEff: %llx", &caps) != 1)
			sscanf(line, "Seccomp: %d", &filter);
	fclose(f);
	return caps >> 39 & 1 && caps >> 21 & 1 && !filter;
}

static int setup(void **state)
{
	(void)state;
	fdg_options_defaults(&fdg_options);
	fdg_options.reuseport = FDG_FIX;
	atomic_store(&fdg_phase, FDG_ACTIVE);
	new_group(AF_INET);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (int fd = fdg_groups_next(-1); fd >= 0; fd = fdg_groups_next(fd))
		closes(fd);
	return 0;
}

static struct fdg_group group_of(int fd)
{
	struct fdg_group g;

	assert_true(fdg_group_ask(fd, &g));
	return g;
}

/* A program goes some moments after its group. */
static bool goes(const struct fdg_group *g)
{
	for (int i = 0; i < 10000; i++, usleep(1000))
		if (fdg_migrate_look(g) == 0)
			return true;
	return false;
}

static void the_queue_is_handed_over(void **state)
{
	struct fdg_group g;
	int fd[4], was, rest = 0;

	(void)state;
	for (int i = 0; i < 4; i++)
		fd[i] = member();
	g = group_of(fd[0]);
	assert_true(fdg_migrate_has(&g));
	assert_int_equal(fdg_migrate_look(&g), 1);
	connect_clients();
	was = queued(fd[0]);
	assert_true(was > 0 && was < CLIENTS); /* the choice is the kernel's still */
	closes(fd[0]);
	for (int i = 1; i < 4; i++)
		rest += queued(fd[i]);
	assert_int_equal(rest, CLIENTS);
	assert_int_equal(resets(), 0);
	for (int i = 1; i < 4; i++)
		closes(fd[i]);
	assert_true(goes(&g));
}

/* No member is there that could have had another program before. */
static void made_anew(void **state)
{
	int a = member(), b;
	struct fdg_group g = group_of(a);

	(void)state;
	closes(a);
	a = member();
	b = member();
	assert_true(fdg_migrate_has(&g));
	connect_clients();
	closes(a);
	assert_int_equal(queued(b), CLIENTS);
	assert_int_equal(resets(), 0);
}

/* It saw a group with our program, which was gone when it listened; the program is to be seen for some moments more. */
static void gone_meanwhile(void **state)
{
	int a = member(), b = bound(SOCK_STREAM | SOCK_NONBLOCK), c;
	struct fdg_migrate_listen l;

	(void)state;
	fdg_reuseport_listening(&l, b);
	closes(a);
	fdg_reuseport_listened(&l, b, listen(b, 512));
	c = member();
	connect_clients();
	closes(b);
	assert_int_equal(queued(c), CLIENTS);
	assert_int_equal(resets(), 0);
}

static int user_attaches(void)
{
	int fd = bound(SOCK_STREAM);
	struct fdg_group g;

	if (geteuid() == 0 && (seteuid(65534) != 0 || listen(fd, 5) != 0))
		return 1;
	return listen(fd, 5) != 0 || !fdg_group_ask(fd, &g) || fdg_migrate_attach(fd, &g) != -EPERM || fdg_migrate_look(&g) != -EPERM;
}

static int user_listens(void)
{
	struct fdg_group g;

	if (geteuid() == 0 && seteuid(65534) != 0)
		return 1;
	g = group_of(member());
	return fdg_migrate_has(&g) || !fdg_migrate_is_refused(&g) || !strstr(fdg_migrate_why(&g), "CAP_BPF");
}

static int unguarded(void)
{
	int fd = bound(SOCK_STREAM | SOCK_NONBLOCK);

	assert_int_equal(listen(fd, 512), 0);
	return fd;
}

/* As a user has it: nothing is touched that may have a program of somebody else's. */
static int refused_then_made_by_others(void)
{
	int a, other;
	struct fdg_group g;

	if (geteuid() == 0 && seteuid(65534) != 0)
		return 1;
	a = member();
	g = group_of(a);
	if (!fdg_migrate_is_refused(&g))
		return 2;
	closes(a);
	other = unguarded();
	a = member();
	close(other);
	return fdg_migrate_is_refused(&g) || !strstr(fdg_migrate_why(&g), "was there before") || close(a) != 0;
}

/* One that allows all. The kernel would end the process for bpf() with another. */
static int filtered(void)
{
	struct sock_filter allow[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
	struct sock_fprog program = { 1, allow };
	struct fdg_group g = group_of(member());
	int fd = fdg_groups_next(-1);

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		return 1;
	return fdg_migrate_attach(fd, &g) != -EACCES || fdg_migrate_look(&g) != -EACCES;
}

static void who_may_not(void **state)
{
	(void)state;
	assert_int_equal(in_child(user_attaches), 0);
	assert_int_equal(in_child(user_listens), 0);
	assert_int_equal(in_child(refused_then_made_by_others), 0);
	if (may_load())
		assert_int_equal(in_child(filtered), 0);
}

/* What it has learned it goes on to know when it has given up its privileges. */
static int drops(void)
{
	struct fdg_group g = group_of(member());

	return seteuid(65534) != 0 || !fdg_migrate_has(&g);
}

static bool may_not_look(const struct fdg_group *g)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct none[2] = { 0 };

	return syscall(SYS_capset, &header, none) == 0 && fdg_migrate_look(g) < 0;
}

/* … as long as somebody stays in the group, and no longer. */
static int made_by_others(void)
{
	int a = member(), b, other, last;
	struct fdg_group g = group_of(a);

	if (!may_not_look(&g))
		return 1;
	other = unguarded();
	closes(a);
	a = member();
	if (!fdg_migrate_has(&g))
		return 2;
	close(other);
	closes(a);
	other = unguarded();
	a = member();
	b = member();
	closes(a);
	if (fdg_migrate_has(&g) || !strstr(fdg_migrate_why(&g), "was there before"))
		return 3;
	close(other);
	closes(b);
	last = member();
	return !fdg_migrate_is_refused(&g) || close(last) != 0;
}

static void privileges_are_given_up(void **state)
{
	(void)state;
	assert_int_equal(in_child(drops), 0);
	assert_int_equal(in_child(made_by_others), 0);
}

/* The group was there, and who knows what it has. */
static void never_over_another_program(void **state)
{
	struct sock_filter first[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
	struct sock_fprog program = { 1, first };
	int a = bound(SOCK_STREAM | SOCK_NONBLOCK), b;
	struct fdg_group g;

	(void)state;
	assert_int_equal(listen(a, 512), 0); /* unguarded */
	assert_int_equal(setsockopt(a, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof(program)), 0);
	b = member();
	g = group_of(b);
	assert_false(fdg_migrate_has(&g));
	assert_false(fdg_migrate_is_refused(&g));
	assert_non_null(strstr(fdg_migrate_why(&g), "was there before"));
	connect_clients();
	assert_int_equal(queued(a), CLIENTS); /* as that program chooses */
	close(a);
	assert_int_equal(resets(), CLIENTS);
}

/* One that came from elsewhere may have been given a program before it listens. */
static void a_listener_of_others(void **state)
{
	int fd = bound(SOCK_STREAM);
	struct fdg_group g;

	(void)state;
	fdg_ledger_flag(fd, FDG_PASSED, 0);
	listens(fd);
	g = group_of(fd);
	assert_false(fdg_migrate_has(&g));
	assert_non_null(strstr(fdg_migrate_why(&g), "made by another program"));
}

/* The program puts its own there, after ours and before. In a child: that is remembered of the whole process. */
static int steers(void)
{
	struct sock_filter first[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
	struct sock_fprog program = { 1, first };
	int a = member(), b;
	struct fdg_group g = group_of(a);

	if (!fdg_migrate_has(&g) || setsockopt(a, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof(program)) != 0)
		return 1;
	fdg_migrate_noted(a, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF);
	if (!goes(&g) || fdg_migrate_has(&g) || !strstr(fdg_migrate_why(&g), "of its own"))
		return 2;
	new_group(AF_INET);
	b = bound(SOCK_STREAM | SOCK_NONBLOCK);
	if (setsockopt(b, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof(program)) != 0)
		return 3;
	fdg_migrate_noted(b, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF);
	listens(b);
	g = group_of(b);
	return fdg_migrate_look(&g) != 0 || !strstr(fdg_migrate_why(&g), "of its own");
}

/* … and takes it off where nobody sees it. */
static int takes_off(void)
{
	int a = member(), b = member(), zero = 0;
	struct fdg_group g = group_of(a);

	if (setsockopt(a, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, &zero, sizeof(zero)) != 0 || !goes(&g) || fdg_migrate_has(&g))
		return 1;
	return close(b) != 0;
}

static void the_program_steers(void **state)
{
	(void)state;
	assert_int_equal(in_child(steers), 0);
	assert_int_equal(in_child(takes_off), 0);
}

/* Two processes make the group at the same moment: one attaches, and it is known to both. */
static void at_the_same_moment(void **state)
{
	(void)state;
	for (int i = 0; i < 30; i++) {
		int ready[2], child, status, a;
		struct fdg_group g;
		char c;

		new_group(AF_INET);
		a = bound(SOCK_STREAM | SOCK_NONBLOCK);
		assert_int_equal(pipe(ready), 0);
		child = fork();
		if (child == 0) {
			int b = bound(SOCK_STREAM | SOCK_NONBLOCK);

			assert_int_equal(write(ready[1], "", 1), 1);
			listens(b);
			g = group_of(b);
			_exit(!fdg_migrate_has(&g));
		}
		assert_int_equal(read(ready[0], &c, 1), 1);
		listens(a);
		g = group_of(a);
		assert_true(fdg_migrate_has(&g));
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_int_equal(status, 0);
		closes(a);
		close(ready[0]);
		close(ready[1]);
	}
}

static void others_are_left_alone(void **state)
{
	int plain = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), again;
	struct fdg_group g;

	(void)state;
	listens(plain);
	assert_false(fdg_groups_has(plain));
	close(plain);
	fdg_options.reuseport = FDG_REPORT;
	again = member();
	g = group_of(again);
	assert_int_equal(fdg_migrate_look(&g), 0);
	fdg_options.reuseport = FDG_FIX;
	listens(again); /* it does already */
	assert_int_equal(fdg_migrate_look(&g), 0);
}

int main(void)
{
	const struct CMUnitTest privileged[] = {
		cmocka_unit_test_setup_teardown(the_queue_is_handed_over, setup, teardown),
		cmocka_unit_test_setup_teardown(made_anew, setup, teardown),
		cmocka_unit_test_setup_teardown(gone_meanwhile, setup, teardown),
		cmocka_unit_test_setup_teardown(privileges_are_given_up, setup, teardown),
		cmocka_unit_test_setup_teardown(the_program_steers, setup, teardown),
		cmocka_unit_test_setup_teardown(at_the_same_moment, setup, teardown),
		cmocka_unit_test_setup_teardown(others_are_left_alone, setup, teardown),
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(who_may_not, setup, teardown),
		cmocka_unit_test_setup_teardown(never_over_another_program, setup, teardown),
		cmocka_unit_test_setup_teardown(a_listener_of_others, setup, teardown),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	return may_load() ? failed + cmocka_run_group_tests(privileged, NULL, NULL) : failed;
}
