// SPDX-License-Identifier: MIT
/* The thread and the signal of wrap/sweeper.c, which is compiled in here: the library's own calls are not linked into unit tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "wrap/sweeper.c"

#define TCP fdg_kindword_of(FDG_KIND_SOCKET, AF_INET, SOCK_STREAM)

/* The thread sanitizer ends a forked child that makes a thread, unless it is told not to. */
__attribute__((visibility("default"))) const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "die_after_fork=0";
}

/* Options are written before there is any thread. */
static int options(void **state)
{
	(void)state;
	atomic_store(&fdg_phase, FDG_ACTIVE);
	fdg_options_defaults(&fdg_options);
	fdg_options.closewait_age_ms = 200;
	fdg_options.closewait_thread = true;
	fdg_options.closewait_signal = SIGUSR1;
	fdg_options.log.where = FDG_LOG_NONE;
	return 0;
}

static int begin(void **state)
{
	(void)state;
	signal(SIGUSR1, SIG_DFL);
	atomic_store(&taken, false);
	atomic_store(&stopping, 0);
	atomic_store(&thread_id, 0);
	atomic_store(&fdg_sweeper_wanted, false);
	return 0;
}

static int end(void **state)
{
	(void)state;
	fdg_sweeper_stop();
	return 0;
}

static bool begins(void)
{
	for (int i = 0; i < 2000 && atomic_load(&thread_id) <= 0; i++)
		usleep(1000);
	return atomic_load(&thread_id) > 0;
}

static void one_at_the_first_tcp_socket(void **state)
{
	int first;

	(void)state;
	fdg_sweeper_start();
	fdg_sweeper_made(fdg_kindword_of(FDG_KIND_SOCKET, AF_INET, SOCK_DGRAM));
	fdg_sweeper_made(FDG_KINDWORD(PIPE));
	assert_false(atomic_load(&taken));
	errno = 77;
	fdg_sweeper_made(TCP);
	assert_int_equal(errno, 77);
	assert_true(begins());
	first = atomic_load(&thread_id);
	atomic_store(&fdg_sweeper_wanted, true);
	fdg_sweeper_made(TCP);
	assert_int_equal(atomic_load(&thread_id), first);
}

static void none_unless_asked_for(void **state)
{
	(void)state;
	fdg_options.closewait_thread = false;
	fdg_sweeper_start();
	fdg_sweeper_made(TCP);
	assert_false(atomic_load(&taken));
	fdg_options.closewait_thread = true;
	fdg_options.closewait = FDG_OFF;
	fdg_sweeper_start();
	fdg_sweeper_again();
	fdg_sweeper_made(TCP);
	assert_false(atomic_load(&taken));
	options(NULL);
}

static bool lives(int thread)
{
	return syscall(SYS_tgkill, getpid(), thread, 0) == 0;
}

static void stopped_it_is_gone(void **state)
{
	int thread;

	(void)state;
	for (int i = 0; i < 20; i++) {
		fdg_sweeper_again();
		fdg_sweeper_made(TCP);
		assert_true(begins());
		thread = atomic_load(&thread_id);
		fdg_sweeper_stop();
		assert_false(lives(thread));
		assert_int_equal(atomic_load(&thread_id), 0);
		fdg_sweeper_made(TCP);
		assert_int_equal(atomic_load(&thread_id), 0);
	}
	fdg_sweeper_again();
	fdg_sweeper_made(TCP);
	fdg_sweeper_stop(); /* before it has begun */
	assert_int_equal(atomic_load(&thread_id), 0);
	fdg_sweeper_again();
	fdg_sweeper_made(TCP);
	assert_true(begins());
	thread = atomic_load(&thread_id);
	usleep(100000);
	assert_true(lives(thread));
}

static void not_in_foreign_memory(void **state)
{
	(void)state;
	fdg_sweeper_start();
	fdg_vfork_depth++;
	fdg_sweeper_made(TCP);
	fdg_vfork_depth--;
	assert_false(atomic_load(&taken));
}

static void in_a_forked_child(void **state)
{
	int status;
	pid_t child;

	(void)state;
	fdg_sweeper_start();
	fdg_sweeper_made(TCP);
	assert_true(begins());
	child = fork();
	if (child == 0) {
		fdg_sweeper_forked();
		fdg_sweeper_made(TCP); /* libc does not know that it forked */
		if (atomic_load(&thread_id))
			_exit(1);
		fdg_sweeper_again();
		fdg_sweeper_made(TCP);
		_exit(begins() ? 0 : 2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static int seen_in_handler = -1;

static void look(int number)
{
	(void)number;
	seen_in_handler = may_be_in_handler();
}

static void handlers_are_noticed(void **state)
{
	sigset_t some, old;

	(void)state;
	sigemptyset(&some);
	sigaddset(&some, SIGUSR2);
	signal(SIGUSR2, SIG_DFL);
	sigprocmask(SIG_BLOCK, &some, &old); /* as for signalfd */
	assert_false(may_be_in_handler());
	sigprocmask(SIG_SETMASK, &old, NULL);
	signal(SIGUSR2, look);
	assert_false(may_be_in_handler());
	raise(SIGUSR2);
	assert_int_equal(seen_in_handler, 1);
	signal(SIGUSR2, SIG_DFL);
}

static void the_signal_if_it_is_free(void **state)
{
	struct sigaction a;

	(void)state;
	signal(SIGUSR1, SIG_IGN);
	fdg_sweeper_start();
	sigaction(SIGUSR1, NULL, &a);
	assert_true(a.sa_handler == SIG_IGN);
	signal(SIGUSR1, SIG_DFL);
	fdg_sweeper_start();
	sigaction(SIGUSR1, NULL, &a);
	assert_true(a.sa_handler == told);
	assert_int_equal(a.sa_flags & (SA_RESTART | SA_ONSTACK | SA_NODEFER | (int)SA_RESETHAND), SA_RESTART | SA_ONSTACK);
	errno = 77;
	raise(SIGUSR1);
	assert_int_equal(errno, 77);
	signal(SIGUSR1, SIG_DFL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(none_unless_asked_for, begin, end),
		cmocka_unit_test_setup_teardown(one_at_the_first_tcp_socket, begin, end),
		cmocka_unit_test_setup_teardown(stopped_it_is_gone, begin, end),
		cmocka_unit_test_setup_teardown(not_in_foreign_memory, begin, end),
		cmocka_unit_test_setup_teardown(in_a_forked_child, begin, end),
		cmocka_unit_test_setup_teardown(handlers_are_noticed, begin, end),
		cmocka_unit_test_setup_teardown(the_signal_if_it_is_free, begin, end),
	};

	return cmocka_run_group_tests(tests, options, NULL);
}
