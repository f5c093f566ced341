// SPDX-License-Identifier: MIT
/* Of a child that has what is looked for, and waits. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "supervise/facts.h"
#include "supervise/hints.h"
#include "supervise/maps.h"
#include "supervise/sharing.h"

static int epoll;

/* What the child made. */
static struct {
	int socket, copy, far, alone, pipe, pipe_copy, pipe_other, thread, grandchild;
	const void *memory;
} theirs;
static pid_t child;
static struct fdg_process *process;

static void *wait_as_thread(void *to)
{
	theirs.thread = (int)syscall(SYS_gettid);
	if (write(*(int *)to, &theirs, sizeof(theirs)) != sizeof(theirs))
		_exit(99);
	for (;;)
		pause();
}

static const char sentence[] = "what is to be read";

static void be_child(int to)
{
	int pair[2], pipes[2];
	char path[64];
	pthread_t thread;

	socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair);
	theirs.socket = pair[0];
	theirs.alone = pair[1];
	theirs.copy = dup(pair[0]);
	theirs.far = fcntl(pair[0], F_DUPFD, 700);
	if (pipe(pipes))
		_exit(99);
	theirs.pipe = pipes[0];
	theirs.pipe_copy = dup(pipes[0]);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", pipes[0]);
	theirs.pipe_other = open(path, O_RDONLY | O_NONBLOCK);
	theirs.memory = sentence;
	theirs.grandchild = fork();
	if (theirs.grandchild == 0) {
		close(theirs.copy);
		close(theirs.far);
		for (write(pipes[1], "", 1);;)
			pause();
	}
	if (read(pipes[0], path, 1) != 1)
		_exit(99);
	pthread_create(&thread, NULL, wait_as_thread, &to);
	pthread_join(thread, NULL);
}

static int begin(void **state)
{
	int p[2];

	(void)state;
	if (pipe(p))
		return -1;
	fflush(NULL);
	child = fork();
	if (child == 0)
		be_child(p[1]);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	if (fdg_facts_start(epoll) < 0 || read(p[0], &theirs, sizeof(theirs)) != sizeof(theirs))
		return -1;
	process = fdg_facts_of(child);
	return process ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	kill(theirs.grandchild, SIGKILL);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return 0;
}

static void test_a_process_is_known_by_each_of_its_threads(void **state)
{
	(void)state;
	assert_int_equal(process->pid, child);
	assert_int_not_equal(theirs.thread, child);
	assert_ptr_equal(fdg_facts_of(theirs.thread), process);
	assert_ptr_equal(fdg_facts_of(theirs.thread), process); /* as remembered */
	assert_ptr_equal(fdg_facts_find(child), process);
	assert_int_equal(process->parent, getpid());
	assert_int_equal(fdg_facts_parent(theirs.grandchild), child);
	assert_null(fdg_facts_of(0x7ffffff0));
}

static void test_its_name_is_that_of_its_file(void **state)
{
	char own[PATH_MAX] = "";

	(void)state;
	assert_true(readlink("/proc/self/exe", own, sizeof(own) - 1) > 0);
	assert_string_equal(fdg_facts_exe(process), own);
}

static void test_memory_is_read_up_to_where_it_ends(void **state)
{
	char text[sizeof(sentence)] = "";

	(void)state;
	assert_int_equal(fdg_facts_read(theirs.thread, (uintptr_t)theirs.memory, text, sizeof(text)), sizeof(text));
	assert_string_equal(text, sentence);
	assert_int_equal(fdg_facts_read(child, 8, text, sizeof(text)), 0);
}

static void look(int fd, struct fdg_file *f)
{
	if (!fdg_file_look(process, theirs.thread, fd, f))
		fail_msg("fd %d", fd);
}

static void test_a_descriptor_has_flags_and_a_kind(void **state)
{
	struct fdg_file f;

	(void)state;
	look(theirs.socket, &f);
	assert_true(S_ISSOCK(f.mode));
	assert_int_equal(f.flags, O_RDWR | O_NONBLOCK);
	assert_true(f.local >= 0);
	fdg_file_close(&f);
	assert_int_equal(f.local, -1);
	look(theirs.pipe, &f);
	assert_true(S_ISFIFO(f.mode));
	assert_int_equal(f.flags, O_RDONLY);
	fdg_file_close(&f);
	assert_false(fdg_file_look(process, child, 999, &f));
}

static void test_the_same_is_known_without_fetching_it(void **state)
{
	struct fdg_process blind = *process;
	struct fdg_file f, seen;

	(void)state;
	blind.pidfd = -1; /* as where pidfd_getfd is refused */
	look(theirs.socket, &f);
	fdg_file_close(&f);
	assert_true(fdg_file_look(&blind, theirs.thread, theirs.socket, &seen));
	assert_int_equal(seen.local, -1);
	assert_int_equal(seen.flags, f.flags);
	assert_true(seen.ino == f.ino && seen.dev == f.dev && seen.mode == f.mode);
	assert_false(fdg_file_look(&blind, child, 999, &seen));
}

/* "pid:fd", or "none" */
static const char *sharer_of(int fd)
{
	static char text[32];
	struct fdg_sharer s;
	struct fdg_file f;
	bool found;

	look(fd, &f);
	found = fdg_sharing_find(process, fd, &f, &s);
	fdg_file_close(&f);
	snprintf(text, sizeof(text), found ? "%s:%d" : "none", found && s.pid == child ? "same" : "child", found ? s.fd : 0);
	return text;
}

/* What was hinted at before is another program's. */
static void forget_hints(void)
{
	fdg_facts_exec(process);
}

/* The numbers that were copied of what `fd` is. */
static unsigned hints_of(int fd, int copied[8])
{
	struct fdg_identity what;

	assert_true(fdg_stream_of(child, fd, &what));
	return fdg_hint_find(process, &what, copied, 8);
}

static void test_a_hint_leads_to_who_shares(void **state)
{
	int copied[8];

	(void)state;
	forget_hints();
	fdg_hint_add(process, theirs.pipe);
	fdg_hint_add(process, theirs.copy);
	fdg_hint_add(process, theirs.far);
	fdg_hint_add(process, theirs.alone);
	fdg_hint_add(process, theirs.copy); /* again: it is not kept twice */
	fdg_hint_add(process, 0);
	assert_int_equal(hints_of(theirs.socket, copied), 2);
	assert_int_equal(copied[0], theirs.copy);
	assert_int_equal(copied[1], theirs.far);
	assert_int_equal(hints_of(theirs.pipe_copy, copied), 1);
	assert_memory_equal(sharer_of(theirs.socket), "same:", 5);
	forget_hints();
	assert_int_equal(hints_of(theirs.socket, copied), 0);
}

static void test_a_forked_child_shares_by_the_same_number(void **state)
{
	(void)state;
	forget_hints();
	assert_memory_equal(sharer_of(theirs.alone), "child:", 6);
	assert_string_equal(sharer_of(theirs.far), "none");
}

/* All of ours, so that no place is left for the child's. */
static void test_who_was_copied_too_long_ago_is_looked_for(void **state)
{
	struct fdg_process *self = fdg_facts_of(getpid());
	int copied[8], pair[2];

	(void)state;
	forget_hints();
	fdg_hint_add(process, theirs.copy);
	assert_int_equal(hints_of(theirs.socket, copied), 1);
	assert_non_null(self);
	for (int i = 0; i < 8 * FDG_HINTS && !process->is_hint_lost; i++) {
		assert_int_equal(pipe(pair), 0);
		fdg_hint_add(self, pair[0]);
		close(pair[0]);
		close(pair[1]);
	}
	assert_true(process->is_hint_lost);
	assert_false(self->is_hint_lost); /* what is closed is no loss */
	assert_int_equal(hints_of(theirs.socket, copied), 0);
	assert_memory_equal(sharer_of(theirs.far), "same:", 5);
	fdg_facts_forget(self);
}

static void test_a_pipe_that_was_opened_twice_is_not_shared(void **state)
{
	struct fdg_file f;

	(void)state;
	look(theirs.pipe, &f);
	assert_true(fdg_file_is_shared(&f, process, theirs.pipe, child, theirs.pipe_copy));
	assert_false(fdg_file_is_shared(&f, process, theirs.pipe, child, theirs.pipe_other));
	assert_false(fdg_file_is_shared(&f, process, theirs.pipe, child, theirs.socket));
	fdg_file_close(&f);
}

static bool is_ours(void *cookie, uint64_t first, uint64_t behind, const char *name)
{
	uint64_t wanted = (uintptr_t)theirs.memory;

	if (wanted < first || wanted >= behind)
		return false;
	snprintf(cookie, PATH_MAX, "%s", name);
	return true;
}

static void test_mappings_have_names(void **state)
{
	char name[PATH_MAX] = "";

	(void)state;
	assert_true(fdg_maps_walk(child, is_ours, name));
	assert_string_equal(name, fdg_facts_exe(process));
	assert_false(fdg_maps_walk(0x7ffffff0, is_ours, name));
}

static void test_its_end_is_told_and_its_place_is_free_again(void **state)
{
	struct epoll_event e;
	unsigned known = 0;

	(void)state;
	kill(theirs.grandchild, SIGKILL);
	kill(child, SIGKILL);
	assert_int_equal(epoll_wait(epoll, &e, 1, 10000), 1);
	assert_int_equal(e.data.u64, child);
	fdg_facts_forget(process);
	assert_null(fdg_facts_find(child));
	assert_int_equal(epoll_wait(epoll, &e, 1, 0), 0);
	for (struct fdg_process *p = fdg_facts_next(NULL); p; p = fdg_facts_next(p))
		known++;
	assert_int_equal(known, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_process_is_known_by_each_of_its_threads),
		cmocka_unit_test(test_its_name_is_that_of_its_file),
		cmocka_unit_test(test_memory_is_read_up_to_where_it_ends),
		cmocka_unit_test(test_a_descriptor_has_flags_and_a_kind),
		cmocka_unit_test(test_the_same_is_known_without_fetching_it),
		cmocka_unit_test(test_a_hint_leads_to_who_shares),
		cmocka_unit_test(test_a_forked_child_shares_by_the_same_number),
		cmocka_unit_test(test_who_was_copied_too_long_ago_is_looked_for),
		cmocka_unit_test(test_a_pipe_that_was_opened_twice_is_not_shared),
		cmocka_unit_test(test_mappings_have_names),
		cmocka_unit_test(test_its_end_is_told_and_its_place_is_free_again),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
