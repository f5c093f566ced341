// SPDX-License-Identifier: MIT
/* Built with -O2 -D_FORTIFY_SOURCE=2, where read of an unknown count into an object of known size becomes __read_chk, and so on. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "listed.h"

#ifndef __USE_FORTIFY_LEVEL
#error "needs libc's headers"
#elif __USE_FORTIFY_LEVEL < 2
#error "must be built with -O2 -D_FORTIFY_SOURCE=2"
#endif

ssize_t __read_chk(int fd, void *to, size_t n, size_t room);
ssize_t __pread_chk(int fd, void *to, size_t n, off_t at, size_t room);
ssize_t __pread64_chk(int fd, void *to, size_t n, off64_t at, size_t room);
ssize_t __recv_chk(int fd, void *to, size_t n, size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void *to, size_t n, size_t room, int flags, struct sockaddr *peer, socklen_t *len);
int __dprintf_chk(int fd, int flag, const char *format, ...);

static size_t unknown(size_t n)
{
	volatile size_t hidden = n;

	return hidden;
}

static int fds[2];

static void open_pair(void)
{
	SAME(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	listed(fds[0]);
}

static void close_pair(void)
{
	SAME(close(fds[0]), 0);
	SAME(close(fds[1]), 0);
}

static void what_fits_is_read(void)
{
	char got[8] = "";

	open_pair();
	SAME(write(fds[1], "abcdefghijklmnop", 16), 16);
	KEEPS_ERRNO(read(fds[0], got, unknown(2)));
	SAME(recv(fds[0], got + 2, unknown(2), 0), 2);
	SAME(recvfrom(fds[0], got + 4, unknown(2), 0, NULL, NULL), 2);
	SAME(read(fds[0], got + 6, unknown(2)), 2);
	EXPECT(!memcmp(got, "abcdefgh", 8));
	/* By name, whatever the headers made of the above. */
	SAME(__read_chk(fds[0], got, 2, 2), 2);
	SAME(__recv_chk(fds[0], got + 2, 2, 6, MSG_PEEK), 2);
	KEEPS_ERRNO(__recv_chk(fds[0], got + 2, 2, 6, 0));
	KEEPS_ERRNO(__recvfrom_chk(fds[0], got + 4, 2, (size_t)-1, 0, NULL, NULL));
	SAME(__read_chk(fds[0], got + 6, 2, 2), 2);
	EXPECT(!memcmp(got, "ijklmnop", 8));
	FAILS(__recv_chk(fds[0], got, 2, 8, MSG_DONTWAIT), EAGAIN);
	FAILS(__recvfrom_chk(fds[0], got, 2, 8, MSG_DONTWAIT, NULL, NULL), EAGAIN);
	close_pair();
}

static void offsets_are_honoured(void)
{
	const off64_t far = INT64_C(5) << 32;
	int fd = listed(open("file", O_RDWR | O_CREAT | O_TRUNC, 0600));
	char got[4] = "";

	SAME(pwrite64(fd, "abc", 3, far), 3);
	SAME(pread(fd, got, unknown(3), far), 3);
	EXPECT(!strcmp(got, "abc"));
	SAME(pread64(fd, got, unknown(2), far + 1), 2);
	EXPECT(!strcmp(got, "bcc"));
	KEEPS_ERRNO(__pread_chk(fd, got, 1, far + 2, 1));
	SAME(__pread64_chk(fd, got + 1, 2, far, 3), 2);
	EXPECT(!strcmp(got, "cab"));
	SAME(close(fd), 0);
	FAILS(__pread_chk(fd, got, 1, 0, 1), EBADF);
	FAILS(__read_chk(fd, got, 1, 1), EBADF);
	FAILS(__recv_chk(fd, got, 1, 1, 0), EBADF);
}

static void printed(void)
{
	char got[32] = "";

	open_pair();
	SAME(dprintf(fds[1], "%.1f %d %s", 1.5, (int)unknown(2), "three"), 11);
	SAME(read(fds[0], got, unknown(31)), 11);
	EXPECT(!strcmp(got, "1.5 2 three"));
	close_pair();
}

/* One that writes past its object is ended by libc, as without a preload. */
static void overruns(void *which)
{
	struct rlimit none_left = { 0, 0 };
	int null = open("/dev/null", O_WRONLY);
	char got[4], format[8];
	ssize_t n = 0;
	int five;

	setrlimit(RLIMIT_CORE, &none_left);
	dup2(null, 2);
	switch (*(int *)which) {
	case 0:
		n = __read_chk(fds[0], got, unknown(5), sizeof got);
		break;
	case 1:
		n = __pread_chk(fds[0], got, unknown(5), 0, sizeof got);
		break;
	case 2:
		n = __pread64_chk(fds[0], got, unknown(5), 0, sizeof got);
		break;
	case 3:
		n = __recv_chk(fds[0], got, unknown(5), sizeof got, 0);
		break;
	case 4:
		n = __recvfrom_chk(fds[0], got, unknown(5), sizeof got, 0, NULL, NULL);
		break;
	case 5: /* %n in memory that can be written to */
		n = __dprintf_chk(fds[1], 1, strcpy(format, "12345%n"), &five);
		break;
	}
	EXPECT(n == 5 && !"ended");
}

static void what_does_not_fit_is_the_end(void)
{
	open_pair();
	SAME(write(fds[1], "abcdefghijklmnop", 16), 16);
	for (int i = 0; i < 6; i++)
		SAME(in_child(overruns, &i), 128 + SIGABRT);
	close_pair();
}

static void all(void)
{
	RUN(what_fits_is_read);
	RUN(offsets_are_honoured);
	RUN(printed);
	RUN(what_does_not_fit_is_the_end);
}

void body(void)
{
	plain_and_listed(all);
}
