// SPDX-License-Identifier: MIT
/* Truncated answers, and connections that are slow, cut or mute. */
#include "asking.h"

static void truncated_answers_are_asked_for_by_tcp(void **state)
{
	struct asked a[50];
	char name[32];

	(void)state;
	start_servers(1);
	make();
	for (size_t i = 0; i < COUNT(a); i++) {
		snprintf(name, sizeof(name), "tc%zu.test", i);
		ask(name, FDG_DNS_A, &a[i]);
	}
	run();
	for (size_t i = 0; i < COUNT(a); i++) {
		is_good(a[i]);
		assert_true(a[i].tcp);
	}
	is_good(ask_one("tc.test"));
	assert_int_equal(server_counts(servers[0])->tcp_made, 1); /* one connection, for all and kept */
	assert_int_equal(server_counts(servers[0])->tcp_queries, COUNT(a) + 1);
	is_good(ask_one("huge.test")); /* longer than is received by UDP */
	assert_int_equal(server_counts(servers[0])->tcp_queries, COUNT(a) + 2);
	is_good(ask_one("tcslow.test"));
	is_good(ask_one("tcid.test"));
	assert_int_equal(fdg_exchange_counts(x)->wrong_id, 1);
}

static void answers_may_come_in_any_order(void **state)
{
	struct asked a, b;

	(void)state;
	start_servers(1);
	settings.options = FDG_CONF_USE_VC;
	make();
	ask("tcswap1.test", FDG_DNS_A, &a);
	ask("tcswap2.test", FDG_DNS_A, &b);
	run();
	is_good(a);
	is_good(b);
	assert_int_equal(server_counts(servers[0])->queries, 0);
	assert_int_equal(server_counts(servers[0])->tcp_queries, 2);
}

static void connections_that_are_cut_are_a_failure_in_the_end(void **state)
{
	(void)state;
	start_servers(1);
	make();
	is_failed(ask_one("tccut.test"), FDG_EXCHANGE_CUT);
	assert_int_equal(server_counts(servers[0])->tcp_made, 2); /* two attempts */
	is_failed(ask_one("tcjunk.test"), FDG_EXCHANGE_CUT);
	is_good(ask_one("tc.test"));
}

static void a_mute_connection_has_an_end(void **state)
{
	struct asked a, b;

	(void)state;
	start_servers(1);
	settings.timeout_ms = 100;
	make();
	ask("tcmute.test", FDG_DNS_A, &a);
	ask("ok.test", FDG_DNS_A, &b);
	run();
	is_failed(a, FDG_EXCHANGE_TIMEOUT);
	is_good(b);
	is_good(ask_one("tc.test"));
}

static void another_server_knows(void **state)
{
	struct asked a;

	(void)state;
	start_servers(2);
	server_set(servers[0])->only = ACT_TCCUT;
	make();
	a = ask_one("tc.test");
	is_good(a);
	assert_int_equal(a.server, 1);
}

/* One that closes behind each answer is asked one thing at a time. */
static void a_server_that_takes_one_question_gets_one(void **state)
{
	struct asked a[10];
	char name[32];

	(void)state;
	start_servers(1);
	make();
	for (size_t i = 0; i < COUNT(a); i++) {
		snprintf(name, sizeof(name), "tcone%zu.test", i);
		ask(name, FDG_DNS_A, &a[i]);
	}
	run();
	for (size_t i = 0; i < COUNT(a); i++)
		is_good(a[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(truncated_answers_are_asked_for_by_tcp, end_all),
		cmocka_unit_test_teardown(answers_may_come_in_any_order, end_all),
		cmocka_unit_test_teardown(connections_that_are_cut_are_a_failure_in_the_end, end_all),
		cmocka_unit_test_teardown(a_mute_connection_has_an_end, end_all),
		cmocka_unit_test_teardown(another_server_knows, end_all),
		cmocka_unit_test_teardown(a_server_that_takes_one_question_gets_one, end_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
