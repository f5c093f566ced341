// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/single_threaded.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/state.h"
#include "guards/closewait/cure.h"
#include "guards/closewait/keepalive.h"
#include "tcp_common.h"

static int how_many_open(int from, int to)
{
	int n = 0;

	for (int fd = from; fd < to; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static int begin(void **state)
{
	(void)state;
	atomic_store(&fdg_phase, FDG_ACTIVE);
	fdg_options_defaults(&fdg_options);
	fdg_options.closewait = FDG_FIX;
	fdg_options.closewait_age_ms = 0;
	return 0;
}

static void ends_it_and_leaves_the_descriptor(void **state)
{
	int fd = in_close_wait(), before = how_many_open(0, 2048);
	char c;

	(void)state;
	assert_int_equal(fdg_cure_close_wait(fd, fdg_cure_cookie(fd)), FDG_CURED);
	assert_int_equal(how_many_open(0, 2048), before);
	wait_for_state(fd, TCP_CLOSE);
	assert_int_equal(recv(fd, &c, 1, 0), 0);
	assert_int_equal(send(fd, "x", 1, MSG_NOSIGNAL), -1);
	assert_int_equal(errno, EPIPE);
	assert_int_equal(close(fd), 0);
}

static void what_was_not_read_can_be(void **state)
{
	struct tcp_pair p = tcp_pair();
	char text[8];

	(void)state;
	assert_int_equal(send(p.there, "unread", 6, 0), 6);
	close(p.there);
	wait_for_state(p.here, TCP_CLOSE_WAIT);
	assert_int_equal(fdg_cure_close_wait(p.here, fdg_cure_cookie(p.here)), FDG_CURED);
	assert_int_equal(recv(p.here, text, sizeof(text), 0), 6);
	assert_int_equal(recv(p.here, text, sizeof(text), 0), 0);
	close(p.here);
}

static void unsent_data_is_a_reason(void **state)
{
	struct tcp_pair p = tcp_pair();
	static char much[65536];

	(void)state;
	shutdown(p.there, SHUT_WR);
	wait_for_state(p.here, TCP_CLOSE_WAIT);
	while (send(p.here, much, sizeof(much), MSG_DONTWAIT) > 0)
		;
	assert_int_equal(fdg_cure_close_wait(p.here, fdg_cure_cookie(p.here)), FDG_CURE_QUEUE);
	wait_for_state(p.here, TCP_CLOSE_WAIT);
	close(p.here);
	close(p.there);
}

static void recent_use_is_a_reason(void **state)
{
	int fd = in_close_wait();

	(void)state;
	fdg_options.closewait_age_ms = 60000;
	assert_int_equal(fdg_cure_close_wait(fd, fdg_cure_cookie(fd)), FDG_CURE_USED);
	wait_for_state(fd, TCP_CLOSE_WAIT);
	close(fd);
}

static void only_what_was_found(void **state)
{
	struct tcp_pair p = tcp_pair();
	int fd = in_close_wait(), ends[2];
	uint64_t cookie = fdg_cure_cookie(fd);

	(void)state;
	assert_true(cookie != 0);
	assert_int_equal(fdg_cure_close_wait(p.here, cookie), FDG_CURE_OTHER);
	assert_int_equal(fdg_cure_close_wait(fd, 0), FDG_CURE_OTHER);
	assert_int_equal(fdg_cure_close_wait(p.here, fdg_cure_cookie(p.here)), FDG_CURE_STATE);
	shutdown(p.here, SHUT_RD);
	assert_int_equal(fdg_cure_close_wait(p.here, fdg_cure_cookie(p.here)), FDG_CURE_STATE);
	assert_int_equal(send(p.here, "x", 1, MSG_NOSIGNAL), 1);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(dup2(ends[0], fd), fd);
	assert_int_equal(fdg_cure_close_wait(fd, cookie), FDG_CURE_OTHER);
	close(fd);
	assert_int_equal(fdg_cure_close_wait(fd, cookie), FDG_CURE_OTHER);
	close(ends[0]);
	close(ends[1]);
	close(p.here);
	close(p.there);
}

static void after_a_filter_nothing(void **state)
{
	int fd = in_close_wait();

	(void)state;
	atomic_store(&fdg_phase, FDG_RETIRED);
	assert_int_equal(fdg_cure_close_wait(fd, fdg_cure_cookie(fd)), FDG_CURE_REFUSED);
	wait_for_state(fd, TCP_CLOSE_WAIT);
	close(fd);
}

/* It needs no number of the program's. */
static void where_no_number_is_free(void **state)
{
	struct rlimit old, limit = { 256, 256 };
	int fd = in_close_wait(), last = -1, next;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	limit.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	while ((next = dup(0)) >= 0)
		last = next;
	assert_int_equal(how_many_open(0, 256), 256);
	assert_int_equal(fdg_cure_close_wait(fd, fdg_cure_cookie(fd)), FDG_CURED);
	assert_int_equal(how_many_open(0, 256), 256);
	for (int i = last; i > fd; i--)
		close(i);
	setrlimit(RLIMIT_NOFILE, &old);
	close(fd);
}

static void locked_by_me(const char *file, int type)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = open(file, O_RDWR), status;

	if (fork() == 0)
		_exit(fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type == type ? 0 : 1);
	assert_true(wait(&status) > 0);
	assert_int_equal(status, 0);
	/* not closed: that would take the lock */
}

/* The number is a file's by now: a record lock is lost where the process closes any descriptor of the file. */
static void a_lock_of_the_program_stays(void **state)
{
	int fd = in_close_wait();
	uint64_t cookie = fdg_cure_cookie(fd);
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char name[] = "/tmp/fdguard-lock-XXXXXX";
	int file = mkstemp(name);

	(void)state;
	assert_true(file >= 0);
	assert_int_equal(dup2(file, fd), fd);
	assert_int_equal(fcntl(fd, F_SETLK, &lock), 0);
	locked_by_me(name, F_WRLCK);
	assert_int_equal(fdg_cure_close_wait(fd, cookie), FDG_CURE_OTHER);
	locked_by_me(name, F_WRLCK);
	unlink(name);
	close(fd);
	close(file);
}

static void *nothing(void *unused)
{
	return unused;
}

/* The user may have no more threads. */
static int cure_alone(bool has_thread, int fd, uint64_t cookie)
{
	const struct rlimit none = { 0, 0 };
	pid_t child = fork();
	pthread_t t;
	int status;

	if (child == 0) {
		if (has_thread && (pthread_create(&t, NULL, nothing, NULL) || pthread_join(t, NULL)))
			_exit(97);
		if (!has_thread && !__libc_single_threaded) /* a sanitizer has one of its own: nothing to be seen */
			_exit(FDG_CURED);
		if (geteuid() == 0 && setresuid(65534, 65534, 65534) < 0)
			_exit(99);
		if (setrlimit(RLIMIT_NPROC, &none) < 0)
			_exit(98);
		_exit((int)fdg_cure_close_wait(fd, cookie));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WEXITSTATUS(status);
}

static void without_a_thread_of_ours_nothing_where_there_are_others(void **state)
{
	int fd = in_close_wait();
	uint64_t cookie = fdg_cure_cookie(fd);

	(void)state;
	assert_int_equal(cure_alone(true, fd, cookie), FDG_CURE_ALONE);
	wait_for_state(fd, TCP_CLOSE_WAIT);
	assert_int_equal(cure_alone(false, fd, cookie), FDG_CURED);
	close(fd);
}

static void many_at_once(void **state)
{
	struct fdg_cure_job job[20];

	(void)state;
	for (int i = 0; i < 20; i++) {
		int fd = in_close_wait();

		job[i] = (struct fdg_cure_job){ fd, i % 5 ? fdg_cure_cookie(fd) : 1, FDG_CURE_REFUSED };
	}
	fdg_cure_all(job, 20);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(job[i].done, i % 5 ? FDG_CURED : FDG_CURE_OTHER);
		close(job[i].fd);
	}
}

static void keepalive_instead(void **state)
{
	int fd = in_close_wait(), off = 0, on = 0;
	socklen_t n = sizeof(on);

	(void)state;
	fdg_options.closewait_cure = FDG_CURE_KEEPALIVE;
	assert_int_equal(fdg_cure_close_wait(fd, fdg_cure_cookie(fd)), FDG_CURED);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, &n), 0);
	assert_int_equal(on, 1);
	wait_for_state(fd, TCP_CLOSE_WAIT);
	assert_int_equal(fdg_cure_close_wait(fd, fdg_cure_cookie(fd)), FDG_CURED_BEFORE);
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &off, sizeof(off));
	fdg_keepalive_noted(fd, SOL_SOCKET, SO_KEEPALIVE, &off);
	assert_int_equal(fdg_cure_close_wait(fd, fdg_cure_cookie(fd)), FDG_CURE_OFF);
	getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, &n);
	assert_int_equal(on, 0);
	close(fd);
}

/* Another thread closes what was found and has the number again for a connection that lives. */
enum { ROUNDS = 3000, MOST = 20000 };
static struct race {
	_Atomic int ready, round; /* begun */
	_Atomic int done;
	int fd, victim;
	int lead; /* turns for which the one waits, or the other if it is negative: whoever won comes later the next time */
} race;

static void spin(unsigned turns)
{
	for (volatile unsigned i = 1; i <= turns; i++)
		if (i % 5000 == 0)
			sched_yield();
}

/* Without sleep, so that the threads go on at the same moment; but on a machine that has no processor to spare, one lets the other run. */
static void await(_Atomic int *what, int value)
{
	for (unsigned turns = 1; atomic_load(what) < value; turns++)
		if (turns % 20000 == 0)
			sched_yield();
}

static void *reuse_number(void *seed)
{
	unsigned random = 1;

	(void)seed;
	for (int i = 1; i <= ROUNDS; i++) {
		atomic_store(&race.ready, i);
		await(&race.round, i);
		spin((unsigned)(race.lead < 0 ? -race.lead : 0) + (unsigned)rand_r(&random) % 300);
		close(race.fd);
		fcntl(race.victim, F_DUPFD, race.fd);
		atomic_store(&race.done, i);
	}
	return NULL;
}

static void victim_lives(int fd, int other)
{
	char c = 0;

	assert_int_equal(send(fd, "x", 1, MSG_NOSIGNAL), 1);
	assert_int_equal(recv(other, &c, 1, 0), 1);
	assert_int_equal(send(other, "y", 1, MSG_NOSIGNAL), 1);
	assert_int_equal(recv(fd, &c, 1, 0), 1);
	assert_int_equal(c, 'y');
}

static void a_number_that_is_used_again_is_not_hit(void **state)
{
	struct tcp_pair p = tcp_pair();
	unsigned random = 2;
	int cured = 0, other = 0, step = 50, next;
	pthread_t thread;

	(void)state;
	race.victim = p.here;
	assert_int_equal(pthread_create(&thread, NULL, reuse_number, NULL), 0);
	for (int i = 1; i <= ROUNDS; i++) {
		uint64_t cookie;
		enum fdg_cured c;

		race.fd = in_close_wait();
		cookie = fdg_cure_cookie(race.fd);
		await(&race.ready, i);
		atomic_store(&race.round, i);
		spin((unsigned)(race.lead > 0 ? race.lead : 0) + (unsigned)rand_r(&random) % 300);
		c = fdg_cure_close_wait(race.fd, cookie);
		assert_true(c == FDG_CURED || c == FDG_CURE_OTHER);
		step = (c == FDG_CURED) == (step > 0) ? 2 * step : c == FDG_CURED ? 50 : -50;
		step = step > MOST ? MOST : step < -MOST ? -MOST : step;
		next = race.lead + step;
		cured += c == FDG_CURED;
		other += c == FDG_CURE_OTHER;
		await(&race.done, i);
		race.lead = next;
		victim_lives(race.fd, p.there);
		close(race.fd);
	}
	pthread_join(thread, NULL);
	print_message("%d cured, %d closed meanwhile\n", cured, other);
	assert_true(cured > 0 && other > 0);
	close(p.here);
	close(p.there);
}

/* A thread takes and gives back high numbers, as a supervisor does with those of its own choice: nobody else closes them. */
static _Atomic bool enough;
static _Atomic unsigned lost;

static void *take_and_give_back(void *nothing)
{
	(void)nothing;
	for (int i = 0; !atomic_load(&enough); i++) {
		int fd = dup2(0, 900 + i % 124);

		atomic_fetch_add(&lost, fcntl(fd, F_GETFD) < 0);
		atomic_fetch_add(&lost, close(fd) < 0);
	}
	return NULL;
}

static void numbers_of_the_program_are_left_alone(void **state)
{
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, take_and_give_back, NULL), 0);
	for (int i = 0; i < 1500; i++) {
		int fd = in_close_wait();

		assert_int_equal(fdg_cure_close_wait(fd, fdg_cure_cookie(fd)), FDG_CURED);
		close(fd);
	}
	atomic_store(&enough, true);
	pthread_join(thread, NULL);
	assert_int_equal(lost, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(ends_it_and_leaves_the_descriptor, begin),
		cmocka_unit_test_setup(what_was_not_read_can_be, begin),
		cmocka_unit_test_setup(unsent_data_is_a_reason, begin),
		cmocka_unit_test_setup(recent_use_is_a_reason, begin),
		cmocka_unit_test_setup(only_what_was_found, begin),
		cmocka_unit_test_setup(after_a_filter_nothing, begin),
		cmocka_unit_test_setup(where_no_number_is_free, begin),
		cmocka_unit_test_setup(a_lock_of_the_program_stays, begin),
		cmocka_unit_test_setup(without_a_thread_of_ours_nothing_where_there_are_others, begin),
		cmocka_unit_test_setup(many_at_once, begin),
		cmocka_unit_test_setup(keepalive_instead, begin),
		cmocka_unit_test_setup(a_number_that_is_used_again_is_not_hit, begin),
		cmocka_unit_test_setup(numbers_of_the_program_are_left_alone, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
