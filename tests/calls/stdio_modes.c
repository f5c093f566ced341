// SPDX-License-Identifier: MIT
/* fopen and fdopen understand the same modes as ever, and fclose closes. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wchar.h>

#include "expect.h"

FILE *_IO_fopen(const char *path, const char *mode);
FILE *_IO_fdopen(int fd, const char *mode);
int _IO_fclose(FILE *stream);

static void opened(const char *mode, int flags, bool close_on_exec)
{
	int want = lowest();
	FILE *f = fopen("file", mode);

	if (!EXPECT(f != NULL))
		return;
	SAME(fileno(f), want);
	SAME(fcntl(want, F_GETFL) & (O_ACCMODE | O_APPEND), flags);
	SAME(cloexec(want), close_on_exec);
	SAME(fclose(f), 0);
	EXPECT(!is_open(want));
}

static void modes_mean_what_they_say(void)
{
	write_file("file", "text", 0600);
	opened("r", O_RDONLY, false);
	opened("rb", O_RDONLY, false);
	opened("r+", O_RDWR, false);
	opened("rb+", O_RDWR, false);
	opened("r+b", O_RDWR, false);
	opened("re", O_RDONLY, true);
	opened("r+e", O_RDWR, true);
	opened("rce", O_RDONLY, true);
	opened("rcme", O_RDONLY, true);
	opened("rm", O_RDONLY, false);
	opened("a", O_WRONLY | O_APPEND, false);
	opened("a+", O_RDWR | O_APPEND, false);
	opened("ae", O_WRONLY | O_APPEND, true);
	EXPECT(!strcmp(read_file("file"), "text"));
	opened("w", O_WRONLY, false);
	EXPECT(!strcmp(read_file("file"), ""));
	opened("w+", O_RDWR, false);
	opened("we", O_WRONLY, true);
	/* glibc looks at seven characters, whatever they are. */
	opened("r+b", O_RDWR, false);
	opened("rbbbbbbe", O_RDONLY, false);
	opened("rbbbbbe", O_RDONLY, true);
	opened("r,e", O_RDONLY, true);
}

static void exclusive_mode_makes_or_refuses(void)
{
	FILE *f;

	FAILS(fopen("file", "wx") ? 0 : -1, EEXIST);
	FAILS(fopen("file", "w+xe") ? 0 : -1, EEXIST);
	f = fopen("new", "wx");
	EXPECT(f != NULL);
	SAME(fclose(f), 0);
	f = fopen("newer", "wxe");
	EXPECT(f && cloexec(fileno(f)));
	SAME(fclose(f), 0);
}

/* A wrapper that adds a letter to the mode must not lose the comma's meaning. */
static void character_sets_are_converted(void)
{
	FILE *f;

	write_file("latin", "caf\xe9", 0600);
	f = fopen("latin", "r,ccs=ISO-8859-1");
	if (EXPECT(f != NULL)) {
		EXPECT(fwide(f, 0) > 0);
		SAME(fgetwc(f), L'c');
		SAME(fgetwc(f), L'a');
		SAME(fgetwc(f), L'f');
		SAME(fgetwc(f), 0xe9);
		SAME(fclose(f), 0);
	}
	f = fopen("latin", "re,ccs=UTF-8");
	if (EXPECT(f != NULL)) {
		EXPECT(cloexec(fileno(f)));
		SAME(fclose(f), 0);
	}
	FAILS(fopen("latin", "r,ccs=NO-SUCH-SET") ? 0 : -1, EINVAL);
}

static void twins_are_the_same(void)
{
	int want = lowest();
	FILE *f = fopen64("twin", "w");

	SAME(fileno(f), want);
	SAME(fputs("abc", f) >= 0, true);
	SAME(fclose(f), 0);
	f = _IO_fopen("twin", "r");
	SAME(fileno(f), want);
	SAME(fgetc(f), 'a');
	SAME(_IO_fclose(f), 0);
	EXPECT(!is_open(want));
	f = _IO_fdopen(open("twin", O_RDONLY), "r");
	SAME(fgetc(f), 'a');
	SAME(_IO_fclose(f), 0);
	EXPECT(!is_open(want));
}

static void files_are_made_with_0666_less_umask(void)
{
	mode_t old = umask(026);
	FILE *f = fopen("masked", "w");
	struct stat st;

	SAME(fstat(fileno(f), &st), 0);
	SAME(st.st_mode & 07777, 0640);
	SAME(fclose(f), 0);
	umask(old);
}

static void refused_as_ever(void)
{
	FAILS(fopen("missing", "r") ? 0 : -1, ENOENT);
	FAILS(fopen("file", "q") ? 0 : -1, EINVAL);
	FAILS(fopen("file", "") ? 0 : -1, EINVAL);
	FAILS(fopen(".", "w") ? 0 : -1, EISDIR);
	FAILS(fopen(nowhere(), "r") ? 0 : -1, EFAULT);
	FAILS(fdopen(none(), "r") ? 0 : -1, EBADF);
}

static void fdopen_takes_the_descriptor_over(void)
{
	int fd = open("/dev/null", O_RDONLY);
	FILE *f;

	FAILS(fdopen(fd, "w") ? 0 : -1, EINVAL); /* wider than it was opened */
	FAILS(fdopen(fd, "z") ? 0 : -1, EINVAL);
	EXPECT(is_open(fd)); /* a refused one stays the program's */
	f = fdopen(fd, "r");
	SAME(fileno(f), fd);
	EXPECT(!cloexec(fd));
	SAME(fclose(f), 0);
	EXPECT(!is_open(fd));
	fd = open("appended", O_WRONLY | O_CREAT, 0600);
	f = fdopen(fd, "a");
	EXPECT(fcntl(fd, F_GETFL) & O_APPEND);
	SAME(fclose(f), 0);
}

static void fclose_flushes_and_tells_of_trouble(void)
{
	FILE *f = fopen("flushed", "w");
	int fd;

	EXPECT(fputs("said", f) >= 0);
	SAME(fclose(f), 0);
	EXPECT(!strcmp(read_file("flushed"), "said"));
	f = fopen("/dev/full", "w");
	fd = fileno(f);
	EXPECT(fputs("lost", f) >= 0);
	FAILS(fclose(f), ENOSPC);
	EXPECT(!is_open(fd));
	f = fopen("flushed", "r");
	SAME(close(fileno(f)), 0);
	FAILS(fclose(f), EBADF);
}

void body(void)
{
	RUN(modes_mean_what_they_say);
	RUN(exclusive_mode_makes_or_refuses);
	RUN(character_sets_are_converted);
	RUN(twins_are_the_same);
	RUN(files_are_made_with_0666_less_umask);
	RUN(refused_as_ever);
	RUN(fdopen_takes_the_descriptor_over);
	RUN(fclose_flushes_and_tells_of_trouble);
}
