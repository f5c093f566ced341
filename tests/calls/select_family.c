// SPDX-License-Identifier: MIT
/* select, pselect, __select and their numbers, on sets of 1,024 bits and descriptors that have a bit there. */
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "expect.h"

int __select(int nfds, fd_set *in, fd_set *out, fd_set *ex, struct timeval *timeout);

/* The sixth argument of pselect6. */
struct mask_argument {
	const void *mask;
	size_t size;
};

enum way { WAY_SELECT, WAY_UNDER_SELECT, WAY_PSELECT, WAY_NUMBER_PSELECT6, WAY_NUMBER_SELECT, WAYS };

static int ends[2], full[2];            /* a pipe with nothing in it, and one that takes no more */
static int last_seconds, last_fraction; /* what the call left of the timeout, in seconds and in its own fractions */

static bool is_raw(enum way way)
{
	return way == WAY_NUMBER_PSELECT6 || way == WAY_NUMBER_SELECT;
}

/* By each of its names. milliseconds < 0: no timeout. */
static long by(enum way way, int nfds, fd_set *in, fd_set *out, fd_set *ex, long milliseconds)
{
	struct timeval tv = { milliseconds / 1000, milliseconds % 1000 * 1000 };
	struct timespec ts = { milliseconds / 1000, milliseconds % 1000 * 1000000 };
	struct timeval *timeout = milliseconds < 0 ? NULL : &tv;
	struct timespec *time = milliseconds < 0 ? NULL : &ts;
	bool by_timespec = way == WAY_PSELECT || way == WAY_NUMBER_PSELECT6;
	long ret;

	switch (way) {
	case WAY_SELECT:
		ret = select(nfds, in, out, ex, timeout);
		break;
	case WAY_UNDER_SELECT:
		ret = __select(nfds, in, out, ex, timeout);
		break;
	case WAY_PSELECT:
		ret = pselect(nfds, in, out, ex, time, NULL);
		break;
#ifdef SYS_select
	case WAY_NUMBER_SELECT:
		ret = syscall(SYS_select, nfds, in, out, ex, timeout);
		break;
#endif
	default:
		by_timespec = true;
		ret = syscall(SYS_pselect6, nfds, in, out, ex, time, NULL);
	}
	last_seconds = (int)(by_timespec ? ts.tv_sec : tv.tv_sec);
	last_fraction = (int)(by_timespec ? ts.tv_nsec : tv.tv_usec);
	return ret;
}

static fd_set set_of(int fd)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(fd, &set);
	return set;
}

static int count_bits(const fd_set *set)
{
	int n = 0;

	for (int fd = 0; fd < FD_SETSIZE; fd++)
		n += FD_ISSET(fd, set) != 0;
	return n;
}

static void the_ready_ones_come_back(void)
{
	for (enum way way = 0; way < WAYS; way++) {
		fd_set in = set_of(ends[0]), out = set_of(ends[1]), ex = set_of(ends[0]);

		KEEPS_ERRNO(SAME(by(way, FD_SETSIZE, &in, &out, &ex, 1000), 1));
		SAME(count_bits(&in), 0);
		SAME(count_bits(&out), 1);
		EXPECT(FD_ISSET(ends[1], &out));
		SAME(count_bits(&ex), 0);
		SAME(write(ends[1], "x", 1), 1);
		in = set_of(ends[0]);
		FD_SET(ends[1], &in);
		out = set_of(ends[1]);
		SAME(by(way, ends[1] + 1, &in, &out, NULL, -1), 2);
		EXPECT(FD_ISSET(ends[0], &in) && FD_ISSET(ends[1], &out) && !FD_ISSET(ends[1], &in));
		SAME(read(ends[0], &(char){ 0 }, 1), 1);
	}
}

/* What is left: nothing when it has passed, some when it has not; pselect leaves its timeout alone. */
static void the_timeout_is_brought_up_to_date(void)
{
	for (enum way way = 0; way < WAYS; way++) {
		fd_set in = set_of(ends[0]), out = set_of(ends[1]);

		KEEPS_ERRNO(SAME(by(way, ends[0] + 1, &in, NULL, NULL, 5), 0));
		SAME(count_bits(&in), 0);
		SAME(last_seconds, 0);
		SAME(last_fraction, way == WAY_PSELECT ? 5000000 : 0);
		SAME(by(way, ends[1] + 1, NULL, &out, NULL, 1000000), 1);
		EXPECT(way == WAY_PSELECT ? last_seconds == 1000 : last_seconds >= 0 && last_seconds < 1000);
		SAME(by(way, ends[1] + 1, NULL, &out, NULL, 0), 1);
		SAME(last_seconds, 0);
		SAME(last_fraction, 0);
	}
}

static void without_descriptors_it_sleeps(void)
{
	for (enum way way = 0; way < WAYS; way++) {
		fd_set none, unread;

		FD_ZERO(&none);
		memset(&unread, 0xff, sizeof unread);
		KEEPS_ERRNO(SAME(by(way, 0, NULL, NULL, NULL, 2), 0));
		SAME(last_fraction, way == WAY_PSELECT ? 2000000 : 0);
		SAME(by(way, FD_SETSIZE, &none, &none, &none, 1), 0);
		SAME(by(way, 0, &unread, &unread, &unread, 1), 0); /* nfds 0: neither read nor written */
		SAME(count_bits(&unread), FD_SETSIZE);
	}
}

static void errors_come_back(void)
{
	int closed = lowest();

	for (enum way way = 0; way < WAYS; way++) {
		fd_set in = set_of(closed), fine = set_of(ends[0]);

		FAILS(by(way, closed + 1, &in, NULL, NULL, 1000), EBADF);
		EXPECT(FD_ISSET(closed, &in)); /* an error leaves the sets alone */
		FAILS(by(way, closed + 1, NULL, &in, NULL, 0), EBADF);
		FAILS(by(way, -1, &fine, NULL, NULL, 0), EINVAL);
		FAILS(by(way, INT_MIN, NULL, NULL, NULL, 0), EINVAL);
		FAILS(by(way, FD_SETSIZE, (fd_set *)16, NULL, NULL, 0), EFAULT);
		SAME(by(way, ends[0] + 1, NULL, NULL, NULL, 0), 0);
	}
}

static void odd_timeouts_are_refused(void)
{
	struct timeval negative = { -1, 0 }, negative_fraction = { 0, -1 }, large_fraction = { 0, 1000000 };
	struct timespec bad[] = { { -1, 0 }, { 0, -1 }, { 0, 1000000000 } };
	fd_set out = set_of(ends[1]);

	FAILS(select(0, NULL, NULL, NULL, &negative), EINVAL);
	FAILS(select(0, NULL, NULL, NULL, &negative_fraction), EINVAL);
	FAILS(__select(0, NULL, NULL, NULL, &negative), EINVAL);
	KEEPS_ERRNO(SAME(select(ends[1] + 1, NULL, &out, NULL, &large_fraction), 1)); /* a second */
	for (int i = 0; i < 3; i++) {
		FAILS(pselect(0, NULL, NULL, NULL, &bad[i], NULL), EINVAL);
		FAILS(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &bad[i], NULL), EINVAL);
	}
#ifdef SYS_select
	FAILS(syscall(SYS_select, 0, NULL, NULL, NULL, &negative), EINVAL);
	FAILS(syscall(SYS_select, 0, NULL, NULL, NULL, 16L), EFAULT);
#endif
	FAILS(syscall(SYS_pselect6, 0, NULL, NULL, NULL, NULL, 16L), EFAULT);
	FAILS(syscall(SYS_pselect6, 0, NULL, NULL, NULL, NULL, &(struct mask_argument){ &out, 4 }), EINVAL);
}

/* The last bit that there is, and nothing behind the set is touched. */
static void all_of_a_set_is_used(void)
{
	struct {
		long before;
		fd_set set;
		long behind;
	} s = { 0x1234567812345678, { { 0 } }, 0x7654321076543210 };
	struct rlimit limit;
	int last = FD_SETSIZE - 1;

	SAME(getrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_cur < FD_SETSIZE)
		SAME(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ FD_SETSIZE, limit.rlim_max }), 0);
	SAME(dup2(ends[1], last), last);
	for (enum way way = 0; way < WAYS; way++) {
		FD_SET(last, &s.set);
		SAME(by(way, FD_SETSIZE, NULL, &s.set, NULL, -1), 1);
		SAME(count_bits(&s.set), 1);
		EXPECT(FD_ISSET(last, &s.set));
		SAME(by(way, last, NULL, &s.set, NULL, 0), 0); /* nfds is one too small */
		SAME(by(way, FD_SETSIZE, &s.set, NULL, NULL, 0), 0);
		SAME(s.before, 0x1234567812345678);
		SAME(s.behind, 0x7654321076543210);
	}
	SAME(close(last), 0);
}

/* Programs pass the size of the table. It is small, and the kernel reads no more of a set than that. */
static void nfds_may_be_the_table_size(void)
{
	for (enum way way = 0; way < WAYS; way++) {
		struct {
			fd_set in, out;
			long behind;
		} s = { set_of(ends[0]), set_of(ends[1]), 0x7654321076543210 };

		KEEPS_ERRNO(SAME(by(way, getdtablesize(), &s.in, &s.out, NULL, -1), 1));
		EXPECT(FD_ISSET(ends[1], &s.out) && count_bits(&s.in) == 0);
		SAME(by(way, INT_MAX, NULL, &s.out, NULL, -1), 1);
		SAME(s.behind, 0x7654321076543210);
	}
}

static volatile int rings;

static void ring(int number)
{
	(void)number;
	rings++;
}

static void signals_end_it(void)
{
	struct itimerval every = { { 0, 5000 }, { 0, 5000 } }, never = { { 0, 0 }, { 0, 0 } };

	for (enum way way = 0; way < WAYS; way++) {
		for (int restart = 0; restart < 2; restart++) {
			fd_set in = set_of(ends[0]), out = set_of(full[1]);

			sigaction(SIGALRM,
				  &(struct sigaction){ .sa_handler = ring, .sa_flags = restart ? SA_RESTART : 0 },
				  NULL);
			rings = 0;
			setitimer(ITIMER_REAL, &every, NULL);
			FAILS(by(way, FD_SETSIZE, &in, &out, NULL, 1000000), EINTR); /* SA_RESTART or not */
			setitimer(ITIMER_REAL, &never, NULL);
			EXPECT(rings > 0);
			EXPECT(FD_ISSET(ends[0], &in) && FD_ISSET(full[1], &out));
			EXPECT(last_seconds >= 0 && last_seconds <= 1000);
		}
	}
	signal(SIGALRM, SIG_DFL);
}

/* One step: the mask is exchanged, a signal that it lets in ends the call, and the old mask is back. */
static void the_mask_is_exchanged(void)
{
	sigset_t blocked, open, now;
	struct mask_argument six = { &open, _NSIG / 8 };
	struct timespec at_once = { 0, 0 };

	sigemptyset(&open);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	signal(SIGUSR1, ring);
	SAME(sigprocmask(SIG_BLOCK, &blocked, NULL), 0);
	for (int i = 0; i < 2; i++) {
		fd_set in = set_of(ends[0]);

		rings = 0;
		raise(SIGUSR1);
		SAME(pselect(ends[0] + 1, &in, NULL, NULL, &at_once, NULL), 0); /* no mask: it stays blocked */
		SAME(pselect(ends[0] + 1, &in, NULL, NULL, &at_once, &blocked), 0);
		SAME(rings, 0);
		if (i == 0)
			FAILS(pselect(ends[0] + 1, &in, NULL, NULL, NULL, &open), EINTR);
		else
			FAILS(syscall(SYS_pselect6, ends[0] + 1, &in, NULL, NULL, NULL, &six), EINTR);
		SAME(rings, 1);
		SAME(sigprocmask(SIG_BLOCK, NULL, &now), 0);
		EXPECT(sigismember(&now, SIGUSR1));
	}
	SAME(sigprocmask(SIG_UNBLOCK, &blocked, NULL), 0);
	signal(SIGUSR1, SIG_DFL);
}

static volatile bool waiting, cleaned;

static void clean(void *unused)
{
	(void)unused;
	cleaned = true;
}

/* Waits for what never comes; late: the cancellation is there first. */
static void *waits(void *what)
{
	fd_set in = set_of(ends[0]);
	enum way way = (enum way)((long)what % WAYS);
	bool late = (long)what >= WAYS;

	pthread_cleanup_push(clean, NULL);
	if (late)
		pthread_cancel(pthread_self());
	waiting = true;
	by(way, ends[0] + 1, &in, NULL, NULL, is_raw(way) ? 10 : -1);
	pthread_cleanup_pop(0);
	return NULL;
}

static bool is_cancelled(enum way way, bool late)
{
	struct timespec moment = { 0, 2000000 };
	pthread_t thread;
	void *result;

	waiting = cleaned = false;
	SAME(pthread_create(&thread, NULL, waits, (void *)((long)way + (late ? WAYS : 0))), 0);
	while (!late && !waiting)
		nanosleep(&moment, NULL);
	if (!late) {
		nanosleep(&moment, NULL);
		pthread_cancel(thread);
	}
	SAME(pthread_join(thread, &result), 0);
	return result == PTHREAD_CANCELED && cleaned;
}

static void it_is_a_cancellation_point(void)
{
	for (enum way way = 0; way < WAYS; way++) {
		SAME(is_cancelled(way, true), !is_raw(way)); /* raw calls are none */
		if (!is_raw(way))
			EXPECT(is_cancelled(way, false));
	}
}

static void the_state_of_a_peer_is_told(void)
{
	for (enum way way = 0; way < WAYS; way++) {
		int pair[2], pipe_ends[2];
		fd_set in, out, ex;

		SAME(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
		SAME(pipe(pipe_ends), 0);
		SAME(close(pair[1]), 0);
		SAME(close(pipe_ends[0]), 0);
		in = set_of(pair[0]);
		out = set_of(pair[0]);
		FD_SET(pipe_ends[1], &in); /* an error makes it readable and writable */
		FD_SET(pipe_ends[1], &out);
		ex = out;
		SAME(by(way, FD_SETSIZE, &in, &out, &ex, -1), 4);
		EXPECT(FD_ISSET(pair[0], &in) && FD_ISSET(pair[0], &out));
		EXPECT(FD_ISSET(pipe_ends[1], &in) && FD_ISSET(pipe_ends[1], &out));
		SAME(count_bits(&ex), 0);
		SAME(close(pair[0]), 0);
		SAME(close(pipe_ends[1]), 0);
	}
}

void body(void)
{
	SAME(pipe(ends), 0);
	SAME(pipe2(full, O_NONBLOCK), 0);
	while (write(full[1], "full", 4) > 0)
		;
	RUN(the_ready_ones_come_back);
	RUN(nfds_may_be_the_table_size); /* before the table grows */
	RUN(the_timeout_is_brought_up_to_date);
	RUN(without_descriptors_it_sleeps);
	RUN(errors_come_back);
	RUN(odd_timeouts_are_refused);
	RUN(signals_end_it);
	RUN(the_mask_is_exchanged);
	RUN(it_is_a_cancellation_point);
	RUN(the_state_of_a_peer_is_told);
	RUN(all_of_a_set_is_used);
	SAME(close(ends[0]), 0);
	SAME(close(ends[1]), 0);
	SAME(close(full[0]), 0);
	SAME(close(full[1]), 0);
}
