// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fmt.h"
#include "base/same.h"
#include "base/sys.h"
#include "guards/holders.h"
#include "guards/nonblock/late.h"
#include "guards/passed.h"

static int made(int fd)
{
	assert_true(fd > 2);
	fdg_ledger_learn(fd, fdg_kindword_of(FDG_KIND_SOCKET, AF_UNIX, SOCK_DGRAM), 0, NULL);
	return fd;
}

static int make(void)
{
	return made(socket(AF_UNIX, SOCK_DGRAM, 0));
}

static int copy_of(int fd)
{
	int copy = dup(fd);

	fdg_ledger_copy(fd, copy, 0, NULL);
	return copy;
}

static void forget(int fd)
{
	fdg_ledger_forget(fd);
	close(fd);
}

static void all_copies_are_found_and_nothing_else(void **state)
{
	int fd = make(), stranger = make(), a = copy_of(fd), b = copy_of(a);

	(void)state;
	assert_int_equal(fdg_holders_next(fd, -1), a);
	assert_int_equal(fdg_holders_next(fd, a), b);
	assert_int_equal(fdg_holders_next(fd, b), -1);
	assert_int_equal(fdg_holders_next(b, -1), fd);
	assert_int_equal(fdg_holders_next(stranger, -1), -1);
	forget(fd);
	assert_int_equal(fdg_holders_next(a, -1), b);
	forget(stranger);
	forget(a);
	forget(b);
}

static void what_the_ledger_is_wrong_about_the_kernel_knows(void **state)
{
	int fd = make(), copy = copy_of(fd), other = make(), pipes[2];

	(void)state;
	assert_int_equal(dup2(other, copy), copy); /* behind us */
	assert_int_equal(fdg_holders_next(fd, -1), -1);
	assert_int_equal(pipe(pipes), 0);
	made(pipes[0]);
	made(pipes[1]);
	fdg_ledger_identify(pipes[1], fdg_ledger_description(pipes[0])); /* one inode, two descriptions */
	fdg_ledger_flag(pipes[0], FDG_SHARED, 0);
	assert_int_equal(fdg_holders_next(pipes[0], -1), -1);
	forget(fd);
	forget(copy);
	forget(other);
	forget(pipes[0]);
	forget(pipes[1]);
}

static void who_has_nobody_is_alone_again(void **state)
{
	int fd = make(), copy;

	(void)state;
	assert_true(fdg_holders_is_alone(fd));
	copy = copy_of(fd);
	assert_false(fdg_holders_is_alone(fd) || fdg_holders_is_alone(copy));
	forget(copy);
	assert_false(fdg_holders_is_alone(fd));
	assert_int_equal(fdg_holders_next(fd, -1), -1);
	assert_true(fdg_holders_is_alone(fd));
	assert_false(fdg_holders_is_alone(900)); /* unknown */
	assert_false(fdg_holders_is_alone(-1));
	forget(fd);
}

static int passed(int fd)
{
	fdg_ledger_flag(fd, FDG_SHARED | FDG_PASSED, 0);
	fdg_passed_add(fd);
	return fd;
}

static void what_came_back_is_found_by_its_inode(void **state)
{
	int fd = make(), back = passed(made(dup(fd))), other = make();

	(void)state;
	assert_true(fdg_ledger_description(fd) != fdg_ledger_description(back));
	assert_int_equal(fdg_holders_next(back, -1), -1);
	passed(fd);
	passed(other);
	assert_int_equal(fdg_holders_next(back, -1), fd);
	assert_true(fdg_ledger_description(fd) == fdg_ledger_description(back));
	assert_int_equal(fdg_holders_next(other, -1), -1);
	forget(fd);
	forget(back);
	forget(other);
}

static void nobody_of_a_family_is_left_behind(void **state)
{
	int fd = make(), copy = copy_of(fd), back = passed(made(dup(fd)));

	(void)state;
	passed(fd);
	assert_int_equal(fdg_holders_next(back, -1), fd);
	assert_int_equal(fdg_holders_next(copy, -1), fd);
	assert_int_equal(fdg_holders_next(copy, fd), back);
	assert_int_equal(fdg_holders_next(back, fd), copy);
	forget(fd);
	forget(copy);
	forget(back);
}

/* How many pairs the kernel was asked about. */
static unsigned asked;

enum fdg_same __real_fdg_same_here(int a, int b);
enum fdg_same __wrap_fdg_same_here(int a, int b);
enum fdg_same __wrap_fdg_same_here(int a, int b)
{
	asked++;
	return __real_fdg_same_here(a, b);
}

static void among_many_strangers_nobody_is_asked(void **state)
{
	int fd[300];

	(void)state;
	for (int i = 0; i < 300; i++)
		fd[i] = passed(make());
	asked = 0;
	for (int i = 0; i < 300; i++)
		assert_int_equal(fdg_holders_next(fd[i], -1), -1);
	assert_in_range(asked, 0, 2); /* two inodes may have one hash */
	for (int i = 0; i < 300; i++)
		forget(fd[i]);
}

static void what_was_there_before_us_stays_so(void **state)
{
	int fd = dup(0), copy, mine = make();

	(void)state;
	fdg_ledger_learn(fd, FDG_KIND_UNKNOWN, FDG_INHERITED, NULL);
	copy = copy_of(fd);
	assert_true(fdg_ledger_is_inherited(fd) && fdg_ledger_is_inherited(copy) && fdg_ledger_is_inherited(0));
	assert_false(fdg_ledger_is_inherited(mine) || fdg_ledger_is_inherited(900));
	assert_false(fdg_holders_is_alone(fd));
	forget(fd);
	forget(copy);
	forget(mine);
}

/* A child that waits; or one that is `cat` with fd as its input. */
static pid_t child(int fd, bool execs, int go)
{
	pid_t pid;

	fdg_board_open();
	fdg_ledger_forking();
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		char c;

		if (execs) {
			dup2(fd, 0);
			execlp("sleep", "sleep", "60", (char *)NULL);
			_exit(127);
		}
		(void)!read(go, &c, 1);
		_exit(0);
	}
	fdg_holders_forked(pid);
	return pid;
}

static void collect(pid_t pid)
{
	assert_true(pid > 1);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void a_child_holds_what_is_older_until_it_is_gone(void **state)
{
	int fd = make(), newer, go[2];
	struct fdg_holder h = { 0, 0, true };
	unsigned at = 0;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe2(go, O_CLOEXEC), 0);
	pid = child(fd, false, go[0]);
	newer = make();
	assert_true(fdg_holders_is_older(fd) && !fdg_holders_is_older(newer));
	assert_false(fdg_holders_is_alone(fd));
	assert_true(fdg_holders_is_alone(newer));
	assert_true(fdg_holders_next_child(fd, &at, &h));
	assert_int_equal(h.pid, pid);
	assert_int_equal(h.fd, fd);
	assert_false(h.has_execd);
	assert_false(fdg_holders_next_child(fd, &at, &h));
	at = 0;
	assert_false(fdg_holders_next_child(newer, &at, &h));
	collect(pid);
	at = 0;
	assert_false(fdg_holders_next_child(fd, &at, &h));
	forget(fd);
	forget(newer);
	close(go[0]);
	close(go[1]);
}

static bool has_become(pid_t pid, const char *word)
{
	char path[64], text[64];
	struct fdg_buf b = FDG_BUF(path);
	long n;
	int fd;

	fdg_fmt(&b, "/proc/%d/comm", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n - 1 : 0] = '\0';
	return strcmp(text, word) == 0;
}

static void a_program_holds_what_it_was_given_and_not_what_leaked(void **state)
{
	int given = make(), leaked = make();
	struct fdg_holder h = { 0, -1, false };
	unsigned at = 0;
	struct fdg_execd known = { 0 };
	pid_t pid = child(given, true, -1);

	(void)state;
	while (!has_become(pid, "sleep"))
		usleep(1000);
	usleep(50000); /* one that is killed while it writes a line of ours leaves half of it */
	assert_true(fdg_holders_next_child(given, &at, &h));
	assert_int_equal(h.pid, pid);
	assert_int_equal(h.fd, 0);
	assert_true(h.has_execd);
	at = 0;
	assert_false(fdg_holders_next_child(leaked, &at, &h));
	assert_true(fdg_holders_child_has(given, &known));
	assert_false(fdg_holders_child_has(leaked, &known));
	assert_int_equal(known.pid[0], -pid);
	known.pid[0] = pid; /* as if it had not been seen to */
	assert_true(fdg_holders_child_has(leaked, &known));
	collect(pid);
	forget(given);
	forget(leaked);
}

static void a_child_knows_what_its_parent_has(void **state)
{
	int fd = make(), closed = make(), ready[2], status;
	char c;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(ready), 0);
	fdg_ledger_forking();
	pid = fork();
	if (pid == 0) {
		int newer = make();

		fdg_forked_from = getppid();
		(void)!read(ready[0], &c, 1);
		_exit((fdg_holders_parent_has(fd) ? 0 : 1) | fdg_holders_parent_has(newer) << 1 | fdg_holders_parent_has(closed) << 2);
	}
	close(closed);
	assert_int_equal(write(ready[1], "", 1), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(ready[0]);
	close(ready[1]);
	fdg_ledger_forget(closed);
	forget(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_copies_are_found_and_nothing_else),
		cmocka_unit_test(what_the_ledger_is_wrong_about_the_kernel_knows),
		cmocka_unit_test(who_has_nobody_is_alone_again),
		cmocka_unit_test(what_came_back_is_found_by_its_inode),
		cmocka_unit_test(nobody_of_a_family_is_left_behind),
		cmocka_unit_test(among_many_strangers_nobody_is_asked),
		cmocka_unit_test(what_was_there_before_us_stays_so),
		cmocka_unit_test(a_child_holds_what_is_older_until_it_is_gone),
		cmocka_unit_test(a_program_holds_what_it_was_given_and_not_what_leaked),
		cmocka_unit_test(a_child_knows_what_its_parent_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
