// SPDX-License-Identifier: MIT
/* Lookups of callers that wait leave servers in peace, and no trail to a forger: messages, ports, networks and addresses that change. */
#include "lookup.h"

#include <sched.h>

enum { LOOKUPS = 2000 };

static unsigned queries(void)
{
	return (unsigned)server_counts(server)->queries;
}

static void ports_do_not_serve_for_long(void **state)
{
	struct fdg_lookup *l = make();
	unsigned before = (unsigned)server_counts(server)->ports;

	(void)state;
	for (int i = 0; i < LOOKUPS; i++)
		assert_int_equal(count(l, "ok.test"), 2);
	assert_true(server_counts(server)->ports - before >= LOOKUPS / 8);
	fdg_lookup_free(l);
}

/* A and AAAA, each once more. */
static void who_is_silent_is_asked_once_more(void **state)
{
	struct fdg_lookup *l = make();
	unsigned before = queries();

	(void)state;
	assert_int_equal(count(l, "silent.test"), EAI_AGAIN);
	assert_in_range(queries() - before, 2, 4);
	fdg_lookup_free(l);
}

/* A and AAAA, each twice in each of its own two turns: the turns of those that refused are over. */
static void who_refuses_leaves_no_time_to_others(void **state)
{
	struct fdg_lookup *l;
	unsigned before = queries();

	(void)state;
	write_etc("/etc/resolv.conf",
		  "nameserver 127.0.0.9\nnameserver 127.0.0.8\nnameserver 127.0.0.1\noptions timeout:1 attempts:2\n");
	l = make();
	assert_int_equal(count(l, "silent.test"), EAI_AGAIN);
	assert_in_range(queries() - before, 4, 8);
	fdg_lookup_free(l);
}

static void one_at_a_time_ends_with_the_first(void **state)
{
	struct fdg_lookup *l;
	unsigned before = queries();

	(void)state;
	write_etc("/etc/resolv.conf", PLAIN "options single-request\n");
	l = make();
	assert_int_equal(count(l, "silent.test"), EAI_AGAIN);
	assert_in_range(queries() - before, 1, 2);
	assert_int_equal(count(l, "ok.test"), 2);
	fdg_lookup_free(l);
}

static void another_network_has_no_such_server(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (!pid) {
		struct fdg_lookup *l = make();
		int here = open("/proc/self/ns/net", O_RDONLY);
		bool bad = count(l, "ok.test") != 2 || unshare(CLONE_NEWNET);

		usleep(150000); /* as long as a socket serves, and more */
		bad = bad || count(l, "ok.test") != EAI_AGAIN || setns(here, CLONE_NEWNET);
		usleep(150000);
		_exit(bad || count(l, "ok.test") != 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void go_out_from(const char *address)
{
	char text[256];

	snprintf(
		text, sizeof(text),
		"ip address flush dev v1 && ip address add %s/32 dev v1 && ip route replace local 127.0.0.1 dev lo table local src %s",
		address, address);
	assert_int_equal(system(text), 0);
}

/* The socket that is kept has an address which the host has no more: nothing goes out from there. */
static void an_address_may_go(void **state)
{
	struct fdg_lookup *l = make();

	(void)state;
	go_out_from("10.2.0.1");
	for (int i = 0; i < 5; i++) {
		assert_int_equal(count(l, "ok.test"), 2);
		go_out_from(i % 2 ? "10.2.0.1" : "10.2.0.2");
		assert_int_equal(count(l, "ok.test"), 2);
	}
	fdg_lookup_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(ports_do_not_serve_for_long),          T(who_is_silent_is_asked_once_more),
		T(who_refuses_leaves_no_time_to_others), T(one_at_a_time_ends_with_the_first),
		T(another_network_has_no_such_server),   T(an_address_may_go),
	};

	return run_with_server(tests, COUNT(tests));
}
