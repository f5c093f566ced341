// SPDX-License-Identifier: MIT
/* resolver-real PORT [wait]: the questions of test_unbound.sh to a real server; `wait`: until it answers, for a few seconds. */
#include "asking.h"

enum { MANY = 2000 };

static uint16_t port;

static void use(unsigned options)
{
	fdg_exchange_free(x);
	settings = (struct fdg_exchange_settings){
		.server = { { ip_of("127.0.0.1"), port } },
		.server_count = 1,
		.timeout_ms = 3000,
		.attempts = 2,
		.questions = 4096,
		.ports = 16,
		.options = options,
	};
	make();
}

static void small_answers(void **state)
{
	struct asked a;

	(void)state;
	use(0);
	is_good(ask_one("one.test"));
	is_good(ask_one("ONE.test"));
	a = ask_one("nothing.test");
	assert_int_equal(a.status, FDG_EXCHANGE_ANSWERED);
	assert_int_equal(a.rcode, FDG_DNS_NXDOMAIN);
	ask("one.test", FDG_DNS_AAAA, &a);
	run();
	assert_int_equal(a.status, FDG_EXCHANGE_ANSWERED);
	ask("one.test", 16, &a);
	run();
	assert_int_equal(a.status, FDG_EXCHANGE_ANSWERED);
	assert_int_equal(a.address, 0);
	is_failed(ask_one("x.refused.example"), FDG_EXCHANGE_REFUSED);
	use(FDG_CONF_EDNS0 | FDG_CONF_TRUST_AD);
	is_good(ask_one("one.test"));
	settings.timeout_ms = 100;
	fdg_exchange_free(x);
	make();
	is_failed(ask_one("x.deny.example"), FDG_EXCHANGE_TIMEOUT);
}

static void long_answers_come_by_tcp(void **state)
{
	struct asked a, b, c;

	(void)state;
	use(0);
	ask("many.test", FDG_DNS_A, &a);
	ask("many.test", FDG_DNS_AAAA, &b);
	ask("one.test", FDG_DNS_A, &c);
	run();
	assert_true(a.tcp && b.tcp && !c.tcp);
	assert_int_equal(a.len, 12 + 15 + 60 * 16);
	assert_int_equal(b.len, 12 + 15 + 60 * 28);
	assert_int_equal(fdg_exchange_counts(x)->tcp, 1);
	use(FDG_CONF_EDNS0);
	a = ask_one("many.test");
	assert_false(a.tcp); /* 987 bytes */
	use(FDG_CONF_USE_VC);
	a = ask_one("many.test");
	assert_true(a.tcp);
	is_good(ask_one("one.test"));
}

static void many_at_a_time(void **state)
{
	static struct asked all[MANY];

	(void)state;
	use(0);
	for (unsigned i = 0; i < MANY; i++)
		ask(i % 100 ? "one.test" : "many.test", FDG_DNS_A, &all[i]);
	run();
	for (unsigned i = 0; i < MANY; i++) {
		assert_int_equal(all[i].calls, 1);
		assert_int_equal(all[i].status, FDG_EXCHANGE_ANSWERED);
		assert_int_equal(all[i].tcp, i % 100 == 0);
	}
}

static int wait_for_it(void)
{
	struct asked a = { .done = false };

	for (int i = 0; i < 40; i++) {
		use(0);
		settings.timeout_ms = 100;
		a = ask_one("one.test");
		if (a.status == FDG_EXCHANGE_ANSWERED && a.address == GOOD)
			return 0;
		usleep(50000);
	}
	return 1;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small_answers),
		cmocka_unit_test(long_answers_come_by_tcp),
		cmocka_unit_test(many_at_a_time),
	};
	int failed;

	port = argc > 1 ? (uint16_t)atoi(argv[1]) : 0;
	if (argc > 2)
		return wait_for_it();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	fdg_exchange_free(x);
	return failed;
}
