// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "guards/closewait/closewait.h"
#include "guards/closewait/sweep.h"
#include "guards/holders.h"
#include "guards/nonblock/late.h"
#include "options/options.h"
#include "tcp_common.h"

#define TCP fdg_kindword_of(FDG_KIND_SOCKET, AF_INET, SOCK_STREAM)
#define GET(c, field) atomic_load(&(c)->field)
#define AGE 60 /* ms */

static const char here, there;

static int begin(void **state)
{
	(void)state;
	atomic_store(&fdg_phase, FDG_ACTIVE);
	fdg_options_defaults(&fdg_options);
	fdg_options.closewait_age_ms = AGE;
	fdg_options.fdleak = FDG_OFF;
	fdg_options.log.where = FDG_LOG_NONE;
	for (int fd = fdg_ledger_next(0); fd >= 0; fd = fdg_ledger_next(fd + 1)) {
		fdg_ledger_forget_slow(fd);
		close(fd);
	}
	for (unsigned i = 0; i < FDG_CLOSEWAIT_GROUPS; i++)
		fdg_closewait_group_at(i)->serial = 0;
	return 0;
}

static int learn(int fd)
{
	fdg_ledger_learn(fd, TCP, 0, &here);
	fdg_connection_connected(fd, &here);
	return fd;
}

/* How many leak, after a sweep that leaves nothing out. */
static uint64_t sweep(bool is_asked_for)
{
	struct fdg_closewait s = { .now = fdg_connection_moment(fdg_connection_clock()), .is_asked_for = is_asked_for };

	fdg_closewait_begin();
	for (int fd = fdg_ledger_next(0); fd >= 0; fd = fdg_ledger_next(fd + 1)) {
		struct pollfd p = { fd, POLLRDHUP, 0 };

		if (poll(&p, 1, 0) > 0 && p.revents & POLLRDHUP)
			fdg_closewait_polled(&s, fd, p.revents);
	}
	fdg_closewait_end(&s);
	return s.leaks;
}

/* Longer than the age and the time between two sweeps. */
static void age(void)
{
	poll(NULL, 0, AGE + 90);
}

static void the_old_leak_and_the_young_do_not(void **state)
{
	int old = learn(in_close_wait());

	(void)state;
	assert_int_equal(sweep(true), 0);
	age();
	learn(in_close_wait());
	assert_int_equal(sweep(true), 1);
	assert_true(GET(fdg_connection_find(old), bits) & FDG_CONNECTION_LEAK);
	assert_int_not_equal(GET(fdg_connection_find(old), cookie), 0);
	age();
	assert_int_equal(sweep(true), 2);
}

/* What slept may be about to look after its connections. */
static void what_is_seen_for_the_first_time_gets_a_moment(void **state)
{
	learn(in_close_wait());
	(void)state;
	age();
	assert_int_equal(sweep(false), 0);
	assert_int_equal(sweep(false), 1);
	learn(in_close_wait());
	age();
	assert_int_equal(sweep(true), 2);
}

static void a_call_of_the_program_makes_it_young(void **state)
{
	int fd = learn(in_close_wait());

	(void)state;
	sweep(true);
	age();
	assert_int_equal(sweep(true), 1);
	atomic_store(&fdg_connection_find(fd)->used, fdg_connection_moment(fdg_connection_clock()));
	assert_int_equal(sweep(true), 0);
	assert_false(GET(fdg_connection_find(fd), bits) & FDG_CONNECTION_LEAK);
}

static void what_was_sent_unseen_makes_it_young(void **state)
{
	struct tcp_pair p = tcp_pair();

	(void)state;
	learn(p.here);
	shutdown(p.there, SHUT_WR);
	sweep(true);
	age();
	assert_int_equal(send(p.here, "x", 1, 0), 1);
	assert_int_equal(sweep(true), 0);
	age();
	assert_int_equal(sweep(true), 0); /* a stream: a_stream_is_in_use */
	close(p.there);
}

static void what_was_read_unseen_makes_it_young(void **state)
{
	struct tcp_pair p = tcp_pair();
	char c;

	(void)state;
	learn(p.here);
	assert_int_equal(send(p.there, "abc", 3, 0), 3);
	shutdown(p.there, SHUT_WR);
	sweep(true);
	age();
	assert_int_equal(recv(p.here, &c, 1, 0), 1);
	assert_int_equal(sweep(true), 0);
	age();
	assert_int_equal(sweep(true), 1);
	close(p.there);
}

static void its_own_reading_end(void **state)
{
	struct tcp_pair p = tcp_pair();

	(void)state;
	learn(p.here);
	shutdown(p.here, SHUT_RD);
	sweep(true);
	assert_true(GET(fdg_connection_find(p.here), bits) & FDG_CONNECTION_SHUT);
	age();
	assert_int_equal(sweep(true), 0);
	close(p.there);
	wait_for_state(p.here, TCP_CLOSE_WAIT);
	age();
	sweep(true);
	age();
	assert_int_equal(sweep(true), 1);
}

static void two_numbers_of_one_are_one(void **state)
{
	int fd = learn(in_close_wait()), copy = dup(fd);

	(void)state;
	fdg_ledger_copy(fd, copy, 0, &here);
	fdg_connection_copied(fd, copy);
	sweep(true);
	age();
	assert_int_equal(sweep(true), 1);
	atomic_store(&fdg_connection_find(copy)->used, fdg_connection_moment(fdg_connection_clock()));
	assert_int_equal(sweep(true), 0);
}

static void what_was_sent_to_another_process_is_not_told_of(void **state)
{
	int gone = learn(in_close_wait()), came = learn(in_close_wait());

	(void)state;
	fdg_ledger_flag(gone, FDG_SHARED | FDG_PASSED, 0);
	fdg_connection_sent(gone);
	fdg_ledger_flag(came, FDG_SHARED | FDG_PASSED, 0);
	fdg_connection_arrived(came);
	sweep(true);
	age();
	assert_int_equal(sweep(true), 1);
	assert_true(GET(fdg_connection_find(came), bits) & FDG_CONNECTION_LEAK);
}

static void by_peer_and_by_place(void **state)
{
	int fd[4];

	(void)state;
	for (int i = 0; i < 4; i++)
		fd[i] = learn(in_close_wait());
	fdg_connection_connected(fd[3], &there);
	sweep(true);
	age();
	assert_int_equal(sweep(true), 4);
	assert_int_equal(fdg_closewait_group_at(0)->count, 3);
	assert_int_equal(fdg_closewait_group_at(1)->count, 1);
	assert_ptr_equal(fdg_closewait_group_at(1)->site, &there);
	assert_int_equal(fdg_closewait_sum(fdg_closewait_group_at(0)).ephemeral, 3);
	assert_int_equal(fdg_closewait_group_at(0)->threads, 1);
	assert_int_equal(strncmp(fdg_closewait_group_at(0)->peer, "127.0.0.1:", 10), 0);
}

/* A connection to each of so many hosts; here are ends that were accepted, there those that were connected. */
static int listener_for_all(struct sockaddr_in *at)
{
	socklen_t n = sizeof(*at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	*at = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY) };
	assert_int_equal(bind(fd, (struct sockaddr *)at, sizeof(*at)), 0);
	assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)at, &n), 0);
	return fd;
}

/* 300 connections, to a host each, made at `sites` places. */
static int three_hundred(unsigned sites)
{
	static const char site[300];
	struct sockaddr_in at;
	int listener = listener_for_all(&at);
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	for (unsigned i = 0; i < 300; i++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		at.sin_addr.s_addr = htonl(INADDR_LOOPBACK + i);
		assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
		close(accept(listener, NULL, NULL));
		fdg_ledger_learn(fd, TCP, 0, &site[i % sites]);
		fdg_connection_connected(fd, &site[i % sites]);
	}
	return listener;
}

/* One bug, and not three hundred. */
static void many_peers_of_one_place(void **state)
{
	int listener = three_hundred(1);

	(void)state;
	sweep(true);
	age();
	assert_int_equal(sweep(true), 300);
	for (unsigned i = 0; i < FDG_CLOSEWAIT_PEERS; i++)
		assert_int_equal(fdg_closewait_group_at(i)->count, 1);
	assert_true(fdg_closewait_group_at(FDG_CLOSEWAIT_PEERS)->is_many);
	assert_non_null(fdg_closewait_group_at(FDG_CLOSEWAIT_PEERS)->site);
	assert_int_equal(fdg_closewait_group_at(FDG_CLOSEWAIT_PEERS)->count, 300 - FDG_CLOSEWAIT_PEERS);
	assert_int_equal(fdg_closewait_group_at(FDG_CLOSEWAIT_PEERS + 1)->serial, 0);
	close(listener);
}

static void more_groups_than_there_is_room_for(void **state)
{
	int listener = three_hundred(300);

	(void)state;
	sweep(true);
	age();
	assert_int_equal(sweep(true), 300);
	assert_true(fdg_closewait_group_at(FDG_CLOSEWAIT_GROUPS - 1)->is_rest);
	assert_int_equal(fdg_closewait_group_at(FDG_CLOSEWAIT_GROUPS - 1)->count, 300 - (FDG_CLOSEWAIT_GROUPS - 1));
	assert_int_equal(fdg_closewait_group_at(0)->count, 1);
	assert_int_equal(sweep(true), 300);
	assert_int_equal(fdg_closewait_group_at(FDG_CLOSEWAIT_GROUPS - 1)->count, 300 - (FDG_CLOSEWAIT_GROUPS - 1));
	close(listener);
}

static void accepted_ones_by_their_listener(void **state)
{
	struct sockaddr_in at;
	int listener = listener_for_all(&at);

	(void)state;
	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (unsigned i = 0; i < 3; i++) {
		struct sockaddr_in from = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK + i) };
		int client = socket(AF_INET, SOCK_STREAM, 0), fd;

		assert_int_equal(bind(client, (struct sockaddr *)&from, sizeof(from)), 0);
		assert_int_equal(connect(client, (struct sockaddr *)&at, sizeof(at)), 0);
		fd = accept(listener, NULL, NULL);
		fdg_ledger_learn(fd, TCP, 0, &here);
		fdg_connection_accepted(fd, &here);
		close(client);
	}
	sweep(true);
	age();
	assert_int_equal(sweep(true), 3);
	assert_int_equal(fdg_closewait_group_at(0)->count, 3);
	assert_true(fdg_closewait_group_at(0)->accepted);
	assert_true(fdg_closewait_group_at(0)->hosts_differ);
	assert_int_equal(fdg_closewait_sum(fdg_closewait_group_at(0)).ephemeral, 0);
	close(listener);
}

/* Told of again when there are twice as many, or a quarter and ten more. */
static void told_of_again(void **state)
{
	static const struct {
		uint32_t more, said;
	} steps[] = { { 1, 1 }, { 1, 2 }, { 1, 2 }, { 1, 4 }, { 36, 40 }, { 9, 40 }, { 1, 50 }, { 12, 50 }, { 1, 63 } };

	(void)state;
	for (unsigned i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		for (unsigned k = 0; k < steps[i].more; k++)
			learn(in_close_wait());
		sweep(true);
		age();
		sweep(true);
		assert_int_equal(fdg_closewait_group_at(0)->said, steps[i].said);
	}
}

static void what_grows_is_told_of_one_sweep_later(void **state)
{
	struct fdg_closewait_group *g = fdg_closewait_group_at(0);

	(void)state;
	learn(in_close_wait());
	sweep(false);
	age();
	assert_int_equal(sweep(false), 1);
	assert_int_equal(g->said, 0);
	assert_int_equal(sweep(false), 1);
	assert_int_equal(g->said, 1);
	for (int i = 0; i < 2; i++) {
		learn(in_close_wait());
		sweep(false);
		age();
		sweep(false);
	}
	assert_int_equal(g->count, 3);
	assert_int_equal(g->said, 2);
}

static void fix_counts_what_it_has_ended(void **state)
{
	struct fdg_closewait_group *g = fdg_closewait_group_at(0);

	(void)state;
	fdg_options.closewait = FDG_FIX;
	for (int i = 0; i < 3; i++)
		learn(in_close_wait());
	sweep(true);
	age();
	assert_int_equal(sweep(true), 3);
	assert_int_equal(g->cured, 3);
	assert_int_equal(g->said, 3);
	assert_int_equal(sweep(true), 0);
	learn(in_close_wait());
	sweep(true);
	age();
	assert_int_equal(sweep(true), 1);
	assert_int_equal(g->cured, 4);
	assert_int_equal(fdg_closewait_total(g), 4);
	assert_int_equal(g->said, 3);
}

static int left_unread(unsigned bytes)
{
	static const char text[3000];
	struct tcp_pair p = tcp_pair();
	struct pollfd end = { p.here, POLLRDHUP, 0 };

	assert_int_equal(send(p.there, text, bytes, 0), bytes);
	close(p.there);
	assert_int_equal(poll(&end, 1, 5000), 1);
	return learn(p.here);
}

/* A pager that waits, a slow client behind a proxy; a peer's last words are as good as nothing. */
static void what_has_more_to_read_than_last_words_is_in_use_for_long(void **state)
{
	struct fdg_closewait_group *g = fdg_closewait_group_at(0);
	int slow = left_unread(3000), words = left_unread(300);

	(void)state;
	fdg_options.closewait = FDG_FIX;
	sweep(true);
	age();
	assert_int_equal(sweep(true), 1);
	assert_int_equal(tcp_state(slow), TCP_CLOSE_WAIT);
	assert_int_not_equal(tcp_state(words), TCP_CLOSE_WAIT);
	poll(NULL, 0, 10 * AGE);
	assert_int_equal(sweep(true), 1);
	assert_int_equal(tcp_state(slow), TCP_CLOSE_WAIT);
	assert_int_equal(g->uncured, FDG_CURE_UNREAD);
}

/* The end of a sweep may come long after the look at it. */
static void what_is_used_before_the_sweep_ends_is_not_ended(void **state)
{
	struct fdg_closewait s = { .is_asked_for = true };
	int fd[2] = { learn(in_close_wait()), learn(in_close_wait()) };
	struct fdg_connection *used = fdg_connection_find(fd[0]);

	(void)state;
	fdg_options.closewait = FDG_FIX;
	sweep(true);
	age();
	s.now = fdg_connection_moment(fdg_connection_clock());
	fdg_closewait_begin();
	for (int i = 0; i < 2; i++)
		fdg_closewait_polled(&s, fd[i], POLLRDHUP);
	assert_true(GET(used, bits) & FDG_CONNECTION_HUSH);
	atomic_store(&used->used, s.now);
	fdg_closewait_end(&s);
	assert_int_equal(tcp_state(fd[0]), TCP_CLOSE_WAIT);
	assert_int_not_equal(tcp_state(fd[1]), TCP_CLOSE_WAIT);
	assert_false(GET(used, bits) & (FDG_CONNECTION_HUSH | FDG_CONNECTION_CURED));
}

static void what_a_sweep_leaves_for_the_next_one_is_forgotten(void **state)
{
	struct fdg_closewait s = { .is_asked_for = true };
	int fd = learn(in_close_wait());

	(void)state;
	fdg_options.closewait = FDG_FIX;
	sweep(true);
	age();
	s.now = fdg_connection_moment(fdg_connection_clock());
	fdg_closewait_begin();
	fdg_closewait_polled(&s, fd, POLLRDHUP);
	fdg_closewait_begin();
	assert_false(GET(fdg_connection_find(fd), bits) & FDG_CONNECTION_HUSH);
	fdg_closewait_end(&s);
	assert_int_equal(tcp_state(fd), TCP_CLOSE_WAIT);
}

/* They are gone when they are told of: as old as they were, and as many threads made them, though the program closes them at once. */
static void what_was_ended_is_told_as_it_was(void **state)
{
	struct fdg_closewait_group *g = fdg_closewait_group_at(0);
	struct fdg_closewait_tally t;
	int fd[3];

	(void)state;
	fdg_options.closewait = FDG_FIX;
	for (int i = 0; i < 3; i++)
		fd[i] = learn(in_close_wait());
	sweep(false);
	age();
	assert_int_equal(sweep(false), 3);
	assert_int_equal(g->said, 0);
	assert_int_equal(g->cured, 3);
	for (int i = 0; i < 3; i++) {
		fdg_ledger_forget_slow(fd[i]);
		close(fd[i]);
	}
	fdg_closewait_begin();
	t = fdg_closewait_sum(g);
	assert_int_equal(t.sockets, 3);
	assert_int_equal(t.ephemeral, 3);
	assert_int_equal(t.fd, fd[0]);
	assert_in_range(t.age, AGE, 60000);
	assert_in_range(t.idle, AGE, 60000);
	sweep(false);
	assert_int_equal(g->said, 3);
	assert_int_equal(g->threads, 1);
	assert_int_equal(fdg_closewait_all(), 3);
}

/* A process that is started may get what is open, and may outlive the ones that we know of. */
static void what_a_started_process_may_have_is_not_ended(void **state)
{
	int old = learn(in_close_wait()), copy, new;

	(void)state;
	fdg_options.closewait = FDG_FIX;
	fdg_connection_start();
	copy = dup(old);
	fdg_ledger_copy(old, copy, 0, &here);
	fdg_connection_copied(old, copy);
	fdg_ledger_forget_slow(old);
	close(old);
	new = learn(in_close_wait());
	sweep(true);
	age();
	assert_int_equal(sweep(true), 2);
	assert_int_equal(tcp_state(copy), TCP_CLOSE_WAIT);
	assert_int_not_equal(tcp_state(new), TCP_CLOSE_WAIT);
	assert_int_equal(fdg_closewait_group_at(0)->uncured, FDG_CURE_STARTED);
}

/* The peer has closed its half, and is told something now and then. */
static void a_stream_is_in_use(void **state)
{
	struct tcp_pair p = tcp_pair();

	(void)state;
	fdg_options.closewait = FDG_FIX;
	fdg_options.closewait_age_ms = 20;
	shutdown(p.there, SHUT_WR);
	wait_for_state(p.here, TCP_CLOSE_WAIT);
	learn(p.here);
	sweep(true);
	assert_int_equal(send(p.here, "x", 1, MSG_NOSIGNAL), 1);
	poll(NULL, 0, 120);
	assert_int_equal(sweep(true), 0); /* it rests for longer than closewait.age */
	poll(NULL, 0, 150);
	assert_int_equal(sweep(true), 1); /* for ten times that */
	assert_int_equal(tcp_state(p.here), TCP_CLOSE_WAIT);
	assert_int_equal(fdg_closewait_group_at(0)->uncured, FDG_CURE_HALF);
	close(p.there);
}

/* Its peer reads slowly, or not at all. */
static void what_has_bytes_to_send_is_in_use(void **state)
{
	static char much[65536];
	struct tcp_pair p = tcp_pair();

	(void)state;
	fdg_options.closewait = FDG_FIX;
	fdg_options.closewait_age_ms = 20;
	shutdown(p.there, SHUT_WR);
	wait_for_state(p.here, TCP_CLOSE_WAIT);
	while (send(p.here, much, sizeof(much), MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
		;
	learn(p.here);
	sweep(true);
	poll(NULL, 0, 100);
	assert_int_equal(sweep(true), 0);
	for (int i = 0; i < 50 && sweep(true) == 0; i++) /* the kernel looks for room over there now and then, and each time less often */
		poll(NULL, 0, 100);
	assert_int_equal(sweep(true), 1);
	assert_int_equal(tcp_state(p.here), TCP_CLOSE_WAIT);
	assert_true(fdg_closewait_group_at(0)->uncured == FDG_CURE_QUEUE || fdg_closewait_group_at(0)->uncured == FDG_CURE_HALF);
	close(p.there);
}

static void after_a_long_time_without_any_they_are_new(void **state)
{
	int fd = learn(in_close_wait());

	(void)state;
	fdg_options.closewait_age_ms = 20;
	sweep(true);
	poll(NULL, 0, 100);
	assert_int_equal(sweep(true), 1);
	assert_int_equal(fdg_closewait_group_at(0)->said, 1);
	fdg_ledger_forget_slow(fd);
	close(fd);
	assert_int_equal(sweep(true), 0);
	assert_int_not_equal(fdg_closewait_group_at(0)->serial, 0);
	poll(NULL, 0, 220);
	assert_int_equal(sweep(true), 0);
	assert_int_equal(fdg_closewait_group_at(0)->serial, 0);
}

/* Disconnected, and connected again: what was known is of the old one. */
static void a_number_is_connected_again(void **state)
{
	int fd = learn(in_close_wait());
	struct fdg_connection *c = fdg_connection_find(fd);

	(void)state;
	fdg_options.closewait = FDG_FIX;
	sweep(true);
	age();
	assert_int_equal(sweep(true), 1);
	assert_true(GET(c, bits) & FDG_CONNECTION_CURED);
	atomic_store(&c->seen, 1);
	fdg_connection_connected(fd, &there);
	assert_int_equal(GET(c, bits), FDG_CONNECTION_CONNECTED);
	assert_int_equal(GET(c, seen), 0);
	assert_int_equal(GET(c, group), 0);
}

static void inherited_ones_are_told_of_and_not_ended(void **state)
{
	int fd = in_close_wait();

	(void)state;
	fdg_options.closewait = FDG_FIX;
	fdg_ledger_learn(fd, TCP, FDG_INHERITED, NULL);
	sweep(true);
	age();
	age();
	assert_int_equal(sweep(true), 1);
	assert_int_equal(fdg_closewait_group_at(0)->cured, 0);
	assert_int_equal(tcp_state(fd), TCP_CLOSE_WAIT);
}

static void the_ports_of_the_kernel(void **state)
{
	uint32_t from = 0, to = 0;

	(void)state;
	fdg_closewait_ports(&from, &to);
	assert_in_range(from, 1, to);
	assert_in_range(to, from, 65535);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_old_leak_and_the_young_do_not, begin),
		cmocka_unit_test_setup(what_is_seen_for_the_first_time_gets_a_moment, begin),
		cmocka_unit_test_setup(a_call_of_the_program_makes_it_young, begin),
		cmocka_unit_test_setup(what_was_sent_unseen_makes_it_young, begin),
		cmocka_unit_test_setup(what_was_read_unseen_makes_it_young, begin),
		cmocka_unit_test_setup(its_own_reading_end, begin),
		cmocka_unit_test_setup(two_numbers_of_one_are_one, begin),
		cmocka_unit_test_setup(what_was_sent_to_another_process_is_not_told_of, begin),
		cmocka_unit_test_setup(by_peer_and_by_place, begin),
		cmocka_unit_test_setup(accepted_ones_by_their_listener, begin),
		cmocka_unit_test_setup(many_peers_of_one_place, begin),
		cmocka_unit_test_setup(more_groups_than_there_is_room_for, begin),
		cmocka_unit_test_setup(told_of_again, begin),
		cmocka_unit_test_setup(what_grows_is_told_of_one_sweep_later, begin),
		cmocka_unit_test_setup(fix_counts_what_it_has_ended, begin),
		cmocka_unit_test_setup(a_stream_is_in_use, begin),
		cmocka_unit_test_setup(what_has_bytes_to_send_is_in_use, begin),
		cmocka_unit_test_setup(after_a_long_time_without_any_they_are_new, begin),
		cmocka_unit_test_setup(a_number_is_connected_again, begin),
		cmocka_unit_test_setup(what_has_more_to_read_than_last_words_is_in_use_for_long, begin),
		cmocka_unit_test_setup(what_is_used_before_the_sweep_ends_is_not_ended, begin),
		cmocka_unit_test_setup(what_a_sweep_leaves_for_the_next_one_is_forgotten, begin),
		cmocka_unit_test_setup(what_was_ended_is_told_as_it_was, begin),
		cmocka_unit_test_setup(what_a_started_process_may_have_is_not_ended, begin),
		cmocka_unit_test_setup(inherited_ones_are_told_of_and_not_ended, begin),
		cmocka_unit_test_setup(the_ports_of_the_kernel, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
