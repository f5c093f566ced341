// SPDX-License-Identifier: MIT
/* Questions to servers that live, fail, die and come back. */
#include "resolver/engine.h"

#include "asking.h"

static void answers_come_and_are_the_questions(void **state)
{
	struct asked four, six, nx, none;

	(void)state;
	start_servers(1);
	make();
	ask("ok.test", FDG_DNS_A, &four);
	ask("ok.test", FDG_DNS_AAAA, &six);
	ask("nx.test", FDG_DNS_A, &nx);
	ask("nodata.test", FDG_DNS_A, &none);
	assert_int_equal(fdg_exchange_running(x), 4);
	assert_int_equal(fdg_exchange_room(x), 252);
	run();
	is_good(four);
	assert_int_equal(six.status, FDG_EXCHANGE_ANSWERED);
	assert_int_equal(six.len, 12 + 9 + 4 + 28);
	assert_int_equal(nx.status, FDG_EXCHANGE_ANSWERED);
	assert_int_equal(nx.rcode, FDG_DNS_NXDOMAIN);
	assert_int_equal(none.status, FDG_EXCHANGE_ANSWERED);
	assert_int_equal(fdg_exchange_counts(x)->sent - fdg_exchange_counts(x)->again, 4);
	assert_int_equal(fdg_exchange_counts(x)->ended, 4);
	is_good(ask_one("case.test"));
	is_good(ask_one("big.test"));
}

/* Those of one length may go to the kernel as one message. */
static void questions_of_all_lengths_go_out(void **state)
{
	struct asked all[250];
	char name[64];

	(void)state;
	start_servers(1);
	make();
	for (int round = 0; round < 4; round++) {
		for (unsigned i = 0; i < COUNT(all); i++) {
			snprintf(name, sizeof(name), "ok%u.%.*s.test", i, (int)(1 + i * 7 % 31),
				 "abcdefghijklmnopqrstuvwxyzabcdefg");
			ask(name, FDG_DNS_A, &all[i]);
		}
		run();
		for (unsigned i = 0; i < COUNT(all); i++)
			is_good(all[i]);
		if (round == 2)
			x->segments = false;
	}
	assert_in_range(server_counts(servers[0])->queries, 4 * COUNT(all), fdg_exchange_counts(x)->sent);
}

static void those_of_one_length_go_out_together(void **state)
{
	static const char *const names[] = { "ok.aaa.test", "ok.a.test", "ok.aa.test", "ok.a.test", "ok.aaa.test" };
	static const uint16_t sorted[] = { 1, 3, 2, 0, 4, 5 }; /* the sixth is the shortest, and not of the first five */
	struct asked all[6];
	const struct fdg_question *q;

	(void)state;
	start_servers(1);
	make();
	for (unsigned i = 0; i < COUNT(names); i++)
		ask(names[i], FDG_DNS_A, &all[i]);
	ask("ok.b", FDG_DNS_A, &all[5]);
	fdg_queue_sort(x, 0, FDG_QUEUE_READY, COUNT(names));
	q = fdg_queue_first(x, 0, FDG_QUEUE_READY);
	for (unsigned i = 0; i < COUNT(sorted); i++, q = fdg_queue_next(x, q))
		assert_ptr_equal(q->cookie, &all[sorted[i]]);
	assert_null(q);
	fdg_queue_sort(x, 0, FDG_QUEUE_READY, 100);
	assert_ptr_equal(fdg_queue_first(x, 0, FDG_QUEUE_READY)->cookie, &all[5]);
	ask("ok.test", FDG_DNS_A, &all[5]); /* behind the last */
	run();
	is_good(all[5]);
}

static void a_server_by_six_is_asked_too(void **state)
{
	(void)state;
	start_servers(0);
	servers[0] = server_start(AF_INET6);
	if (!servers[0]) {
		print_message("no ::1 on this machine: the same with 127.0.0.1\n");
		start_servers(1);
	} else {
		settings.server[0] = (struct fdg_exchange_server){ ip_of("::1"), server_port(servers[0]) };
	}
	settings.server_count = 1;
	make();
	is_good(ask_one("ok.test"));
	is_good(ask_one("tc.test"));
}

static void stated_failures_go_to_the_next_server_at_once(void **state)
{
	struct asked a;

	(void)state;
	start_servers(2);
	server_set(servers[0])->only = ACT_SERVFAIL;
	make();
	a = ask_one("ok.test");
	is_good(a);
	assert_int_equal(a.server, 1);
	assert_int_equal(a.sent - a.lost, 2);
	is_failed(ask_one("servfail.test"), FDG_EXCHANGE_SERVFAIL);
	server_set(servers[0])->only = 0;
	is_failed(ask_one("refused.test"), FDG_EXCHANGE_REFUSED);
	is_failed(ask_one("notimp.test"), FDG_EXCHANGE_REFUSED);
	is_failed(ask_one("lame.test"), FDG_EXCHANGE_REFUSED);
	a = ask_one("servfail.test");
	assert_int_equal(a.sent - a.lost, 4); /* two servers, two attempts */
	a = ask_one("formerr.test");
	assert_int_equal(a.status, FDG_EXCHANGE_ANSWERED); /* final, as to libc */
	assert_int_equal(a.rcode, FDG_DNS_FORMERR);
	a = ask_one("malformed.test");
	assert_int_equal(a.status, FDG_EXCHANGE_MALFORMED);
	assert_int_equal(a.sent - a.lost, 1);
}

static void silence_ends_after_all_attempts(void **state)
{
	struct asked a;

	(void)state;
	start_servers(1);
	settings.timeout_ms = 100;
	make();
	a = ask_one("silent.test");
	is_failed(a, FDG_EXCHANGE_TIMEOUT);
	assert_true(a.sent >= 2);
	is_good(ask_one("ok.test"));
}

/* What was sent waits for its whole time; what the window kept back does not wait for all of theirs, and says that it was not sent. */
static void who_waits_behind_silence_is_told_so(void **state)
{
	static struct asked all[3000];
	unsigned unasked = 0;
	struct asked a;

	(void)state;
	start_servers(1);
	settings.questions = ASKING_MAX;
	settings.ports = 32;
	settings.timeout_ms = 100;
	make();
	for (unsigned i = 0; i < COUNT(all); i++)
		ask("silent.test", FDG_DNS_A, &all[i]);
	run();
	for (unsigned i = 0; i < COUNT(all); i++) {
		assert_int_equal(all[i].calls, 1);
		is_failed(all[i], all[i].sent ? FDG_EXCHANGE_TIMEOUT : FDG_EXCHANGE_UNASKED);
		unasked += !all[i].sent;
	}
	assert_in_range(unasked, 1, COUNT(all) - FDG_SERVER_WINDOW);
	ask("silent.test", FDG_DNS_A, &a);
	is_good(ask_one("ok.test")); /* nothing is held against the server, or who asks next */
	is_failed(a, FDG_EXCHANGE_TIMEOUT);
}

static void nobody_listens(void **state)
{
	(void)state;
	start_servers(2);
	server_stop(servers[0]);
	servers[0] = NULL;
	make();
	is_good(ask_one("ok.test"));
	is_good(ask_one("tc.test"));
	server_stop(servers[1]);
	servers[1] = NULL;
	is_failed(ask_one("ok.test"), FDG_EXCHANGE_UNREACHABLE);
	assert_true(fdg_exchange_counts(x)->refused > 0);
	fdg_exchange_free(x);
	settings.options = FDG_CONF_USE_VC;
	make();
	is_failed(ask_one("ok.test"), FDG_EXCHANGE_UNREACHABLE);
	fdg_exchange_free(x);
	settings.server_count = 0;
	make();
	is_failed(ask_one("ok.test"), FDG_EXCHANGE_NO_SERVER);
}

/* Asks until the first server has answered; at most that many questions. */
static bool first_is_back(unsigned most)
{
	while (most--) {
		struct asked a = ask_one("ok.test");

		is_good(a);
		if (!a.server)
			return true;
		usleep(20000);
	}
	return false;
}

static void a_dead_server_is_remembered_and_comes_back(void **state)
{
	uint64_t heard, lost = 0;

	(void)state;
	start_servers(2);
	settings.timeout_ms = 2000;
	make();
	is_good(ask_one("ok.test"));
	server_set(servers[0])->dead = 1;
	is_good(ask_one("ok.test")); /* waits for it */
	assert_true(fdg_exchange_counts(x)->dead >= 1);
	heard = server_counts(servers[0])->queries;
	for (int i = 0; i < 50; i++) {
		struct asked a = ask_one("ok.test");

		is_good(a);
		assert_true(a.server == 1 || a.lost);
		assert_int_equal(a.sent - a.lost, 1);
		lost += a.lost;
	}
	heard = server_counts(servers[0])->queries - heard;
	assert_true(heard <= fdg_exchange_counts(x)->probes + lost);
	server_set(servers[0])->dead = 0;
	assert_true(first_is_back(1000));
	assert_true(fdg_exchange_counts(x)->probes > 0);
}

static void a_server_that_fails_what_others_know_is_asked_last(void **state)
{
	struct asked a;

	(void)state;
	start_servers(2);
	server_set(servers[0])->only = ACT_REFUSED;
	make();
	for (int i = 0; i < 8; i++)
		is_good(ask_one("ok.test"));
	assert_int_equal(fdg_exchange_counts(x)->lame, 1);
	a = ask_one("ok.test");
	assert_int_equal(a.server, 1);
	assert_int_equal(a.sent - a.lost, 1);
	server_set(servers[0])->only = 0;
	assert_true(first_is_back(1000));
}

static void rotate_spreads(void **state)
{
	unsigned by[2] = { 0, 0 };

	(void)state;
	start_servers(2);
	settings.options = FDG_CONF_ROTATE;
	make();
	for (int i = 0; i < 10; i++)
		by[ask_one("ok.test").server]++;
	assert_int_equal(by[0], 5);
	assert_int_equal(by[1], 5);
}

/* … and both questions of a lookup go to one server. */
static void rotate_has_a_lookup_at_one_server(void **state)
{
	unsigned by[2] = { 0, 0 };

	(void)state;
	start_servers(2);
	settings.options = FDG_CONF_ROTATE;
	make();
	for (int i = 0; i < 10; i++) {
		struct asked a, aaaa;

		ask("ok.test", FDG_DNS_A, &a);
		ask("ok.test", FDG_DNS_AAAA, &aaaa);
		run();
		assert_int_equal(a.server, aaaa.server);
		by[a.server]++;
	}
	assert_int_equal(by[0], 5);
	assert_int_equal(by[1], 5);
}

static void rotate_begins_anywhere(void **state)
{
	unsigned by[2] = { 0, 0 };

	(void)state;
	start_servers(2);
	settings.options = FDG_CONF_ROTATE;
	for (int i = 0; i < 40; i++) {
		make();
		by[ask_one("ok.test").server]++;
		fdg_exchange_free(x);
		x = NULL;
	}
	assert_true(by[0] > 0 && by[1] > 0);
}

static void servers_without_edns_are_asked_without(void **state)
{
	struct server_counts *c;
	uint64_t seen;

	(void)state;
	start_servers(1);
	settings.options = FDG_CONF_EDNS0;
	make();
	c = server_counts(servers[0]);
	is_good(ask_one("ok.test"));
	assert_true(c->with_opt >= 1);
	is_good(ask_one("optdrop.test"));
	seen = c->with_opt;
	is_good(ask_one("badvers.test"));
	assert_true(c->with_opt > seen);
	seen = c->with_opt;
	is_good(ask_one("ok.test"));
	assert_int_equal(c->with_opt, seen);
	fdg_exchange_free(x);
	make();
	is_good(ask_one("noopt.test"));
	assert_true(c->with_opt > seen);
}

static void at_a_loss(uint32_t loss, unsigned count, unsigned failed_max)
{
	static struct asked all[ASKING_MAX];
	unsigned failed = 0;
	char name[32];

	start_servers(1);
	settings.questions = ASKING_MAX;
	settings.timeout_ms = 5000;
	settings.ports = 16;
	server_set(servers[0])->loss = loss;
	server_set(servers[0])->delay_us = 5000;
	make();
	for (unsigned i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "ok%u.test", i);
		ask(name, FDG_DNS_A, &all[i]);
	}
	run();
	for (unsigned i = 0; i < count; i++) {
		assert_int_equal(all[i].calls, 1);
		failed += all[i].status != FDG_EXCHANGE_ANSWERED;
		assert_true(all[i].status == FDG_EXCHANGE_ANSWERED ? all[i].address == GOOD
								   : all[i].status == FDG_EXCHANGE_TIMEOUT);
	}
	assert_true(failed <= failed_max);
	assert_true(fdg_exchange_counts(x)->again > 0);
	assert_int_equal(fdg_exchange_counts(x)->wrong_id, 0);
}

static void one_percent_is_lost(void **state)
{
	(void)state;
	at_a_loss(10, 2000, 0);
}

static void twenty_percent_are_lost(void **state)
{
	(void)state;
	at_a_loss(200, 500, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(answers_come_and_are_the_questions, end_all),
		cmocka_unit_test_teardown(questions_of_all_lengths_go_out, end_all),
		cmocka_unit_test_teardown(those_of_one_length_go_out_together, end_all),
		cmocka_unit_test_teardown(a_server_by_six_is_asked_too, end_all),
		cmocka_unit_test_teardown(stated_failures_go_to_the_next_server_at_once, end_all),
		cmocka_unit_test_teardown(silence_ends_after_all_attempts, end_all),
		cmocka_unit_test_teardown(who_waits_behind_silence_is_told_so, end_all),
		cmocka_unit_test_teardown(nobody_listens, end_all),
		cmocka_unit_test_teardown(a_dead_server_is_remembered_and_comes_back, end_all),
		cmocka_unit_test_teardown(a_server_that_fails_what_others_know_is_asked_last, end_all),
		cmocka_unit_test_teardown(rotate_spreads, end_all),
		cmocka_unit_test_teardown(rotate_has_a_lookup_at_one_server, end_all),
		cmocka_unit_test_teardown(rotate_begins_anywhere, end_all),
		cmocka_unit_test_teardown(servers_without_edns_are_asked_without, end_all),
		cmocka_unit_test_teardown(one_percent_is_lost, end_all),
		cmocka_unit_test_teardown(twenty_percent_are_lost, end_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
