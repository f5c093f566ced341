// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/kcmp.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/single_threaded.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../../harness/reported.h"
#include "base/state.h"
#include "guards/epoll/fdinfo.h"
#include "guards/epoll/sets.h"
#include "guards/epoll/stale.h"
#include "guards/holders.h"
#include "guards/nonblock/late.h"

#define DATA 0x1234

static int loop;

static int learned(int fd, enum fdg_kind kind)
{
	assert_true(fd > 2);
	fdg_ledger_learn(fd, kind, 0, &loop);
	return fd;
}

static int copy_of(int fd)
{
	int copy = dup(fd);

	assert_true(copy > 2);
	fdg_ledger_copy(fd, copy, 0, NULL);
	return copy;
}

/* From another place each time: what is told of one place is told once. */
static void registers_as(int fd, uint64_t data)
{
	static _Atomic unsigned times;
	struct epoll_event e = { .events = EPOLLIN, .data.u64 = data };

	assert_int_equal(epoll_ctl(loop, EPOLL_CTL_ADD, fd, &e), 0);
	fdg_interest_changed(loop, EPOLL_CTL_ADD, fd, &e, (char *)registers_as + ++times);
}

/* Always ready to be written. */
static int make(void)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	learned(pair[1], FDG_KIND_SOCKET);
	return learned(pair[0], FDG_KIND_SOCKET);
}

static int make_one(void)
{
	return learned(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), FDG_KIND_SOCKET);
}

/* As a wrapper does. */
static void closes(int fd)
{
	fdg_closing(fd, (char *)closes + 1);
	fdg_ledger_forget(fd);
	close(fd);
}

static bool count(void *cookie, const struct fdg_fdinfo *line)
{
	*(int *)cookie += line->data == DATA;
	return true;
}

static int listed(void)
{
	int n = 0;

	assert_true(fdg_fdinfo_each(loop, count, &n));
	return n;
}

static bool told(const char *text)
{
	bool is = strstr(logged, text) != NULL;

	if (!is)
		print_error("%s\n", logged);
	return is;
}

static int setup(void **state)
{
	(void)state;
	fdg_options.epoll = FDG_FIX;
	atomic_store(&fdg_phase, FDG_ACTIVE);
	loop = learned(epoll_create1(EPOLL_CLOEXEC), FDG_KIND_EPOLL);
	report();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (int fd = 3; fd < 200; fd++)
		fdg_interest_closing(fd, getpid());
	fdg_ledger_forget_range(0, ~0u);
	closefrom(3);
	return 0;
}

/* Where another number of ours has it, there was no act on that. */
static enum fdg_stale_answer found(int epfd, uint64_t data, uint32_t events)
{
	int number = -1;
	enum fdg_stale_answer answer = fdg_stale_found(epfd, data, &(struct fdg_firing){ .events = events }, -1, &number);

	if (answer != FDG_STALE_WATCH)
		return answer;
	return number > 2 ? fdg_stale_found(epfd, data, &(struct fdg_firing){ .events = events }, number, &number) : FDG_STALE_NOT;
}

/* ---- closing ---- */

/* It is older than a fork, and nobody here has it. */
static void taken_out_where_others_may_have_it(void **state)
{
	int fd = make();
	struct fdg_registration r;

	(void)state;
	fdg_ledger_forking();
	fdg_ledger_forget(loop);
	learned(loop, FDG_KIND_EPOLL);
	registers_as(fd, DATA);
	closes(fd);
	assert_int_equal(listed(), 0);
	assert_false(fdg_interest_of(loop, fd, &r));
	fdg_stale_judge(loop); /* no other holder is proved */
	assert_string_equal(report(), "");
}

/* Who knows what the program wants with it. */
static void left_where_a_number_of_ours_has_it(void **state)
{
	int fd = make(), copy = copy_of(fd), other = make(), number = -1;
	struct fdg_registration r;

	(void)state;
	registers_as(fd, DATA);
	closes(fd);
	assert_int_equal(listed(), 1);
	assert_false(fdg_interest_of(loop, fd, &r));
	assert_int_equal(dup2(copy, fd), fd);
	fdg_ledger_copy(copy, fd, 0, NULL);
	assert_true(fdg_interest_of(loop, fd, &r));
	assert_int_equal(fdg_stale_found(loop, DATA, &(struct fdg_firing){ .events = EPOLLIN }, -1, &number), FDG_STALE_NOT);
	fdg_closing_for(other, fd, NULL);
	assert_int_equal(dup2(other, fd), fd);
	fdg_ledger_copy(other, fd, 0, NULL);
	assert_int_equal(listed(), 1);
	assert_int_equal(fdg_stale_found(loop, DATA, &(struct fdg_firing){ .events = EPOLLIN }, -1, &number), FDG_STALE_WATCH);
	assert_int_equal(number, copy);
	copy_of(copy); /* by which of two is not to be told */
	assert_int_equal(found(loop, DATA, EPOLLIN), FDG_STALE_NOT);
	assert_int_equal(listed(), 1);
	assert_string_equal(report(), "");
}

/* What was taken out is there again when the number is what it was. */
static void back_again(void **state)
{
	int fd = make(), copy = copy_of(fd), other = make();
	struct fdg_registration r;

	(void)state;
	registers_as(fd, DATA);
	fdg_closing_for(other, fd, NULL);
	assert_int_equal(dup2(other, fd), fd);
	fdg_ledger_copy(other, fd, 0, NULL);
	fdg_stale_returned(fd);
	assert_int_equal(found(loop, DATA, EPOLLIN), FDG_STALE_CURED);
	assert_int_equal(listed(), 0);
	fdg_stale_returned(fd); /* it is not */
	assert_int_equal(listed(), 0);
	assert_int_equal(dup2(copy, fd), fd);
	fdg_ledger_copy(copy, fd, 0, NULL);
	assert_false(fdg_interest_of(loop, fd, &r));
	fdg_stale_returned(fd);
	assert_int_equal(listed(), 1);
	assert_true(fdg_interest_of(loop, fd, &r));
	assert_int_equal(r.data, DATA);
	report();
}

static void left_alone(void **state)
{
	int fd = make(), copy = copy_of(fd);
	struct fdg_registration r;

	(void)state;
	registers_as(fd, DATA);
	fdg_options.epoll = FDG_REPORT;
	closes(fd);
	assert_int_equal(listed(), 1);
	assert_false(fdg_interest_of(loop, fd, &r));
	fdg_options.epoll = FDG_FIX;
	registers_as(copy, DATA);
	fdg_vfork_depth++; /* a vfork child's close is of another table */
	fdg_closing(copy, NULL);
	fdg_closing_range(0, ~0u, NULL);
	fdg_closing_for(loop, copy, NULL);
	fdg_vfork_depth--;
	assert_int_equal(listed(), 2);
	assert_true(fdg_interest_of(loop, copy, &r));
	fdg_ledger_flag(loop, FDG_PASSED, 0); /* another process may have the list */
	fdg_closing(copy, NULL);
	assert_int_equal(listed(), 2);
	assert_string_equal(report(), "");
}

static void a_range(void **state)
{
	int fd[20];

	(void)state;
	for (int i = 0; i < 20; i++) {
		fd[i] = make();
		registers_as(fd[i], DATA);
	}
	fdg_ledger_forking();
	fdg_ledger_forget(loop);
	assert_int_equal(dup2(loop, 180), 180);
	close(loop);
	loop = learned(dup2(180, loop), FDG_KIND_EPOLL);
	close(180);
	fdg_closing_range((unsigned)fd[1], (unsigned)fd[18], NULL);
	assert_int_equal(listed(), 20); /* of a list that is gone, for all we know */
	for (int i = 0; i < 20; i++)
		fdg_interest_changed(loop, EPOLL_CTL_ADD, fd[i], &(struct epoll_event){ EPOLLIN, { .u64 = DATA } },
				     NULL);
	fdg_closing_range((unsigned)fd[1], (unsigned)fd[18], NULL);
	assert_int_equal(listed(), 2);
	fdg_closing_range(0, (unsigned)fd[0], NULL);
	fdg_closing_range((unsigned)fd[19], ~0u, NULL);
	assert_int_equal(listed(), 0);
}

/* ---- found ---- */

static void what_is_not_stale(void **state)
{
	int fd = make();

	(void)state;
	assert_int_equal(found(loop, DATA, EPOLLIN), FDG_STALE_NOT);
	registers_as(fd, DATA);
	assert_int_equal(found(loop, DATA, EPOLLIN), FDG_STALE_NOT);
	registers_as(learned(eventfd(0, 0), FDG_KIND_EVENT), DATA);
	assert_int_equal(found(loop, DATA, EPOLLIN), FDG_STALE_NOT);
	assert_int_equal(found(-1, DATA, EPOLLIN), FDG_STALE_UNKNOWN);
	assert_int_equal(found(fd, DATA, EPOLLIN), FDG_STALE_NOT);
	assert_int_equal(listed(), 2);
	assert_string_equal(report(), "");
}

/* fd is closed and nobody saw it; the description is here as `copy`. */
static void cured(int fd, const char *how)
{
	assert_int_equal(found(loop, DATA, EPOLLIN), FDG_STALE_CURED);
	report();
	assert_true(told("[epoll.stale]"));
	assert_true(told(how));
	assert_int_equal(found(loop, DATA, EPOLLIN), FDG_STALE_NOT);
	assert_string_equal(report(), "");
	(void)fd;
}

/* A program that leaks descriptors is one that spins. */
static void while_the_table_is_full(void **state)
{
	struct rlimit all, few = { 0, 0 };
	int fd = make();

	(void)state;
	copy_of(fd);
	registers_as(fd, DATA);
	close(fd);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &all), 0);
	few.rlim_max = all.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	assert_int_equal(found(loop, DATA, EPOLLIN), FDG_STALE_UNKNOWN);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &all), 0);
	assert_int_equal(found(loop, DATA, EPOLLIN), FDG_STALE_CURED);
	report();
}

static void closed_unseen(void **state)
{
	int fd = make();

	(void)state;
	copy_of(fd);
	registers_as(fd, DATA);
	close(fd);
	cured(fd, "while the number is closed; fdguard took it out");
	assert_int_equal(listed(), 0);
}

static void reused_unseen(void **state)
{
	int fd = make(), other = make();

	(void)state;
	copy_of(fd);
	registers_as(fd, DATA);
	assert_int_equal(dup2(other, fd), fd);
	registers_as(fd, DATA); /* the same number, the same data */
	assert_int_equal(listed(), 2);
	cured(fd, "while the number is another file's; fdguard took it out");
	assert_int_equal(listed(), 1);
	assert_int_equal(epoll_ctl(loop, EPOLL_CTL_DEL, fd, NULL), 0);
}

/* All of these have one inode. */
static void anonymous_inodes(void **state)
{
	int fd = learned(eventfd(1, 0), FDG_KIND_EVENT), other = learned(eventfd(0, 0), FDG_KIND_EVENT),
	    copy = copy_of(fd);

	(void)state;
	registers_as(fd, DATA);
	assert_int_equal(dup2(other, fd), fd);
	registers_as(fd, DATA);
	cured(fd, "another file's");
	assert_int_equal(listed(), 1);
	assert_int_equal(epoll_ctl(loop, EPOLL_CTL_DEL, fd, NULL), 0);
	close(copy);
}

/* Three files under one number, one after the other, and all with the same data. */
static void several_of_one_number(void **state)
{
	int fd = 100, copy;

	(void)state;
	for (int i = 0; i < 3; i++) {
		int made = make();

		assert_int_equal(dup2(made, fd), fd);
		fdg_ledger_copy(made, fd, 0, NULL);
		registers_as(fd, DATA);
	}
	copy = dup(fd);
	assert_true(copy > 0);
	assert_int_equal(listed(), 3);
	assert_int_equal(found(loop, DATA, EPOLLIN), FDG_STALE_CURED);
	assert_int_equal(found(loop, DATA, EPOLLIN), FDG_STALE_CURED);
	assert_int_equal(found(loop, DATA, EPOLLIN), FDG_STALE_NOT);
	assert_int_equal(listed(), 1);
	assert_int_equal(epoll_ctl(loop, EPOLL_CTL_DEL, fd, NULL), 0);
	report();
}

/* The same of what has one inode. */
static void several_anonymous(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		int made = learned(eventfd(0, 0), FDG_KIND_EVENT);

		assert_int_equal(dup2(made, 100), 100);
		fdg_ledger_copy(made, 100, 0, NULL);
		registers_as(100, DATA);
	}
	assert_int_equal(found(loop, DATA, EPOLLIN), FDG_STALE_CURED);
	assert_int_equal(found(loop, DATA, EPOLLIN), FDG_STALE_CURED);
	assert_int_equal(found(loop, DATA, EPOLLIN), FDG_STALE_NOT);
	assert_int_equal(listed(), 1);
	report();
}

static void only_told(void **state)
{
	int fd = make();

	(void)state;
	copy_of(fd);
	registers_as(fd, DATA);
	fdg_options.epoll = FDG_REPORT;
	closes(fd);
	assert_int_equal(found(loop, DATA, EPOLLHUP), FDG_STALE_SAID);
	report();
	assert_true(told("EPOLLHUP"));
	assert_true(told("closes+"));
	assert_true(told("registers_as+"));
	assert_int_equal(listed(), 1);
	fdg_options.epoll = FDG_OFF;
	assert_int_equal(found(loop, DATA, EPOLLHUP), FDG_STALE_NOT);
}

/* A child that nobody saw started, and a number that it has from us or one of its own. */
static pid_t keeps(int fd, int as, int gate[2])
{
	int said[2];
	pid_t pid;
	char c;

	assert_true(pipe(gate) == 0 && pipe(said) == 0);
	pid = fork();
	if (pid == 0) {
		close(gate[1]);
		if (as != fd && (dup2(fd, as) != as || close(fd) < 0))
			_exit(2);
		if (write(said[1], "x", 1) != 1)
			_exit(3);
		_exit(read(gate[0], &c, 1) != 0);
	}
	assert_int_equal(read(said[0], &c, 1), 1);
	close(said[0]);
	close(said[1]);
	return pid;
}

static void lets_go(pid_t pid, int gate[2])
{
	int status;

	close(gate[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void a_stranger_has_it(void **state)
{
	int fd = make(), gate[2];
	pid_t pid;

	(void)state;
	registers_as(fd, DATA);
	pid = keeps(fd, fd, gate);
	close(fd);
	cured(fd, "has its description as fd");
	assert_int_equal(listed(), 0);
	lets_go(pid, gate);
}

static void nobody_to_be_found(void **state)
{
	int fd = make(), gate[2];
	pid_t pid;

	(void)state;
	registers_as(fd, DATA);
	pid = keeps(fd, 177, gate);
	close(fd);
	assert_int_equal(found(loop, DATA, EPOLLIN), FDG_STALE_SAID);
	report();
	assert_true(told("lives on elsewhere"));
	assert_true(told("it cannot be taken out: who holds it was not found"));
	assert_int_equal(listed(), 1);
	lets_go(pid, gate);
	assert_int_equal(listed(), 0);
}

static void a_child_has_it(void **state)
{
	int fd = make(), pipe_of[2], status;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(pipe_of), 0);
	registers_as(fd, DATA);
	fdg_sets_forking();
	fdg_board_open();
	fdg_ledger_forking();
	pid = fork();
	if (pid == 0) {
		char c;

		close(pipe_of[1]);
		_exit(read(pipe_of[0], &c, 1) != 0);
	}
	fdg_holders_forked(pid);
	closes(fd);
	assert_int_equal(listed(), 1); /* the child has the epoll, too */
	cured(fd, "has its description as fd");
	assert_int_equal(listed(), 0);
	close(pipe_of[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* A child that waits on the list. */
static void a_child_serves_it(void **state)
{
	int fd = make(), ask[2], answer[2], status;
	pid_t pid;
	char c;

	(void)state;
	assert_int_equal(pipe(ask), 0);
	assert_int_equal(pipe(answer), 0);
	registers_as(fd, DATA);
	fdg_sets_forking();
	fdg_board_open();
	fdg_ledger_forking();
	assert_false(fdg_sets_used(loop));
	pid = fork();
	if (pid == 0) {
		close(ask[1]);
		fdg_sets_waits(loop);
		if (write(answer[1], "x", 1) != 1)
			_exit(2);
		_exit(read(ask[0], &c, 1) != 0);
	}
	fdg_holders_forked(pid);
	assert_int_equal(read(answer[0], &c, 1), 1);
	assert_true(fdg_sets_used(loop));
	closes(fd);
	assert_int_equal(found(loop, DATA, EPOLLIN), FDG_STALE_NOT);
	assert_int_equal(listed(), 1);
	assert_string_equal(report(), "");
	close(ask[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_false(fdg_sets_used(loop));
}

/* What a parent registered is its parent's. */
static void not_its_own(void **state)
{
	int fd = make(), other = make(), status;
	pid_t pid;

	(void)state;
	copy_of(fd);
	copy_of(other);
	registers_as(fd, DATA);
	registers_as(other, DATA + 1);
	fdg_options.epoll = FDG_REPORT;
	closes(other);
	fdg_options.epoll = FDG_FIX;
	pid = fork();
	if (pid == 0) {
		bool ok;

		fdg_interest_forked();
		close(fd);
		ok = found(loop, DATA, EPOLLIN) == FDG_STALE_NOT && found(loop, DATA + 1, EPOLLIN) == FDG_STALE_NOT;
		closes(fd);
		_exit(!ok || listed() != 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(listed(), 1);
	assert_string_equal(report(), "");
}

/* A container may forbid kcmp. */
static bool forbid_kcmp(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_kcmp, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(*code), code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 &&
	       syscall(SYS_kcmp, getpid(), getpid(), KCMP_FILE, 0, 0) < 0;
}

static enum fdg_stale_answer with_inodes_alone(int fd, int over)
{
	int copy = copy_of(fd);
	enum fdg_stale_answer answer;

	registers_as(fd, DATA);
	if (found(loop, DATA, EPOLLIN) != FDG_STALE_NOT)
		return FDG_STALE_NOT;
	if (over < 0)
		close(fd);
	else if (dup2(over, fd) != fd)
		return FDG_STALE_NOT;
	answer = found(loop, DATA, EPOLLIN);
	close(copy);
	return answer;
}

static void *nothing(void *unused)
{
	return unused;
}

static void without_kcmp(void **state)
{
	int status, other = make();
	pid_t pid = fork();

	(void)state;
	if (pid == 0) {
		pthread_t thread;
		int ends[2];
		bool ok;

		fdg_interest_forked();
		ok = forbid_kcmp() && pipe(ends) == 0;
		ok = ok && with_inodes_alone(make_one(), -1) == (__libc_single_threaded ? FDG_STALE_SAID : FDG_STALE_CURED); /* a filter may kill who starts a process */
		ok = ok && pthread_create(&thread, NULL, nothing, NULL) == 0 && pthread_join(thread, NULL) == 0; /* … and lets who has threads make one */
		ok = ok && with_inodes_alone(make_one(), -1) == FDG_STALE_CURED;
		ok = ok && with_inodes_alone(make_one(), other) == FDG_STALE_CURED;
		ok = ok && with_inodes_alone(learned(eventfd(0, 0), FDG_KIND_EVENT), -1) == FDG_STALE_SAID;
		ok = ok && with_inodes_alone(learned(eventfd(0, 0), FDG_KIND_EVENT),
					     learned(eventfd(0, 0), FDG_KIND_EVENT)) == FDG_STALE_NOT;
		ok = ok && with_inodes_alone(learned(ends[0], FDG_KIND_PIPE), other) == FDG_STALE_SAID;
		_exit(ok ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	report();
}

/* ---- the cure leaves no trace ---- */

static volatile sig_atomic_t ended;

static void child_ends(int sig)
{
	ended += sig == SIGCHLD;
}

static unsigned open_numbers(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void without_a_trace(void **state)
{
	int fd = make(), copy = copy_of(fd), status;
	struct sigaction on = { .sa_handler = child_ends }, before;
	sigset_t mask, after;
	unsigned open;

	(void)state;
	registers_as(fd, DATA);
	close(fd);
	open = open_numbers();
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	assert_int_equal(sigprocmask(SIG_SETMASK, &mask, NULL), 0);
	assert_int_equal(sigaction(SIGCHLD, &on, &before), 0);
	errno = 77;
	assert_int_equal(found(loop, DATA, EPOLLIN), FDG_STALE_CURED);
	assert_int_equal(errno, 77);
	assert_int_equal(ended, 0);
	assert_int_equal(sigprocmask(SIG_SETMASK, NULL, &after), 0);
	assert_true(sigismember(&after, SIGUSR1) == 1 && sigismember(&after, SIGUSR2) == 0);
	assert_int_equal(open_numbers(), open);
	assert_true(fcntl(fd, F_GETFD) < 0 && fcntl(copy, F_GETFD) >= 0);
	assert_true(waitpid(-1, &status, WNOHANG | __WALL) < 0 && errno == ECHILD);
	sigaction(SIGCHLD, &before, NULL);
	sigemptyset(&mask);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	report();
}

/* Threads that take and give the number all the time never meet what the cure does. */
static atomic_bool stop;
static int disputed;

static void *disputes(void *p)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	while (!atomic_load(&stop)) {
		char name[64], path[64];
		ssize_t n;

		if (dup3(null, disputed, O_CLOEXEC) != disputed)
			return p;
		snprintf(path, sizeof(path), "/proc/self/fd/%d", disputed);
		n = readlink(path, name, sizeof(name) - 1);
		name[n > 0 ? n : 0] = '\0';
		if (strcmp(name, "/dev/null") != 0)
			return p;
		close(disputed);
	}
	close(null);
	return NULL;
}

static void beside_threads(void **state)
{
	int fd = 120;
	pthread_t thread;
	void *failed;

	(void)state;
	disputed = fd;
	atomic_store(&stop, false);
	for (int i = 0; i < 50; i++) {
		int made = make();

		assert_int_equal(dup2(made, fd), fd);
		registers_as(fd, DATA);
		assert_int_equal(pthread_create(&thread, NULL, disputes, &stop), 0);
		while (found(loop, DATA, EPOLLIN) != FDG_STALE_CURED)
			;
		atomic_store(&stop, true);
		assert_int_equal(pthread_join(thread, &failed), 0);
		assert_null(failed);
		atomic_store(&stop, false);
		assert_int_equal(listed(), 0);
		close(made);
		fdg_ledger_forget(made);
	}
	report();
}

/* Several threads close what has copies, and all come back to wait. */
static void *closes_many(void *p)
{
	for (int i = 0; i < 200; i++) {
		int fd = make_one(), copy = copy_of(fd);

		registers_as(fd, DATA);
		closes(fd);
		fdg_stale_judge(loop);
		closes(copy);
	}
	return p;
}

static void in_threads(void **state)
{
	pthread_t thread[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, closes_many, NULL), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_join(thread[i], NULL), 0);
	fdg_stale_judge(loop);
	assert_int_equal(atomic_load(&fdg_stale_pending), 0);
	assert_int_equal(listed(), 0);
	report();
}

int main(void)
{
	alarm(200); /* a cure that hits the wrong registration leaves waits without an end */
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(taken_out_where_others_may_have_it, setup, teardown),
		cmocka_unit_test_setup_teardown(left_where_a_number_of_ours_has_it, setup, teardown),
		cmocka_unit_test_setup_teardown(back_again, setup, teardown),
		cmocka_unit_test_setup_teardown(left_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(a_range, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_not_stale, setup, teardown),
		cmocka_unit_test_setup_teardown(closed_unseen, setup, teardown),
		cmocka_unit_test_setup_teardown(while_the_table_is_full, setup, teardown),
		cmocka_unit_test_setup_teardown(reused_unseen, setup, teardown),
		cmocka_unit_test_setup_teardown(anonymous_inodes, setup, teardown),
		cmocka_unit_test_setup_teardown(several_of_one_number, setup, teardown),
		cmocka_unit_test_setup_teardown(several_anonymous, setup, teardown),
		cmocka_unit_test_setup_teardown(only_told, setup, teardown),
		cmocka_unit_test_setup_teardown(not_its_own, setup, teardown),
		cmocka_unit_test_setup_teardown(without_kcmp, setup, teardown),
		cmocka_unit_test_setup_teardown(without_a_trace, setup, teardown),
		cmocka_unit_test_setup_teardown(beside_threads, setup, teardown),
		cmocka_unit_test_setup_teardown(a_stranger_has_it, setup, teardown),
		cmocka_unit_test_setup_teardown(nobody_to_be_found, setup, teardown),
		cmocka_unit_test_setup_teardown(a_child_has_it, setup, teardown),
		cmocka_unit_test_setup_teardown(a_child_serves_it, setup, teardown),
		cmocka_unit_test_setup_teardown(in_threads, setup, teardown),
	};

	if (begin_reports(NULL))
		return 99;
	return cmocka_run_group_tests(tests, NULL, end_reports);
}
