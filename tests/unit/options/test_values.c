// SPDX-License-Identifier: MIT
#include "said.h"

#include <limits.h>
#include <signal.h>
#include <sys/stat.h>

#include "base/kind.h"

static void words_are_the_constants_of_their_names(void **state)
{
	(void)state;
	good("cloexec=off");
	assert_int_equal(options.cloexec, FDG_OFF);
	good("cloexec=report");
	assert_int_equal(options.cloexec, FDG_REPORT);
	good("cloexec=fix");
	assert_int_equal(options.cloexec, FDG_FIX);
	good("fdleak=off");
	assert_int_equal(options.fdleak, FDG_OFF);
	good("cloexec.inherited=close");
	assert_int_equal(options.cloexec_inherited, FDG_INHERITED_CLOSE);
	good("cloexec.inherited=keep");
	assert_int_equal(options.cloexec_inherited, FDG_INHERITED_KEEP);
	good("select.fortify=fix");
	assert_int_equal(options.select_fortify, FDG_FORTIFY_FIX);
	good("closewait.cure=keepalive");
	assert_int_equal(options.closewait_cure, FDG_CURE_KEEPALIVE);
	good("level=note");
	assert_int_equal(options.level, FDG_LEVEL_NOTE);
	good("level=error");
	assert_int_equal(options.level, FDG_LEVEL_ERROR);
	good("format=json");
	assert_int_equal(options.format, FDG_JSON);
	good("resolver=off:resolver.cache=on");
	assert_false(options.resolver);
	assert_true(options.resolver_cache);
}

static void lasts(const char *value, int64_t ms)
{
	char text[64];

	snprintf(text, sizeof(text), "closewait.age=%s", value);
	good(text);
	assert_int_equal(options.closewait_age_ms, ms);
}

static void durations_have_units_and_a_bare_number_is_seconds(void **state)
{
	(void)state;
	lasts("0", 0);
	lasts("7", 7000);
	lasts("250ms", 250);
	lasts("2s", 2000);
	lasts("3m", 180000);
	lasts("1h", 3600000);
	lasts("0h", 0);
	lasts("007s", 7000);
	lasts("876000h", FDG_DURATION_MAX);
	lasts("3153600000000ms", FDG_DURATION_MAX);
}

static void durations_that_are_none_are_refused(void **state)
{
	static const char *const values[] = {
		"", "s", "ms", "-1s", "+1s", "1.5s", "1S", "1 s", "1sec", "1d", "s1", "0x10", "876001h", "3153600000001ms",
		"9223372036854775807", "18446744073709551615h", "18446744073709551616", "99999999999999999999999999999ms", "5124095576030431h",
	};
	char text[128], want[256];

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		snprintf(text, sizeof(text), "closewait.age='%s'", values[i]);
		snprintf(want, sizeof(want), "bad value '%s' for key 'closewait.age': expected a number and ms, s, m or h, at most 876000h",
			 values[i]);
		bad(text, want);
		assert_int_equal(options.closewait_age_ms, 60000);
	}
}

static void counts_take_k_and_m(void **state)
{
	(void)state;
	good("epoll.spin=5k");
	assert_int_equal(options.epoll_spin, 5000);
	good("epoll.spin=2M");
	assert_int_equal(options.epoll_spin, 2000000);
	good("epoll.spin=4294967295");
	assert_int_equal(options.epoll_spin, UINT_MAX);
	assert_int_equal(read_text("epoll.spin=4294967296"), 1);
	assert_int_equal(read_text("epoll.spin=4294968k"), 1);
	assert_int_equal(read_text("epoll.spin=1K"), 1);
	assert_int_equal(read_text("epoll.spin=1km"), 1);
	assert_int_equal(read_text("epoll.spin=-1"), 1);
	assert_int_equal(read_text("epoll.spin="), 1);
	bad("epoll.spin=many", "bad value 'many' for key 'epoll.spin': expected a number, which can end in k or M, at most 4294967295");
	assert_int_equal(options.epoll_spin, UINT_MAX);
}

static void stacks_end_at_32(void **state)
{
	(void)state;
	good("stacks=0");
	assert_int_equal(options.stacks, 0);
	good("stacks=32");
	assert_int_equal(options.stacks, 32);
	bad("stacks=33", "bad value '33' for key 'stacks': expected 0 to 32");
	assert_int_equal(read_text("stacks=1k"), 1);
	assert_int_equal(read_text("stacks=0k"), 1);
	assert_int_equal(options.stacks, 32);
}

static void kinds_add_up(void **state)
{
	(void)state;
	good("cloexec.kinds=pipe");
	assert_int_equal(options.cloexec_kinds, FDG_KIND_PIPE_BIT);
	good("cloexec.kinds=,pty,,file,");
	assert_int_equal(options.cloexec_kinds, FDG_KIND_PTY_BIT | FDG_KIND_FILE_BIT);
	good("cloexec.kinds=memfd,other");
	assert_int_equal(options.cloexec_kinds, FDG_KIND_MEMFD_BIT | FDG_KIND_OTHER_BIT);
	good("cloexec.kinds=all");
	assert_int_equal(options.cloexec_kinds, FDG_KIND_ALL_BITS);
}

static void a_kind_that_is_none_is_named(void **state)
{
	static const char expected[] = "expected socket,epoll,event,timer,signal,inotify,file,pipe,memfd,pty,all";
	char want[256];

	(void)state;
	good("cloexec.kinds=pipe");
	snprintf(want, sizeof(want), "bad value 'sockets' for key 'cloexec.kinds': %s", expected);
	bad("cloexec.kinds=pipe,sockets,file", want);
	assert_int_equal(read_text("cloexec.kinds="), 1);
	assert_int_equal(read_text("cloexec.kinds=,,"), 1);
	assert_int_equal(options.cloexec_kinds, FDG_KIND_PIPE_BIT);
}

static void fd_sets_mix_numbers_ranges_and_kinds(void **state)
{
	const struct fdg_fdset *s = &options.cloexec_allow;

	(void)state;
	good("cloexec.allow=3,7-9,pipe,,100-100,2147483647");
	assert_int_equal(s->kinds, FDG_KIND_PIPE_BIT);
	assert_int_equal(s->ranges, 4);
	assert_true(fdg_fdset_has(s, 3, FDG_KIND_FILE_BIT));
	assert_true(fdg_fdset_has(s, 7, FDG_KIND_FILE_BIT) && fdg_fdset_has(s, 9, 0) && fdg_fdset_has(s, 100, 0));
	assert_true(fdg_fdset_has(s, INT_MAX, 0));
	assert_false(fdg_fdset_has(s, 2, FDG_KIND_FILE_BIT) || fdg_fdset_has(s, 6, 0) || fdg_fdset_has(s, 10, 0));
	assert_true(fdg_fdset_has(s, 55, FDG_KIND_PIPE_BIT));
	assert_false(fdg_fdset_has(s, 55, FDG_KIND_SOCKET_BIT));
	assert_false(fdg_fdset_has(s, -1, 0) || fdg_fdset_has(s, 0, 0));
	good("cloexec.allow=");
	assert_int_equal(s->ranges + s->kinds, 0);
	good("cloexec.allow=all");
	assert_true(fdg_fdset_has(s, 55, FDG_KIND_OTHER_BIT));
}

static void fd_sets_that_are_none_are_refused(void **state)
{
	static const char *const words[] = {
		"-1", "7-", "-", "9-7", "3-4-5", "2147483648", "0-99999999999999999999", "x", "3x", "0x3", "3 4", "sockets",
	};
	char text[128], want[256];

	(void)state;
	good("cloexec.allow=5");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		snprintf(text, sizeof(text), "cloexec.allow='4,pipe,%s'", words[i]);
		snprintf(want, sizeof(want),
			 "bad value '%s' for key 'cloexec.allow': expected fd numbers, ranges like 7-9, or kinds like socket and pipe",
			 words[i]);
		bad(text, want);
		assert_int_equal(options.cloexec_allow.ranges, 1);
		assert_int_equal(options.cloexec_allow.kinds, 0);
	}
}

static void a_full_fd_set_is_an_error_and_no_cut(void **state)
{
	char text[256] = "cloexec.allow=";

	(void)state;
	for (int i = 0; i < FDG_FDSET_RANGES; i++)
		sprintf(text + strlen(text), "%d,", 10 + 2 * i);
	good(text);
	assert_int_equal(options.cloexec_allow.ranges, FDG_FDSET_RANGES);
	strcat(text, "pipe");
	good(text);
	strcat(text, ",5");
	bad(text, "bad value '5' for key 'cloexec.allow': there are more than 32 numbers and ranges");
	assert_int_equal(options.cloexec_allow.ranges, FDG_FDSET_RANGES);
	assert_false(fdg_fdset_has(&options.cloexec_allow, 5, 0));
}

static void signals_have_names(void **state)
{
	static const struct { const char *name; int number; } rows[] = {
		{ "USR1", SIGUSR1 }, { "SIGUSR2", SIGUSR2 }, { "HUP", SIGHUP }, { "SIGVTALRM", SIGVTALRM }, { "IO", SIGIO }, { "", 0 },
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text), "closewait.signal=%s", rows[i].name);
		good(text);
		assert_int_equal(options.closewait_signal, rows[i].number);
	}
	good("closewait.signal=RTMIN");
	assert_int_equal(options.closewait_signal, SIGRTMIN);
	good("closewait.signal=SIGRTMIN+3");
	assert_int_equal(options.closewait_signal, SIGRTMIN + 3);
	good("closewait.signal=RTMAX-1");
	assert_int_equal(options.closewait_signal, SIGRTMAX - 1);
	good("closewait.signal=RTMIN+30");
	assert_int_equal(options.closewait_signal, SIGRTMAX);
	good("closewait.signal=SIGRTMAX");
	assert_int_equal(options.closewait_signal, SIGRTMAX);
}

static void signals_that_cannot_be_waited_for_are_refused(void **state)
{
	static const char *const names[] = {
		"KILL", "STOP", "SIGSEGV", "10", "SIG", "usr1", "USR", "USR11", "RT", "RTMIN+", "RTMIN-1", "RTMAX+1", "RTMIN+31", "RTMID",
		"RTMIN+1x", "RTMIN+99999999999999999999", "SIGSIGUSR1",
	};
	char text[64];

	(void)state;
	good("closewait.signal=USR1");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(text, sizeof(text), "closewait.signal=%s", names[i]);
		if (read_text(text) != 1)
			fail_msg("%s was accepted", names[i]);
		assert_int_equal(options.closewait_signal, SIGUSR1);
	}
}

static void keepalive_is_off_on_or_three_numbers(void **state)
{
	const struct fdg_keepalive *k = &options.keepalive;

	(void)state;
	good("keepalive=60/10/5");
	assert_true(k->on && k->idle == 60 && k->interval == 10 && k->count == 5);
	good("keepalive=on");
	assert_true(k->on && !k->idle && !k->interval && !k->count);
	good("keepalive=off");
	assert_false(k->on);
	good("keepalive=32767/32767/127");
	assert_true(k->on && k->count == 127);
}

static void keepalive_keeps_to_the_limits_of_the_kernel(void **state)
{
	static const char *const values[] = {
		"", "60", "60/10", "60/10/", "60/10/5/1", "/10/5", "0/10/5", "60/0/5", "60/10/0", "32768/1/1", "1/32768/1", "1/1/128",
		"60s/10/5", "yes", "-1/1/1", "60//5",
	};
	char text[64];

	(void)state;
	good("keepalive=1/2/3");
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		snprintf(text, sizeof(text), "keepalive=%s", values[i]);
		if (read_text(text) != 1)
			fail_msg("%s was accepted", values[i]);
		assert_int_equal(options.keepalive.idle, 1);
	}
}

static void logs(const char *text, const char *path)
{
	good(text);
	assert_int_equal(options.log.where, FDG_LOG_FILE);
	assert_string_equal(options.log.path, path);
}

static void logs_go_to_a_word_or_a_path(void **state)
{
	(void)state;
	logs("log=/var/log/x.%p.%e.100%%.json", "/var/log/x.%p.%e.100%%.json");
	good("log=none");
	assert_int_equal(options.log.where, FDG_LOG_NONE);
	assert_null(options.log.path);
	good("log=stderr");
	assert_int_equal(options.log.where, FDG_LOG_STDERR);
	logs("log=/stderr", "/stderr");
	bad("log=", "bad value '' for key 'log': expected stderr, PATH, syslog, journal, none");
}

static void unknown_placeholders_of_a_log_are_refused(void **state)
{
	static const char *const values[] = { "/a%q", "/a%", "%", "/%P", "/%%%", "/%5p", "/a% b" };
	char text[64], want[128];

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		snprintf(text, sizeof(text), "log='%s'", values[i]);
		snprintf(want, sizeof(want), "bad value '%s' for key 'log': a %% in it is none of %%p, %%e and %%%%", values[i]);
		bad(text, want);
		assert_int_equal(options.log.where, FDG_LOG_STDERR);
		snprintf(text, sizeof(text), "metrics='%s'", values[i]);
		snprintf(want, sizeof(want), "bad value '%s' for key 'metrics': a %% in it is none of %%p, %%e and %%%%", values[i]);
		bad(text, want);
		assert_string_equal(options.metrics, "");
	}
}

static void in_directory(const char *directory, void (*then)(const char *cwd))
{
	char made[] = "/tmp/fdguard-values.XXXXXX", path[256];

	assert_non_null(mkdtemp(made));
	snprintf(path, sizeof(path), "%s/%s", made, directory);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(chdir(path), 0);
	then(path);
	assert_int_equal(chdir("/"), 0);
	rmdir(path);
	rmdir(made);
}

static void expect_relative(const char *cwd)
{
	char want[512];

	snprintf(want, sizeof(want), "%s/out.json", cwd);
	logs("log=out.json", want);
	good("suppressions=out.json:metrics=./m");
	assert_string_equal(options.suppressions, want);
	snprintf(want, sizeof(want), "%s/./m", cwd);
	assert_string_equal(options.metrics, want);
	good("suppressions=:metrics=''");
	assert_string_equal(options.suppressions, "");
	assert_string_equal(options.metrics, "");
}

static void relative_paths_are_made_absolute(void **state)
{
	(void)state;
	in_directory("plain", expect_relative);
	assert_int_equal(chdir("/"), 0);
	logs("log=out.json", "/out.json");
}

static void expect_doubled_percents(const char *cwd)
{
	char want[512];

	snprintf(want, sizeof(want), "%.*s/a%%%%p/%%p.json", (int)(strrchr(cwd, '/') - cwd), cwd);
	logs("log=%p.json", want);
	snprintf(want, sizeof(want), "%s/%%p.json", cwd);
	good("suppressions=%p.json");
	assert_string_equal(options.suppressions, want);
}

static void a_percent_sign_in_the_working_directory_is_no_placeholder(void **state)
{
	(void)state;
	in_directory("a%p", expect_doubled_percents);
}

static void expect_no_directory(const char *cwd)
{
	assert_int_equal(rmdir(cwd), 0);
	bad("log=out.json", "bad value 'out.json' for key 'log': it is relative, and the working directory has no path");
	logs("log=/tmp/out.json", "/tmp/out.json");
}

static void without_a_working_directory_relative_paths_are_refused(void **state)
{
	(void)state;
	in_directory("gone", expect_no_directory);
}

static void paths_end_at_path_max(void **state)
{
	char text[PATH_MAX + 32] = "metrics=/";
	size_t key = strlen("metrics=");

	(void)state;
	memset(text + key + 1, 'p', PATH_MAX - 2);
	text[key + PATH_MAX - 1] = '\0';
	good(text);
	assert_int_equal(strlen(options.metrics), PATH_MAX - 1);
	strcat(text, "p");
	assert_int_equal(read_text(text), 1);
	assert_non_null(strstr(said.text, "it is longer than a path can be"));
}

static void names_are_lists_of_globs(void **state)
{
	(void)state;
	good("only=nginx,,py*,:skip=sh");
	assert_int_equal(options.only.count, 2);
	assert_string_equal(options.only.glob[0], "nginx");
	assert_string_equal(options.only.glob[1], "py*");
	assert_true(fdg_names_match(&options.only, "python3"));
	assert_false(fdg_names_match(&options.only, "nginx2"));
	assert_true(fdg_names_match(&options.skip, "sh"));
	good("only=");
	assert_int_equal(options.only.count, 0);
	assert_false(fdg_names_match(&options.only, "nginx"));
}

static void when_memory_ends_the_field_stays_as_it_was(void **state)
{
	(void)state;
	good("only=nginx:log=/a");
	while (fdg_arena_alloc(1))
		;
	bad("only=redis", "bad value 'redis' for key 'only': there is no memory left for it");
	bad("log=/b", "bad value '/b' for key 'log': there is no memory left for it");
	assert_string_equal(options.only.glob[0], "nginx");
	assert_string_equal(options.log.path, "/a");
	good("only=:log=none:level=note");
	assert_int_equal(options.only.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(words_are_the_constants_of_their_names),
		test(durations_have_units_and_a_bare_number_is_seconds),
		test(durations_that_are_none_are_refused),
		test(counts_take_k_and_m),
		test(stacks_end_at_32),
		test(kinds_add_up),
		test(a_kind_that_is_none_is_named),
		test(fd_sets_mix_numbers_ranges_and_kinds),
		test(fd_sets_that_are_none_are_refused),
		test(a_full_fd_set_is_an_error_and_no_cut),
		test(signals_have_names),
		test(signals_that_cannot_be_waited_for_are_refused),
		test(keepalive_is_off_on_or_three_numbers),
		test(keepalive_keeps_to_the_limits_of_the_kernel),
		test(logs_go_to_a_word_or_a_path),
		test(unknown_placeholders_of_a_log_are_refused),
		test(relative_paths_are_made_absolute),
		test(a_percent_sign_in_the_working_directory_is_no_placeholder),
		test(without_a_working_directory_relative_paths_are_refused),
		test(paths_end_at_path_max),
		test(names_are_lists_of_globs),
		test(when_memory_ends_the_field_stays_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
