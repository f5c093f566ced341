// SPDX-License-Identifier: MIT
/* The mkstemp family and tmpfile: names made up, flags and modes kept. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "expect.h"

static void made(int fd, int want, const char *name, const char *pattern, int flags, bool close_on_exec)
{
	struct stat open_one, named_one;
	const char *x = strstr(pattern, "XXXXXX");

	SAME(fd, want);
	SAME(fstat(fd, &open_one), 0);
	SAME(stat(name, &named_one), 0);
	SAME(open_one.st_ino, named_one.st_ino);
	SAME(open_one.st_mode & 07777, 0600);
	SAME(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_SYNC), O_RDWR | flags);
	SAME(cloexec(fd), close_on_exec);
	SAME(strlen(name), strlen(pattern));
	SAME(strncmp(name, pattern, x - pattern), 0);
	SAME(strcmp(name + (x - pattern) + 6, x + 6), 0);
	EXPECT(!strstr(name, "XXXXXX"));
	SAME(close(fd), 0);
	SAME(unlink(name), 0);
}

static void names_flags_and_modes(void)
{
	char name[32];
	int want = lowest();

#define TRY(pattern, flags, flag, call) \
	do { \
		strcpy(name, pattern); \
		made(call, want, name, pattern, flags, flag); \
	} while (0)
	TRY("a.XXXXXX", 0, false, mkstemp(name));
	TRY("b.XXXXXX", 0, false, mkstemp64(name));
	TRY("c.XXXXXX", O_APPEND, false, mkostemp(name, O_APPEND));
	TRY("d.XXXXXX", 0, true, mkostemp(name, O_CLOEXEC));
	TRY("e.XXXXXX", O_APPEND, true, mkostemp64(name, O_APPEND | O_CLOEXEC));
	TRY("f.XXXXXX.txt", 0, false, mkstemps(name, 4));
	TRY("g.XXXXXX.c", 0, false, mkstemps64(name, 2));
	TRY("h.XXXXXX.c", O_SYNC, false, mkostemps(name, 2, O_SYNC));
	TRY("i.XXXXXX.html", 0, true, mkostemps(name, 5, O_CLOEXEC));
	TRY("j.XXXXXX", 0, true, mkostemps64(name, 0, O_CLOEXEC));
#undef TRY
}

static void bad_patterns_are_refused(void)
{
	char five[] = "a.XXXXX", middle[] = "a.XXXXXXb", dir[] = "missing/XXXXXX";

	FAILS(mkstemp(five), EINVAL);
	FAILS(mkstemp(middle), EINVAL);
	FAILS(mkstemps(middle, 2), EINVAL);
	FAILS(mkostemps(five, 100, 0), EINVAL);
	FAILS(mkstemp(dir), ENOENT);
	FAILS(mkostemp64(five, O_CLOEXEC), EINVAL);
}

static void tmpfile_is_nameless_and_gone_when_closed(void)
{
	int want = lowest();
	FILE *f = tmpfile();
	struct stat st;

	SAME(fileno(f), want);
	EXPECT(!cloexec(want));
	SAME(fstat(want, &st), 0);
	SAME(st.st_nlink, 0);
	EXPECT(fputs("kept", f) >= 0);
	rewind(f);
	SAME(fgetc(f), 'k');
	SAME(fclose(f), 0);
	EXPECT(!is_open(want));
	f = tmpfile64();
	SAME(fileno(f), want);
	SAME(fcntl(want, F_GETFL) & O_ACCMODE, O_RDWR);
	SAME(fclose(f), 0);
}

static void success_leaves_errno_alone(void)
{
	char name[] = "errno.XXXXXX";
	int fd = lowest();

	KEEPS_ERRNO(mkstemp(name));
	SAME(close(fd), 0);
}

void body(void)
{
	RUN(names_flags_and_modes);
	RUN(bad_patterns_are_refused);
	RUN(tmpfile_is_nameless_and_gone_when_closed);
	RUN(success_leaves_errno_alone);
}
