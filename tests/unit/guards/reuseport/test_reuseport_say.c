// SPDX-License-Identifier: MIT
/* Each combination of what happened to a queue and why, in words: level, cure and advice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "../../../harness/reported.h"
#include "guards/reuseport/reuseport.h"

static const char cap[] = "the kernel lets only those load a BPF program that have CAP_BPF",
		  capable[] = "run it with CAP_BPF (AmbientCapabilities=CAP_BPF in its unit)",
		  sysctl[] = "set net.ipv4.tcp_migrate_req=1 where the service runs";

static struct fdg_reset a_reset(int how)
{
	static unsigned port = 1000; /* another group each time: nothing is a repetition */
	struct fdg_reset r = { .fd = 7, .how = how, .listeners = 1, .queued = 6, .backlog = 128, .siblings = 3 };

	r.group.family = AF_INET;
	r.group.protocol = IPPROTO_TCP;
	r.group.port = (uint16_t)port++;
	return r;
}

static struct fdg_reset refused(int how)
{
	struct fdg_reset r = a_reset(how);

	r.is_refused = true;
	r.why = cap;
	r.mend = capable;
	return r;
}

/* The line of the last finding that begins so. */
static const char *line(const char *begin)
{
	static char found[1024];
	const char *at = strstr(logged, begin);

	snprintf(found, sizeof(found), "%.*s", at ? (int)strcspn(at, "\n") : 0, at ? at : "");
	return found;
}

static void says(const struct fdg_reset *r)
{
	fdg_reset_say(r);
	report();
	assert_non_null(strstr(logged, "[reuseport.reset]"));
	assert_true(*line("  fix: "));
}

static bool advises(const char *what)
{
	return strstr(line("  fix: "), what) != NULL;
}

static bool is_level(const char *level)
{
	char begin[32];

	snprintf(begin, sizeof(begin), "fdguard: %s: ", level);
	return strncmp(logged, begin, strlen(begin)) == 0;
}

static int fix(void **state)
{
	(void)state;
	fdg_options.reuseport = FDG_FIX;
	return 0;
}

static int watch(void **state)
{
	(void)state;
	fdg_options.reuseport = FDG_REPORT;
	return 0;
}

static void where_nothing_was_asked_for(void **state)
{
	struct fdg_reset r = a_reset(FDG_RESET_CLOSE);

	(void)state;
	says(&r);
	assert_true(is_level("error"));
	assert_string_equal(line("  cure: "), "  cure: none asked for (reuseport=fix)");
	assert_true(advises(sysctl) && advises("run it with reuseport=fix; or leave"));
	for (int how = FDG_RESET_SHUTDOWN; how <= FDG_RESET_EXEC; how++) {
		r = a_reset(how);
		says(&r);
		assert_true(advises("run it with reuseport=fix and CAP_BPF"));
	}
	r = a_reset(FDG_RESET_CLOSE);
	r.migrate_req = -1;
	says(&r);
	assert_false(advises("tcp_migrate_req"));
	assert_true(advises("fix: run it with reuseport=fix; or leave"));
}

/* Never what has been done already. */
static void fix_is_not_advised_where_it_is_on(void **state)
{
	(void)state;
	for (int how = FDG_RESET_CLOSE; how <= FDG_RESET_LEFT; how++) {
		struct fdg_reset r = refused(how);

		says(&r);
		assert_true(is_level("error"));
		assert_false(advises("reuseport=fix"));
	}
}

static void without_the_capability(void **state)
{
	struct fdg_reset r = refused(FDG_RESET_CLOSE);

	(void)state;
	r.not_saved = "the listener blocks";
	says(&r);
	assert_true(advises(capable) && advises(sysctl));
	assert_non_null(strstr(line("  cure: "), "have CAP_BPF; and they cannot be handed over: the listener blocks"));
	r = refused(FDG_RESET_SHUTDOWN);
	says(&r);
	assert_non_null(
		strstr(line("  cure: "), "have CAP_BPF; and a shutdown cannot be handed over: close it instead"));
	assert_true(advises(capable) && advises(sysctl) && advises("close the listener in place of the shutdown"));
	for (int how = FDG_RESET_EXIT; how <= FDG_RESET_EXEC; how++) {
		r = refused(how);
		says(&r);
		assert_non_null(strstr(line("  cure: "),
				       "have CAP_BPF; and fdguard hands nothing over to listeners of other processes"));
		assert_true(advises(capable) && advises(sysctl));
	}
}

/* At an end of the process, where the others are too many to look at. */
static void whoever_else_has_it(void **state)
{
	struct fdg_reset r = refused(FDG_RESET_EXIT);

	(void)state;
	r.unseen = FDG_UNSEEN;
	says(&r);
	assert_non_null(strstr(logged, "the kernel resets them, if no other process has the listener, and half-open"));
	assert_non_null(strstr(line("  other holders: "), "not looked for: "));
	r = refused(FDG_RESET_EXIT);
	r.unseen = FDG_OLDER_UNSEEN;
	says(&r);
	assert_null(strstr(logged, "if no other process"));
	assert_non_null(strstr(line("  other holders: "), "none among those that began later"));
	r = refused(FDG_RESET_EXIT);
	says(&r);
	assert_string_equal(line("  other holders: "), "");
}

static void in_part(void **state)
{
	struct fdg_reset r = refused(FDG_RESET_CLOSE);

	(void)state;
	r.saved = 5;
	r.not_saved = "there was no time for more";
	says(&r);
	assert_true(is_level("error"));
	assert_non_null(strstr(logged, "hands 5 of them to this process's other listeners, and the kernel resets 1"));
	assert_true(advises(capable) && advises(sysctl));
	r = refused(FDG_RESET_CLOSE);
	r.saved = r.queued;
	r.gap = "it cannot be hidden";
	says(&r);
	assert_true(is_level("error"));
	assert_null(strstr(logged, "fixed: by fdguard"));
	assert_true(advises(capable));
}

static void as_a_whole(void **state)
{
	struct fdg_reset r = refused(FDG_RESET_CLOSE);

	(void)state;
	r.saved = r.queued;
	says(&r);
	assert_true(is_level("warning"));
	assert_non_null(strstr(logged, "fixed: by fdguard"));
	assert_true(advises("fix: nothing, as long as it runs with fdguard; without it, set net"));
	r = a_reset(FDG_RESET_EXIT);
	r.is_migrated = true;
	says(&r);
	assert_true(is_level("warning"));
	assert_non_null(strstr(logged, "fixed: by fdguard"));
	assert_string_equal(line("  cure: "), "  cure: migration by eBPF");
}

/* Its level counts, and not the finding's own. */
static void what_is_saved_is_no_error(void **state)
{
	struct fdg_reset r = a_reset(FDG_RESET_CLOSE);

	(void)state;
	fdg_options.level = FDG_LEVEL_ERROR;
	r.is_migrated = true;
	fdg_reset_say(&r);
	fdg_options.level = FDG_LEVEL_WARNING;
	assert_string_equal(report(), "");
}

static void given_and_not_taken(void **state)
{
	struct fdg_reset r = refused(FDG_RESET_LATE);

	(void)state;
	says(&r);
	assert_true(advises("fix: accept from the other listeners, too, or run it with CAP_BPF"));
	for (int how = FDG_RESET_STARTED; how <= FDG_RESET_FILTERED; how++) {
		r = refused(how);
		says(&r);
		if (how == FDG_RESET_ENDED)
			assert_false(advises("CAP_BPF")); /* it would have gone, too */
		else
			assert_true(advises(", or run it with CAP_BPF"));
	}
	r = refused(FDG_RESET_LAST);
	says(&r);
	assert_string_equal(line("  fix: "), "  fix: accept until EAGAIN before the last of the listeners is closed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(where_nothing_was_asked_for, watch),
		cmocka_unit_test_setup(fix_is_not_advised_where_it_is_on, fix),
		cmocka_unit_test_setup(without_the_capability, fix),
		cmocka_unit_test_setup(whoever_else_has_it, fix),
		cmocka_unit_test_setup(in_part, fix),
		cmocka_unit_test_setup(as_a_whole, fix),
		cmocka_unit_test_setup(what_is_saved_is_no_error, fix),
		cmocka_unit_test_setup(given_and_not_taken, fix),
	};

	if (begin_reports(NULL))
		return 99;
	return cmocka_run_group_tests(tests, NULL, end_reports);
}
