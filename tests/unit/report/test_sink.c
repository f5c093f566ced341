// SPDX-License-Identifier: MIT
#include "report/sink.h"

#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>

#include "common.h"
#include "report/run.h"

static const char *folder;

static int setup(void **state)
{
	(void)state;
	folder = enter_folder();
	fdg_run.exe = EXE;
	set_options(FDG_TEXT, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	leave_folder(folder);
	return 0;
}

static int send_line(const char *text)
{
	struct fdg_line l;

	l.len = strlen(text);
	memcpy(l.text, text, l.len);
	return fdg_sink_write(&l);
}

static void log_to(const char *path)
{
	set_options(FDG_TEXT, path);
	fdg_sink_start();
}

/* In a child: leave with a code that says which expectation failed. */
#define EXPECT(condition)                                        \
	do {                                                     \
		if (!(condition)) {                              \
			dprintf(9, "line %d: %s\n", __LINE__, #condition); \
			_exit(99);                               \
		}                                                \
	} while (0)

/* Number 9 is the test's own standard error, for EXPECT. */
static struct outcome *act(void (*what)(void))
{
	struct outcome *o;

	dup2(2, 9);
	o = in_child(what);
	close(9);
	return o;
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void two_lines_to_stderr(void)
{
	fdg_sink_start();
	EXPECT(send_line("one\n") == 0);
	EXPECT(send_line("two\n") == 0);
}

static void lines_go_to_standard_error(void **state)
{
	struct outcome *o = act(two_lines_to_stderr);

	(void)state;
	assert_exit(o, 0);
	assert_string_equal(o->err, "one\ntwo\n");
}

static void closed_stderr(void)
{
	fdg_sink_start();
	close(2);
	EXPECT(send_line("one\n") == -EBADF);
	EXPECT(fcntl(2, F_GETFD) == -1);
}

static void a_closed_standard_error_loses_the_line(void **state)
{
	(void)state;
	assert_exit(act(closed_stderr), 0);
}

static void expect_only_the_standard_descriptors(void)
{
	for (int fd = 10; fd < 2000; fd++)
		EXPECT(fcntl(fd, F_GETFD) == -1);
}

static void stderr_replaced_by_a_file(void)
{
	fdg_sink_start();
	close(2);
	EXPECT(open("precious", O_WRONLY | O_CREAT | O_TRUNC, 0600) == 2);
	EXPECT(send_line("one\n") == -FDG_SINK_REPLACED);
	EXPECT(write(2, "data", 4) == 4);
	expect_only_the_standard_descriptors();
}

static void a_file_that_the_program_opened_as_2_is_its_own(void **state)
{
	(void)state;
	assert_exit(act(stderr_replaced_by_a_file), 0);
	assert_string_equal(slurp("precious"), "data");
}

static void stderr_closed_at_start_and_opened_later(void)
{
	close(2);
	fdg_sink_start();
	EXPECT(open("precious", O_WRONLY | O_CREAT | O_TRUNC, 0600) == 2);
	EXPECT(send_line("one\n") == -FDG_SINK_REPLACED);
}

static void a_standard_error_that_was_never_there_stays_away(void **state)
{
	(void)state;
	assert_exit(act(stderr_closed_at_start_and_opened_later), 0);
	assert_string_equal(slurp("precious"), "");
}

static void stderr_moved_and_back(void)
{
	fdg_sink_start();
	EXPECT(dup2(2, 7) == 7);
	close(2);
	EXPECT(send_line("one\n") == -EBADF);
	EXPECT(dup2(7, 2) == 2);
	EXPECT(send_line("two\n") == 0);
}

static void the_same_object_at_2_again_is_written_to_again(void **state)
{
	(void)state;
	assert_string_equal(act(stderr_moved_and_back)->err, "two\n");
}

static void descriptors_are_not_kept(void)
{
	int next = dup(0);

	close(next);
	log_to("/dev/null");
	EXPECT(send_line("one\n") == 0);
	set_options(FDG_TEXT, NULL);
	fdg_sink_start();
	EXPECT(send_line("one\n") == 0);
	EXPECT(dup(0) == next);
	close(next);
	expect_only_the_standard_descriptors();
}

static void no_descriptor_is_left_open(void **state)
{
	(void)state;
	assert_exit(act(descriptors_are_not_kept), 0);
}

static void fill(int fd)
{
	static const char block[4096];

	while (write(fd, block, sizeof(block)) > 0)
		continue;
	while (write(fd, block, 1) > 0)
		continue;
}

static _Atomic int number_seen;
static _Atomic bool looked;

/* Is there a number of the fifo's here besides the reader's? */
static void look_for_the_log(void)
{
	char path[64], link[64];

	for (int fd = 3; fd < 2000; fd++) {
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		n = readlink(path, link, sizeof(link) - 1);
		link[n < 0 ? 0 : n] = '\0';
		if (fd != 8 && strstr(link, "/fifo"))
			number_seen = fd;
	}
}

static void *look_on(void *unused)
{
	while (!looked)
		look_for_the_log();
	return unused;
}

static void look_in_handler(int number)
{
	int saved = errno;

	(void)number;
	look_for_the_log();
	looked = true;
	errno = saved;
}

static void make_full_fifo(void)
{
	int reader;

	EXPECT(mkfifo("fifo", 0600) == 0);
	reader = open("fifo", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	fill(reader);
	EXPECT(dup2(reader, 8) == 8);
	close(reader);
	log_to("fifo");
}

/* The line waits 20 ms for the reader. */
static void wait_for_reader(void)
{
	struct itimerval soon = { { 0, 0 }, { 0, 5000 } };

	setitimer(ITIMER_REAL, &soon, NULL);
	EXPECT(send_line("one\n") == -EAGAIN);
}

static void numbers_while_writing(void)
{
	struct sigaction action = { .sa_handler = SIG_IGN };
	pthread_t looker;

	sigaction(SIGALRM, &action, NULL);
	make_full_fifo();
	pthread_create(&looker, NULL, look_on, NULL);
	wait_for_reader();
	looked = true;
	pthread_join(looker, NULL);
	EXPECT(number_seen == 0);
}

static void other_threads_never_meet_with_a_descriptor_of_ours(void **state)
{
	(void)state;
	assert_exit(act(numbers_while_writing), 0);
}

/* Nor does a signal's handler, which may leave by longjmp: it runs when the line was written. */
static void handler_while_writing(void)
{
	struct sigaction action = { .sa_handler = look_in_handler };

	sigaction(SIGALRM, &action, NULL);
	make_full_fifo();
	wait_for_reader();
	EXPECT(looked && number_seen == 0);
}

static void a_signal_waits_until_the_line_is_written(void **state)
{
	(void)state;
	assert_exit(act(handler_while_writing), 0);
}

static void no_descriptor_is_free(void)
{
	struct rlimit few = { 20, 20 };

	EXPECT(setrlimit(RLIMIT_NOFILE, &few) == 0);
	log_to("log");
	EXPECT(send_line("one\n") == 0);
	while (dup(0) >= 0)
		continue;
	close(3);
	EXPECT(send_line("two\n") == 0); /* with the low number that is free */
	EXPECT(dup(0) == 3);
	EXPECT(send_line("apart\n") == 0); /* by a child, in its copy of the table */
	few.rlim_cur = 0;
	EXPECT(setrlimit(RLIMIT_NOFILE, &few) == 0);
	EXPECT(send_line("lost\n") == -EMFILE);
	EXPECT(waitpid(-1, NULL, __WALL) == -1 && errno == ECHILD);
	few.rlim_cur = 20;
	EXPECT(setrlimit(RLIMIT_NOFILE, &few) == 0);
	set_options(FDG_TEXT, NULL);
	fdg_sink_start();
	EXPECT(send_line("three\n") == 0);
}

static void without_a_free_descriptor_standard_error_still_works(void **state)
{
	struct outcome *o = act(no_descriptor_is_free);

	(void)state;
	assert_exit(o, 0);
	assert_string_equal(o->err, "three\n");
	assert_string_equal(slurp("log"), "one\ntwo\napart\n");
}

static void full_pipe(void)
{
	char drained[65536];
	long start;
	int p[2];

	EXPECT(pipe2(p, O_CLOEXEC | O_NONBLOCK) == 0);
	fill(p[1]);
	fcntl(p[1], F_SETFL, 0); /* a write would block for ever */
	dup2(p[1], 2);
	fdg_sink_start();
	start = now_ms();
	EXPECT(send_line("one\n") == -EAGAIN);
	EXPECT(now_ms() - start >= 15);
	EXPECT(now_ms() - start < 5000);
	start = now_ms();
	for (int i = 0; i < 100; i++)
		EXPECT(send_line("two\n") == -EAGAIN);
	EXPECT(now_ms() - start < 1000);
	while (read(p[0], drained, sizeof(drained)) > 0)
		continue;
	EXPECT(send_line("three\n") == 0);
	EXPECT(read(p[0], drained, sizeof(drained)) == 6);
	fcntl(p[1], F_SETFL, O_NONBLOCK);
	fill(p[1]);
	fcntl(p[1], F_SETFL, 0);
	start = now_ms();
	EXPECT(send_line("four\n") == -EAGAIN); /* somebody reads, so that it is worth waiting again */
	EXPECT(now_ms() - start >= 15);
}

static void a_full_pipe_is_waited_for_once_and_shortly(void **state)
{
	(void)state;
	assert_exit(act(full_pipe), 0);
}

static void broken_pipe(void)
{
	sigset_t mask, pending, before;
	int p[2];

	EXPECT(pipe2(p, O_CLOEXEC) == 0);
	close(p[0]);
	dup2(p[1], 2);
	fdg_sink_start();
	EXPECT(send_line("one\n") == -EPIPE); /* and we live */
	sigprocmask(SIG_BLOCK, NULL, &mask);
	EXPECT(sigismember(&mask, SIGPIPE) == 0);
	sigemptyset(&mask);
	sigaddset(&mask, SIGPIPE);
	sigaddset(&mask, SIGUSR1);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	EXPECT(send_line("two\n") == -EPIPE);
	sigpending(&pending);
	EXPECT(sigismember(&pending, SIGPIPE) == 0);
	raise(SIGPIPE);
	raise(SIGUSR1);
	EXPECT(send_line("three\n") == -EPIPE);
	sigpending(&pending);
	EXPECT(sigismember(&pending, SIGPIPE) == 1);
	EXPECT(sigismember(&pending, SIGUSR1) == 1);
	sigprocmask(SIG_BLOCK, NULL, &before);
	EXPECT(memcmp(&before, &mask, 8) == 0);
}

static void nobody_gets_a_sigpipe_of_ours_or_loses_one_of_theirs(void **state)
{
	(void)state;
	assert_exit(act(broken_pipe), 0);
}

static void limit_file_size(rlim_t n)
{
	struct rlimit limit;

	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = n;
	EXPECT(setrlimit(RLIMIT_FSIZE, &limit) == 0);
}

static void file_size_limit(void)
{
	sigset_t pending;

	log_to("log");
	limit_file_size(10);
	EXPECT(send_line("1234567\n") == 0);
	EXPECT(send_line("abcdefg\n") == -FDG_SINK_SHORT);
	EXPECT(send_line("hijklmn\n") == -EFBIG); /* and we live */
	sigpending(&pending);
	EXPECT(sigismember(&pending, SIGXFSZ) == 0);
	limit_file_size(RLIM_INFINITY);
	EXPECT(send_line("next\n") == 0);
	EXPECT(send_line("last\n") == 0);
}

static void a_line_that_was_cut_off_spoils_no_other(void **state)
{
	(void)state;
	assert_exit(act(file_size_limit), 0);
	assert_string_equal(slurp("log"), "1234567\nab\nnext\nlast\n");
}

static void a_forked_child_does_not_mend_its_parents_line(void **state)
{
	(void)state;
	log_to("log");
	limit_file_size(2);
	assert_int_equal(send_line("abcdefg\n"), -FDG_SINK_SHORT);
	limit_file_size(RLIM_INFINITY);
	unlink("log");
	fdg_sink_fork_child();
	assert_int_equal(send_line("next\n"), 0);
	assert_string_equal(slurp("log"), "next\n");
}

static void full_disk(void)
{
	log_to("/dev/full");
	EXPECT(send_line("one\n") == -ENOSPC);
}

static void a_full_disk_loses_the_line(void **state)
{
	(void)state;
	assert_exit(act(full_disk), 0);
}

static void folder_of_somebody_else(void)
{
	EXPECT(chmod(".", 0555) == 0);
	if (geteuid() == 0)
		EXPECT(setgid(65534) == 0 && setuid(65534) == 0);
	log_to("log");
	EXPECT(send_line("one\n") == -EACCES);
}

static void a_folder_that_may_not_be_written_loses_the_line(void **state)
{
	(void)state;
	assert_exit(act(folder_of_somebody_else), 0);
	assert_int_equal(chmod(".", 0700), 0);
}

static void a_file_is_made_for_its_owner_and_appended_to(void **state)
{
	mode_t old = umask(0);
	struct stat st;

	(void)state;
	log_to("log");
	assert_int_equal(send_line("one\n"), 0);
	assert_int_equal(send_line("two\n"), 0);
	umask(old);
	assert_int_equal(stat("log", &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0600);
	assert_string_equal(slurp("log"), "one\ntwo\n");
	assert_int_equal(rename("log", "log.1"), 0); /* as logrotate does */
	assert_int_equal(send_line("three\n"), 0);
	assert_string_equal(slurp("log"), "three\n");
}

static void names_of_files_are_expanded(void **state)
{
	char want[64];

	(void)state;
	snprintf(want, sizeof(want), "shopd.%d.50%%.%%x", (int)getpid());
	log_to("%e.%p.50%%.%x");
	assert_int_equal(send_line("one\n"), 0);
	assert_string_equal(slurp(want), "one\n");
	log_to("%");
	assert_int_equal(send_line("two\n"), 0);
	assert_string_equal(slurp("%"), "two\n");
}

static void places_that_are_no_place_for_a_log_lose_the_line(void **state)
{
	char *path = malloc(5001);

	(void)state;
	log_to("/nonexistent/log");
	assert_int_equal(send_line("one\n"), -ENOENT);
	log_to("/");
	assert_int_equal(send_line("one\n"), -EISDIR);
	write_file("plain", "");
	log_to("plain/log");
	assert_int_equal(send_line("one\n"), -ENOTDIR);
	for (size_t i = 0; i < 5000; i += 2)
		memcpy(path + i, "./", 2);
	strcpy(path + 4996, "log");
	log_to(path);
	assert_int_equal(send_line("one\n"), -ENAMETOOLONG);
	free(path);
}

static void a_symbolic_link_to_a_file_is_refused(void **state)
{
	(void)state;
	write_file("precious", "data");
	assert_int_equal(symlink("precious", "link"), 0);
	log_to("link");
	assert_int_equal(send_line("one\n"), -ELOOP);
	assert_string_equal(slurp("precious"), "data");
	assert_int_equal(symlink("missing", "dangling"), 0);
	log_to("dangling");
	assert_int_equal(send_line("one\n"), -ELOOP);
	assert_int_equal(access("missing", F_OK), -1);
}

static void a_symbolic_link_to_a_device_or_fifo_is_followed(void **state)
{
	char text[16] = "";
	int reader;

	(void)state;
	assert_int_equal(symlink("/dev/null", "null"), 0);
	log_to("null");
	assert_int_equal(send_line("one\n"), 0);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	assert_int_equal(symlink("fifo", "link"), 0);
	log_to("link");
	assert_int_equal(send_line("one\n"), -ENXIO); /* nobody reads, and we do not wait */
	reader = open("fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_int_equal(send_line("two\n"), 0);
	log_to("fifo");
	assert_int_equal(send_line("three\n"), 0);
	assert_int_equal(read(reader, text, sizeof(text)), 10);
	assert_string_equal(text, "two\nthree\n");
	close(reader);
}

static void names_of_standard_error(void)
{
	static const char *const names[] = { "/dev/stderr", "/dev/fd/2", "/proc/self/fd/2" };

	for (size_t i = 0; i < COUNT(names); i++) {
		log_to(names[i]);
		EXPECT(send_line("one\n") == 0);
	}
	close(2);
	EXPECT(open("precious", O_WRONLY | O_CREAT | O_TRUNC, 0600) == 2);
	EXPECT(send_line("two\n") == -FDG_SINK_REPLACED);
}

static void a_name_of_standard_error_is_standard_error(void **state)
{
	struct outcome *o = act(names_of_standard_error);

	(void)state;
	assert_exit(o, 0);
	assert_string_equal(o->err, "one\none\none\n");
}

static void names_of_other_descriptors(void)
{
	static const char *const names[] = { "/dev/stdout", "/dev/fd/1", "/proc/self/fd/7", "/dev/fd/22" };

	close(1);
	EXPECT(open("output", O_WRONLY | O_CREAT | O_TRUNC, 0600) == 1);
	for (size_t i = 0; i < COUNT(names); i++) {
		log_to(names[i]);
		EXPECT(send_line("one\n") == 0);
	}
}

static void a_name_of_another_descriptor_is_refused(void **state)
{
	struct outcome *o = act(names_of_other_descriptors);

	(void)state;
	assert_exit(o, 0);
	assert_int_equal(occurrences(o->err, "fdguard: log: the number of a descriptor"), 4);
	assert_int_equal(occurrences(o->err, "\none\n"), 4);
	assert_string_equal(slurp("output"), "");
}

static void background_job(int slave)
{
	setpgid(0, 0);
	dup2(slave, 2);
	fdg_sink_start();
	_exit(send_line("one\n") == 0 ? 0 : 1);
}

static void terminal_with_tostop(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave, status;
	char on[] = "stty tostop";
	pid_t pid;

	EXPECT(setsid() > 0);
	EXPECT(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	EXPECT(slave >= 0 && ioctl(slave, TIOCSCTTY, 0) == 0);
	dup2(slave, 0);
	EXPECT(system(on) == 0);
	pid = fork();
	if (pid == 0)
		background_job(slave);
	EXPECT(waitpid(pid, &status, WUNTRACED) == pid);
	EXPECT(status == 0);
}

static void a_background_job_is_not_stopped_for_our_line(void **state)
{
	(void)state;
	assert_exit(act(terminal_with_tostop), 0);
}

static void *write_many(void *name)
{
	char text[64];

	for (int i = 0; i < 200; i++) {
		snprintf(text, sizeof(text), "%s %d\n", (const char *)name, i);
		if (send_line(text) != 0)
			return name;
	}
	return NULL;
}

static void lines_of_many_threads_stay_whole(void **state)
{
	static const char *const names[] = { "a", "bb", "ccc", "dddd" };
	pthread_t thread[COUNT(names)];
	char *text, want[16];
	void *failed;

	(void)state;
	log_to("log");
	for (size_t i = 0; i < COUNT(names); i++)
		assert_int_equal(pthread_create(&thread[i], NULL, write_many, (void *)names[i]), 0);
	for (size_t i = 0; i < COUNT(names); i++) {
		pthread_join(thread[i], &failed);
		assert_null(failed);
	}
	text = slurp("log");
	assert_int_equal(occurrences(text, "\n"), 800);
	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(want, sizeof(want), "%s 199\n", names[i]);
		assert_contains(text, want);
	}
}

static void reasons_are_in_words(void **state)
{
	static const struct { int error; const char *want; } rows[] = {
		{ ENOSPC, "the disk is full" }, { EACCES, "permission was denied" }, { FDG_SINK_REPLACED, "the program had put something else in its place" },
		{ 4711, "error 4711" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[128];
		struct fdg_buf b = FDG_BUF(text);

		fdg_sink_put_reason(&b, rows[i].error);
		assert_string_equal(text, rows[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(lines_go_to_standard_error),
		TEST(a_closed_standard_error_loses_the_line),
		TEST(a_file_that_the_program_opened_as_2_is_its_own),
		TEST(a_standard_error_that_was_never_there_stays_away),
		TEST(the_same_object_at_2_again_is_written_to_again),
		TEST(no_descriptor_is_left_open),
		TEST(other_threads_never_meet_with_a_descriptor_of_ours),
		TEST(a_signal_waits_until_the_line_is_written),
		TEST(without_a_free_descriptor_standard_error_still_works),
		TEST(a_full_pipe_is_waited_for_once_and_shortly),
		TEST(nobody_gets_a_sigpipe_of_ours_or_loses_one_of_theirs),
		TEST(a_line_that_was_cut_off_spoils_no_other),
		TEST(a_forked_child_does_not_mend_its_parents_line),
		TEST(a_full_disk_loses_the_line),
		TEST(a_folder_that_may_not_be_written_loses_the_line),
		TEST(a_file_is_made_for_its_owner_and_appended_to),
		TEST(names_of_files_are_expanded),
		TEST(places_that_are_no_place_for_a_log_lose_the_line),
		TEST(a_symbolic_link_to_a_file_is_refused),
		TEST(a_symbolic_link_to_a_device_or_fifo_is_followed),
		TEST(a_name_of_standard_error_is_standard_error),
		TEST(a_name_of_another_descriptor_is_refused),
		TEST(a_background_job_is_not_stopped_for_our_line),
		TEST(lines_of_many_threads_stay_whole),
		TEST(reasons_are_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
