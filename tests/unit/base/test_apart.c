// SPDX-License-Identifier: MIT
#include "base/apart.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/sys.h"

typedef int way(int (*f)(void *arg), void *arg);
static way *const ways[] = { fdg_apart, fdg_aside, fdg_aside_anyhow, fdg_still };

static void *nothing(void *unused)
{
	return unused;
}

/* glibc asks for one thread that ever was. */
static int make_thread(void **state)
{
	pthread_t t;

	(void)state;
	return pthread_create(&t, NULL, nothing, NULL) || pthread_join(t, NULL);
}

struct job {
	_Atomic int began, goes_on;
	int opened, table_size, pid, tid;
};

/* What it opens is open there alone. */
static int open_one(void *arg)
{
	struct job *j = arg;

	j->opened = fdg_sys_open("/dev/null", O_RDONLY, 0);
	j->pid = fdg_sys_getpid();
	j->tid = fdg_sys_gettid();
	return 254;
}

static void what_it_returns_and_writes_is_here_and_what_it_opens_is_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct job j = { 0 };
		int next = dup(0);

		close(next);
		assert_int_equal(ways[i](open_one, &j), 254);
		assert_true(j.opened >= 0);
		assert_int_equal(j.pid, getpid());
		assert_int_equal(dup(0), next);
		close(next);
	}
}

static int end_itself(void *arg)
{
	(void)arg;
	fdg_sys1(SYS_exit, 0);
	return 0;
}

static void one_that_did_not_come_to_its_end_is_told(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(ways[i](end_itself, NULL), -ECHILD);
}

static int wait_for_word(void *arg)
{
	struct job *j = arg;

	j->began = 1;
	while (!j->goes_on)
		fdg_sys_poll(NULL, 0, 1);
	return 0;
}

static void *look_on_aside(void *arg)
{
	fdg_aside(wait_for_word, arg);
	return NULL;
}

/* A port that is closed meanwhile is free, and a pipe has its end: it holds nothing of the program's. */
static void what_is_closed_meanwhile_is_closed(void **state)
{
	struct job j = { 0 };
	int p[2];
	pthread_t t;
	char c;

	(void)state;
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	pthread_create(&t, NULL, look_on_aside, &j);
	while (!j.began)
		usleep(100);
	close(p[1]);
	fcntl(p[0], F_SETFL, O_NONBLOCK);
	assert_int_equal(read(p[0], &c, 1), 0);
	j.goes_on = 1;
	pthread_join(t, NULL);
	close(p[0]);
}

/* Closing any descriptor of a file lets go of a process's locks on it; the copies of another table are another's. */
static void record_locks_stay(void **state)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };
	char path[] = "/tmp/apart.XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_int_equal(fcntl(fd, F_SETLK, &l), 0);
	for (size_t i = 0; i < 4; i++) {
		struct job j = { 0 };
		int status;
		pid_t other;

		ways[i](open_one, &j);
		other = fork();
		if (other == 0) {
			l.l_type = F_WRLCK;
			_exit(fcntl(fd, F_GETLK, &l) == 0 && l.l_type == F_WRLCK ? 0 : 1);
		}
		waitpid(other, &status, 0);
		assert_int_equal(status, 0);
	}
	close(fd);
	unlink(path);
}

static volatile sig_atomic_t children;

static void count_child(int number)
{
	(void)number;
	children = children + 1;
}

static void nobody_hears_of_it(void **state)
{
	struct sigaction action = { .sa_handler = count_child }, old;

	(void)state;
	sigaction(SIGCHLD, &action, &old);
	for (size_t i = 0; i < 4; i++) {
		struct job j = { 0 };

		ways[i](open_one, &j);
		assert_int_equal(waitpid(-1, NULL, __WALL), -1);
		assert_int_equal(errno, ECHILD);
	}
	assert_int_equal(children, 0);
	sigaction(SIGCHLD, &old, NULL);
}

static int raise_and_look(void *arg)
{
	struct job *j = arg;

	fdg_sys2(SYS_kill, j->pid, SIGUSR1);
	j->began = children;
	return 0;
}

static void signals_wait_for_it(void **state)
{
	struct sigaction action = { .sa_handler = count_child }, old;

	(void)state;
	sigaction(SIGUSR1, &action, &old);
	for (size_t i = 0; i < 4; i++) {
		struct job j = { .pid = getpid() };

		children = 0;
		assert_int_equal(ways[i](raise_and_look, &j), 0);
		assert_int_equal(j.began, 0);
		assert_int_equal(children, 1);
	}
	sigaction(SIGUSR1, &old, NULL);
}

/* A table that is full has room there. */
static int takes_three(void *arg)
{
	struct job *j = arg;

	for (int i = 0; i < 3; i++)
		j->table_size += fdg_sys_open("/dev/null", O_RDONLY, 0) >= 0;
	return 0;
}

static void a_full_table_is_no_harm(void **state)
{
	struct job j = { 0 };
	int first = -1, last = -1, fd;

	(void)state;
	while ((fd = dup(0)) >= 0) {
		first = first < 0 ? fd : first;
		last = fd;
	}
	assert_int_equal(fdg_aside_anyhow(takes_three, &j), 0);
	for (fd = first; fd <= last; fd++)
		close(fd);
	assert_int_equal(j.table_size, 3);
}

/* What becomes of who calls `nr`. Killed is who calls clone, and makes no thread. */
static void filter(int nr, unsigned verdict)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 3, 2),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, verdict),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(code[0]), code };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		_exit(8);
}

static bool old_container;

static int in_filter(int nr, unsigned verdict)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		struct job j = { 0 };

		filter(nr, verdict);
		if (old_container)
			filter(SYS_unshare, verdict);
		_exit(fdg_aside(open_one, &j) != 254 ? 1 : j.tid == getpid() ? 2 : 3);
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* One that allows threads, and no processes; one that refuses what is new. */
static void nobody_is_ended_by_a_filter_for_it(void **state)
{
	(void)state;
	assert_int_equal(in_filter(SYS_wait4, SECCOMP_RET_KILL_PROCESS), 3);
	assert_int_equal(in_filter(SYS_vfork, SECCOMP_RET_KILL_PROCESS), 3);
	assert_int_equal(in_filter(SYS_close_range, SECCOMP_RET_ERRNO | EPERM), 3);
	old_container = true; /* unshare as well */
	assert_int_equal(in_filter(SYS_close_range, SECCOMP_RET_ERRNO | EPERM), 3);
}

static void *look_for_children(void *over)
{
	long seen = 0;

	while (!*(_Atomic int *)over)
		seen += waitpid(-1, NULL, __WALL | WNOHANG) != -1 || errno != ECHILD;
	return (void *)seen;
}

static void no_other_thread_hears_of_it(void **state)
{
	_Atomic int over = 0;
	struct job j = { 0 };
	pthread_t t;
	void *seen;

	(void)state;
	pthread_create(&t, NULL, look_for_children, (void *)&over);
	for (int i = 0; i < 300; i++)
		ways[i % 4](open_one, &j);
	over = 1;
	pthread_join(t, &seen);
	assert_int_equal((long)seen, 0);
}

static void one_thread_needs_no_process(void **state)
{
	pid_t child = fork();
	int status;

	(void)state;
	if (child == 0) {
		char *const none[] = { NULL };
		char *argv[] = { (char *)"alone", NULL };

		execve("/proc/self/exe", argv, none);
		_exit(9);
	}
	waitpid(child, &status, 0);
	assert_int_equal(status, 0);
}

int main(int argc, char **argv)
{
	struct job j = { 0 };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_it_returns_and_writes_is_here_and_what_it_opens_is_not),
		cmocka_unit_test(one_that_did_not_come_to_its_end_is_told),
		cmocka_unit_test(what_is_closed_meanwhile_is_closed),
		cmocka_unit_test(record_locks_stay),
		cmocka_unit_test(nobody_hears_of_it),
		cmocka_unit_test(no_other_thread_hears_of_it),
		cmocka_unit_test(signals_wait_for_it),
		cmocka_unit_test(a_full_table_is_no_harm),
		cmocka_unit_test(nobody_is_ended_by_a_filter_for_it),
		cmocka_unit_test(one_thread_needs_no_process),
	};

	if (argc && strcmp(argv[0], "alone") == 0)
		return fdg_aside(open_one, &j) == 254 && j.tid == getpid() && fdg_still(open_one, &j) == 254 && j.tid == getpid() ? 0 : 1;
	return cmocka_run_group_tests(tests, make_thread, NULL);
}
