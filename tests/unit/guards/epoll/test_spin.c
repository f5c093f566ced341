// SPDX-License-Identifier: MIT
/* Time is what the test says that it is: a suspect is told when it was delivered. */
#include "epoll_common.h"

#include <sys/syscall.h>
#include <time.h>

#include "guards/epoll/events.h"
#include "guards/epoll/slow.h"
#include "guards/epoll/turns.h"

static struct fdg_suspect s;
static struct fdg_registration r;

/* The guards' clock stands still, so that nothing takes long; that of turns is the machine's. */
int clock_gettime(clockid_t which, struct timespec *t)
{
	*t = (struct timespec){ 1, 0 };
	return which == CLOCK_MONOTONIC_COARSE ? 0 : (int)syscall(SYS_clock_gettime, which, t);
}

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

enum { IDLE, WORKS, WAITS_ELSEWHERE, ASKS_FOR_ONE };
static int does = IDLE;

/* The turns of this thread: a machine that has no time for us makes one long. */
static void turns(void)
{
	for (int i = 0; i < 400; i++) {
		fdg_turn_over_slow(fdg_interest_set(set));
		fdg_turn_begins_slow(1, does == ASKS_FOR_ONE ? 1 : 8);
		if (does == WAITS_ELSEWHERE)
			fdg_turn_elsewhere_slow();
		if (does == WORKS)
			usleep(60);
		if (does != IDLE && i == 20)
			break;
		if (does == IDLE && fdg_turn_over_slow(fdg_interest_set(set)))
			break;
	}
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
	turns();
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

static void sends(int fd)
{
	fdg_act(fd, "send", 1, 0, FDG_DEED_GIVE);
	assert_false(fdg_suspect_is_over(&s));
}

static void is_told_of(int fd)
{
	assert_true(fdg_interest_of(set, fd, &r));
	assert_true(fdg_suspect_delivered(&(struct fdg_told){ r.set, r.data, set, fd }, EPOLLERR, 1000, &s));
}

/* It is told after two seconds, and may be all that the program waits for. */
static void one_on_which_is_sent_is_left_alone(void **state)
{
	int fd = stamped(SOCK_NONBLOCK);

	(void)state;
	registers(fd, EPOLLIN, 9);
	is_told_of(fd);
	sends(fd);
	spins(fd, EPOLLERR, 4000, 1900);
	assert_false(s.tried & FDG_SAID_SPIN);
	spins(fd, EPOLLERR, 4000, 2000);
	is_told_of(fd);
	assert_true(s.tried & FDG_SAID_SPIN);
	assert_false(is_slow());
	ends(fd);
}

static void to_send_ends_it(void **state)
{
	int fd = stamped(SOCK_NONBLOCK);

	(void)state;
	registers(fd, EPOLLIN, 9);
	spins(fd, EPOLLERR, 2000, 1000);
	assert_true(is_slow());
	sends(fd);
	assert_false(is_slow());
	ends(fd);
}

/* Room is what it asked for, and what it uses: there is nothing to be told. */
static void a_sender_is_no_spin(void **state)
{
	int fd = stamped(SOCK_NONBLOCK);

	(void)state;
	registers(fd, EPOLLOUT, 9);
	is_told_of(fd);
	sends(fd);
	spins(fd, EPOLLERR | EPOLLOUT, 4000, 2000);
	assert_true(fdg_suspect_is_over(&s));
	is_told_of(fd);
	assert_int_equal(s.tried & (FDG_SAID_SPIN | FDG_TRIED_GAVE), 0);
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
	turns();
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
	assert_int_equal(pipe2(p, O_NONBLOCK), 0);
	assert_int_equal(write(p[1], "x", 1), 1);
	close(p[1]);
	registers(known(p[0], FDG_KIND_PIPE), EPOLLIN, 10);
	is_left_alone(p[0], EPOLLIN | EPOLLHUP, 2000, 1000);
}

/* … and beside others' in the same loop. */
static void whoever_works_is_left_alone(void **state)
{
	int p[2];

	(void)state;
	for (does = WORKS; does <= WAITS_ELSEWHERE; does++) {
		hung_up_pipe(p);
		registers(p[0], EPOLLIN, 9);
		is_left_alone(p[0], EPOLLHUP, 2000, 1000);
	}
	does = IDLE;
}

static void whoever_asks_for_one_is_paced(void **state)
{
	int p[2];

	(void)state;
	does = ASKS_FOR_ONE;
	hung_up_pipe(p);
	registers(p[0], EPOLLIN, 9);
	is_slowed(p[0], EPOLLHUP);
	assert_true(fdg_turn_is_narrow());
	does = IDLE;
}

static void what_others_carry_as_well_is_left_alone(void **state)
{
	int p[2], other = stamped(SOCK_NONBLOCK);

	(void)state;
	hung_up_pipe(p);
	registers(p[0], EPOLLIN, 9);
	registers(other, EPOLLIN | EPOLLET, 9);
	spins(p[0], EPOLLHUP, 2000, 1000);
	assert_false(is_slow());
	ends(other);
	ends(p[0]);
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

static void what_was_reset_is_known(void **state)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(1), .sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = was_reset(), refused = socket(AF_INET, SOCK_STREAM, 0), p[2];

	(void)state;
	assert_true(fdg_was_reset(fd));
	assert_false(fdg_was_reset(refused));
	assert_int_equal(connect(refused, (struct sockaddr *)&a, sizeof a), -1);
	assert_false(fdg_was_reset(refused));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, p), 0);
	assert_false(fdg_was_reset(p[0]));
	close(p[0]);
	close(p[1]);
	close(refused);
	ends(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_was_reset_is_known, begin, end),
		cmocka_unit_test_setup_teardown(one_of_which_nothing_was_asked_is_slow_until_the_next_call, begin, end),
		cmocka_unit_test_setup_teardown(an_error_queue_is_left_to_the_program, begin, end),
		cmocka_unit_test_setup_teardown(one_on_which_is_sent_is_left_alone, begin, end),
		cmocka_unit_test_setup_teardown(to_send_ends_it, begin, end),
		cmocka_unit_test_setup_teardown(a_sender_is_no_spin, begin, end),
		cmocka_unit_test_setup_teardown(whoever_works_is_left_alone, begin, end),
		cmocka_unit_test_setup_teardown(whoever_asks_for_one_is_paced, begin, end),
		cmocka_unit_test_setup_teardown(what_others_carry_as_well_is_left_alone, begin, end),
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
