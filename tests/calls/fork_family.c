// SPDX-License-Identifier: MIT
/* fork, _Fork, daemon: children with descriptors of their own, handlers run or not run, from threads too. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "expect.h"

pid_t __fork(void);

static int handled[3];

static void before(void)
{
	handled[0]++;
}

static void in_parent(void)
{
	handled[1]++;
}

static void in_the_child(void)
{
	handled[2]++;
}

static void fork_returns_twice(void)
{
	pid_t self = getpid(), pid = fork();

	if (pid == 0)
		_exit(getppid() == self && getpid() != self ? 41 : 1);
	SAME(wait_for(pid), 41);
	pid = __fork();
	if (pid == 0)
		_exit(getppid() == self ? 42 : 1);
	SAME(wait_for(pid), 42);
	pid = _Fork();
	if (pid == 0)
		_exit(getppid() == self ? 43 : 1);
	SAME(wait_for(pid), 43);
}

static void handlers_run_around_fork_alone(void)
{
	pid_t pid;

	SAME(pthread_atfork(before, in_parent, in_the_child), 0);
	pid = fork();
	if (pid == 0)
		_exit(handled[0] == 1 && handled[1] == 0 && handled[2] == 1 ? 0 : 1);
	SAME(wait_for(pid), 0);
	SAME(handled[0], 1);
	SAME(handled[1], 1);
	SAME(handled[2], 0);
	pid = _Fork();
	if (pid == 0)
		_exit(handled[0] == 1 && handled[2] == 0 ? 0 : 1);
	SAME(wait_for(pid), 0);
	SAME(handled[0], 1);
	SAME(handled[1], 1);
}

/* What the child does to its descriptors is its own business. */
static void tables_are_separate(void)
{
	pid_t (*const forks[])(void) = { fork, _Fork, __fork };

	for (unsigned i = 0; i < sizeof forks / sizeof *forks; i++) {
		int sock = socket(AF_INET, SOCK_DGRAM, 0), marked = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		pid_t pid = forks[i]();

		if (pid == 0) {
			int ok = fcntl(sock, F_GETFD) == 0 && fcntl(marked, F_GETFD) == FD_CLOEXEC;

			ok &= close(sock) == 0 && fcntl(marked, F_SETFD, 0) == 0 && fcntl(marked, F_GETFD) == 0;
			ok &= open("/dev/null", O_RDONLY | O_CLOEXEC) == sock && fcntl(sock, F_GETFD) == FD_CLOEXEC;
			_exit(!ok);
		}
		SAME(wait_for(pid), 0);
		SAME(fcntl(sock, F_GETFD), 0);
		SAME(fcntl(marked, F_GETFD), FD_CLOEXEC);
		SAME(close(sock), 0);
		SAME(close(marked), 0);
	}
}

static void *fork_in_thread(void *status)
{
	pid_t pid = fork();

	if (pid == 0) {
		int fd = socket(AF_INET, SOCK_STREAM, 0), copy = dup(fd);

		_exit(fd >= 0 && copy > fd && close(fd) == 0 && close(copy) == 0 ? 17 : 1);
	}
	*(int *)status = wait_for(pid);
	return NULL;
}

static void threads_may_fork(void)
{
	pthread_t thread[4];
	int status[4] = { 0 };

	for (int i = 0; i < 4; i++)
		SAME(pthread_create(&thread[i], NULL, fork_in_thread, &status[i]), 0);
	for (int i = 0; i < 4; i++) {
		SAME(pthread_join(thread[i], NULL), 0);
		SAME(status[i], 17);
	}
}

static void grandchildren_too(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		pid = fork();
		if (pid == 0)
			_exit(child_has(0) ? 9 : 1);
		_exit(wait_for(pid) + 1);
	}
	SAME(wait_for(pid), 10);
}

static void success_leaves_errno_alone(void)
{
	pid_t pid;

	errno = 4711;
	pid = fork();
	if (pid == 0)
		_exit(errno != 4711);
	SAME(errno, 4711);
	SAME(wait_for(pid), 0);
	errno = 4711;
	pid = _Fork();
	if (pid == 0)
		_exit(errno != 4711);
	SAME(errno, 4711);
	SAME(wait_for(pid), 0);
}

/* Runs daemon() in a child; what the daemon found comes back through a pipe, one letter per thing that is as it should be. */
static void daemonized(int nochdir, int noclose)
{
	int back[2];
	char word[8] = "";
	pid_t pid;

	SAME(pipe(back), 0);
	pid = fork();
	if (pid == 0) {
		int sock = socket(AF_INET, SOCK_DGRAM, 0);
		struct stat null, in, out, root, here;

		if (daemon(nochdir, noclose) < 0)
			_exit(3);
		stat("/dev/null", &null);
		stat("/", &root);
		stat(".", &here);
		word[0] = getsid(0) != getpid() && getppid() != 0 ? 's' : getsid(0) == getpid() ? 's' : '-';
		word[1] = (here.st_ino == root.st_ino) == !nochdir ? 'd' : '-';
		fstat(0, &in);
		fstat(1, &out);
		word[2] = noclose || (in.st_rdev == null.st_rdev && out.st_rdev == null.st_rdev) ? 'n' : '-';
		word[3] = fcntl(sock, F_GETFD) == 0 ? 'k' : '-';
		word[4] = fcntl(0, F_GETFD) == 0 && fcntl(1, F_GETFD) == 0 && fcntl(2, F_GETFD) == 0 ? 'o' : '-';
		word[5] = child_has(0) && child_has(1) && child_has(2) ? 'c' : '-';
		word[6] = lowest() == sock + 1 ? 'l' : '-';
		_exit(write(back[1], word, 7) != 7);
	}
	SAME(close(back[1]), 0);
	SAME(wait_for(pid), 0);
	for (int n = 0; n < 7;) {
		ssize_t got = read(back[0], word + n, 7 - n);

		if (!EXPECT(got > 0))
			break;
		n += got;
	}
	word[7] = '\0';
	EXPECT(word[0] == 's' && word[1] == 'd' && word[2] == 'n' && word[3] == 'k');
	EXPECT(word[4] == 'o' && word[5] == 'c' && word[6] == 'l');
	SAME(close(back[0]), 0);
}

static void daemons(void)
{
	daemonized(0, 0);
	daemonized(1, 0);
	daemonized(0, 1);
	daemonized(1, 1);
}

void body(void)
{
	RUN(fork_returns_twice);
	RUN(handlers_run_around_fork_alone);
	RUN(tables_are_separate);
	RUN(threads_may_fork);
	RUN(grandchildren_too);
	RUN(success_leaves_errno_alone);
	RUN(daemons);
}
