// SPDX-License-Identifier: MIT
/* freopen keeps the descriptor's number, and a freopened standard stream is the children's standard stream too. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "expect.h"

static void the_number_stays(void)
{
	FILE *f;
	int fd, want = lowest();

	write_file("one", "1", 0600);
	write_file("two", "2", 0600);
	f = fopen("one", "r");
	fd = fileno(f);
	SAME(fd, want);
	SAME(fgetc(f), '1');
	EXPECT(freopen("two", "r", f) == f);
	SAME(fileno(f), fd);
	SAME(fgetc(f), '2');
	EXPECT(!cloexec(fd));
	EXPECT(freopen("one", "re", f) == f);
	SAME(fileno(f), fd);
	EXPECT(cloexec(fd));
	EXPECT(freopen64("two", "r", f) == f);
	SAME(fileno(f), fd);
	SAME(fgetc(f), '2');
	SAME(fclose(f), 0);
}

static void without_a_path_it_changes_the_mode(void)
{
	FILE *f = fopen("one", "r+");
	int fd = fileno(f);

	EXPECT(freopen(NULL, "r", f) == f);
	SAME(fileno(f), fd);
	SAME(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	SAME(fgetc(f), '1');
	SAME(fclose(f), 0);
}

static void a_failure_closes_the_old_file(void)
{
	FILE *f = fopen("one", "r");
	int fd = fileno(f);

	FAILS(freopen("missing", "r", f) ? 0 : -1, ENOENT);
	EXPECT(!is_open(fd));
	fclose(f); /* frees the stream; there is nothing left to close, and glibc says so or not */
}

static void children_read_the_new_stdin(void)
{
	write_file("input", "seven", 0600);
	EXPECT(freopen("input", "r", stdin) == stdin);
	SAME(fileno(stdin), 0);
	SAME(WEXITSTATUS(system("read x; test \"$x\" = seven")), 0);
	EXPECT(freopen("input", "re", stdin) == stdin); /* asked for: children get no stdin */
	EXPECT(cloexec(0));
	EXPECT(!child_has(0));
}

static void children_write_to_the_new_stdout(void)
{
	EXPECT(freopen("output", "w", stdout) == stdout);
	SAME(fileno(stdout), 1);
	EXPECT(printf("parent\n") > 0);
	SAME(fflush(stdout), 0);
	SAME(system("echo child"), 0);
	EXPECT(!strcmp(read_file("output"), "parent\nchild\n"));
}

static void a_closed_stdin_can_be_reopened(void)
{
	close(0);
	EXPECT(freopen("input", "r", stdin) == stdin);
	SAME(fileno(stdin), 0);
	EXPECT(child_has(0));
}

void body(void)
{
	RUN(the_number_stays);
	RUN(without_a_path_it_changes_the_mode);
	RUN(a_failure_closes_the_old_file);
	RUN_IN_CHILD(children_read_the_new_stdin);
	RUN_IN_CHILD(children_write_to_the_new_stdout);
	RUN_IN_CHILD(a_closed_stdin_can_be_reopened);
}
