// SPDX-License-Identifier: MIT
/* open, openat, creat and their twins give the lowest number, the asked for mode and flags, and the kernel's errors. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "expect.h"

int __open(const char *path, int flags, ...);
int __open64(const char *path, int flags, ...);

static mode_t mode_of(int fd)
{
	struct stat st;

	SAME(fstat(fd, &st), 0);
	return st.st_mode & 07777;
}

static void opened_at_the_lowest_number(void)
{
	int want = lowest();
	int a = open("/dev/null", O_RDONLY), b, c;

	SAME(a, want);
	b = open64("/dev/null", O_RDWR);
	EXPECT(b > a);
	SAME(close(a), 0);
	c = openat(AT_FDCWD, "/dev/null", O_WRONLY);
	SAME(c, want);
	SAME(close(c), 0);
	SAME(close(b), 0);
}

static void flags_are_what_was_asked_for(void)
{
	int fd = open("/dev/null", O_WRONLY | O_APPEND | O_NONBLOCK);

	SAME(fcntl(fd, F_GETFL) & (O_ACCMODE | O_APPEND | O_NONBLOCK), O_WRONLY | O_APPEND | O_NONBLOCK);
	EXPECT(!cloexec(fd));
	SAME(close(fd), 0);
	fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	SAME(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	EXPECT(cloexec(fd));
	SAME(close(fd), 0);
	fd = openat64(AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC);
	EXPECT(cloexec(fd));
	SAME(close(fd), 0);
	fd = open("/", O_PATH);
	EXPECT(fcntl(fd, F_GETFL) & O_PATH);
	EXPECT(!cloexec(fd));
	SAME(close(fd), 0);
}

/* The mode is a variadic argument: a wrapper that reads it wrongly makes files that nobody can open. */
static void made_with_the_mode_that_was_asked_for(void)
{
	mode_t old = umask(0);
	int fd, dir = open(".", O_RDONLY | O_DIRECTORY);

	fd = open("a", O_WRONLY | O_CREAT | O_EXCL, 04751);
	SAME(mode_of(fd), 04751);
	SAME(close(fd), 0);
	fd = open64("b", O_WRONLY | O_CREAT, 0642);
	SAME(mode_of(fd), 0642);
	SAME(close(fd), 0);
	fd = __open("c", O_WRONLY | O_CREAT, 0604);
	SAME(mode_of(fd), 0604);
	SAME(close(fd), 0);
	fd = __open64("d", O_WRONLY | O_CREAT, 0640);
	SAME(mode_of(fd), 0640);
	SAME(close(fd), 0);
	fd = openat(dir, "e", O_WRONLY | O_CREAT, 0711);
	SAME(mode_of(fd), 0711);
	SAME(close(fd), 0);
	fd = openat64(dir, "f", O_WRONLY | O_CREAT, 0722);
	SAME(mode_of(fd), 0722);
	SAME(close(fd), 0);
	fd = open(".", O_WRONLY | O_TMPFILE, 0613);
	SAME(mode_of(fd), 0613);
	SAME(close(fd), 0);
	fd = openat(dir, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0631);
	SAME(mode_of(fd), 0631);
	EXPECT(cloexec(fd));
	SAME(close(fd), 0);
	fd = creat("g", 0444);
	SAME(mode_of(fd), 0444);
	SAME(fcntl(fd, F_GETFL) & O_ACCMODE, O_WRONLY);
	SAME(close(fd), 0);
	umask(022);
	fd = creat64("h", 0777);
	SAME(mode_of(fd), 0755);
	EXPECT(!cloexec(fd));
	SAME(close(fd), 0);
	SAME(close(dir), 0);
	umask(old);
}

static void creat_truncates(void)
{
	int fd;

	write_file("long", "a long text", 0600);
	fd = creat("long", 0600);
	SAME(lseek(fd, 0, SEEK_END), 0);
	SAME(close(fd), 0);
}

static void openat_starts_at_its_directory(void)
{
	int dir, fd;

	SAME(mkdir("sub", 0700), 0);
	write_file("sub/file", "x", 0600);
	dir = open("sub", O_RDONLY | O_DIRECTORY);
	fd = openat(dir, "file", O_RDONLY);
	EXPECT(fd >= 0);
	SAME(close(fd), 0);
	FAILS(openat(dir, "sub/file", O_RDONLY), ENOENT);
	fd = openat(dir, "/dev/null", O_RDONLY); /* an absolute path needs no directory */
	EXPECT(fd >= 0);
	SAME(close(fd), 0);
	SAME(close(dir), 0);
	fd = openat(dir, "/dev/null", O_RDONLY);
	SAME(fd, dir);
	SAME(close(fd), 0);
}

static void refused_as_the_kernel_refuses(void)
{
	char longer[5000];

	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	write_file("plain", "", 0600);
	SAME(symlink("loop", "loop"), 0);
	FAILS(open("missing", O_RDONLY), ENOENT);
	FAILS(open("", O_RDONLY), ENOENT);
	FAILS(open("plain/below", O_RDONLY), ENOTDIR);
	FAILS(open("plain", O_RDONLY | O_DIRECTORY), ENOTDIR);
	FAILS(open("plain", O_WRONLY | O_CREAT | O_EXCL, 0600), EEXIST);
	FAILS(open(".", O_WRONLY), EISDIR);
	FAILS(open("loop", O_RDONLY), ELOOP);
	FAILS(open(longer, O_RDONLY), ENAMETOOLONG);
	FAILS(open(nowhere(), O_RDONLY), EFAULT);
	FAILS(open64(nowhere(), O_RDONLY), EFAULT);
	FAILS(open(nowhere(), O_WRONLY | O_CREAT, 0600), EFAULT);
	FAILS(openat(AT_FDCWD, nowhere(), O_RDONLY), EFAULT);
	FAILS(openat(none(), "plain", O_RDONLY), EBADF);
	FAILS(openat64(0x7fffffff, "plain", O_RDONLY), EBADF);
	FAILS(creat("missing/below", 0600), ENOENT);
	FAILS(creat(nowhere(), 0600), EFAULT);
	FAILS(open("fifo-that-is-not-there", O_WRONLY | O_NONBLOCK), ENOENT);
	SAME(mkfifo("fifo", 0600), 0);
	FAILS(open("fifo", O_WRONLY | O_NONBLOCK), ENXIO);
}

static void success_leaves_errno_alone(void)
{
	int fd = lowest();

	KEEPS_ERRNO(open("/dev/null", O_RDONLY));
	KEEPS_ERRNO(close(fd));
	KEEPS_ERRNO(openat(AT_FDCWD, "/dev/null", O_RDONLY | O_CLOEXEC));
	KEEPS_ERRNO(close(fd));
	KEEPS_ERRNO(creat("errno", 0600));
	KEEPS_ERRNO(close(fd));
}

void body(void)
{
	RUN(opened_at_the_lowest_number);
	RUN(flags_are_what_was_asked_for);
	RUN(made_with_the_mode_that_was_asked_for);
	RUN(creat_truncates);
	RUN(openat_starts_at_its_directory);
	RUN(refused_as_the_kernel_refuses);
	RUN(success_leaves_errno_alone);
}
