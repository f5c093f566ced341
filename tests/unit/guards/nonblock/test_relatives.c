// SPDX-License-Identifier: MIT
#include "nonblock_common.h"

#include <signal.h>

#include "guards/board.h"
#include "guards/nonblock/marks.h"

static int reporting(void **state)
{
	(void)state;
	fdg_options.nonblock = FDG_REPORT;
	atomic_store(&fdg_phase, FDG_ACTIVE);
	report();
	return 0;
}

static int fixing(void **state)
{
	reporting(state);
	fdg_options.nonblock = FDG_FIX;
	return 0;
}

__attribute__((noinline)) static bool is_watched(int fd)
{
	return fdg_is_watched(fd);
}

static pid_t fork_relative(void)
{
	pid_t pid;

	fdg_nonblock_before_fork();
	pid = fork();
	assert_true(pid >= 0);
	if (pid > 0) {
		fdg_nonblock_parent_forked(pid);
		return pid;
	}
	fdg_memory_is_ours();
	fdg_nonblock_forked();
	return 0;
}

static void await(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* A child changes fd in turn, and is gone. */
static void change_in_child(int fd, const bool *nonblocking, int n)
{
	pid_t pid = fork_relative();

	if (pid > 0) {
		await(pid);
		return;
	}
	for (int i = 0; i < n; i++)
		set_mode(fd, nonblocking[i]);
	_exit(0);
}

static void change_once(int fd, bool nonblocking)
{
	change_in_child(fd, &nonblocking, 1);
}

static void before_the_first_fork_nothing_is_compared(void **state)
{
	(void)state;
	assert_null(atomic_load(&fdg_news.at));
	assert_int_equal(atomic_load(&fdg_news.end), FDG_WATCH_MAX);
	assert_false(fdg_has_news() || is_watched(3) || is_watched(-1) || is_watched(FDG_WATCH_MAX));
}

static void news_mark_what_they_are_about(void **state)
{
	(void)state;
	for (int to_block = 0; to_block < 2; to_block++) {
		int fd = make(to_block), other = make(to_block);

		change_once(fd, !to_block);
		assert_true(fdg_has_news() && is_watched(other));
		fdg_nonblock_news();
		assert_false(fdg_has_news() || is_watched(other) || is_watched(-1) || is_watched(FDG_WATCH_MAX));
		assert_int_equal(fdg_watched(fd), to_block ? FDG_WATCH_SETTLE | FDG_WATCH_WAITS : FDG_WATCH_SETTLE);
		assert_string_equal(report(), "");
		use(fd);
		assert_non_null(strstr(report(), WARNING));
		assert_non_null(strstr(logged, to_block ? ") blocking by F_SETFL" : ") non-blocking by F_SETFL"));
		assert_non_null(strstr(logged, "(process "));
		use(fd);
		fdg_nonblock_tick();
		assert_string_equal(report(), "");
		forget(fd);
		forget(other);
	}
}

static void who_made_the_change_has_no_news(void **state)
{
	int fd = make(false);
	pid_t pid = fork_relative();

	(void)state;
	if (pid == 0)
		_exit(0);
	set_mode(fd, true);
	assert_false(fdg_has_news());
	await(pid);
	forget(fd);
}

static void what_is_older_than_a_fork_is_no_news_to_the_child(void **state)
{
	int fd = make(false);
	pid_t pid;

	(void)state;
	change_once(fd, true);
	pid = fork_relative();
	if (pid == 0)
		_exit(fdg_has_news());
	await(pid);
	fdg_late_drop(fd);
	forget(fd);
}

static void what_was_put_back_or_closed_is_no_ones(void **state)
{
	int back = make(false), unseen = make(false), closed = make(false), other;

	(void)state;
	change_once(unseen, true);
	assert_int_equal(fcntl(unseen, F_SETFL, 0), 0);
	change_in_child(back, (const bool[]){ true, false }, 2);
	change_once(closed, true);
	forget(closed);
	other = make(false);
	assert_int_equal(other, closed);
	fdg_nonblock_news();
	assert_int_equal(fdg_watched(back), 0);
	assert_int_equal(fdg_watched(unseen), 0);
	assert_int_equal(fdg_watched(other), 0);
	forget(back);
	forget(unseen);
	forget(other);
}

static void each_holder_here_suffers(void **state)
{
	int fd = make(false), copy = copy_of(fd);

	(void)state;
	change_once(fd, true);
	fdg_nonblock_news();
	assert_true(fdg_watched(fd) & FDG_WATCH_SETTLE && fdg_watched(copy) & FDG_WATCH_SETTLE);
	fdg_late_drop(fd);
	fdg_late_drop(copy);
	forget(fd);
	forget(copy);
}

static void who_asks_for_the_flags_has_heard_first(void **state)
{
	int fd = make(false);

	(void)state;
	change_once(fd, true);
	assert_true(seen_mode(fd));
	use(fd);
	assert_string_equal(report(), "");
	forget(fd);
}

static void fix_lets_it_wait_and_shows_what_was_asked(void **state)
{
	int fd = make(false);

	(void)state;
	change_once(fd, true);
	assert_false(seen_mode(fd));
	assert_true(kernel_mode(fd) && waits(fd));
	use(fd);
	assert_non_null(strstr(report(), "fdguard keeps it non-blocking, and lets calls on fd"));
	change_once(fd, false); /* by who asked for it, as far as anybody knows */
	fdg_nonblock_news();
	assert_false(seen_mode(fd) || kernel_mode(fd));
	forget(fd);
}

static void after_a_filter_there_is_no_news(void **state)
{
	int fd = make(false);
	pid_t pid = fork_relative();

	(void)state;
	if (pid == 0) {
		fdg_nonblock_release();
		change_once(fd, true);
		_exit(fdg_has_news());
	}
	await(pid);
	fdg_nonblock_news();
	fdg_late_drop(fd);
	forget(fd);
}

/* How many children were looked at in /proc. */
static unsigned looked_at;

bool __real_fdg_holders_has_execd(int pid);
bool __wrap_fdg_holders_has_execd(int pid);
bool __wrap_fdg_holders_has_execd(int pid)
{
	looked_at++;
	return __real_fdg_holders_has_execd(pid);
}

static void children_that_asked_for_nothing_are_not_looked_at(void **state)
{
	int fd = make(true), status;
	pid_t pid = fork_relative();

	(void)state;
	if (pid == 0) {
		pause();
		_exit(0);
	}
	set_mode(fd, false);
	assert_int_equal(kill(pid, SIGKILL), 0); /* first: it would outlive a failure */
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(looked_at, 0);
	assert_false(kernel_mode(fd));
	forget(fd);
}

/* The oldest give way, and nothing goes wrong. */
static void more_changes_than_the_board_holds(void **state)
{
	int fd[2 * FDG_POSTS], marked = 0;
	pid_t pid;

	(void)state;
	for (int i = 0; i < 2 * FDG_POSTS; i++)
		fd[i] = make(false);
	pid = fork_relative();
	for (int i = 0; pid == 0 && i < 2 * FDG_POSTS; i++)
		set_mode(fd[i], true);
	if (pid == 0)
		_exit(0);
	await(pid);
	fdg_nonblock_news();
	for (int i = 0; i < 2 * FDG_POSTS; i++)
		marked += fdg_watched(fd[i]) != 0;
	assert_int_equal(marked, FDG_POSTS);
	assert_true(fdg_watched(fd[2 * FDG_POSTS - 1]));
	for (int i = 0; i < 2 * FDG_POSTS; i++) {
		fdg_late_drop(fd[i]);
		forget(fd[i]);
	}
}

static _Atomic bool is_over;

static void *hear(void *fd)
{
	while (!atomic_load(&is_over)) {
		fdg_nonblock_news();
		fdg_nonblock_tick();
		use(*(int *)fd);
	}
	return NULL;
}

/* For sanitizers. */
static void threads_hear_at_once(void **state)
{
	int fd[3] = { make(false), make(false), make(false) };
	pthread_t thread[3];
	pid_t pid;

	(void)state;
	pid = fork_relative();
	for (int i = 0; pid == 0 && i < 3000; i++)
		set_mode(fd[i % 3], !(i / 3 & 1));
	if (pid == 0)
		_exit(0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, hear, &fd[i]), 0);
	await(pid);
	atomic_store(&is_over, true);
	for (int i = 0; i < 3; i++) {
		pthread_join(thread[i], NULL);
		fdg_late_drop(fd[i]);
		forget(fd[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(before_the_first_fork_nothing_is_compared, reporting),
		cmocka_unit_test_setup(news_mark_what_they_are_about, reporting),
		cmocka_unit_test_setup(who_made_the_change_has_no_news, reporting),
		cmocka_unit_test_setup(what_is_older_than_a_fork_is_no_news_to_the_child, reporting),
		cmocka_unit_test_setup(what_was_put_back_or_closed_is_no_ones, reporting),
		cmocka_unit_test_setup(each_holder_here_suffers, reporting),
		cmocka_unit_test_setup(who_asks_for_the_flags_has_heard_first, reporting),
		cmocka_unit_test_setup(fix_lets_it_wait_and_shows_what_was_asked, fixing),
		cmocka_unit_test_setup(after_a_filter_there_is_no_news, reporting),
		cmocka_unit_test_setup(children_that_asked_for_nothing_are_not_looked_at, fixing),
		cmocka_unit_test_setup(more_changes_than_the_board_holds, reporting),
		cmocka_unit_test_setup(threads_hear_at_once, reporting),
	};

	return cmocka_run_group_tests(tests, begin, end_reports);
}
