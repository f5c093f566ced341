// SPDX-License-Identifier: MIT
/* Time is what the test says that it is: a suspect is told when it was delivered. */
#include "epoll_common.h"

#include "guards/slow.h"

static struct fdg_suspect s;
static struct fdg_registration r;

static void reset_peer(int fd)
{
	struct linger l = { 1, 0 };

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof l), 0);
	close(fd);
}

/* One end of a connection whose other end has been reset. */
static int was_reset(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof a;
	int listener = socket(AF_INET, SOCK_STREAM, 0), peer = socket(AF_INET, SOCK_STREAM, 0), fd;

	assert_int_equal(bind(listener, (struct sockaddr *)&a, len), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&a, &len), 0);
	assert_int_equal(connect(peer, (struct sockaddr *)&a, len), 0);
	fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	close(listener);
	reset_peer(peer);
	return known(fd, fdg_kindword_of(FDG_KIND_SOCKET, AF_INET, SOCK_STREAM));
}

/* `times` deliveries in ms milliseconds, and judged then. */
static void spins(int fd, uint32_t events, unsigned times, int64_t ms)
{
	struct fdg_told t = { 1, (uint64_t)fd, set, fd };

	assert_true(fdg_interest_of(set, fd, &r));
	t.set = r.set;
	t.data = r.data;
	for (unsigned i = 0; i <= times; i++)
		assert_true(fdg_suspect_delivered(&t, events, 1000 + (int64_t)i * ms / times, &s));
	fdg_spin_judge(&s, &r, 1000 + ms);
	assert_true(fdg_interest_of(set, fd, &r));
}

static bool is_slow(void)
{
	return fdg_suspects_slow != 0;
}

/* What the kernel tells, whatever we do. */
static unsigned told(unsigned times)
{
	struct epoll_event e;
	unsigned n = 0;

	while (times--)
		n += epoll_wait(set, &e, 1, 0) == 1;
	return n;
}

static void one_of_which_nothing_was_asked_is_slow_until_the_next_call(void **state)
{
	int fd = was_reset();

	(void)state;
	registers(fd, 0, 9);
	spins(fd, EPOLLERR | EPOLLHUP, 2000, 1000);
	assert_true(is_slow());
	assert_int_equal(told(20), 20);
	fdg_act(fd, "read", -1, EAGAIN, FDG_DEED_ANY);
	assert_true(is_slow());
	fdg_act(fd, "read", -1, ECONNRESET, FDG_DEED_ANY);
	assert_false(is_slow());
	spins(fd, EPOLLERR | EPOLLHUP, 900, 900); /* it has to be proved anew */
	assert_false(is_slow());
	ends(fd);
}

/* The program may read it by the clock. */
static void an_error_queue_is_left_to_the_program(void **state)
{
	int fd = stamped(SOCK_NONBLOCK);
	char control[512];
	struct msghdr m = { .msg_control = control, .msg_controllen = sizeof control };

	(void)state;
	registers(fd, EPOLLIN, 9);
	spins(fd, EPOLLERR, 2000, 1000);
	assert_true(is_slow());
	assert_int_equal(recvmsg(fd, &m, MSG_ERRQUEUE), 0);
	fdg_act(fd, "recvmsg", 0, 0, FDG_DEED_QUEUE);
	assert_false(is_slow());
	ends(fd);
}

/* Two seconds, of one on which something is sent. */
static void to_send_takes_no_error(void **state)
{
	int fd = stamped(SOCK_NONBLOCK);

	(void)state;
	registers(fd, EPOLLIN, 9);
	assert_true(fdg_interest_of(set, fd, &r));
	assert_true(fdg_suspect_delivered(&(struct fdg_told){ r.set, 9, set, fd }, EPOLLERR, 1000, &s));
	fdg_act(fd, "send", 1, 0, FDG_DEED_GIVE);
	assert_false(fdg_suspect_is_over(&s));
	spins(fd, EPOLLERR, 4000, 1900);
	assert_false(is_slow());
	spins(fd, EPOLLERR, 4000, 2000);
	assert_true(is_slow());
	fdg_act(fd, "send", 1, 0, FDG_DEED_GIVE);
	assert_true(is_slow());
	ends(fd);
}

static void is_slowed(int fd, uint32_t events)
{
	spins(fd, events, 2000, 1000);
	assert_true(is_slow());
	fdg_suspect_end(&s);
	assert_false(is_slow());
	ends(fd);
}

static void whatever_the_cause(void **state)
{
	int p[2];

	(void)state;
	hung_up_pipe(p);
	registers(p[0], EPOLLIN, 9);
	is_slowed(p[0], EPOLLHUP);
	hung_up_pipe(p);
	registers(p[0], EPOLLIN | EPOLLEXCLUSIVE, 9);
	is_slowed(p[0], EPOLLHUP);
}

static void what_another_process_registered_as_well(void **state)
{
	int fd = was_reset();

	(void)state;
	registers(fd, 0, 9);
	assert_true(fdg_interest_of(set, fd, &r));
	r.owner++;
	for (int i = 0; i <= 2000; i++)
		assert_true(fdg_suspect_delivered(&(struct fdg_told){ r.set, 9, set, fd }, EPOLLHUP, i ? 2000 : 1000, &s));
	for (int i = 0; i < 10; i++)
		assert_true(fdg_suspect_delivered(&(struct fdg_told){ r.set, 9, set, fd }, EPOLLHUP, 2001 + i, &s));
	fdg_spin_judge(&s, &r, 2011);
	assert_true(is_slow());
	ends(fd);
}

/* Nothing is changed for any of these. */
static void is_left_alone(int fd, uint32_t events, unsigned times, int64_t ms)
{
	spins(fd, events, times, ms);
	assert_false(is_slow());
	assert_int_equal(told(20), 20);
	ends(fd);
}

static void what_is_slow_is_left_alone(void **state)
{
	int fd = was_reset();

	(void)state;
	registers(fd, 0, 9);
	is_left_alone(fd, EPOLLERR | EPOLLHUP, 900, 1000);
	fd = was_reset();
	registers(fd, 0, 9);
	is_left_alone(fd, EPOLLERR | EPOLLHUP, 2000, 900);
}

/* The program may have work of its own to do each time. */
static void what_was_asked_for_is_left_alone(void **state)
{
	int p[2];

	(void)state;
	assert_int_equal(pipe2(p, O_NONBLOCK), 0);
	registers(known(p[1], FDG_KIND_PIPE), EPOLLOUT, 8);
	is_left_alone(p[1], EPOLLOUT, 2000, 1000);
	assert_int_equal(pipe2(p, O_NONBLOCK), 0);
	assert_int_equal(write(p[1], "x", 1), 1);
	registers(known(p[0], FDG_KIND_PIPE), EPOLLIN, 9);
	is_left_alone(p[0], EPOLLIN, 2000, 1000);
}

static void in_report_it_is_left_alone(void **state)
{
	int fd = was_reset(), stamps = stamped(SOCK_NONBLOCK);

	(void)state;
	fdg_options.epoll = FDG_REPORT;
	registers(stamps, EPOLLIN, 8);
	is_left_alone(stamps, EPOLLERR, 2000, 1000);
	registers(fd, 0, 9);
	is_left_alone(fd, EPOLLERR | EPOLLHUP, 2000, 1000);
}

/* The kernel's registration is what counts. */
static void what_was_changed_unseen_is_left_alone(void **state)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLPRI, .data.u64 = 9 };
	int p[2];

	(void)state;
	hung_up_pipe(p);
	registers(p[0], EPOLLIN, 9);
	assert_int_equal(epoll_ctl(set, EPOLL_CTL_MOD, p[0], &e), 0);
	is_left_alone(p[0], EPOLLHUP, 2000, 1000);
}

static void one_whose_epoll_is_in_another_is_left_alone(void **state)
{
	int p[2];

	(void)state;
	fdg_ledger_flag(set, FDG_POLLED, 0);
	hung_up_pipe(p);
	registers(p[0], EPOLLIN, 9);
	is_left_alone(p[0], EPOLLHUP, 2000, 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_of_which_nothing_was_asked_is_slow_until_the_next_call, begin, end),
		cmocka_unit_test_setup_teardown(an_error_queue_is_left_to_the_program, begin, end),
		cmocka_unit_test_setup_teardown(to_send_takes_no_error, begin, end),
		cmocka_unit_test_setup_teardown(whatever_the_cause, begin, end),
		cmocka_unit_test_setup_teardown(what_another_process_registered_as_well, begin, end),
		cmocka_unit_test_setup_teardown(what_is_slow_is_left_alone, begin, end),
		cmocka_unit_test_setup_teardown(what_was_asked_for_is_left_alone, begin, end),
		cmocka_unit_test_setup_teardown(in_report_it_is_left_alone, begin, end),
		cmocka_unit_test_setup_teardown(what_was_changed_unseen_is_left_alone, begin, end),
		cmocka_unit_test_setup_teardown(one_whose_epoll_is_in_another_is_left_alone, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
