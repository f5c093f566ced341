// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/same.h"

static void a_copy_is_the_same(void **state)
{
	int fd[2], copy;

	(void)state;
	assert_int_equal(pipe(fd), 0);
	copy = dup(fd[0]);
	assert_int_equal(fdg_same_here(fd[0], copy), FDG_SAME);
	assert_int_equal(fdg_same_here(fd[0], fd[0]), FDG_SAME);
	assert_int_equal(fdg_same_here(fd[0], fd[1]), FDG_NOT_SAME);
	close(copy);
	assert_int_equal(fdg_same_here(fd[0], copy), FDG_NOT_SAME);
	close(fd[0]);
	close(fd[1]);
}

/* One inode and one access mode, and two descriptions. */
static void another_open_of_it_is_not(void **state)
{
	char path[64];
	int fd[2], again;

	(void)state;
	assert_int_equal(pipe(fd), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd[0]);
	again = open(path, O_RDONLY);
	assert_true(again >= 0);
	assert_int_equal(fdg_same_here(fd[0], again), FDG_NOT_SAME);
	close(again);
	close(fd[0]);
	close(fd[1]);
}

static void two_sockets_are_not(void **state)
{
	int fd[2], copy;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	copy = dup(fd[1]);
	assert_int_equal(fdg_same_here(fd[0], fd[1]), FDG_NOT_SAME);
	assert_int_equal(fdg_same_here(copy, fd[1]), FDG_SAME);
	close(copy);
	close(fd[0]);
	close(fd[1]);
}

static void in_a_child(void **state)
{
	int fd[2], hold[2], again;
	char path[64], c;
	pid_t child;

	(void)state;
	assert_int_equal(pipe(fd), 0);
	assert_int_equal(pipe(hold), 0);
	child = fork();
	if (child == 0) {
		close(hold[1]);
		_exit(read(hold[0], &c, 1) == 0 ? 0 : 1);
	}
	assert_true(child > 0);
	assert_int_equal(fdg_same_there(fd[0], child, fd[0]), FDG_SAME);
	assert_int_equal(fdg_same_there(fd[0], child, fd[1]), FDG_NOT_SAME);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd[0]);
	again = open(path, O_RDONLY);
	assert_int_equal(fdg_same_there(again, child, fd[0]), FDG_NOT_SAME);
	assert_int_equal(fdg_same_there(fd[0], child, 999), FDG_NOT_SAME);
	close(again);
	close(hold[1]);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(fdg_same_there(fd[0], child, fd[0]), FDG_NOT_SAME);
	close(hold[0]);
	close(fd[0]);
	close(fd[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_copy_is_the_same),
		cmocka_unit_test(another_open_of_it_is_not),
		cmocka_unit_test(two_sockets_are_not),
		cmocka_unit_test(in_a_child),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
