// SPDX-License-Identifier: MIT
/*
 * nonblock-inside dprintf|vdprintf|tee|aio|listio|listio-old|fdopen|eventfd|reused|exec|vfork|spawn|child|sendmsg: a descriptor that the program let block, while a copy of it should not, is used by calls that wait inside libc
 * or the kernel. Prints what they moved. A reader in another process makes room a little later.
 */
#include <aio.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
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

static long result_of(struct aiocb *a)
{
	const struct aiocb *wait[] = { a };

	while (aio_error(a) == EINPROGRESS)
		aio_suspend(wait, 1, NULL);
	return aio_return(a);
}

static long asynchronously(int fd)
{
	struct aiocb a = { .aio_fildes = fd, .aio_buf = text, .aio_nbytes = SIZE };

	must(aio_write(&a));
	return result_of(&a);
}

#if defined(__x86_64__)
__typeof__(lio_listio) old_lio_listio;
__asm__(".symver old_lio_listio, lio_listio@GLIBC_2.2.5");
#else
#define old_lio_listio lio_listio
#endif

static long in_a_list(int fd, bool old)
{
	struct aiocb a = { .aio_fildes = fd, .aio_buf = text, .aio_nbytes = SIZE, .aio_lio_opcode = LIO_WRITE };
	struct aiocb none = { .aio_fildes = -1, .aio_lio_opcode = LIO_NOP }, *list[] = { NULL, &none, &a };

	must(old ? old_lio_listio(LIO_NOWAIT, list, 3, NULL) : lio_listio(LIO_WAIT, list, 3, NULL));
	return result_of(&a);
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
	else if (!strncmp(call, "listio", 6))
		r = in_a_list(fd, !strcmp(call, "listio-old"));
	else
		r = asynchronously(fd);
	return r;
}

/* This program, as one that waits in a read of that number. */
static pid_t start(const char *call, int fd)
{
	char number[12], *argv[] = { (char *)"nonblock-inside", (char *)"read", number, NULL };
	bool copies = !strcmp(call, "vfork");
	pid_t pid;

	snprintf(number, sizeof number, "%d", copies ? 50 : fd);
	if (!strcmp(call, "spawn")) {
		must(-posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ));
		return pid;
	}
	pid = copies ? vfork() : fork();
	if (must(pid))
		return pid;
	if (copies)
		dup2(fd, 50);
	execv("/proc/self/exe", argv);
	_exit(127);
}

static long ends(pid_t pid)
{
	int status;

	must(waitpid(pid, &status, 0));
	return WIFEXITED(status) && WEXITSTATUS(status) < 99 ? WEXITSTATUS(status) : -1;
}

static long by_program(const char *call)
{
	int in[2];

	must(pipe(in));
	peer(-1, -1, in[1], 5);
	return ends(start(call, blocking_copy(in[0])));
}

/* Both processes have it non-blocking; one takes that back for the other, and has no use for it any more. */
static long by_child(void)
{
	int in[2], go[2];
	char c;
	pid_t pid;

	must(pipe(in));
	must(pipe(go));
	must(fcntl(in[0], F_SETFL, O_NONBLOCK));
	pid = must(fork());
	if (!pid) {
		must(read(go[0], &c, 1));
		_exit((int)read(in[0], text, 99));
	}
	must(fcntl(in[0], F_SETFL, 0));
	close(in[0]);
	must(write(go[1], "", 1));
	peer(-1, -1, in[1], 5);
	return ends(pid);
}

static long receive(int from)
{
	union { struct cmsghdr align; char room[CMSG_SPACE(sizeof(int))]; } u;
	struct iovec v = { text, 100 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &u, .msg_controllen = sizeof u };
	int fd;

	must(recvmsg(from, &m, 0));
	memcpy(&fd, CMSG_DATA(&u.align), sizeof fd);
	return read(fd, text, 99);
}

/* The receiver uses it while the sender is still in sendmsg, with more than the channel holds. */
static long by_message(void)
{
	union { struct cmsghdr align; char room[CMSG_SPACE(sizeof(int))]; } u = { .align = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec v = { text, SIZE };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &u, .msg_controllen = sizeof u };
	int in[2], channel[2], fd;
	pid_t pid;

	must(pipe(in));
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, channel));
	fd = blocking_copy(in[0]);
	memcpy(CMSG_DATA(&u.align), &fd, sizeof fd);
	pid = must(fork());
	if (!pid)
		_exit((int)receive(channel[1]));
	close(channel[1]);
	peer(-1, -1, in[1], 5);
	sendmsg(channel[0], &m, MSG_NOSIGNAL);
	return ends(pid);
}

/* Its number is another eventfd's while a call waits. */
static int waited_on;

static void *wait_for_it(void *r)
{
	uint64_t value;

	*(ssize_t *)r = read(waited_on, &value, sizeof value);
	return NULL;
}

static long by_number_again(void)
{
	struct timespec moment = { 0, 30000000 };
	int fd = must(eventfd(0, 0));
	uint64_t value = 0;
	ssize_t r;
	pthread_t t;

	waited_on = blocking_copy(fd);
	must(-pthread_create(&t, NULL, wait_for_it, &r));
	nanosleep(&moment, NULL);
	close(waited_on);
	if (must(eventfd(77, EFD_NONBLOCK)) != waited_on)
		return -1;
	must(eventfd_write(fd, 5));
	pthread_join(t, NULL);
	return read(waited_on, &value, sizeof value) < 0 ? -1 : (long)value;
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

	alarm(50);
	if (argc == 3)
		return (int)read(atoi(argv[2]), text, 99);
	if (argc != 2)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	memset(text, 'x', SIZE);
	r = !strcmp(argv[1], "tee") ? by_tee() : !strcmp(argv[1], "eventfd") ? by_eventfd() : !strcmp(argv[1], "reused") ? by_number_again() :
	    !strcmp(argv[1], "child") ? by_child() : !strcmp(argv[1], "sendmsg") ? by_message() :
	    !strcmp(argv[1], "exec") || !strcmp(argv[1], "vfork") || !strcmp(argv[1], "spawn") ? by_program(argv[1]) : by_pipe(argv[1]);
	printf("%ld\n", r);
	return r < 0;
}
