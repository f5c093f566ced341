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
#include <sys/wait.h>
#include <unistd.h>

#include "base/state.h"
#include "guards/cure.h"
#include "guards/keepalive.h"
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

/* The low numbers are free, and are left to the program. */
static void never_a_low_number_nor_the_last(void **state)
{
	struct rlimit old, limit = { 256, 256 };
	int fd = in_close_wait();
	uint64_t cookie = fdg_cure_cookie(fd);

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	limit.rlim_max = old.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	for (int i = 192; i < 249; i++)
		assert_int_equal(dup2(0, i), i);
	assert_int_equal(fdg_cure_close_wait(fd, cookie), FDG_CURE_FULL);
	assert_int_equal(how_many_open(192, 256), 57);
	wait_for_state(fd, TCP_CLOSE_WAIT);
	close(248);
	assert_int_equal(fdg_cure_close_wait(fd, cookie), FDG_CURED);
	assert_int_equal(how_many_open(192, 256), 56);
	for (int i = 192; i < 248; i++)
		close(i);
	setrlimit(RLIMIT_NOFILE, &old);
	close(fd);
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

enum { FORKS = 300, FEW = 10 };
static _Atomic bool forked_enough;

static void *cure_all_the_time(void *fd)
{
	int it = *(int *)fd;
	uint64_t cookie = fdg_cure_cookie(it);

	fdg_options.closewait_age_ms = 60000; /* looked at, and left as it is */
	while (!atomic_load(&forked_enough))
		fdg_cure_close_wait(it, cookie);
	return NULL;
}

/* A fork copies the descriptors, then the memory: one in the moment before the number is noted goes unseen. */
static void a_forked_child_has_no_duplicate(void **state)
{
	int fd = in_close_wait(), with = 0, status;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, cure_all_the_time, &fd), 0);
	for (int i = 0; i < FORKS; i++) {
		pid_t child = fork();

		if (child == 0) {
			fdg_cure_forked();
			_exit(how_many_open(900, 1024));
		}
		assert_int_equal(waitpid(child, &status, 0), child);
		with += WEXITSTATUS(status);
	}
	atomic_store(&forked_enough, true);
	pthread_join(thread, NULL);
	print_message("%d of %d children have one\n", with, FORKS);
	assert_in_range(with, 0, FEW);
	close(fd);
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
		cmocka_unit_test_setup(never_a_low_number_nor_the_last, begin),
		cmocka_unit_test_setup(keepalive_instead, begin),
		cmocka_unit_test_setup(a_number_that_is_used_again_is_not_hit, begin),
		cmocka_unit_test_setup(a_forked_child_has_no_duplicate, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
