// SPDX-License-Identifier: MIT
/* An answer that is waited for where it is received: by recv, from a socket's second question on, with a time limit of the socket's. */
#include "lookup.h"

static const struct addrinfo four = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM };
static unsigned polled, received, empty;

static int poll_counted(struct pollfd *fds, unsigned n, int timeout_ms)
{
	polled++;
	return poll_block(fds, n, timeout_ms);
}

static long recv_counted(int fd, void *message, size_t room, int flags)
{
	ssize_t r = recv(fd, message, room, flags);

	received++;
	empty += r < 0 && errno == EAGAIN;
	return r < 0 ? -errno : r;
}

static struct fdg_lookup *make_receiving(void)
{
	const struct fdg_lookup_calls both_calls = { .block = poll_counted, .receive = recv_counted };
	struct fdg_lookup *l;

	assert_int_equal(fdg_lookup_make(&both_calls, &l), 0);
	polled = received = empty = 0;
	return l;
}

/* Its error, or the number of addresses. */
static int count_four(struct fdg_lookup *l, const char *name)
{
	struct fdg_lookup_result r;
	int error, number;

	fdg_lookup_begin(l);
	error = fdg_lookup_addresses(l, name, NULL, &four, &r, &number);
	fdg_lookup_end(l);
	return error ? error : (int)r.address_count;
}

static void all_but_the_first_of_a_socket(void **state)
{
	struct fdg_lookup *l = make_receiving();

	(void)state;
	for (int i = 0; i < 500; i++)
		assert_int_equal(count_four(l, "ok.test"), 1);
	assert_true(received >= 400);
	assert_true(polled <= 100); /* a socket's age has an end, too */
	fdg_lookup_free(l);
}

static void two_answers_are_polled_for(void **state)
{
	struct fdg_lookup *l = make_receiving();

	(void)state;
	for (int i = 0; i < 50; i++)
		assert_int_equal(count(l, "ok.test"), 2);
	assert_true(polled >= 50);
	fdg_lookup_free(l);
}

/* The kernel's tick may end the wait a little early, or late: the same messages go out, and the same error comes. */
static void one_that_does_not_come(void **state)
{
	struct fdg_lookup *l = make_receiving();
	unsigned before;

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(count_four(l, "ok.test"), 1);
	before = (unsigned)server_counts(server)->queries;
	assert_int_equal(count_four(l, "silent.test"), EAI_AGAIN);
	assert_true(empty > 0);
	assert_in_range(server_counts(server)->queries - before, 2, 3);
	assert_int_equal(count_four(l, "ok.test"), 1);
	fdg_lookup_free(l);
}

static void lost_and_forged_ones(void **state)
{
	struct fdg_lookup *l = make_receiving();

	(void)state;
	for (int i = 0; i < 20; i++)
		assert_int_equal(count_four(l, i % 2 ? "wrongid.test" : "wrongname.test"), 1);
	server_set(server)->loss = 20;
	write_etc("/etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:5\n");
	for (int i = 0; i < 100; i++)
		assert_int_equal(count_four(l, "ok.test"), 1);
	assert_true(received > 100);
	fdg_lookup_free(l);
}

static void handled(int signal)
{
	(void)signal;
}

static void a_signal_comes_between(void **state)
{
	const struct itimerval often = { { 0, 3000 }, { 0, 3000 } }, never = { { 0, 0 }, { 0, 0 } };
	struct fdg_lookup *l = make_receiving();
	struct sigaction act = { .sa_handler = handled, .sa_flags = SA_RESTART }, old;

	(void)state;
	server_set(server)->delay_us = 20000;
	sigaction(SIGALRM, &act, &old);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < 20; i++)
		assert_int_equal(count_four(l, "ok.test"), 1);
	setitimer(ITIMER_REAL, &never, NULL);
	sigaction(SIGALRM, &old, NULL);
	assert_true(received > 20);
	fdg_lookup_free(l);
}

static int error_of_poll;

static int poll_refused(struct pollfd *fds, unsigned n, int timeout_ms)
{
	polled++;
	return error_of_poll ? -error_of_poll : poll_block(fds, n, timeout_ms);
}

static long recv_refused(int fd, void *message, size_t room, int flags)
{
	(void)fd, (void)message, (void)room, (void)flags;
	received++;
	return -EPERM;
}

/* By a filter, say: there is no waiting then, and no turning round and round until the time is over. */
static void calls_that_are_forbidden(void **state)
{
	const struct fdg_lookup_calls refused = { .block = poll_refused, .receive = recv_refused };
	struct fdg_lookup *l;

	(void)state;
	assert_int_equal(fdg_lookup_make(&refused, &l), 0);
	polled = received = 0;
	error_of_poll = 0;
	assert_int_equal(count_four(l, "ok.test"), 1);
	assert_int_equal(count_four(l, "ok.test"), EAI_AGAIN);
	assert_in_range(received, 1, 4);
	error_of_poll = EPERM;
	assert_int_equal(count(l, "ok.test"), EAI_AGAIN);
	assert_in_range(polled, 1, 8);
	fdg_lookup_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(all_but_the_first_of_a_socket), T(two_answers_are_polled_for), T(one_that_does_not_come),
		T(lost_and_forged_ones),          T(a_signal_comes_between),     T(calls_that_are_forbidden),
	};

	return run_with_server(tests, COUNT(tests));
}
