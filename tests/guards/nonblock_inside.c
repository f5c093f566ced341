// SPDX-License-Identifier: MIT
/*
 * nonblock-inside dprintf|vdprintf|tee|fdopen|eventfd: a descriptor that the program let block, while a copy of it should not, is used by calls that wait inside libc
 * or the kernel. Prints what they moved. A reader in another process makes room a little later.
 */
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SIZE = 1 << 20 };
static char text[SIZE + 1];

static int must(int result)
{
	if (result < 0)
		err(1, "nonblock-inside");
	return result;
}

/* fd is to block, and a copy of it is not: in that order, or the copy's turn would be last. */
static int blocking_copy(int fd)
{
	int copy = must(dup(fd));

	must(fcntl(fd, F_SETFL, O_NONBLOCK | O_RDWR));
	must(fcntl(copy, F_SETFL, O_RDWR));
	return copy;
}

/* A process that after a moment writes n bytes to `to`, or reads all from `from`, whose other end is `other`. */
static void peer(int from, int other, int to, size_t n)
{
	struct timespec moment = { 0, 30000000 };

	if (must(fork()))
		return;
	alarm(50);
	close(other);
	nanosleep(&moment, NULL);
	if (to >= 0 && write(to, text, n) != (ssize_t)n)
		_exit(1);
	while (from >= 0 && read(from, text, SIZE) > 0)
		;
	_exit(0);
}

static int printed(int fd, const char *format, ...)
{
	va_list v;
	int r;

	va_start(v, format);
	r = vdprintf(fd, format, v);
	va_end(v);
	return r;
}

static long by_pipe(const char *call)
{
	int fds[2], fd;
	long r = -1;

	must(pipe(fds));
	peer(fds[0], fds[1], -1, 0);
	fd = blocking_copy(fds[1]);
	close(fds[0]);
	if (!strcmp(call, "dprintf"))
		r = dprintf(fd, "%s", text);
	else if (!strcmp(call, "vdprintf"))
		r = printed(fd, "%s", text);
	else if (!strcmp(call, "fdopen"))
		r = fputs(text, fdopen(fd, "w")) < 0 || fflush(NULL) ? -1 : SIZE;
	return r;
}

static long by_tee(void)
{
	int in[2], out[2], fd;

	must(pipe(in));
	must(pipe(out));
	fd = blocking_copy(in[0]);
	peer(-1, -1, in[1], 5);
	return tee(fd, out[1], SIZE, 0);
}

static long by_eventfd(void)
{
	eventfd_t value = 0;
	uint64_t seven = 7;
	int fd = must(eventfd(0, 0)), copy = blocking_copy(fd);

	memcpy(text, &seven, sizeof seven);
	peer(-1, -1, fd, sizeof seven);
	return eventfd_read(copy, &value) < 0 ? -1 : (long)value;
}

int main(int argc, char **argv)
{
	long r;

	if (argc != 2)
		return 2;
	alarm(50);
	signal(SIGPIPE, SIG_IGN);
	memset(text, 'x', SIZE);
	r = !strcmp(argv[1], "tee") ? by_tee() : !strcmp(argv[1], "eventfd") ? by_eventfd() : by_pipe(argv[1]);
	printf("%ld\n", r);
	return r < 0;
}
