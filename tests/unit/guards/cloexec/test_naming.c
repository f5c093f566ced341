// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "guards/cloexec/naming.h"

static bool any(int fd)
{
	(void)fd;
	return true;
}

static bool even(int fd)
{
	return fd % 2 == 0;
}

/* "3,7" for what argument `arg` and variable `env` name. */
static const char *named(const char *arg, const char *env)
{
	static char text[512];
	struct fdg_named n = { .interesting = any };
	char *argv[] = { (char *)"prog", (char *)arg, NULL }, *envp[] = { (char *)env, NULL };
	size_t at = 0;

	fdg_named_collect(&n, arg ? argv : NULL, envp);
	text[0] = '\0';
	for (int fd = 0; fd < FDG_NAMED_LOW; fd++)
		if (n.low[fd / 64] >> (fd % 64) & 1)
			at += (size_t)snprintf(text + at, sizeof(text) - at, at ? ",%d" : "%d", fd);
	for (unsigned i = 0; i < n.count; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, at ? ",%d" : "%d", n.high[i]);
	if (n.listen_end)
		snprintf(text + at, sizeof(text) - at, "[3-%d]", n.listen_end - 1);
	return text;
}

#define ARG(arg, want) assert_string_equal(named(arg, NULL), want)
#define ENV(env, want) assert_string_equal(named(NULL, env), want)

static void arguments_that_name(void **state)
{
	(void)state;
	ARG("5", "5");
	ARG("--status-fd=3", "3");
	ARG("/dev/fd/63", "63");
	ARG("/proc/self/fd/12", "12");
	ARG("fd://4", "4");
	ARG("--socket=17", "17");
	ARG("12:13:14", "12,13,14");
	ARG("6;7;", "6,7");
	ARG("read x <&9", "9");
	ARG("exec 9>lock; flock 8", "8,9");
	ARG("cat /dev/fd/11 /dev/fd/12", "11,12");
	ARG("from multiprocessing.spawn import spawn_main; spawn_main(tracker_fd=5, pipe_handle=7)", "5,7");
	ARG("fd10", "10");
	ARG("-f3", "3");
	ARG("{\"control_fd\": 3}", "3");
	ARG("--jobserver-auth=3,4", "3,4");
}

static void arguments_that_name_nothing(void **state)
{
	(void)state;
	ARG("10.0.0.7", "");
	ARG("http://host:8080/a1/b22", "");
	ARG("-xn3", "");
	ARG("--size=10x10", "");
	ARG("file5.txt", "");
	ARG("v1.2.3", "");
	ARG("1", "");   /* standard output */
	ARG("5s", "");
	ARG("99999999999999999999", "");
	ARG("", "");
}

static void variables_that_name(void **state)
{
	int pipes[2];

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	for (int fd = 20; fd < 26; fd++)
		assert_int_equal(dup2(pipes[0], fd), fd);
	assert_int_equal(dup2(0, 26), 26);
	ENV("MAKEFLAGS= -j --jobserver-auth=20,21", "20,21");
	ENV("MAKEFLAGS= -j --jobserver-auth=20,26", "20"); /* no pipe: another meaning by now */
	ENV("MAKEFLAGS= -j --jobserver-auth=27,28", "");
	ENV("MAKEFLAGS= -j --jobserver-auth=20,21 --jobserver-auth=24,25", "24,25");
	ENV("CARGO_MAKEFLAGS=--jobserver-fds=22,23 -j", "22,23");
	ENV("MAKEFLAGS=--jobserver-auth=fifo:/tmp/x5", "");
	ENV("NODE_CHANNEL_FD=3", "3");
	ENV("NGINX=6;7;", "6,7");
	ENV("UNICORN_FD=5,6", "5,6");
	ENV("LISTEN_FDS=2", "[3-4]");
	ENV("CONFIG=/dev/fd/9", "9");
	ENV("my_fd_list=11 12", "11,12");
	ENV("PUMA_INHERIT_0=3:tcp://0.0.0.0:80", "3");
	ENV("WAYLAND_SOCKET=7", "7");
	ENV("HAPROXY_PROCESSES=|type=m;fd=-1;pid=70;reloads=1;|type=w;fd=3;pid=71;id=;|type=w;fd=12;pid=9;version=2.6", "3,12");
	ENV("X=cat /proc/$$/fd/5", "5");
	ENV("SOCKET_TIMEOUT=3", "3"); /* not surely */
	ENV("APP_SOCKETS=http=3;https=4", "4");
	ENV("APP_SOCKETS=fd=3 fd=4", "3,4");
	ENV("APP_INHERIT=fd://5", "5");
}

static void variables_that_name_nothing(void **state)
{
	(void)state;
	ENV("COLUMNS=80", "");
	ENV("LS_COLORS=rs=0:di=01;34:ln=01;36", "");
	ENV("FDGUARD_OPTIONS=cloexec.allow=5", "");
	ENV("LISTEN_FDS=-1", "");
	ENV("LISTEN_FDS=99999999999", "");
	ENV("NOVALUE", "");
	ENV("MAKEFLAGS=--jobserver-auth=-2,-2", "");
	ENV("BATS_LIB_PATH=/usr/lib/bats", "");
	ENV("BATS_VERSION=3", "");
	ENV("DOCKER_SOCKET=/run/d-3.sock", "");
	ENV("LISTEN_ADDR=127.0.0.3", "");
	ENV("LISTEN_ADDRESS=10.4.3.7:8080", "");
	ENV("SERVER_FD=10.4.3.7", "");
	ENV("X=see_http://fd/3", "");
	ENV("X=/srv/fd/3", "");
}

static void only_interesting_numbers_are_kept_and_no_more_than_fit(void **state)
{
	struct fdg_named n = { .interesting = even };
	char text[2048];
	size_t at = 0;

	(void)state;
	for (int i = 3; i < 250; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%d ", i);
	fdg_named_text(&n, text);
	for (int i = 3; i < 250; i++)
		assert_int_equal(fdg_named_has(&n, i), i % 2 == 0);
	assert_false(n.all);
	at = 0;
	for (int i = 0; i <= FDG_NAMED_MAX; i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%d ", FDG_NAMED_LOW + 2 * i);
	fdg_named_text(&n, text);
	assert_true(fdg_named_has(&n, 5)); /* more than fit: any may be */
}

static void the_work_is_bounded(void **state)
{
	static char big[FDG_NAMED_BYTES + 100];
	struct fdg_named n = { .interesting = any };
	char *argv[] = { big, (char *)"/dev/fd/7", NULL };

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	fdg_named_collect(&n, argv, NULL);
	assert_int_equal(n.low[0], 0);
	assert_true(fdg_named_has(&n, 7)); /* what was not looked at may name anything */
}

/* "3-4" for what LISTEN_FDS=2 and LISTEN_PID=`pid` name, for a reader and a starter. */
static bool listens(const char *pid, int reader, int starter)
{
	struct fdg_named n = { .interesting = any, .reader = reader, .starter = starter };
	char entry[32], *forth[] = { (char *)"LISTEN_FDS=2", entry, NULL }, *back[] = { entry, (char *)"LISTEN_FDS=2", NULL };
	bool has;

	snprintf(entry, sizeof(entry), "LISTEN_PID=%s", pid);
	fdg_named_collect(&n, NULL, forth);
	has = fdg_named_has(&n, 4);
	n = (struct fdg_named){ .interesting = any, .reader = reader, .starter = starter };
	fdg_named_collect(&n, NULL, back);
	assert_int_equal(fdg_named_has(&n, 4), has);
	return has;
}

static void listen_fds_are_for_the_process_that_listen_pid_names(void **state)
{
	(void)state;
	assert_true(listens("77", 77, 10));
	assert_false(listens("78", 77, 10));
	assert_false(listens("10", 77, 10));
	assert_true(listens("78", 0, 10)); /* a child whose number nobody knows yet */
	assert_false(listens("10", 0, 10));
	assert_true(listens("", 77, 10));
	assert_true(listens("nonsense", 77, 10));
	assert_true(listens("99999999999", 77, 10));
}

#define LISTS(...) ((char *[]){ __VA_ARGS__ NULL })

/* "the argument 3 names it", with a question mark if that is weak; "" if 3 is not named. */
static const char *why(char *const argv[], char *const envp[])
{
	static char text[256];
	struct fdg_named n = { .interesting = any, .reader = 77 };
	struct fdg_buf b = FDG_BUF(text);
	bool weak;

	fdg_named_collect(&n, argv, envp);
	if (fdg_named_why(&n, argv, envp, 3, &b, &weak) && weak)
		fdg_put(&b, "?");
	return text;
}

#define WHY(want, ...) assert_string_equal(why(LISTS("prog", __VA_ARGS__), NULL), want)
#define WHY_ENV(want, ...) assert_string_equal(why(LISTS("prog", "3",), LISTS(__VA_ARGS__)), want)

static void what_names_it_is_told_and_how_surely(void **state)
{
	char big[300];

	(void)state;
	memset(big, '3', sizeof(big));
	memcpy(big, "sh /dev/fd/3/", 13);
	big[299] = '\0';
	WHY("", "4",);
	WHY("the argument 3 names it?", "-n", "3",);
	WHY("the argument -f3 names it?", "-f3",);
	WHY("the argument --lines=3 names it?", "--lines=3",);
	WHY("the argument 3 names it", "--status-fd", "3",);
	WHY("the argument --fd=3 names it", "3", "--fd=3",);
	WHY("the argument fd://3 names it", "fd://3",);
	WHY("<&3, in an argument, names it", "-c", "cat <&3",);
	WHY("3, in an argument, names it?", "-c", "sleep 3",);
	WHY("<&3, in an argument, names it", "-c", "sleep 3; cat <&3",);
	WHY("/dev/fd/3/333333333333333333333333333333333333333333333333333333…, in an argument, names it", big,);
	WHY_ENV("the argument 3 names it?", "HOME=/",);
	WHY_ENV("the variable SERVER_FD names it", "HOME=/", "SERVER_FD=3",);
	WHY_ENV("the variable LISTEN_FDS names it", "LISTEN_FDS=1", "LISTEN_PID=77",);
	WHY_ENV("the argument 3 names it?", "LISTEN_FDS=1", "LISTEN_PID=78",);
	WHY_ENV("the argument 3 names it?", "BATS_TMPDIR=/",);
	assert_string_equal(why(LISTS("prog",), LISTS("SOCKET_TIMEOUT=3",)), "the variable SOCKET_TIMEOUT names it?");
	assert_string_equal(why(LISTS("prog",), LISTS("LISTENERS=3", "SERVER_FD=3",)), "the variable SERVER_FD names it");
	assert_string_equal(why(LISTS("show-fds", "3",), NULL), "the argument 3 names it?");
}

static void a_test_of_bats_has_what_bats_may_have_opened(void **state)
{
	static const char *const marks[] = { "BATS_TEST_NAME=x", "BATS_RUN_TMPDIR=/x", "BATS_TEST_FILENAME=x", "BATS_VERSION=1", "BATS_LIB_PATH=/x" };

	(void)state;
	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++) {
		struct fdg_named n = { .interesting = any };
		char *envp[] = { (char *)marks[i], NULL };

		fdg_named_collect(&n, NULL, envp);
		assert_false(fdg_named_has(&n, 3));
		assert_int_equal(fdg_named_bats(&n, 3, FDG_KIND_PIPE), i < 3);
		assert_int_equal(fdg_named_bats(&n, 4, FDG_KIND_FILE), i < 3);
		assert_false(fdg_named_bats(&n, 5, FDG_KIND_FILE));
		assert_false(fdg_named_bats(&n, 3, FDG_KIND_SOCKET));
	}
}

static void what_listen_fds_alone_names_is_for_this_process_alone(void **state)
{
	char *argv[] = { (char *)"prog", (char *)"--fd=4", NULL }, *env[] = { (char *)"LISTEN_FDS=2", (char *)"LISTEN_PID=77", NULL };
	struct fdg_named n = { .interesting = any, .reader = 77 }, without_pid = n, another = { .interesting = any, .reader = 78 };

	(void)state;
	fdg_named_collect(&n, argv, env);
	assert_true(fdg_named_has(&n, 3) && fdg_named_activated(&n, 3));
	assert_true(fdg_named_has(&n, 4) && !fdg_named_activated(&n, 4));
	fdg_named_collect(&another, argv, env);
	assert_false(fdg_named_has(&another, 3) || fdg_named_activated(&another, 3));
	env[1] = NULL;
	fdg_named_collect(&without_pid, argv, env);
	assert_true(fdg_named_has(&without_pid, 3) && !fdg_named_activated(&without_pid, 3));
}

static void a_control_byte_in_an_argument_is_no_control_byte_in_the_reason(void **state)
{
	(void)state;
	WHY("the argument \\x1b[2J=3 names it?", "\033[2J=3",);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arguments_that_name),
		cmocka_unit_test(arguments_that_name_nothing),
		cmocka_unit_test(variables_that_name),
		cmocka_unit_test(variables_that_name_nothing),
		cmocka_unit_test(only_interesting_numbers_are_kept_and_no_more_than_fit),
		cmocka_unit_test(the_work_is_bounded),
		cmocka_unit_test(listen_fds_are_for_the_process_that_listen_pid_names),
		cmocka_unit_test(what_names_it_is_told_and_how_surely),
		cmocka_unit_test(a_test_of_bats_has_what_bats_may_have_opened),
		cmocka_unit_test(what_listen_fds_alone_names_is_for_this_process_alone),
		cmocka_unit_test(a_control_byte_in_an_argument_is_no_control_byte_in_the_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
