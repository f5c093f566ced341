// SPDX-License-Identifier: MIT
/* What this process has open, as another one's; and what was marked. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "supervise/marks.h"
#include "supervise/open.h"
#include "supervise/patience.h"
#include "supervise/undo.h"

static struct fdg_open_list *list;
static struct fdg_process *self;

static const struct fdg_open *look(int fd)
{
	fdg_open_list(getpid(), list, INT64_MAX);
	return fdg_open_find(list, fd);
}

static void only_what_stays_open_by_rising_number(void **state)
{
	int plain = socket(AF_INET, SOCK_DGRAM, 0), closed = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), far = fcntl(plain, F_DUPFD, 500);
	const struct fdg_open *o = look(plain);
	struct stat st;

	(void)state;
	assert_true(list->is_whole);
	assert_non_null(o);
	assert_int_equal(fstat(plain, &st), 0);
	assert_int_equal(o->what.ino, st.st_ino);
	assert_int_equal(o->what.dev, st.st_dev);
	assert_int_equal(o->mode & S_IFMT, S_IFSOCK);
	assert_null(look(closed));
	assert_non_null(look(far));
	assert_null(look(far + 1));
	assert_null(look(1));
	for (unsigned i = 1; i < list->count; i++)
		assert_true(list->file[i - 1].fd < list->file[i].fd);
	fcntl(plain, F_SETFD, FD_CLOEXEC);
	assert_null(look(plain));
	close(plain);
	close(closed);
	close(far);
	assert_null(look(far));
}

static enum fdg_kind kind_of(int fd)
{
	const struct fdg_open *o = look(fd);

	assert_non_null(o);
	return fdg_kindword_kind(fdg_open_kind(getpid(), o));
}

static void kinds_by_what_proc_calls_them(void **state)
{
	int pipes[2], s = socket(AF_UNIX, SOCK_STREAM, 0), e = epoll_create1(0), f = open("/etc/passwd", O_RDONLY), d = open("/", O_RDONLY), n = open("/dev/null", O_RDONLY);

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(kind_of(s), FDG_KIND_SOCKET);
	assert_int_equal(kind_of(pipes[0]), FDG_KIND_PIPE);
	assert_int_equal(kind_of(e), FDG_KIND_EPOLL);
	assert_int_equal(kind_of(f), FDG_KIND_FILE);
	assert_int_equal(kind_of(d), FDG_KIND_DIR);
	assert_int_equal(kind_of(n), FDG_KIND_DEVICE);
	for (int fd = s; fd <= pipes[1]; fd++)
		close(fd);
}

static void more_than_are_listed(void **state)
{
	struct rlimit files;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	files.rlim_cur = files.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
	if (files.rlim_max < FDG_OPEN_MAX + 100)
		skip();
	for (int i = 0; i < FDG_OPEN_MAX + 10; i++)
		assert_true(fcntl(0, F_DUPFD, 10) >= 10);
	fdg_open_list(getpid(), list, INT64_MAX);
	assert_int_equal(list->count, FDG_OPEN_MAX);
	assert_false(list->is_whole);
	assert_true(list->is_cut);
	for (int fd = 10; fd < FDG_OPEN_MAX + 100; fd++)
		close(fd);
	fdg_open_list(-1, list, INT64_MAX);
	assert_false(list->is_whole);
	assert_int_equal(list->count, 0);
}

static void what_a_program_was_started_with(void **state)
{
	struct fdg_identity what = { 1, 1000 };

	(void)state;
	list->is_whole = true;
	list->count = 3;
	for (unsigned i = 0; i < 3; i++)
		list->file[i].what = (struct fdg_identity){ 1, 1000 + i };
	fdg_open_keep(self, list);
	assert_true(fdg_open_was_there(self, &what));
	what.ino = 1003;
	assert_false(fdg_open_was_there(self, &what));
	what = (struct fdg_identity){ 2, 1000 };
	assert_false(fdg_open_was_there(self, &what));
	list->count = 300;
	fdg_open_keep(self, list);
	assert_true(fdg_open_was_there(self, &what)); /* of more than are kept nothing is told */
	list->count = 0;
	fdg_open_keep(self, list);
	assert_false(fdg_open_was_there(self, &what));
	list->is_whole = false;
	fdg_open_keep(self, list);
	assert_true(fdg_open_was_there(self, &what));
	self->pid++; /* another process in its place */
	assert_true(fdg_open_was_there(self, &what));
	self->pid--;
}

static void a_look_that_takes_too_long(void **state)
{
	(void)state;
	fdg_open_list(getpid(), list, 0);
	assert_true(list->is_cut);
	assert_false(list->is_whole);
	fdg_open_list(getpid(), list, INT64_MAX);
	assert_false(list->is_cut);
	assert_true(list->is_whole);
	assert_true(fdg_patience_left(self));
	assert_true(fdg_patience_lost(self)); /* said once */
	assert_false(fdg_patience_lost(self));
	assert_false(fdg_patience_left(self));
	self->pid++; /* another process in its place */
	assert_true(fdg_patience_left(self));
	assert_true(fdg_patience_lost(self));
	self->pid--;
	assert_true(fdg_patience_left(NULL));
	assert_false(fdg_patience_lost(NULL));
}

static void copies_are_known_by_what_they_are_of(void **state)
{
	int s = socket(AF_INET, SOCK_DGRAM, 0), other = socket(AF_INET, SOCK_DGRAM, 0), more;
	struct fdg_identity what, another;

	(void)state;
	assert_true(fdg_identity_of(getpid(), s, &what) && fdg_identity_of(getpid(), other, &another));
	assert_false(fdg_marks_copied(self, &what));
	fdg_marks_copy(self, s);
	fdg_marks_copy(self, 4000); /* nothing is there */
	assert_true(fdg_marks_copied(self, &what));
	assert_false(fdg_marks_copied(self, &another));
	fdg_marks_forget(self);
	assert_false(fdg_marks_copied(self, &what));
	for (int i = 0; i < 65; i++) {
		assert_true((more = socket(AF_INET, SOCK_DGRAM, 0)) >= 0);
		fdg_marks_copy(self, more);
		close(more);
	}
	assert_true(fdg_marks_copied(self, &another)); /* who copies so many: any may be one */
	fdg_marks_forget(self);
	close(s);
	close(other);
}

static void what_an_exec_that_failed_left(void **state)
{
	int plain = fcntl(1, F_DUPFD, 600), s = fcntl(socket(AF_INET, SOCK_DGRAM, 0), F_DUPFD, 700), far = fcntl(1, F_DUPFD, 800);
	const struct fdg_open *o = look(s);

	(void)state;
	assert_non_null(o);
	fdg_undo_keep(self, o);
	fcntl(s, F_SETFD, FD_CLOEXEC);
	assert_null(look(s));
	fdg_undo_look(self, list);
	assert_non_null(o = fdg_open_find(list, s));
	assert_true(o->is_held);
	assert_false(fdg_open_find(list, plain)->is_held);
	assert_non_null(fdg_open_find(list, far)); /* in its order */
	fcntl(s, F_SETFD, 0);
	assert_non_null(look(s));
	fdg_undo_look(self, list);
	assert_false(fdg_open_find(list, s)->is_held); /* somebody else took it back */
	fcntl(s, F_SETFD, FD_CLOEXEC);
	fdg_undo_done(self, s);
	assert_null(look(s));
	fdg_undo_look(self, list);
	assert_null(fdg_open_find(list, s));
	fcntl(s, F_SETFD, 0);
	fdg_undo_keep(self, look(s));
	assert_int_equal(dup2(plain, s), s); /* another one has its number */
	fcntl(s, F_SETFD, FD_CLOEXEC);
	assert_null(look(s));
	fdg_undo_look(self, list);
	assert_null(fdg_open_find(list, s));
	close(plain);
	close(far);
	close(s);
}

static void marks_are_for_a_number_and_what_was_there(void **state)
{
	int s = socket(AF_INET, SOCK_DGRAM, 0), other = socket(AF_INET, SOCK_DGRAM, 0);
	struct fdg_identity what, another;

	(void)state;
	assert_true(fdg_identity_of(getpid(), s, &what) && fdg_identity_of(getpid(), other, &another));
	assert_false(fdg_identity_of(getpid(), 4000, &what));
	assert_false(fdg_marks_has(self, 20, &what));
	fdg_marks_add(self, s, 20);
	assert_true(fdg_marks_has(self, 20, &what));
	assert_false(fdg_marks_has(self, s, &what));
	assert_false(fdg_marks_has(self, 20, &another));
	fdg_marks_add(self, 4000, 21); /* nothing is there */
	assert_false(fdg_marks_has(self, 21, &what));
	fdg_marks_forget(self);
	assert_false(fdg_marks_has(self, 20, &what));
	for (int i = 0; i < 200; i++) /* the same again takes no room */
		fdg_marks_add(self, s, 20);
	assert_false(fdg_marks_has(self, 1000, &what));
	for (int i = 0; i < 65; i++)
		fdg_marks_add(self, s, 30 + i);
	assert_true(fdg_marks_has(self, 1000, &another)); /* who marks so many means them all */
	close(s);
	close(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_stays_open_by_rising_number), cmocka_unit_test(kinds_by_what_proc_calls_them), cmocka_unit_test(more_than_are_listed),
		cmocka_unit_test(what_a_program_was_started_with), cmocka_unit_test(marks_are_for_a_number_and_what_was_there),
		cmocka_unit_test(a_look_that_takes_too_long), cmocka_unit_test(copies_are_known_by_what_they_are_of),
		cmocka_unit_test(what_an_exec_that_failed_left),
	};

	list = mmap(NULL, sizeof(*list), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (list == MAP_FAILED || fdg_facts_start(epoll_create1(EPOLL_CLOEXEC)) < 0 || fdg_open_start() < 0 || fdg_marks_start() < 0 || fdg_patience_start() < 0 || fdg_undo_start() < 0 || !(self = fdg_facts_of(getpid())))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
