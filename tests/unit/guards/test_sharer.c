// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guards/sharer.h"

/* A child that holds what it is given until it is told to end; the other end of its life is *ret_leash. */
static pid_t holder(int fd, int as, int *ret_leash)
{
	int leash[2], ready[2];
	pid_t child;
	char c = 0;

	assert_int_equal(pipe(leash), 0);
	assert_int_equal(pipe(ready), 0);
	child = fork();
	if (child == 0) {
		prctl(PR_SET_NAME, "holder (of) it");
		if (as >= 0)
			dup2(fd, as);
		if (as != fd)
			close(fd);
		close(leash[1]);
		_exit(write(ready[1], &c, 1) == 1 && read(leash[0], &c, 1) == 0 ? 0 : 1);
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(leash[0]);
	close(ready[0]);
	close(ready[1]);
	*ret_leash = leash[1];
	return child;
}

static void let_go(pid_t child, int leash)
{
	int status;

	close(leash);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void a_pipe_of_ours_alone(void **state)
{
	struct fdg_sharer s = { 0 };
	int fd[2], leash;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(fd), 0);
	assert_int_not_equal(fdg_find_sharer(fd[0], &s), FDG_SHARED_BY_ONE);
	child = holder(fd[0], -1, &leash); /* has the other end */
	assert_int_not_equal(fdg_find_sharer(fd[0], &s), FDG_SHARED_BY_ONE);
	assert_int_equal(fdg_find_sharer(fd[1], &s), FDG_SHARED_BY_ONE);
	assert_int_equal(s.pid, child);
	let_go(child, leash);
	close(fd[0]);
	close(fd[1]);
}

static void somebody_has_it_as_its_input(void **state)
{
	struct fdg_sharer s = { 0 };
	int fd[2], leash;
	pid_t child;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	child = holder(fd[0], 0, &leash);
	assert_int_equal(fdg_find_sharer(fd[0], &s), FDG_SHARED_BY_ONE);
	assert_int_equal(s.pid, child);
	assert_int_equal(s.fd, 0);
	assert_string_equal(s.program, "holder (of) it");
	let_go(child, leash);
	assert_int_not_equal(fdg_find_sharer(fd[0], &s), FDG_SHARED_BY_ONE);
	close(fd[0]);
	close(fd[1]);
}

/* Waits until its parent has none, and looks. */
static int grandchild(int closed)
{
	struct fdg_sharer s = { 0 };
	char c;

	if (read(closed, &c, 1) != 0 || fdg_find_sharer(6, &s) != FDG_SHARED_BY_ONE)
		return 1;
	return s.fd == 200 && s.pid != getppid() ? 0 : 1;
}

/* A parent's parent has it, at whatever number; the one in between has a name that is hard to read. */
static void an_ancestor_has_it(void **state)
{
	int fd[2], closed[2], status;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(pipe(closed), 0);
	assert_int_equal(dup2(fd[0], 200), 200);
	assert_int_equal(dup2(closed[0], 201), 201);
	assert_int_equal(dup2(closed[1], 202), 202);
	close(fd[0]);
	close(closed[0]);
	close(closed[1]);
	child = fork();
	if (child == 0) {
		pid_t pid;

		prctl(PR_SET_NAME, "a) S 1 (b");
		dup2(200, 6);
		close(200);
		pid = fork();
		if (pid == 0) {
			close(202);
			_exit(grandchild(201));
		}
		close(6);
		close(202);
		_exit(waitpid(pid, &status, 0) == pid && status == 0 ? 0 : 1);
	}
	close(202);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	close(200);
	close(201);
	close(fd[1]);
}

/* Children that have 900 descriptors each, none of them of ours. */
static void crowd(const int ours[2], pid_t *child, unsigned n, int leash[2])
{
	int ready[2];
	char c = 0;

	assert_int_equal(pipe(leash), 0);
	assert_int_equal(pipe(ready), 0);
	for (unsigned i = 0; i < n; i++) {
		child[i] = fork();
		if (child[i] == 0) {
			close(ours[0]);
			close(ours[1]);
			close(leash[1]);
			for (int copies = 0; copies < 900 && dup(leash[0]) >= 0; copies++)
				;
			_exit(write(ready[1], &c, 1) == 1 && read(leash[0], &c, 1) == 0 ? 0 : 1);
		}
		assert_int_equal(read(ready[0], &c, 1), 1);
	}
	close(ready[0]);
	close(ready[1]);
}

/* On a machine with many descriptors nobody's exit waits for a look at all of them; and then nothing is claimed. */
static void many_are_not_looked_at(void **state)
{
	struct fdg_heirs heirs = { 0, getpid() };
	struct fdg_sharer s = { 0 };
	int fd[2], leash[2];
	pid_t child[6];

	(void)state;
	assert_int_equal(pipe(fd), 0);
	crowd(fd, child, 6, leash);
	assert_int_equal(fdg_find_stranger(fd[0], &heirs, &s), FDG_SHARED_NOT_TOLD);
	assert_int_equal(s.pid, 0);
	close(leash[0]);
	close(leash[1]);
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(waitpid(child[i], NULL, 0), child[i]);
	close(fd[0]);
	close(fd[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pipe_of_ours_alone),
		cmocka_unit_test(somebody_has_it_as_its_input),
		cmocka_unit_test(an_ancestor_has_it),
		cmocka_unit_test(many_are_not_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
