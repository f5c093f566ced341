// SPDX-License-Identifier: MIT
/* read, write and their kin, by every name that libc has for them: what is moved, where to, and what is refused. */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "listed.h"

ssize_t __read(int fd, void *to, size_t n);
ssize_t __write(int fd, const void *from, size_t n);
ssize_t __pread64(int fd, void *to, size_t n, off64_t at);
ssize_t __pwrite64(int fd, const void *from, size_t n, off64_t at);

#define BEYOND (INT64_C(5) << 32) /* an offset whose upper half counts */

static void pair_of(int fds[2])
{
	SAME(pipe(fds), 0);
	listed(fds[0]);
	listed(fds[1]);
}

static void close_both(const int fds[2])
{
	SAME(close(fds[0]), 0);
	SAME(close(fds[1]), 0);
}

static void bytes_come_out_as_they_went_in(void)
{
	ssize_t (*const readers[])(int, void *, size_t) = { read, __read };
	ssize_t (*const writers[])(int, const void *, size_t) = { write, __write };
	int fds[2];

	pair_of(fds);
	for (unsigned i = 0; i < 2; i++) {
		char got[8] = "";

		KEEPS_ERRNO(writers[i](fds[1], "hello", 5));
		SAME(writers[i](fds[1], "", 0), 0);
		SAME(readers[i](fds[0], got, 2), 2);
		KEEPS_ERRNO(readers[i](fds[0], got + 2, 6));
		EXPECT(!strcmp(got, "hello"));
		SAME(readers[i](fds[0], got, 0), 0);
	}
	SAME(close(fds[1]), 0);
	SAME(read(fds[0], &(char){ 0 }, 1), 0); /* the end */
	SAME(close(fds[0]), 0);
}

static void parts_are_gathered_and_scattered(void)
{
	char first[2], second[3];
	struct iovec from[3] = { { "he", 2 }, { "", 0 }, { "llo", 3 } }, to[2] = { { first, 2 }, { second, 3 } };
	int fds[2];

	pair_of(fds);
	KEEPS_ERRNO(writev(fds[1], from, 3));
	SAME(readv(fds[0], to, 2), 5);
	EXPECT(!memcmp(first, "he", 2) && !memcmp(second, "llo", 3));
	SAME(writev(fds[1], from, 0), 0);
	FAILS(writev(fds[1], from, none()), EINVAL);
	FAILS(readv(fds[0], to, none()), EINVAL);
	FAILS(writev(fds[1], nowhere(), 1), EFAULT);
	close_both(fds);
}

static void offsets_are_honoured(void)
{
	ssize_t (*const readers[])(int, void *, size_t, off64_t) = { pread, pread64, __pread64 };
	ssize_t (*const writers[])(int, const void *, size_t, off64_t) = { pwrite, pwrite64, __pwrite64 };
	int fd = listed(open("file", O_RDWR | O_CREAT | O_TRUNC, 0600)), fds[2];
	char got[4] = "";

	for (unsigned i = 0; i < 3; i++) {
		KEEPS_ERRNO(writers[i](fd, "abc", 3, BEYOND + i));
		SAME(readers[i](fd, got, 3, BEYOND + i), 3);
		EXPECT(!strcmp(got, "abc"));
		SAME(readers[i](fd, got, 3, BEYOND + 100), 0);
		FAILS(readers[i](fd, got, 1, none()), EINVAL);
		FAILS(writers[i](fd, got, 1, none()), EINVAL);
	}
	SAME(lseek(fd, 0, SEEK_CUR), 0);
	SAME(close(fd), 0);
	pair_of(fds);
	FAILS(pread(fds[0], got, 1, 0), ESPIPE);
	FAILS(pwrite(fds[1], got, 1, 0), ESPIPE);
	close_both(fds);
}

static void offsets_of_parts_are_honoured(void)
{
	ssize_t (*const readers[])(int, const struct iovec *, int, off64_t) = { preadv, preadv64 };
	ssize_t (*const writers[])(int, const struct iovec *, int, off64_t) = { pwritev, pwritev64 };
	ssize_t (*const readers2[])(int, const struct iovec *, int, off64_t, int) = { preadv2, preadv64v2 };
	ssize_t (*const writers2[])(int, const struct iovec *, int, off64_t, int) = { pwritev2, pwritev64v2 };
	char got[4] = "";
	struct iovec from[2] = { { "a", 1 }, { "bc", 2 } }, to = { got, 3 };
	int fd = listed(open("file", O_RDWR | O_CREAT | O_TRUNC, 0600));

	for (unsigned i = 0; i < 2; i++) {
		SAME(ftruncate(fd, 0), 0);
		KEEPS_ERRNO(writers[i](fd, from, 2, BEYOND));
		SAME(readers[i](fd, &to, 1, BEYOND + 1), 2);
		EXPECT(!memcmp(got, "bc", 2));
		SAME(writers2[i](fd, from, 2, BEYOND + 10, 0), 3);
		SAME(readers2[i](fd, &to, 1, BEYOND + 10, 0), 3);
		EXPECT(!strcmp(got, "abc"));
		SAME(lseek(fd, 0, SEEK_SET), 0);
		SAME(writers2[i](fd, from, 2, -1, RWF_DSYNC), 3); /* where the file stands */
		SAME(lseek(fd, 0, SEEK_CUR), 3);
		SAME(readers2[i](fd, &to, 1, -1, 0), 3);
		SAME(lseek(fd, 0, SEEK_CUR), 6);
		FAILS(readers2[i](fd, &to, 1, 0, 1 << 30), EOPNOTSUPP);
		FAILS(readers[i](fd, &to, 1, none()), EINVAL);
		SAME(lseek(fd, 0, SEEK_SET), 0);
	}
	SAME(close(fd), 0);
}

static void no_wait_is_honoured(void)
{
	char byte;
	struct iovec part = { &byte, 1 };
	int fds[2];

	pair_of(fds);
	FAILS(preadv2(fds[0], &part, 1, -1, RWF_NOWAIT), EAGAIN);
	SAME(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
	SAME(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
	FAILS(read(fds[0], &byte, 1), EAGAIN);
	FAILS(__read(fds[0], &byte, 1), EAGAIN);
	FAILS(readv(fds[0], &part, 1), EAGAIN);
	while (write(fds[1], &(char[4096]){ 0 }, 4096) > 0)
		;
	SAME(errno, EAGAIN);
	FAILS(__write(fds[1], "x", 1), EAGAIN);
	FAILS(writev(fds[1], &part, 1), EAGAIN);
	close_both(fds);
}

static void refused_as_the_kernel_refuses(void)
{
	const int closed[] = { none(), INT_MIN, 4711, (1 << 20) - 1, 1 << 20, (1 << 20) + 4711, INT_MAX };
	char byte = 0;
	struct iovec part = { &byte, 1 };
	int fds[2], directory = open("/", O_RDONLY);

	pair_of(fds);
	for (unsigned i = 0; i < sizeof closed / sizeof *closed; i++) {
		int fd = closed[i];

		FAILS(read(fd, &byte, 1), EBADF);
		FAILS(__write(fd, &byte, 1), EBADF);
		FAILS(readv(fd, &part, 1), EBADF);
		FAILS(writev(fd, &part, 1), EBADF);
		FAILS(pread(fd, &byte, 1, 0), EBADF);
		FAILS(pwrite(fd, &byte, 1, 0), EBADF);
		FAILS(preadv(fd, &part, 1, 0), EBADF);
		FAILS(pwritev2(fd, &part, 1, 0, 0), EBADF);
		FAILS(sendfile(fd, 0, NULL, 1), EBADF);
		FAILS(splice(fd, NULL, fds[1], NULL, 1, 0), EBADF);
	}
	FAILS(read(fds[1], &byte, 1), EBADF);
	FAILS(write(fds[0], &byte, 1), EBADF);
	FAILS(read(directory, &byte, 1), EISDIR);
	FAILS(write(fds[1], nowhere(), 1), EFAULT);
	SAME(write(fds[1], "x", 1), 1);
	FAILS(read(fds[0], nowhere(), 1), EFAULT);
	FAILS(__read(fds[0], nowhere(), 1), EFAULT);
	SAME(read(fds[0], &byte, 1), 1);
	SAME(close(directory), 0);
	close_both(fds);
}

static volatile int rings;

static void ring(int number)
{
	(void)number;
	rings++;
}

static void nobody_reads(void)
{
	struct sigaction action = { .sa_handler = ring }, old;
	struct iovec part = { "x", 1 };
	int fds[2];

	pair_of(fds);
	SAME(sigaction(SIGPIPE, &action, &old), 0);
	SAME(close(fds[0]), 0);
	rings = 0;
	FAILS(write(fds[1], "x", 1), EPIPE);
	FAILS(__write(fds[1], "x", 1), EPIPE);
	FAILS(writev(fds[1], &part, 1), EPIPE);
	SAME(rings, 3);
	SAME(sigaction(SIGPIPE, &old, NULL), 0);
	SAME(close(fds[1]), 0);
}

static void events_are_counted(void)
{
	const eventfd_t many = (eventfd_t)1 << 40;
	eventfd_t value = 0;
	int fd = listed(eventfd(0, 0)), other = listed(eventfd(0, EFD_NONBLOCK));

	KEEPS_ERRNO(eventfd_write(fd, many));
	SAME(eventfd_write(fd, 4), 0);
	SAME(eventfd_read(fd, &value), 0);
	EXPECT(value == many + 4);
	FAILS(eventfd_write(fd, UINT64_MAX), EINVAL);
	FAILS(eventfd_read(other, &value), EAGAIN);
	SAME(eventfd_write(other, UINT64_MAX - 1), 0);
	FAILS(eventfd_write(other, 1), EAGAIN);
	FAILS(eventfd_read(none(), &value), EBADF);
	SAME(close(fd), 0);
	SAME(close(other), 0);
}

static void moved_inside_the_kernel(void)
{
	ssize_t (*const senders[])(int, int, off64_t *, size_t) = { sendfile, sendfile64 };
	int file = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600), fds[2], in[2];
	off64_t at;
	char got[8] = "";

	pair_of(fds);
	SAME(socketpair(AF_UNIX, SOCK_STREAM, 0, in), 0);
	listed(in[0]);
	SAME(write(file, "0123456", 7), 7);
	for (unsigned i = 0; i < 2; i++) {
		at = 2;
		KEEPS_ERRNO(senders[i](fds[1], file, &at, 3));
		SAME(at, 5);
		SAME(read(fds[0], got, 8), 3);
		EXPECT(!memcmp(got, "234", 3));
		FAILS(senders[i](fds[1], file, (off64_t *)8, 1), EFAULT);
	}
	at = 4;
	SAME(splice(file, &at, fds[1], NULL, 3, 0), 3);
	SAME(at, 7);
	SAME(write(in[1], "xyz", 3), 3);
	SAME(splice(in[0], NULL, fds[1], NULL, 3, SPLICE_F_MOVE), 3);
	SAME(read(fds[0], got, 8), 6);
	EXPECT(!memcmp(got, "456xyz", 6));
	FAILS(splice(in[0], NULL, fds[1], NULL, 1, SPLICE_F_NONBLOCK | 0x40000000), EINVAL);
	FAILS(splice(fds[0], NULL, in[0], NULL, 1, SPLICE_F_NONBLOCK), EAGAIN);
	FAILS(splice(fds[0], &at, in[0], NULL, 1, 0), ESPIPE);
	FAILS(splice(file, NULL, in[0], NULL, 1, 0), EINVAL); /* no pipe */
	close_both(fds);
	close_both(in);
	SAME(close(file), 0);
}

__attribute__((format(printf, 2, 3))) static int print(int fd, const char *format, ...)
{
	va_list v;
	int r;

	va_start(v, format);
	r = vdprintf(fd, format, v);
	va_end(v);
	return r;
}

/* Doubles come in other registers than numbers do, and the rest on the stack. */
static void printed_inside_libc(void)
{
	char got[128] = "";
	int fds[2];

	pair_of(fds);
	SAME(dprintf(fds[1], "%d %s %.1f %d %d %d %d %Lg %.0f|", 1, "two", 3.5, 4, 5, 6, 7, 8.0L, 9.0), 22);
	SAME(print(fds[1], "%.1f %d %ld %c %s %x %d|", 1.5, 2, 3L, '4', "five", 6, 7), 19);
	SAME(read(fds[0], got, sizeof got - 1), 41);
	EXPECT(!strcmp(got, "1 two 3.5 4 5 6 7 8 9|1.5 2 3 4 five 6 7|"));
	FAILS(dprintf(none(), "x"), EBADF);
	FAILS(print(fds[0], "%d", 1), EBADF);
	close_both(fds);
}

static void pages_and_pipes(void)
{
	char got[8] = "";
	struct iovec from[2] = { { "ab", 2 }, { "c", 1 } };
	int fds[2], other[2];

	pair_of(fds);
	pair_of(other);
	KEEPS_ERRNO(vmsplice(fds[1], from, 2, 0));
	SAME(tee(fds[0], other[1], 2, 0), 2);
	SAME(read(fds[0], got, 8), 3);
	SAME(read(other[0], got + 3, 4), 2);
	EXPECT(!strcmp(got, "abcab"));
	FAILS(tee(fds[0], other[1], 1, SPLICE_F_NONBLOCK), EAGAIN);
	FAILS(tee(fds[0], fds[1], 1, 0), EINVAL);
	FAILS(tee(none(), other[1], 1, 0), EBADF);
	FAILS(vmsplice(none(), from, 1, 0), EBADF);
	FAILS(vmsplice(fds[1], from, 1, 0x40000000), EINVAL);
	close_both(fds);
	close_both(other);
}

static void all(void)
{
	RUN(bytes_come_out_as_they_went_in);
	RUN(parts_are_gathered_and_scattered);
	RUN(offsets_are_honoured);
	RUN(offsets_of_parts_are_honoured);
	RUN(no_wait_is_honoured);
	RUN(refused_as_the_kernel_refuses);
	RUN(nobody_reads);
	RUN(events_are_counted);
	RUN(moved_inside_the_kernel);
	RUN(printed_inside_libc);
	RUN(pages_and_pipes);
}

void body(void)
{
	plain_and_listed(all);
}
