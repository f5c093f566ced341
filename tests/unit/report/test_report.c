// SPDX-License-Identifier: MIT
#include "report/report.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "common.h"
#include "report/run.h"
#include "report/symbol.h"

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

static const char *folder;
static char *words[] = { "shopd", "--name", "b\"\xff\n", NULL };

static int setup(void **state)
{
	(void)state;
	folder = enter_folder();
	set_options(FDG_JSON, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	leave_folder(folder);
	return 0;
}

static void start(void)
{
	fdg_report_start(EXE, 3, words);
}

static void report(uint64_t count, const char *key)
{
	struct fdg_finding f = leak();

	f.count = count;
	f.key = key;
	fdg_report(&f);
}

static void every_finding_has_a_name_a_guard_and_a_level(void **state)
{
	(void)state;
	assert_string_equal(fdg_finding_name(FDG_CLOEXEC_LEAKED), "cloexec.leaked");
	assert_string_equal(fdg_finding_guard(FDG_CLOEXEC_LEAKED), "cloexec");
	assert_int_equal(fdg_finding_level(FDG_CLOEXEC_LEAKED), FDG_LEVEL_ERROR);
	assert_string_equal(fdg_finding_guard(FDG_RUN_END), "run");
	for (int i = 0; i < FDG_FINDING_COUNT; i++) {
		const char *name = fdg_finding_name((enum fdg_finding_id)i), *guard = fdg_finding_guard((enum fdg_finding_id)i);

		assert_int_equal(strncmp(name, guard, strlen(guard)), 0);
		assert_int_equal(name[strlen(guard)], '.');
	}
}

static void a_life(void)
{
	start();
	fdg_report_run_start();
	report(360, NULL);
	fdg_report_end();
	fdg_report_end();
}

static void a_run_in_json_is_start_findings_end(void **state)
{
	struct outcome *o = in_child(a_life);
	char want[256];

	(void)state;
	assert_exit(o, 0);
	assert_json_lines(o->err, 3);
	snprintf(want, sizeof(want), "\"exe\":\"" EXE "\",\"guard\":\"run\",\"id\":\"run.start\",\"level\":\"note\",\"action\":\"reported\","
		 "\"message\":\"guarding " EXE "\",\"ppid\":%d,\"argc\":3,\"argv\":[\"shopd\",\"--name\",\"b\\\"\xef\xbf\xbd\\n\"]}\n", (int)getpid());
	assert_contains(o->err, want);
	assert_contains(o->err, "\"id\":\"closewait.leak\",\"level\":\"warning\"");
	assert_contains(o->err, "\"id\":\"run.end\",\"level\":\"note\",\"action\":\"reported\",\"message\":\"1 finding in " EXE
		     "\",\"findings\":1,\"suppressed\":0,\"repeats\":0,\"dropped\":0,\"lost\":0}\n");
}

static void a_life_with_the_least_level_error(void)
{
	fdg_options.level = FDG_LEVEL_ERROR;
	a_life();
}

static void json_writes_all_levels(void **state)
{
	(void)state;
	assert_json_lines(in_child(a_life_with_the_least_level_error)->err, 3);
}

static void text_shows_findings_of_its_level_and_no_runs(void **state)
{
	struct outcome *o;

	(void)state;
	set_options(FDG_TEXT, NULL);
	o = in_child(a_life);
	assert_int_equal(occurrences(o->err, "fdguard: "), 1);
	assert_contains(o->err, "fdguard: warning: 360 TCP");
	assert_string_equal(in_child(a_life_with_the_least_level_error)->err, "");
}

static void a_life_without_a_log(void)
{
	fdg_options.log.where = FDG_LOG_NONE;
	a_life();
}

static void no_log_is_silence(void **state)
{
	(void)state;
	assert_string_equal(in_child(a_life_without_a_log)->err, "");
	set_options(FDG_TEXT, NULL);
	assert_string_equal(in_child(a_life_without_a_log)->err, "");
}

static void ask_what_is_wanted(void)
{
	bool early = fdg_report_wants(FDG_LEVEL_ERROR);

	start();
	dprintf(2, "%d %d%d%d", early, fdg_report_wants(FDG_LEVEL_NOTE), fdg_report_wants(FDG_LEVEL_WARNING), fdg_report_wants(FDG_LEVEL_ERROR));
}

static void a_guard_can_ask_whether_its_finding_is_wanted(void **state)
{
	(void)state;
	assert_string_equal(in_child(ask_what_is_wanted)->err, "0 111");
	set_options(FDG_TEXT, NULL);
	assert_string_equal(in_child(ask_what_is_wanted)->err, "0 011");
	fdg_options.level = FDG_LEVEL_ERROR;
	assert_string_equal(in_child(ask_what_is_wanted)->err, "0 001");
	fdg_options.log.where = FDG_LOG_NONE;
	assert_string_equal(in_child(ask_what_is_wanted)->err, "0 000");
	fdg_options.format = FDG_JSON;
	assert_string_equal(in_child(ask_what_is_wanted)->err, "0 000");
}

static void before_the_start(void)
{
	report(1, NULL);
	fdg_report_run_start();
	fdg_report_end();
	start();
	report(2, NULL);
}

static void nothing_is_reported_before_the_start(void **state)
{
	struct outcome *o = in_child(before_the_start);

	(void)state;
	assert_json_lines(o->err, 1);
	assert_contains(o->err, "\"count\":2");
}

static void repeat_and_change(void)
{
	struct fdg_finding f = leak();

	start();
	report(360, NULL);
	report(360, NULL);
	report(360, NULL);
	report(361, NULL);
	report(361, NULL);
	f.count = 361;
	f.fixed = true;
	fdg_report(&f);
	report(361, "another");
	fdg_report_end();
}

static void a_finding_is_written_again_only_when_it_changes(void **state)
{
	struct outcome *o = in_child(repeat_and_change);

	(void)state;
	assert_json_lines(o->err, 5);
	assert_int_equal(occurrences(o->err, "\"count\":360"), 1);
	assert_int_equal(occurrences(o->err, "\"repeats\":2}"), 1);
	assert_int_equal(occurrences(o->err, "\"repeats\":1}"), 1);
	assert_int_equal(occurrences(o->err, "\"action\":\"fixed\""), 1);
	assert_contains(o->err, "\"findings\":4,\"suppressed\":0,\"repeats\":3,");
}

static void differ_in_each_part_of_the_identity(void)
{
	static const struct fdg_place a[] = { { "/a", 1 }, { "/x", 1 } }, b[] = { { "/a", 2 } }, c[] = { { "/c", 1 } }, a2[] = { { "/a", 1 }, { "/y", 2 } };
	const struct { const struct fdg_place *site, *created; } rows[] = { { NULL, NULL }, { a, NULL }, { b, NULL }, { c, NULL }, { NULL, a },
									     { a, b }, { b, a }, { a2, NULL }, { a2, b } };

	start();
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fdg_finding f = leak();

		f.site = rows[i].site;
		f.sites = f.site != NULL;
		f.created = rows[i].created;
		f.createds = f.created != NULL;
		fdg_report(&f);
	}
	struct fdg_finding f = FDG_FINDING_INIT(FDG_FDLEAK_GROWTH);
	f.message = "";
	f.count = leak().count;
	fdg_report(&f);
}

static void id_key_and_first_frames_are_the_identity(void **state)
{
	(void)state;
	assert_json_lines(in_child(differ_in_each_part_of_the_identity)->err, 8);
}

static void too_many(void)
{
	char key[16];

	start();
	for (int i = 0; i < 1024 + 6; i++) {
		snprintf(key, sizeof(key), "%d", i);
		report(1, key);
	}
	fdg_report_end();
}

static void more_findings_than_we_can_remember_are_counted(void **state)
{
	struct outcome *o;

	(void)state;
	set_options(FDG_JSON, "log");
	o = in_child(too_many);
	assert_exit(o, 0);
	assert_string_equal(o->err, "fdguard: 6 more findings were not written: there were more than 1,024 different ones\n");
	assert_int_equal(system("test $(wc -l <log) = 1025"), 0);
	assert_int_equal(system("tail -n 1 log | grep -q '\"findings\":1024,.*\"dropped\":6,'"), 0);
}

static void fork_and_report(void)
{
	int status;

	start();
	report(360, NULL);
	report(360, NULL);
	if (fork() == 0) {
		fdg_report_fork_child();
		if (atomic_load(&fdg_run.findings) || atomic_load(&fdg_run.held_back))
			dprintf(2, "the child counts for its parent\n");
		report(360, NULL); /* said by the parent */
		report(361, NULL);
		report(1, "the child's own");
		fdg_report_end();
		_exit(0);
	}
	wait(&status);
	report(360, NULL);
	fdg_report_end();
}

static void a_forked_child_knows_what_was_said_and_does_not_end_the_run(void **state)
{
	struct outcome *o = in_child(fork_and_report);

	(void)state;
	assert_json_lines(o->err, 4);
	assert_int_equal(occurrences(o->err, "\"count\":360"), 1);
	assert_contains(o->err, "\"repeats\":1}");
	assert_int_equal(occurrences(o->err, "run.end"), 1);
	assert_contains(o->err, "\"findings\":1,\"suppressed\":0,\"repeats\":2,");
}

static void lose_and_end(void)
{
	start();
	fdg_report_run_start();
	report(1, "a");
	report(1, "b");
	fdg_report_end();
}

static void what_was_lost_is_told_at_the_end(void **state)
{
	(void)state;
	set_options(FDG_TEXT, "/dev/full");
	assert_string_equal(in_child(lose_and_end)->err, "fdguard: 2 findings could not be written to /dev/full: the disk is full\n");
	set_options(FDG_TEXT, "/nonexistent/%e.%%");
	assert_string_equal(in_child(lose_and_end)->err,
			    "fdguard: 2 findings could not be written to /nonexistent/shopd.%: its folder does not exist\n");
}

static void start_and_end(void)
{
	start();
	fdg_report_run_start();
	fdg_report_end();
}

static bool is_guarded(void)
{
	const char *preload = getenv("LD_PRELOAD");

	return preload && strstr(preload, "/libfdguard.so");
}

/* By the first of a tree: where this very test is guarded (fdguard check), its child is not that. */
static void a_lost_run_is_told_too(void **state)
{
	const char *want = is_guarded() ? "" : "fdguard: the start or end of this run could not be written to /dev/full: the disk is full\n";

	(void)state;
	set_options(FDG_JSON, "/dev/full");
	assert_string_equal(in_child(start_and_end)->err, want);
	set_options(FDG_TEXT, "/dev/full");
	assert_string_equal(in_child(start_and_end)->err, "");
}

static void lose_for_a_while(void)
{
	start();
	chmod(".", 0555);
	if (geteuid() == 0)
		seteuid(65534);
	report(1, "a");
	seteuid(0);
	chmod(".", 0700);
	report(1, "b");
	fdg_report_end();
}

static void run_end_counts_what_was_lost(void **state)
{
	struct outcome *o;
	const char *log;

	(void)state;
	set_options(FDG_JSON, "log");
	o = in_child(lose_for_a_while);
	assert_string_equal(o->err, "fdguard: 1 finding could not be written to log: permission was denied\n");
	log = slurp("log");
	assert_json_lines(log, 2);
	assert_contains(log, "\"findings\":2,\"suppressed\":0,\"repeats\":0,\"dropped\":0,\"lost\":1}\n");
}

static void lose_in_a_child(void)
{
	int status;

	start();
	report(1, "a");
	if (fork() == 0) {
		fdg_report_fork_child();
		report(1, "b");
		fdg_report_end();
		_exit(0);
	}
	wait(&status);
	fdg_report_end();
}

static void each_process_tells_its_own_losses(void **state)
{
	(void)state;
	set_options(FDG_TEXT, "/dev/full");
	assert_string_equal(in_child(lose_in_a_child)->err, "fdguard: 1 finding could not be written to /dev/full: the disk is full\n");
}

static void tear_and_fork(void)
{
	struct rlimit limit;

	start();
	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = 100;
	setrlimit(RLIMIT_FSIZE, &limit);
	report(1, "a");
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_FSIZE, &limit);
	if (fork() == 0) {
		fdg_report_fork_child();
		unlink("log");
		report(1, "b");
		_exit(0);
	}
	wait(NULL);
	fdg_report_end();
}

static void a_line_that_was_cut_off_is_its_writers_to_mend(void **state)
{
	const char *log;

	(void)state;
	set_options(FDG_JSON, "log");
	assert_string_equal(in_child(tear_and_fork)->err, "fdguard: 1 finding could not be written to log: only a part of a line was taken\n");
	log = slurp("log");
	assert_int_equal(log[0], '{'); /* the child's */
	assert_contains(log, "}\n\n{"); /* and its parent's, behind a newline that mends what is gone here */
	assert_contains(log, "\"lost\":1}");
}

static void lose_with_stderr_replaced(void)
{
	start();
	close(2);
	open("precious", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	report(1, "a");
	fdg_report_say("a sentence");
	fdg_report_end();
}

static void nothing_is_told_to_a_standard_error_that_is_another(void **state)
{
	(void)state;
	assert_exit(in_child(lose_with_stderr_replaced), 0);
	assert_string_equal(slurp("precious"), "");
	set_options(FDG_TEXT, "/dev/full");
	assert_exit(in_child(lose_with_stderr_replaced), 0);
	assert_string_equal(slurp("precious"), "");
}

static void say_much(void)
{
	fdg_report_say("before the start: \x1b[2J");
	start();
	for (int i = 0; i < 20; i++)
		fdg_report_say("a sentence");
}

static void sentences_are_eight_and_clean(void **state)
{
	struct outcome *o = in_child(say_much);

	(void)state;
	assert_int_equal(occurrences(o->err, "fdguard: a sentence\n"), 7);
	assert_int_equal(strncmp(o->err, "fdguard: before the start: ?[2J\n", 31), 0);
}

static void say_very_much(void)
{
	char *text = malloc(10000);

	memset(text, 'x', 9999);
	text[9999] = '\0';
	fdg_report_say(text);
}

static void a_sentence_is_one_line(void **state)
{
	struct outcome *o = in_child(say_very_much);

	(void)state;
	assert_true(o->len <= PIPE_BUF && o->len > 4000);
	assert_int_equal(o->err[o->len - 1], '\n');
}

/* Any system call but exit_group ends the process. */
static void forbid_system_calls(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog program = { COUNT(filter), filter };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		_exit(98);
}

static void retire_and_go_on(void)
{
	struct fdg_place p = { "/proc/self/exe", 0 };
	char text[64];
	struct fdg_buf b = FDG_BUF(text);

	start();
	report(1, "before");
	fdg_report_retire();
	forbid_system_calls();
	report(1, "after");
	fdg_report_say("after");
	fdg_report_run_start();
	fdg_told_mark(1);
	fdg_told_unmark(1);
	fdg_symbol_of(&p, &b);
	fdg_report_fork_child();
	fdg_report_end();
	syscall(SYS_exit_group, fdg_report_wants(FDG_LEVEL_ERROR));
}

static void a_retired_process_makes_no_system_call(void **state)
{
	struct outcome *o = in_child(retire_and_go_on);

	(void)state;
	if (SANITIZED) /* whose own calls would be its end */
		return;
	assert_exit(o, 0);
	assert_json_lines(o->err, 1);
}

static void suppress_some(void)
{
	struct fdg_finding f = leak();

	start();
	for (int i = 0; i < 3; i++) {
		report(360, NULL);
		report(361 + (uint64_t)i, "b");
	}
	f.peer = "10.9.9.9:1";
	fdg_report(&f);
	fdg_report(&f);
	fdg_report_end();
}

static void suppressed_findings_are_not_written_and_counted_once(void **state)
{
	struct outcome *o;

	(void)state;
	write_file("file", "epoll.spin\nclosewait.leak peer:10.0.0.7:*\n");
	fdg_options.suppressions = "file";
	o = in_child(suppress_some);
	assert_json_lines(o->err, 2);
	assert_contains(o->err, "\"peer\":\"10.9.9.9:1\"");
	assert_contains(o->err, "\"findings\":1,\"suppressed\":2,");
	assert_contains(o->err, "\"lost\":0,\"suppressions_used\":[2]}\n");
}

__attribute__((noinline)) static void culprit(void)
{
	struct fdg_finding f = leak();
	struct fdg_place here;

	fdg_place_of((char *)&culprit + 1, &here);
	f.created = &here;
	f.createds = 1;
	fdg_report(&f);
}

static void blame(void)
{
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	exe[n] = '\0';
	fdg_report_start(exe, 0, NULL);
	fdg_report_run_start();
	culprit();
	fdg_report_end();
}

static void a_place_in_the_program_has_its_symbol(void **state)
{
	struct outcome *o = in_child(blame);

	(void)state;
	assert_json_lines(o->err, 3);
	assert_contains(o->err, "\"symbol\":\"culprit+0x0\"}]");
	assert_lacks(o->err, "argv");
	write_file("file", "* site:*:culprit\n");
	fdg_options.suppressions = "file";
	assert_json_lines(in_child(blame)->err, 2);
}

static void a_strange_program(void)
{
	char *many[500];
	char *large = malloc(3000);

	memset(large, '\x01', 2999);
	large[2999] = '\0';
	for (size_t i = 0; i < COUNT(many); i++)
		many[i] = i == 1 ? large : words[2];
	fdg_report_start("/opt/\xff\xfe\n\"\\/\xc3\xa9", COUNT(many), many);
	fdg_report_run_start();
	report(1, NULL);
	fdg_report_end();
	memset(large, 'p', 2999);
	fdg_report_start(large, 1, &large);
	fdg_report_run_start();
	report(2, NULL);
}

static void any_program_name_and_arguments_make_valid_lines(void **state)
{
	struct outcome *o = in_child(a_strange_program);

	(void)state;
	assert_json_lines(o->err, 5);
	assert_contains(o->err, "\"exe\":\"/opt/\xef\xbf\xbd\xef\xbf\xbd\\n\\\"\\\\/\xc3\xa9\"");
	assert_contains(o->err, "\"argc\":500,\"argv\":[\"b\\\"\xef\xbf\xbd\\n\",\"\\u0001");
	if (system("command -v python3 >/dev/null") == 0) {
		write_file("lines", o->err);
		assert_int_equal(system("while read -r l; do printf '%s' \"$l\" | python3 -m json.tool >/dev/null || exit 1; done <lines"), 0);
	}
}

static void report_with_errno(void)
{
	start();
	errno = 4711;
	report(1, "a");
	close(2);
	report(1, "b");
	fdg_report_say("lost");
	fdg_report_end();
	_exit(errno == 4711 ? 0 : 1);
}

static void errno_is_left_alone(void **state)
{
	(void)state;
	assert_exit(in_child(report_with_errno), 0);
	set_options(FDG_TEXT, "/dev/full");
	assert_exit(in_child(report_with_errno), 0);
}

static _Atomic int handled;

static void report_from_handler(int number)
{
	(void)number;
	report((uint64_t)++handled, "from the handler");
}

static void interrupt_ourselves(void)
{
	struct itimerval often = { { 0, SANITIZED ? 5000 : 200 }, { 0, 200 } };
	struct sigaction action = { .sa_handler = report_from_handler, .sa_flags = SA_RESTART };
	char key[16];

	start();
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < 400; i++) {
		snprintf(key, sizeof(key), "%d", i);
		report(1, key);
	}
	often = (struct itimerval){ { 0, 0 }, { 0, 0 } };
	setitimer(ITIMER_REAL, &often, NULL);
	fdg_report_end();
}

static void a_report_may_interrupt_a_report(void **state)
{
	char *log;

	(void)state;
	set_options(FDG_JSON, "log");
	assert_exit(in_child(interrupt_ourselves), 0);
	assert_int_equal(system("test $(grep -c '\"count\":1,' log) -ge 400 && tail -n 1 log | grep -q '\"lost\":0}'"), 0);
	log = slurp("log");
	assert_json_lines(log, occurrences(log, "\n"));
}

static void *report_many(void *key)
{
	for (uint64_t i = 0; i < 300; i++) {
		report(1 + i % 3, key);
		report(1, "shared");
	}
	return NULL;
}

static void many_threads(void)
{
	static char *keys[] = { "a", "b", "c", "d" };
	pthread_t thread[COUNT(keys)];

	start();
	for (size_t i = 0; i < COUNT(keys); i++)
		pthread_create(&thread[i], NULL, report_many, keys[i]);
	if (fork() == 0) { /* whatever the threads hold at this moment */
		fdg_report_fork_child();
		report(77, "the child's");
		_exit(0);
	}
	for (size_t i = 0; i < COUNT(keys); i++)
		pthread_join(thread[i], NULL);
	wait(NULL);
	fdg_report_end();
}

static void threads_report_at_once_and_one_forks(void **state)
{
	char *log;

	(void)state;
	set_options(FDG_JSON, "log");
	assert_exit(in_child(many_threads), 0);
	/* 4 x 300 changes, the shared finding, the child's and the end, in 256 KiB and more: count the lines where they are. */
	assert_int_equal(system("test $(wc -l <log) = 1203 && test $(grep -c '\"count\":77,' log) = 1"), 0);
	assert_int_equal(system("tail -n 1 log | grep -q '\"findings\":1201,.*\"repeats\":1199,.*\"lost\":0}'"), 0);
	assert_int_equal(system("grep -vc '^{\"v\":1,.*}$' log >count; test $(cat count) = 0 && head -n 200 log >some"), 0);
	log = slurp("some");
	assert_json_lines(log, 200);
}

#define STACK (256u << 10)

static void *report_deeply(void *unused)
{
	struct fdg_place site[FDG_FRAMES_MAX], created[FDG_FRAMES_MAX];
	struct fdg_finding f = leak();

	fdg_place_of((char *)&report_deeply + 1, &site[0]);
	for (size_t i = 0; i < COUNT(site); i++)
		site[i] = created[i] = site[0];
	f.site = site;
	f.created = created;
	f.sites = f.createds = COUNT(site);
	fdg_report(&f);
	return unused;
}

static void *do_nothing(void *unused)
{
	return unused;
}

/* Bytes of a thread's stack that were written to. */
static size_t stack_used(void *(*what)(void *))
{
	unsigned char *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_attr_t attributes;
	pthread_t thread;
	size_t untouched = 0;

	memset(stack, 0xa5, STACK);
	pthread_attr_init(&attributes);
	pthread_attr_setstack(&attributes, stack, STACK);
	pthread_create(&thread, &attributes, what, NULL);
	pthread_join(thread, NULL);
	while (stack[untouched] == 0xa5)
		untouched++;
	munmap(stack, STACK);
	return STACK - untouched;
}

static void measure_stack(void)
{
	size_t bare;

	fdg_report_start(NULL, 3, words);
	bare = stack_used(do_nothing);
	dprintf(2, "%zu", stack_used(report_deeply) - bare);
}

static void a_report_needs_little_stack(void **state)
{
	(void)state;
	if (SANITIZED)
		return;
	for (enum fdg_format format = FDG_TEXT; format <= FDG_JSON; format++) {
		size_t used;

		set_options(format, "log");
		used = (size_t)atol(in_child(measure_stack)->err);
		print_message("a report of 64 frames: %zu bytes of stack\n", used);
		assert_in_range(used, 1024, 4096);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(every_finding_has_a_name_a_guard_and_a_level),
		TEST(a_run_in_json_is_start_findings_end),
		TEST(json_writes_all_levels),
		TEST(text_shows_findings_of_its_level_and_no_runs),
		TEST(no_log_is_silence),
		TEST(a_guard_can_ask_whether_its_finding_is_wanted),
		TEST(nothing_is_reported_before_the_start),
		TEST(a_finding_is_written_again_only_when_it_changes),
		TEST(id_key_and_first_frames_are_the_identity),
		TEST(more_findings_than_we_can_remember_are_counted),
		TEST(a_forked_child_knows_what_was_said_and_does_not_end_the_run),
		TEST(what_was_lost_is_told_at_the_end),
		TEST(a_lost_run_is_told_too),
		TEST(run_end_counts_what_was_lost),
		TEST(each_process_tells_its_own_losses),
		TEST(a_line_that_was_cut_off_is_its_writers_to_mend),
		TEST(nothing_is_told_to_a_standard_error_that_is_another),
		TEST(sentences_are_eight_and_clean),
		TEST(a_sentence_is_one_line),
		TEST(a_retired_process_makes_no_system_call),
		TEST(suppressed_findings_are_not_written_and_counted_once),
		TEST(a_place_in_the_program_has_its_symbol),
		TEST(any_program_name_and_arguments_make_valid_lines),
		TEST(errno_is_left_alone),
		TEST(a_report_may_interrupt_a_report),
		TEST(threads_report_at_once_and_one_forks),
		TEST(a_report_needs_little_stack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
