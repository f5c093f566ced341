// SPDX-License-Identifier: MIT
/*
 * For a preload alone: whatever the program has done before, the kernel's close-on-exec flag is on every fresh descriptor of a kind that is forced, and on
 * no other. With "all" every kind is.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "expect.h"

extern char **environ;

static bool all;

/* The kernel's flag, past every wrapper. */
static bool marked(int fd)
{
	return bare(SYS_fcntl, fd, F_GETFD, 0, 0, 0, 0) == FD_CLOEXEC;
}

static void is(int fd, bool want, const char *what, int line)
{
	expect_true(fd >= 0 && marked(fd) == want, what, "still_guarded", line);
	expect_same(fcntl(fd, F_GETFD), 0, what, "what the program set", "still_guarded", line);
	close(fd);
}
#define FORCED(call) is((call), true, #call, __LINE__)
#define ALL(call) is((call), all, #call, __LINE__)
#define NEVER(call) is((call), false, #call, __LINE__)

static int first_of(int r, const int fds[2])
{
	if (r == 0)
		close(fds[1]);
	return r == 0 ? fds[0] : -1;
}

static void works(void)
{
	FORCED(socket(AF_INET, SOCK_STREAM, 0));
	FORCED(epoll_create1(0));
}

static void every_maker(void)
{
	char name[] = "name.XXXXXX", names[] = "name.XXXXXX.c", again[] = "again.XXXXXX", both[] = "both.XXXXXX.c";
	unsigned long signals = 0;
	sigset_t none_of_them;
	int fds[2];

	sigemptyset(&none_of_them);
	works();
	FORCED(first_of(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), fds));
	FORCED(epoll_create(1));
	FORCED(eventfd(0, 0));
	FORCED(timerfd_create(CLOCK_MONOTONIC, 0));
	FORCED(signalfd(-1, &none_of_them, 0));
	FORCED(inotify_init());
	FORCED(inotify_init1(0));
	FORCED(syscall(SYS_socket, AF_INET, SOCK_STREAM, 0));
	FORCED(first_of(syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, fds), fds));
	FORCED(syscall(SYS_epoll_create1, 0));
	FORCED(syscall(SYS_eventfd2, 0, 0));
	FORCED(syscall(SYS_timerfd_create, CLOCK_MONOTONIC, 0));
	FORCED(syscall(SYS_signalfd4, -1, &signals, sizeof signals, 0));
	FORCED(syscall(SYS_inotify_init1, 0));
	ALL(open("/dev/null", O_RDONLY));
	ALL(openat(AT_FDCWD, "/dev/null", O_RDONLY));
	ALL(creat("made", 0600));
	ALL(mkstemp(name));
	ALL(mkostemp(again, O_APPEND));
	ALL(mkstemps(names, 2));
	ALL(mkostemps(both, 2, 0));
	ALL(first_of(pipe(fds), fds));
	ALL(first_of(pipe2(fds, O_NONBLOCK), fds));
	ALL(memfd_create("x", 0));
	ALL(posix_openpt(O_RDWR | O_NOCTTY));
	ALL(getpt());
	ALL(syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY));
	ALL(first_of(syscall(SYS_pipe2, fds, 0), fds));
	ALL(syscall(SYS_memfd_create, "x", 0));
#ifdef SYS_open
	FORCED(syscall(SYS_epoll_create, 1));
	FORCED(syscall(SYS_eventfd, 0));
	FORCED(syscall(SYS_inotify_init));
	ALL(syscall(SYS_open, "/dev/null", O_RDONLY));
	ALL(syscall(SYS_creat, "made", 0600));
	ALL(first_of(syscall(SYS_pipe, fds), fds));
#endif
	NEVER(dup(0));
	NEVER(dup2(0, 50));
	NEVER(dup3(0, 50, 0));
	NEVER(fcntl(0, F_DUPFD, 50));
	NEVER(syscall(SYS_dup, 0));
	NEVER(syscall(SYS_dup3, 0, 50, 0));
}

static int sock; /* a fresh one that stays open */

static void after_vfork(void)
{
	pid_t pid = vfork();

	if (pid == 0) {
		close(sock);
		_exit(0);
	}
	SAME(wait_for(pid), 0);
	works();
	pid = vfork();
	if (pid == 0) {
		execl("/nonexistent", "none", (char *)NULL);
		pid = vfork();
		if (pid == 0) {
			execl(CHILD, "calls-child", "child", "exit", "0", (char *)NULL);
			_exit(127);
		}
		_exit(wait_for(pid));
	}
	SAME(wait_for(pid), 0);
	works();
}

static int nothing(void *unused)
{
	(void)unused;
	return 0;
}

static int child_of_clone(void *unused)
{
	(void)unused;
	works();
	return expect_failures() != 0;
}

static void after_clone(int flags)
{
	static char stack[256 * 1024] __attribute__((aligned(16)));

	SAME(wait_for(clone(nothing, stack + sizeof stack, flags, NULL)), 0);
	works();
	if (!(flags & CLONE_VM))
		SAME(wait_for(clone(child_of_clone, stack + sizeof stack, flags, NULL)), 0);
}

static void in_children(void)
{
	pid_t (*const forks[])(void) = { fork, _Fork };

	for (unsigned i = 0; i < sizeof forks / sizeof *forks; i++) {
		pid_t pid = forks[i]();

		if (pid == 0) {
			works();
			_exit(expect_failures() != 0);
		}
		SAME(wait_for(pid), 0);
	}
	works();
}

/* A descriptor that a command names is lent to it, and comes back. */
static void after_commands(void)
{
	char command[64], number[16], *argv[] = { "calls-child", "child", "number", number, NULL };
	FILE *f;
	pid_t pid;

	snprintf(command, sizeof command, "test -e /proc/self/fd/%d", sock);
	snprintf(number, sizeof number, "%d", sock);
	SAME(system(command), 0);
	EXPECT(marked(sock));
	f = popen(command, "r");
	SAME(pclose(f), 0);
	EXPECT(marked(sock));
	SAME(posix_spawn(&pid, CHILD, NULL, NULL, argv, environ), 0);
	SAME(wait_for(pid), 0);
	EXPECT(marked(sock));
	FAILS(execv("/nonexistent", argv), ENOENT);
	EXPECT(marked(sock));
	SAME(posix_spawn(&pid, "/nonexistent", NULL, NULL, argv, environ), ENOENT);
	EXPECT(marked(sock));
	pid = vfork();
	if (pid == 0) {
		execv(CHILD, argv);
		_exit(127);
	}
	SAME(wait_for(pid), 0);
	EXPECT(marked(sock));
	works();
}

static void after_refusals(void)
{
	struct rlimit none_at_all = { 0, 0 };
	pid_t pid;

	FAILS(prctl(PR_SET_SECCOMP, 4711L, 0L), EINVAL);
	FAILS(syscall(SYS_seccomp, 4711, 0, NULL), EINVAL);
	works();
	if (setrlimit(RLIMIT_NPROC, &none_at_all) < 0 || setuid(65534) < 0)
		return;
	pid = vfork();
	if (pid == 0)
		_exit(0);
	SAME(pid, -1);
	FAILS(fork(), EAGAIN);
	works();
}

static void *in_thread(void *unused)
{
	after_vfork();
	works();
	return unused;
}

static void threads(void)
{
	pthread_t thread;

	SAME(pthread_create(&thread, NULL, in_thread, NULL), 0);
	SAME(pthread_join(thread, NULL), 0);
	works();
}

static void standard_descriptors_are_never_marked(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		close(fd);
		SAME(socket(AF_INET, SOCK_STREAM, 0), fd);
		EXPECT(!marked(fd));
		SAME(dup2(sock, fd), fd);
	}
}

int main(int argc, char **argv)
{
	int status = child_main(argc, argv);

	if (status >= 0)
		return status;
	all = argc > 1 && !strcmp(argv[1], "all");
	scratch_enter();
	sock = socket(AF_INET, SOCK_STREAM, 0);
	EXPECT(marked(sock));
	RUN(every_maker);
	RUN(after_vfork);
	after_clone(CLONE_VM | CLONE_VFORK | SIGCHLD);
	RUN(in_children);
	RUN(after_commands);
	RUN(threads);
	RUN_IN_CHILD(after_refusals);
	RUN_IN_CHILD(standard_descriptors_are_never_marked);
	after_clone(SIGCHLD);
	after_clone(CLONE_VM | SIGCHLD); /* from here on pids are compared */
	RUN(in_children);
	RUN(after_vfork);
	RUN(after_commands);
	RUN(threads);
	RUN(every_maker);
	EXPECT(marked(sock));
	scratch_leave();
	return expect_failures() != 0;
}
