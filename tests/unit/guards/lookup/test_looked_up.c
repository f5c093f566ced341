// SPDX-License-Identifier: MIT
/* resolver.slow and resolver.fail: the sentences, and how often they are said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "../../../harness/reported.h"
#include "guards/lookup/lookup.h"
#include "report/run.h"

static struct sockaddr_storage server;

static int begin(void **state)
{
	(void)state;
	if (begin_reports("/usr/bin/program"))
		return -1;
	fdg_options.level = FDG_LEVEL_NOTE;
	fdg_options.stacks = 0;
	return 0;
}

static struct fdg_looked_up of(const char *name, const char *address)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&server;
	struct sockaddr_in *four = (struct sockaddr_in *)&server;

	memset(&server, 0, sizeof(server));
	if (inet_pton(AF_INET, address, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons(53);
	} else {
		inet_pton(AF_INET6, address, &six->sin6_addr);
		six->sin6_family = AF_INET6;
		six->sin6_port = htons(53);
	}
	return (struct fdg_looked_up){ .call = "getaddrinfo", .asked = name, .site = "a place", .took_ms = 1, .server = &server, .sent = 2 };
}

static void what_is_soon_answered_is_not_told(void **state)
{
	struct fdg_looked_up l = of("db.example", "10.0.0.1");
	uint64_t before = fdg_run.looked_up;

	(void)state;
	fdg_looked_up(&l);
	l.took_ms = FDG_LOOKUP_SLOW - 1;
	fdg_looked_up(&l);
	assert_string_equal(report(), "");
	assert_int_equal(fdg_run.looked_up, before + 2);
}

static void slow(void **state)
{
	struct fdg_looked_up l = of("db.example", "10.0.0.2");

	(void)state;
	l.took_ms = 1500;
	fdg_looked_up(&l);
	assert_non_null(strstr(report(), "getaddrinfo of db.example took 1.5s; answered by 10.0.0.2:53, after 2 messages [resolver.slow]\n"));
	l.sent = 0;
	l.server = NULL;
	l.asked = NULL;
	fdg_looked_up(&l);
	assert_non_null(strstr(report(), "getaddrinfo took 1.5s [resolver.slow]\n"));
}

/* The process was stopped, say: no word of a server. */
static void slow_by_itself(void **state)
{
	struct fdg_looked_up l = of("db.example", "10.0.0.9");
	const char *text;

	(void)state;
	l.site = "another place";
	l.took_ms = 2100;
	l.lost_ms = 1850;
	fdg_looked_up(&l);
	text = report();
	assert_non_null(strstr(text, "getaddrinfo of db.example took 2.1s, but waited for servers for no more than 250ms of that (else it was stopped, short of CPU, or read files) [resolver.slow]\n"));
	assert_null(strstr(text, "10.0.0.9"));
	assert_null(strstr(text, "is dead"));
	l.took_ms = 4000;
	l.lost_ms = 2000;
	fdg_looked_up(&l);
	assert_non_null(strstr(report(), "no more than 2s of that (else it was stopped, short of CPU, or read files); answered by 10.0.0.9:53, after 2 messages"));
	l = of("db.example", "10.0.0.10");
	l.took_ms = 1200;
	l.lost_ms = FDG_LOOKUP_LOST - 1;
	fdg_looked_up(&l);
	assert_non_null(strstr(report(), "took 1.2s; answered by 10.0.0.10:53, after"));
}

static void failed(void **state)
{
	struct fdg_looked_up l = of("db.example", "2001:db8::53");

	(void)state;
	l.reason = "no server answered in time";
	l.sent = 1;
	fdg_looked_up(&l);
	assert_non_null(strstr(report(), "getaddrinfo of db.example failed after 1ms: no server answered in time; last asked: [2001:db8::53]:53, after 1 message [resolver.fail]\n"));
}

static void a_name_is_text(void **state)
{
	struct fdg_looked_up l = of("a\033[31m\nb", "10.0.0.3");
	char name[300];

	(void)state;
	l.reason = "x";
	fdg_looked_up(&l);
	assert_non_null(strstr(report(), "a\\x1b[31m\\x0ab"));
	memset(name, '\001', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	l = of(name, "10.0.0.4");
	l.reason = "x";
	fdg_looked_up(&l);
	assert_non_null(strstr(report(), "\\x01…"));
}

static void again_and_again_is_told_now_and_then(void **state)
{
	int told = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		char name[32];
		struct fdg_looked_up l;

		snprintf(name, sizeof(name), "n%d.example", i);
		l = of(name, "10.0.0.5");
		l.reason = "x";
		fdg_looked_up(&l);
		told += strstr(report(), "[resolver.fail]") != NULL;
	}
	assert_int_equal(told, 4);
}

/* Another place, another server, slow and not failed: each for itself. */
static void each_for_itself(void **state)
{
	struct fdg_looked_up l = of("db.example", "10.0.0.6");

	(void)state;
	l.reason = "x";
	fdg_looked_up(&l);
	assert_true(*report());
	fdg_looked_up(&l);
	assert_string_equal(report(), "");
	l = of("db.example", "10.0.0.7");
	l.reason = "x";
	fdg_looked_up(&l);
	assert_true(*report());
	l.reason = NULL;
	l.took_ms = FDG_LOOKUP_SLOW;
	fdg_looked_up(&l);
	assert_true(*report());
}

static void what_libc_did_counts_for_itself(void **state)
{
	struct fdg_looked_up l = of("db.example", "10.0.0.8");
	uint64_t ours = fdg_run.looked_up, libcs = fdg_run.looked_up_by_libc;

	(void)state;
	l.by_libc = true;
	fdg_looked_up(&l);
	assert_int_equal(fdg_run.looked_up, ours);
	assert_int_equal(fdg_run.looked_up_by_libc, libcs + 1);
}

static void reasons(void **state)
{
	(void)state;
	assert_null(fdg_lookup_reason(0));
	assert_null(fdg_lookup_reason(EAI_NONAME));
	assert_null(fdg_lookup_reason(EAI_NODATA));
	assert_null(fdg_lookup_reason(EAI_SERVICE));
	assert_non_null(fdg_lookup_reason(EAI_AGAIN));
	assert_non_null(fdg_lookup_reason(EAI_FAIL));
	assert_non_null(fdg_lookup_reason(EAI_SYSTEM));
	assert_null(fdg_lookup_host_reason(HOST_NOT_FOUND));
	assert_non_null(fdg_lookup_host_reason(TRY_AGAIN));
	assert_non_null(fdg_lookup_host_reason(NO_RECOVERY));
	assert_non_null(strstr(fdg_lookup_host_reason(NO_RECOVERY), "libc says NO_RECOVERY"));
	assert_non_null(strstr(fdg_lookup_reason(EAI_FAIL), "libc says EAI_FAIL"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_soon_answered_is_not_told),
		cmocka_unit_test(slow),
		cmocka_unit_test(slow_by_itself),
		cmocka_unit_test(failed),
		cmocka_unit_test(a_name_is_text),
		cmocka_unit_test(again_and_again_is_told_now_and_then),
		cmocka_unit_test(each_for_itself),
		cmocka_unit_test(what_libc_did_counts_for_itself),
		cmocka_unit_test(reasons),
	};

	return cmocka_run_group_tests(tests, begin, end_reports);
}
