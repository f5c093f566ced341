// SPDX-License-Identifier: MIT
/* Cancellation, several threads on one descriptor, signals of both kinds, numbers that are used again. */
#include "scene.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

static void make_pair(struct scene *s, int pair[2])
{
	MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	keep(s, pair[0]);
	keep(s, pair[1]);
}

/*
 * Cancellation
 */

static void *cancelled(void *cookie)
{
	struct scene *s = cookie;

	atomic_store(&s->caller.tid, gettid());
	s->job(s);
	return NULL;
}

/* A raw call is no cancellation point: it goes on, and gets what feeder sends. */
static void cancel(struct scene *s, long (*job)(struct scene *s), int feeder)
{
	void *result;

	s->job = job;
	atomic_store(&s->caller.tid, 0);
	atomic_store(&s->caller.done, false);
	if (pthread_create(&s->caller.thread, NULL, cancelled, s))
		die("pthread_create");
	settle(&s->caller, 0);
	pthread_cancel(s->caller.thread);
	if (feeder >= 0) {
		look(s, 10);
		MUST(write(feeder, "abc", 3));
	}
	pthread_join(s->caller.thread, &result);
	note(s, "%s ", result == PTHREAD_CANCELED ? "cancelled" : "not cancelled");
}

/* AddressSanitizer takes the stack of a thread that was cancelled for poisoned. */
#ifdef __SANITIZE_ADDRESS__
#define CANNOT_UNWIND true
#else
#define CANNOT_UNWIND false
#endif

static struct iovec one_part(size_t n)
{
	return (struct iovec){ big_buffer(n), n };
}

static long reads(struct scene *s) { return s->calls->take(s->a, big_buffer(10), 10); }
static long reads_parts(struct scene *s) { return s->calls->take_parts(s->a, &(struct iovec[]){ one_part(10) }[0], 1); }
static long receives(struct scene *s) { return s->calls->receive(s->a, big_buffer(10), 10, s->flags); }
static long receives_from(struct scene *s) { return s->calls->receive_from(s->a, big_buffer(10), 10, 0, NULL, NULL); }
static long writes(struct scene *s) { return s->calls->give(s->a, big_buffer(1000000), 1000000); }
static long writes_parts(struct scene *s) { return s->calls->give_parts(s->a, &(struct iovec[]){ one_part(1000000) }[0], 1); }
static long sends(struct scene *s) { return s->calls->post(s->a, big_buffer(1000000), 1000000, 0); }
static long sends_to(struct scene *s) { return s->calls->post_to(s->a, big_buffer(1000000), 1000000, 0, NULL, 0); }

static long receives_message(struct scene *s)
{
	struct iovec v = one_part(10);

	return s->calls->receive_message(s->a, &(struct msghdr){ .msg_iov = &v, .msg_iovlen = 1 }, 0);
}

static long receives_messages(struct scene *s)
{
	struct iovec v = one_part(10);
	struct mmsghdr m = { .msg_hdr = { .msg_iov = &v, .msg_iovlen = 1 } };

	return s->calls->receive_messages(s->a, &m, 1, 0, NULL);
}

static long sends_message(struct scene *s)
{
	struct iovec v = one_part(1000000);

	return s->calls->post_message(s->a, &(struct msghdr){ .msg_iov = &v, .msg_iovlen = 1 }, 0);
}

static void cancellation_point(struct scene *s)
{
	static long (*const jobs[])(struct scene *) = { reads, reads_parts, receives, receives_from, receives_message, receives_messages,
							writes, writes_parts, sends, sends_to, sends_message };
	int pair[2];

	bool raw = s->calls != &bare_calls[BY_NAME] && s->calls != &marked_calls[BY_NAME];

	if (CANNOT_UNWIND)
		note(s, "not tried");
	for (unsigned i = 0; i < (CANNOT_UNWIND ? 0 : raw ? 6 : sizeof(jobs) / sizeof(*jobs)); i++) {
		MUST(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
		keep(s, pair[0]);
		keep(s, pair[1]);
		s->a = armed(s, pair[0]);
		cancel(s, jobs[i], raw ? pair[1] : -1);
		forget(s);
	}
}

/*
 * Several threads
 */

enum { CROWD = 4, LINES = 2000 };

struct worker {
	struct scene *s;
	pthread_t thread;
	long sum;
	unsigned number;
};

static void *reads_on(void *cookie)
{
	struct worker *w = cookie;
	unsigned char b[7];
	ssize_t n;

	while ((n = w->s->calls->take(w->s->a, b, sizeof(b))) > 0)
		for (ssize_t i = 0; i < n; i++)
			w->sum += b[i] + 1;
	w->sum += n < 0 ? 1000000 : 0;
	return NULL;
}

/* A line is no longer than PIPE_BUF, so it arrives in one piece. */
static void *writes_on(void *cookie)
{
	struct worker *w = cookie;
	char line[400];

	memset(line, 'a' + (int)w->number, sizeof(line));
	line[sizeof(line) - 1] = '\n';
	for (int i = 0; i < LINES; i++)
		w->sum += w->s->calls->give(w->s->a, line, sizeof(line));
	return NULL;
}

static void start_crowd(struct scene *s, struct worker *w, void *(*f)(void *))
{
	for (unsigned i = 0; i < CROWD; i++) {
		w[i] = (struct worker){ .s = s, .number = i };
		if (pthread_create(&w[i].thread, NULL, f, &w[i]))
			die("pthread_create");
	}
}

static long end_crowd(struct worker *w)
{
	long sum = 0;

	for (unsigned i = 0; i < CROWD; i++) {
		pthread_join(w[i].thread, NULL);
		sum += w[i].sum;
	}
	return sum;
}

static void crowd_reads(struct scene *s)
{
	struct worker w[CROWD];
	unsigned char b[300];
	int pair[2];

	make_pair(s, pair);
	s->a = armed(s, pair[0]);
	start_crowd(s, w, reads_on);
	for (int i = 0; i < LINES; i++) {
		put_pattern(b, sizeof(b), (size_t)i);
		MUST(write(pair[1], b, 1 + (size_t)i % sizeof(b)));
	}
	MUST(shutdown(pair[1], SHUT_WR));
	note(s, "sum %ld", end_crowd(w));
}

static void crowd_writes(struct scene *s)
{
	static char lines[CROWD * LINES * 400];
	struct worker w[CROWD];
	size_t got = 0, torn = 0;
	int pair[2];

	MUST(pipe(pair));
	keep(s, pair[0]);
	keep(s, pair[1]);
	s->a = armed(s, pair[1]);
	start_crowd(s, w, writes_on);
	while (got < sizeof(lines))
		got += (size_t)read(pair[0], lines + got, sizeof(lines) - got);
	for (size_t i = 0; i < got; i++)
		torn += lines[i] != (i % 400 == 399 ? '\n' : lines[i - i % 400]);
	note(s, "sum %ld torn %zu", end_crowd(w), torn);
}

/*
 * Signals
 */

static sigjmp_buf out;

static void jump(int signal)
{
	siglongjmp(out, signal);
}

static long reads_until_jump(struct scene *s)
{
	if (sigsetjmp(out, 1))
		return -77;
	return s->calls->take(s->a, big_buffer(10), 10);
}

static void handler_jumps(struct scene *s)
{
	struct sigaction a = { .sa_handler = jump };
	int pair[2];

	make_pair(s, pair);
	s->a = armed(s, pair[0]);
	MUST(sigaction(SIGUSR1, &a, NULL));
	begin(s, reads_until_jump);
	pthread_kill(s->caller.thread, SIGUSR1);
	end(s);
	handle_signals(true);
	begin(s, reads);
	send_signal(s);
	MUST(write(pair[1], "abc", 3));
	end(s);
}

static void ignore(int signal)
{
	(void)signal;
}

static long reads_with_blocked(struct scene *s)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	return s->calls->take(s->a, big_buffer(10), 10);
}

/* A handler that would end the call, for a signal that this thread does not get; and one that does not stay. */
static void handlers_of_both_kinds(struct scene *s)
{
	struct sigaction a = { .sa_handler = ignore };
	int pair[2];

	make_pair(s, pair);
	s->a = armed(s, pair[0]);
	handle_signals(true);
	MUST(sigaction(SIGUSR2, &a, NULL));
	begin(s, reads_with_blocked);
	send_signal(s);
	MUST(write(pair[1], "abc", 3));
	end(s);
	a.sa_flags = SA_RESETHAND;
	MUST(sigaction(SIGUSR2, &a, NULL));
	begin(s, reads);
	pthread_kill(s->caller.thread, SIGUSR2);
	end(s);
	a.sa_handler = SIG_DFL;
	a.sa_flags = 0;
	MUST(sigaction(SIGUSR2, &a, NULL));
}

/*
 * The number is closed under the call, and given to another socket that has something to read: that is not for this call.
 */
static void number_is_used_again(struct scene *s)
{
	int pair[2], another[2];

	make_pair(s, pair);
	make_pair(s, another);
	MUST(write(another[1], "not for you", 11));
	s->a = armed(s, pair[0]);
	begin(s, reads);
	MUST(dup2(another[0], s->a));
	MUST(write(pair[1], "abc", 3));
	end_caller(&s->caller);
	note(s, "%s, left %zd\n", s->ret == 3 || (s->marked && s->ret == -1 && s->error == EBADF) ? "as it should" : "wrong", recv(another[0], big_buffer(100), 100, MSG_DONTWAIT));
}

static void never_wait(struct scene *s)
{
	struct rig rig;

	open_rig(&rig, TCP, false);
	keep(s, rig.theirs);
	s->a = armed(s, keep(s, rig.mine));
	for (unsigned i = 0; i < 3; i++) {
		s->flags = (int[]){ MSG_DONTWAIT, MSG_ERRQUEUE, MSG_OOB }[i];
		begin(s, receives);
		look(s, 0);
		end(s);
	}
}

const struct listed thread_scenes[] = {
	{ "cancel", cancellation_point, true },
	{ "crowd-reads", crowd_reads, false },
	{ "crowd-writes", crowd_writes, false },
	{ "jump", handler_jumps, true },
	{ "both-kinds", handlers_of_both_kinds, true },
	{ "reused", number_is_used_again, false },
	{ "never", never_wait, false },
	{ NULL, NULL, false },
};
