// SPDX-License-Identifier: MIT
/* clone with a stack, with and without shared memory and shared descriptors; its variadic arguments; its refusals. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "expect.h"

int __clone(int (*fn)(void *), void *stack, int flags, void *arg, ...);

enum { STACK = 256 * 1024 };

static int sock, marked;
static volatile int touched;

static char *stack_top(void)
{
	static char *stack;

	if (!stack)
		stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	return stack + STACK;
}

static int answers(void *number)
{
	touched = 1;
	return *(int *)number;
}

static void the_functions_value_is_the_status(void)
{
	int number = 45;

	touched = 0;
	SAME(wait_for(clone(answers, stack_top(), SIGCHLD, &number)), 45);
	SAME(touched, 0); /* memory of its own */
	number = 46;
	SAME(wait_for(clone(answers, stack_top(), CLONE_VM | CLONE_VFORK | SIGCHLD, &number)), 46);
	SAME(touched, 1);
	touched = 0;
	number = 47;
	SAME(wait_for(clone(answers, stack_top(), CLONE_VM | SIGCHLD, &number)), 47);
	SAME(touched, 1);
	touched = 0;
	number = 48;
	SAME(wait_for(clone(answers, stack_top(), CLONE_VFORK | SIGCHLD, &number)), 48);
	SAME(touched, 0);
	number = 49;
	SAME(wait_for(__clone(answers, stack_top(), SIGCHLD, &number)), 49);
}

/* With a table of its own: everything here is the child's. */
static int rearranges(void *unused)
{
	int ok = close(sock) == 0 && fcntl(marked, F_SETFD, 0) == 0 && fcntl(marked, F_GETFD) == 0;

	(void)unused;
	ok &= open("/dev/null", O_RDONLY | O_CLOEXEC) == sock && fcntl(sock, F_GETFD) == FD_CLOEXEC;
	ok &= dup2(1, marked) == marked && close(marked) == 0 && socket(AF_INET, SOCK_STREAM, 0) == marked;
	return !ok;
}

static void a_table_of_its_own(void)
{
	const int flags[] = { SIGCHLD, CLONE_VM | CLONE_VFORK | SIGCHLD, CLONE_VM | SIGCHLD, CLONE_VFORK | SIGCHLD };

	for (unsigned i = 0; i < sizeof flags / sizeof *flags; i++) {
		SAME(wait_for(clone(rearranges, stack_top(), flags[i], NULL)), 0);
		SAME(fcntl(sock, F_GETFD), 0);
		SAME(fcntl(marked, F_GETFD), FD_CLOEXEC);
		EXPECT(!child_has(marked));
	}
}

/* Before anything else: a program that never had a child that runs beside it. */
static void a_sleeping_parents_table(void)
{
	SAME(wait_for(clone(rearranges, stack_top(), CLONE_VM | CLONE_VFORK | SIGCHLD, NULL)), 0);
	SAME(fcntl(sock, F_GETFD), 0);
	SAME(fcntl(marked, F_GETFD), FD_CLOEXEC);
	EXPECT(!child_has(marked));
	SAME(wait_for(clone(rearranges, stack_top(), CLONE_VFORK | SIGCHLD, NULL)), 0);
	SAME(fcntl(sock, F_GETFD), 0);
	SAME(fcntl(marked, F_GETFD), FD_CLOEXEC);
}

static int shares(void *unused)
{
	(void)unused;
	return close(sock) != 0 || dup2(1, 77) != 77;
}

static void a_shared_table(void)
{
	const int flags[] = { CLONE_FILES | SIGCHLD, CLONE_FILES | CLONE_VM | SIGCHLD,
			      CLONE_FILES | CLONE_VM | CLONE_VFORK | SIGCHLD };

	for (unsigned i = 0; i < sizeof flags / sizeof *flags; i++) {
		SAME(wait_for(clone(shares, stack_top(), flags[i], NULL)), 0);
		FAILS(fcntl(sock, F_GETFD), EBADF);
		SAME(fcntl(77, F_GETFD), 0);
		EXPECT(child_has(77));
		SAME(close(77), 0);
		FAILS(close(sock), EBADF);
		SAME(socket(AF_INET, SOCK_STREAM, 0), sock);
		SAME(fcntl(sock, F_GETFD), 0);
	}
}

static int makes_a_socket(void *fd)
{
	*(int *)fd = socket(AF_INET, SOCK_STREAM, 0);
	return *(int *)fd < 0 || fcntl(*(int *)fd, F_GETFD) != 0;
}

/* A socket that one made and both have looks the same to both. */
static void a_socket_in_a_shared_table(void)
{
	int *fd = mmap(NULL, sizeof *fd, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	const int flags[] = { CLONE_FILES | CLONE_VM | CLONE_VFORK | SIGCHLD, CLONE_FILES | CLONE_VM | SIGCHLD,
			      CLONE_FILES | SIGCHLD };

	for (unsigned i = 0; i < sizeof flags / sizeof *flags; i++) {
		SAME(wait_for(clone(makes_a_socket, stack_top(), flags[i], fd)), 0);
		SAME(fcntl(*fd, F_GETFD), 0);
		SAME(fcntl(*fd, F_SETFD, 0), 0);
		EXPECT(child_has(*fd));
		SAME(close(*fd), 0);
	}
	munmap(fd, sizeof *fd);
}

static int runs(void *argv)
{
	execv(CHILD, argv);
	return 127;
}

static int fails_to_run(void *argv)
{
	execv("/nonexistent/none", argv);
	return errno == ENOENT ? 66 : 1;
}

static void children_run_programs(void)
{
	char *argv[] = { "calls-child", "child", "exit", "29", NULL };
	const int flags[] = { SIGCHLD, CLONE_VM | CLONE_VFORK | SIGCHLD, CLONE_VM | SIGCHLD };

	for (unsigned i = 0; i < sizeof flags / sizeof *flags; i++) {
		SAME(wait_for(clone(runs, stack_top(), flags[i], argv)), 29);
		SAME(wait_for(clone(fails_to_run, stack_top(), flags[i], argv)), 66);
		SAME(fcntl(sock, F_GETFD), 0);
		SAME(fcntl(marked, F_GETFD), FD_CLOEXEC);
	}
}

static int clears_and_runs(void *argv)
{
	return fcntl(sock, F_SETFD, 0) < 0 ? 126 : runs(argv);
}

static void a_flag_cleared_in_the_child_counts(void)
{
	char *argv[] = { "calls-child", "child", "has", (char *)unary(sock), NULL };

	SAME(wait_for(clone(clears_and_runs, stack_top(), CLONE_VM | CLONE_VFORK | SIGCHLD, argv)), 0);
	SAME(wait_for(clone(clears_and_runs, stack_top(), CLONE_VM | SIGCHLD, argv)), 0);
	SAME(wait_for(clone(clears_and_runs, stack_top(), SIGCHLD, argv)), 0);
	SAME(fcntl(sock, F_GETFD), 0);
}

static void the_variadic_arguments_arrive(void)
{
	pid_t *told = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int number = 0, pidfd = -1;
	pid_t pid;

	pid = clone(answers, stack_top(), CLONE_PARENT_SETTID | SIGCHLD, &number, &told[0]);
	SAME(told[0], pid);
	SAME(wait_for(pid), 0);
	pid = clone(answers, stack_top(), CLONE_CHILD_SETTID | SIGCHLD, &number, NULL, NULL, &told[1]);
	SAME(wait_for(pid), 0);
	SAME(told[1], pid);
	told[2] = 4711;
	pid = clone(answers, stack_top(), CLONE_VM | CLONE_VFORK | CLONE_CHILD_CLEARTID | SIGCHLD, &number, NULL, NULL,
		    &told[2]);
	SAME(wait_for(pid), 0);
	SAME(told[2], 0);
	pid = clone(answers, stack_top(), CLONE_PIDFD | SIGCHLD, &number, &pidfd);
	EXPECT(pidfd >= 0 && cloexec(pidfd));
	SAME(close(pidfd), 0);
	SAME(wait_for(pid), 0);
	munmap(told, 4096);
}

static void refused_as_ever(void)
{
	int number = 0;

	FAILS(clone((int (*)(void *))nowhere(), stack_top(), SIGCHLD, NULL), EINVAL);
	FAILS(clone(answers, nowhere(), SIGCHLD, &number), EINVAL);
	FAILS(clone(answers, stack_top(), CLONE_SIGHAND | SIGCHLD, &number), EINVAL);
	FAILS(clone(answers, stack_top(), CLONE_THREAD | CLONE_VM | SIGCHLD, &number), EINVAL);
	/* None of them was a child, and none of them makes this process one. */
	SAME(fcntl(sock, F_SETFD, FD_CLOEXEC), 0);
	SAME(fcntl(sock, F_GETFD), FD_CLOEXEC);
	SAME(fcntl(sock, F_SETFD, 0), 0);
}

void body(void)
{
	sock = socket(AF_INET, SOCK_STREAM, 0);
	marked = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	RUN(a_sleeping_parents_table);
	RUN(the_functions_value_is_the_status);
	RUN(a_table_of_its_own);
	RUN(a_shared_table);
	RUN(a_socket_in_a_shared_table);
	RUN(children_run_programs);
	RUN(a_flag_cleared_in_the_child_counts);
	RUN(the_variadic_arguments_arrive);
	RUN(refused_as_ever);
	SAME(close(sock), 0);
	SAME(close(marked), 0);
}
