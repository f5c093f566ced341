// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guards/reuseport/lent.h"

static int made(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd > 2);
	fdg_lent_made(fd);
	return fd;
}

/* A machine that is busy may not tell at once. */
static bool wait_for_end_of(int fd)
{
	for (int i = 0; i < 5000 && fdg_lent_maybe(fd); i++)
		usleep(1000);
	return !fdg_lent_maybe(fd);
}

/* A child that waits, and is seen being started. */
static pid_t start(int keeps)
{
	pid_t pid;

	fdg_lent_starting();
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (keeps >= 0)
			close(keeps);
		pause();
	}
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* First, as long as nothing was started. */
static void a_child_that_nobody_saw(void **state)
{
	int fd = made();
	pid_t pid;

	(void)state;
	assert_false(fdg_lent_maybe(fd));
	pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (pid == 0)
		for (;;)
			syscall(SYS_pause);
	assert_true(fdg_lent_maybe(fd));
	end(pid);
	assert_true(wait_for_end_of(fd));
	close(fd);
}

static void of_this_process_alone(void **state)
{
	int fd = made(), copy = dup(fd);

	(void)state;
	assert_false(fdg_lent_maybe(fd));
	fdg_lent_copied(fd, copy);
	assert_false(fdg_lent_maybe(copy));
	fdg_lent_arrived(copy);
	assert_true(fdg_lent_maybe(copy));
	assert_true(fdg_lent_maybe(1000)); /* never heard of */
	assert_true(fdg_lent_maybe(-1));
	close(fd);
	close(copy);
}

/* Who was started since has it as long as /proc says so. What is made after that it cannot have. */
static void a_child(void **state)
{
	int fd = made(), later;
	pid_t pid = start(-1);

	(void)state;
	later = made();
	assert_true(fdg_lent_maybe(fd));
	assert_false(fdg_lent_maybe(later));
	end(pid);
	assert_true(wait_for_end_of(fd));
	close(fd);
	close(later);
}

static void a_child_that_closed_it(void **state)
{
	int fd = made();
	pid_t pid = start(fd);

	(void)state;
	assert_true(wait_for_end_of(fd));
	end(pid);
	close(fd);
}

/* Under any number, and any number of forks away. */
static void a_grandchild(void **state)
{
	int fd = made(), p[2];
	pid_t pid, other;

	(void)state;
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	fdg_lent_starting();
	pid = fork();
	if (pid == 0) {
		other = fork();
		if (other == 0) {
			dup2(fd, 300);
			close(fd);
			pause();
		}
		assert_int_equal(write(p[1], &other, sizeof(other)), sizeof(other));
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	assert_int_equal(read(p[0], &other, sizeof(other)), sizeof(other));
	assert_true(fdg_lent_maybe(fd));
	kill(other, SIGKILL);
	assert_true(wait_for_end_of(fd));
	close(p[0]);
	close(p[1]);
	close(fd);
}

/* What was there before its fork a child never has for itself; what it makes it has. */
static void in_the_child(void **state)
{
	int fd = made(), status;
	pid_t pid;

	(void)state;
	fdg_lent_starting();
	pid = fork();
	if (pid == 0) {
		fdg_lent_forked();
		_exit(!fdg_lent_maybe(fd) + 2 * fdg_lent_maybe(made()));
	}
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0); /* one that does not know that it is a child */
	if (pid == 0)
		syscall(SYS_exit_group, fdg_lent_maybe(fd) ? 0 : 1);
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	close(fd);
}

static uint64_t inode_of(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return st.st_ino;
}

enum { KEPT, CLOSED, LATER, ARRIVED, ALL };

static enum fdg_unseen unseen;

static bool ask_each(const int fd[], bool ret[])
{
	uint64_t inode[ALL];

	for (int i = 0; i < ALL; i++)
		inode[i] = inode_of(fd[i]);
	unseen = fdg_lent_maybe_each(fd, inode, ret, ALL);
	return ret[CLOSED];
}

/* By one look. */
static void of_several(void **state)
{
	int fd[ALL];
	bool has[ALL];
	pid_t pid;

	(void)state;
	for (int i = 0; i < ALL; i++)
		fd[i] = i >= LATER ? -1 : made();
	pid = start(fd[CLOSED]);
	for (int i = LATER; i < ALL; i++)
		fd[i] = made();
	fdg_lent_arrived(fd[ARRIVED]); /* whoever has it: nobody is seen to */
	for (int i = 0; i < 5000 && ask_each(fd, has); i++)
		usleep(1000);
	assert_int_equal(unseen, FDG_ALL_SEEN);
	assert_true(has[KEPT]);
	assert_false(has[CLOSED]);
	assert_false(has[LATER]);
	assert_true(has[ARRIVED]);
	end(pid);
	for (int i = 0; i < ALL; i++)
		close(fd[i]);
}

#define FULL 21000u

/* A child with so many descriptors that looking at all takes too long, as many children as that takes. None has fd. */
static unsigned start_full(int fd, pid_t pids[], unsigned most)
{
	struct rlimit limit;
	unsigned each, n = 0;
	int ready[2];
	char c;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	each = limit.rlim_max > FULL + 100 ? FULL : (unsigned)limit.rlim_max - 100;
	limit.rlim_cur = limit.rlim_max;
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	for (unsigned left = FULL; left && n < most; left -= left < each ? left : each) {
		fdg_lent_starting();
		pids[n] = fork();
		if (pids[n++] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			close(fd);
			setrlimit(RLIMIT_NOFILE, &limit);
			for (unsigned i = 0; i < each; i++)
				dup(ready[0]);
			(void)!write(ready[1], "", 1);
			pause();
		}
		assert_int_equal(read(ready[0], &c, 1), 1);
	}
	close(ready[0]);
	close(ready[1]);
	return n;
}

/* Nobody waits for more: then it is not known. */
static void too_many_to_look_at(void **state)
{
	pid_t pid[64];
	int fd = made(), one[] = { fd };
	uint64_t inode = inode_of(fd);
	unsigned n = start_full(fd, pid, 64);
	bool has = true;

	(void)state;
	assert_true(fdg_lent_maybe(fd));
	assert_int_equal(fdg_lent_maybe_each(one, &inode, &has, 1), FDG_UNSEEN);
	assert_false(has);
	while (n)
		end(pid[--n]);
	assert_true(wait_for_end_of(fd));
	close(fd);
}

/* In a process that began later than those. */
static int ask_later(void)
{
	int fd, one[1];
	uint64_t inode;
	bool has = true;
	pid_t pid;

	fdg_lent_forked();
	fd = one[0] = made();
	inode = inode_of(fd);
	pid = start(fd);
	for (int i = 0; i < 5000 && has; i++) { /* until it has closed it */
		unseen = fdg_lent_maybe_each(one, &inode, &has, 1);
		usleep(1000);
	}
	end(pid);
	if (has || unseen != FDG_OLDER_UNSEEN)
		return 1;
	pid = start(-1);
	unseen = fdg_lent_maybe_each(one, &inode, &has, 1);
	end(pid);
	return !has || unseen != FDG_ALL_SEEN ? 2 : 0;
}

/* Who can have inherited it is looked at before those. */
static void too_many_that_are_older(void **state)
{
	pid_t pid[64], later;
	int fd = made(), status;
	unsigned n = start_full(fd, pid, 64);

	(void)state;
	usleep(50000); /* the kernel tells when a process began in steps of 10 ms */
	later = fork();
	if (later == 0)
		_exit(ask_later());
	assert_int_equal(waitpid(later, &status, 0), later);
	while (n)
		end(pid[--n]);
	assert_int_equal(status, 0);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_child_that_nobody_saw),
		cmocka_unit_test(of_this_process_alone),
		cmocka_unit_test(a_child),
		cmocka_unit_test(a_child_that_closed_it),
		cmocka_unit_test(a_grandchild),
		cmocka_unit_test(in_the_child),
		cmocka_unit_test(of_several),
		cmocka_unit_test(too_many_to_look_at),
		cmocka_unit_test(too_many_that_are_older),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
