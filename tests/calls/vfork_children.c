// SPDX-License-Identifier: MIT
/*
 * A vfork child runs in its parent's memory, on its parent's stack, with descriptors of its own. What it closes, moves and marks must not
 * show in the parent, and the parent must wake up where it was.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "expect.h"

pid_t __vfork(void);

static int sock, marked;

static void returns_twice_and_tells_the_status(void)
{
	volatile int seen = 0;
	pid_t pid = vfork();

	if (pid == 0) {
		seen = 1;
		_exit(37);
	}
	SAME(seen, 1); /* the memory is shared, and the parent waited */
	SAME(wait_for(pid), 37);
	pid = __vfork();
	if (pid == 0) {
		seen = 2;
		_exit(38);
	}
	SAME(seen, 2);
	SAME(wait_for(pid), 38);
}

static void runs_a_program(void)
{
	char *argv[] = { "calls-child", "child", "exit", "19", NULL };
	pid_t pid = vfork();

	if (pid == 0) {
		execv(CHILD, argv);
		_exit(127);
	}
	SAME(wait_for(pid), 19);
	pid = vfork();
	if (pid == 0) {
		execl(CHILD, "calls-child", "child", "exit", "20", (char *)NULL);
		_exit(127);
	}
	SAME(wait_for(pid), 20);
}

static void a_failed_exec_goes_on_in_the_child(void)
{
	char *argv[] = { "none", NULL };
	volatile int error = 0;
	pid_t pid = vfork();

	if (pid == 0) {
		execv("/nonexistent/none", argv);
		error = errno;
		execvp("there-is-no-such-program", argv);
		_exit(errno == ENOENT ? 127 : 1);
	}
	SAME(error, ENOENT);
	SAME(wait_for(pid), 127);
	SAME(fcntl(sock, F_GETFD), 0);
	SAME(fcntl(marked, F_GETFD), FD_CLOEXEC);
	/* The first exec fails, the second runs. */
	pid = vfork();
	if (pid == 0) {
		execl("/nonexistent/none", "none", (char *)NULL);
		execl(CHILD, "calls-child", "child", "exit", "21", (char *)NULL);
		_exit(127);
	}
	SAME(wait_for(pid), 21);
}

static void the_parents_table_is_untouched(void)
{
	volatile int ok = 0;
	pid_t pid = vfork();

	if (pid == 0) {
		ok = close(sock) == 0 && dup2(1, marked) == marked && fcntl(marked, F_GETFD) == 0;
		ok = ok && open("/dev/null", O_RDONLY | O_CLOEXEC) == sock && fcntl(sock, F_GETFD) == FD_CLOEXEC;
		ok = ok && fcntl(sock, F_SETFD, 0) == 0 && close_range(3, ~0U, 0) == 0;
		ok = ok && socket(AF_INET, SOCK_STREAM, 0) == 3 && fcntl(3, F_GETFD) == 0 &&
		     socket(AF_INET, SOCK_STREAM, 0) == 4;
		_exit(0);
	}
	EXPECT(ok);
	SAME(wait_for(pid), 0);
	SAME(fcntl(sock, F_GETFD), 0);
	SAME(fcntl(marked, F_GETFD), FD_CLOEXEC);
	EXPECT(!child_has(marked));
}

static void a_flag_cleared_in_the_child_counts_for_its_program(void)
{
	pid_t pid = vfork();

	if (pid == 0) {
		if (fcntl(sock, F_SETFD, 0) < 0 || fcntl(marked, F_SETFD, 0) < 0)
			_exit(126);
		execl(CHILD, "calls-child", "child", "has", unary(sock), (char *)NULL);
		_exit(127);
	}
	SAME(wait_for(pid), 0);
	pid = vfork();
	if (pid == 0) {
		fcntl(marked, F_SETFD, 0);
		execl(CHILD, "calls-child", "child", "has", unary(marked), (char *)NULL);
		_exit(127);
	}
	SAME(wait_for(pid), 0);
	SAME(fcntl(marked, F_GETFD), FD_CLOEXEC);
	EXPECT(!child_has(marked));
	pid = vfork();
	if (pid == 0) {
		fcntl(sock, F_SETFD, FD_CLOEXEC);
		execl(CHILD, "calls-child", "child", "has", unary(sock), (char *)NULL);
		_exit(127);
	}
	SAME(wait_for(pid), 1);
	SAME(fcntl(sock, F_GETFD), 0);
}

/* dash, CPython and every other shell: descriptors moved into place, then a program. */
static void redirections(void)
{
	int out[2];
	char text[16] = "";
	pid_t pid;

	SAME(pipe2(out, O_CLOEXEC), 0);
	pid = vfork();
	if (pid == 0) {
		close(out[0]);
		dup2(out[1], 1);
		close(out[1]);
		close(0);
		if (open("/dev/null", O_RDONLY) != 0)
			_exit(126);
		execl("/bin/sh", "sh", "-c", "read x; echo $?", (char *)NULL);
		_exit(127);
	}
	SAME(close(out[1]), 0);
	SAME(read(out[0], text, sizeof text), 2);
	EXPECT(!strcmp(text, "1\n"));
	SAME(read(out[0], text, sizeof text), 0);
	SAME(wait_for(pid), 0);
	SAME(close(out[0]), 0);
}

static void nested(void)
{
	volatile int deep = 0;
	pid_t pid = vfork();

	if (pid == 0) {
		pid_t inner;

		close(sock);
		inner = vfork();
		if (inner == 0) {
			pid_t innermost;

			close(marked);
			innermost = vfork();
			if (innermost == 0) {
				deep = is_open(sock) || is_open(marked) ? -1 : 3;
				execl(CHILD, "calls-child", "child", "exit", "5", (char *)NULL);
				_exit(127);
			}
			_exit(wait_for(innermost) + 1);
		}
		if (!is_open(marked) || fcntl(marked, F_GETFD) != FD_CLOEXEC)
			_exit(126);
		_exit(wait_for(inner) + 1);
	}
	SAME(deep, 3);
	SAME(wait_for(pid), 7);
	SAME(fcntl(sock, F_GETFD), 0);
	SAME(fcntl(marked, F_GETFD), FD_CLOEXEC);
	/* The parent is a plain process again: what it does now is remembered. */
	SAME(fcntl(sock, F_SETFD, FD_CLOEXEC), 0);
	SAME(fcntl(sock, F_GETFD), FD_CLOEXEC);
	SAME(fcntl(sock, F_SETFD, 0), 0);
	EXPECT(child_has(sock));
}

static void fork_within(void)
{
	pid_t pid = vfork();

	if (pid == 0) {
		pid_t inner = fork();

		if (inner == 0) {
			int fd = socket(AF_INET, SOCK_DGRAM, 0);

			_exit(fcntl(fd, F_GETFD) == 0 && close(fd) == 0 && close(sock) == 0 ? 5 : 1);
		}
		_exit(wait_for(inner) + 1);
	}
	SAME(wait_for(pid), 6);
	SAME(fcntl(sock, F_GETFD), 0);
}

/* Registers that a function keeps for its caller, and the stack that the child has walked over, are as they were. */
__attribute__((noinline)) static long keeps(long a, long b, long c, long d, long e, long f)
{
	long x = a * 3 + b, y = b * 5 + c, z = c * 7 + d, v = d * 11 + e, w = e * 13 + f;
	char room[256];
	pid_t pid;

	memset(room, 'r', sizeof room);
	__asm__ volatile("" : : "r"(room) : "memory");
	pid = vfork();
	if (pid == 0) {
		execl("/nonexistent/none", "none", "many", "words", "to", "fill", "the", "stack", "with", (char *)NULL);
		_exit(1);
	}
	x += wait_for(pid);
	for (unsigned i = 0; i < sizeof room; i++)
		if (room[i] != 'r')
			return -1;
	return x + 2 * y + 3 * z + 5 * v + 7 * w + a + b + c + d + e + f;
}

static void the_parents_frame_is_untouched(void)
{
	for (long i = 0; i < 20; i++) {
		long x = i * 3 + i + 1, y = (i + 1) * 5 + i + 2, z = (i + 2) * 7 + i + 3, v = (i + 3) * 11 + i + 4,
		     w = (i + 4) * 13 + i + 5;

		SAME(keeps(i, i + 1, i + 2, i + 3, i + 4, i + 5), x + 1 + 2 * y + 3 * z + 5 * v + 7 * w + 6 * i + 15);
	}
}

static void errno_is_the_callers(void)
{
	pid_t pid;

	errno = 4711;
	pid = vfork();
	if (pid == 0)
		_exit(errno != 4711);
	SAME(errno, 4711);
	SAME(wait_for(pid), 0);
}

static void no_process_to_be_had(void)
{
	struct rlimit none_at_all = { 0, 0 };
	pid_t pid;

	if (setrlimit(RLIMIT_NPROC, &none_at_all) < 0 || setuid(65534) < 0)
		return; /* a plain user who may not change: the next lines would fork */
	errno = 0;
	pid = vfork();
	if (pid == 0)
		_exit(0);
	SAME(pid, -1);
	SAME(errno, EAGAIN);
	SAME(fcntl(sock, F_SETFD, FD_CLOEXEC), 0); /* not a child: the table is ours */
	SAME(fcntl(sock, F_GETFD), FD_CLOEXEC);
}

static void *thread(void *failed)
{
	for (int i = 0; i < 50; i++) {
		int fd = socket(AF_INET, SOCK_DGRAM, 0);
		pid_t pid = vfork();

		if (pid == 0) {
			close(fd);
			_exit(23);
		}
		*(int *)failed += wait_for(pid) != 23 || fcntl(fd, F_GETFD) != 0 || close(fd) != 0;
	}
	return NULL;
}

/* One thread waits for its child; the others go on, and what they do is not the child's doing. */
static void threads(void)
{
	pthread_t running[4];
	int failed[4] = { 0 };

	for (int i = 0; i < 4; i++)
		SAME(pthread_create(&running[i], NULL, thread, &failed[i]), 0);
	for (int i = 0; i < 200; i++) {
		int fd = socket(AF_INET, SOCK_DGRAM | (i & 1 ? SOCK_CLOEXEC : 0), 0);

		SAME(fcntl(fd, F_GETFD), i & 1 ? FD_CLOEXEC : 0);
		SAME(close(fd), 0);
	}
	for (int i = 0; i < 4; i++) {
		SAME(pthread_join(running[i], NULL), 0);
		SAME(failed[i], 0);
	}
}

static void killed(void)
{
	pid_t pid = vfork();

	if (pid == 0) {
		raise(SIGKILL);
		_exit(0);
	}
	SAME(wait_for(pid), 128 + SIGKILL);
	SAME(fcntl(sock, F_SETFD, FD_CLOEXEC), 0);
	SAME(fcntl(sock, F_GETFD), FD_CLOEXEC);
	SAME(fcntl(sock, F_SETFD, 0), 0);
}

void body(void)
{
	sock = socket(AF_INET, SOCK_STREAM, 0);
	marked = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	RUN(returns_twice_and_tells_the_status);
	RUN(runs_a_program);
	RUN(a_failed_exec_goes_on_in_the_child);
	RUN(the_parents_table_is_untouched);
	RUN(a_flag_cleared_in_the_child_counts_for_its_program);
	RUN(redirections);
	RUN(nested);
	RUN(fork_within);
	RUN(the_parents_frame_is_untouched);
	RUN(errno_is_the_callers);
	RUN_IN_CHILD(no_process_to_be_had);
	RUN(threads);
	RUN(killed);
	SAME(close(sock), 0);
	SAME(close(marked), 0);
}
