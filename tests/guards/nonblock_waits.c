// SPDX-License-Identifier: MIT
/*
 * nonblock-waits mqueue|pidfd|sendfile|tee|submit|backtrace: a descriptor that the program let block, while a copy of it should not, and a call that is no data call of libc's waits for it.
 * Prints what came. Another process makes it come a little later.
 */
#include <err.h>
#include <execinfo.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <mqueue.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char text[1 << 20];

static int must(long result)
{
	if (result < 0)
		err(1, "nonblock-waits");
	return (int)result;
}

static int blocking_copy(int fd)
{
	int flags = must(fcntl(fd, F_GETFL)), copy = must(dup(fd));

	must(fcntl(fd, F_SETFL, flags | O_NONBLOCK));
	must(fcntl(copy, F_SETFL, flags & ~O_NONBLOCK));
	return copy;
}

/* Zero in a child, a moment later. */
static pid_t later(void)
{
	struct timespec moment = { 0, 30000000 };
	pid_t pid = must(fork());

	if (pid)
		return pid;
	alarm(50);
	nanosleep(&moment, NULL);
	return 0;
}

static void comes_later(int to)
{
	if (later() == 0)
		_exit(write(to, text, 5) != 5);
}

static long by_queue(void)
{
	struct mq_attr limits = { .mq_maxmsg = 2, .mq_msgsize = 64 };
	char name[32], room[64];
	int fd, copy;

	snprintf(name, sizeof name, "/nonblock-waits-%d", (int)getpid());
	fd = must(mq_open(name, O_RDWR | O_CREAT | O_EXCL, 0600, &limits));
	mq_unlink(name);
	copy = blocking_copy(fd);
	if (later() == 0)
		_exit(mq_send(fd, text, 5, 0) < 0);
	return mq_receive(copy, room, sizeof room, NULL);
}

static long by_process(void)
{
	siginfo_t info = { .si_pid = 0 };
	pid_t pid = later();
	int copy;

	if (!pid)
		_exit(5);
	copy = blocking_copy(must(pidfd_open(pid, 0)));
	must(waitid(P_PIDFD, (id_t)copy, &info, WEXITED));
	return info.si_status;
}

static long by_sendfile(void)
{
	int in[2], out[2], copy;

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, in));
	must(pipe(out));
	copy = blocking_copy(in[0]);
	comes_later(in[1]);
	return sendfile(out[1], copy, NULL, 99);
}

static long by_tee(void)
{
	int in[2], out[2], copy;

	must(pipe(in));
	must(pipe(out));
	copy = blocking_copy(in[0]);
	comes_later(in[1]);
	return syscall(SYS_tee, copy, out[1], 99L, 0L);
}

static long by_submit(void)
{
	struct iocb one = { .aio_lio_opcode = IOCB_CMD_PREAD, .aio_buf = (uintptr_t)text, .aio_nbytes = 99 }, *list = &one;
	struct io_event done = { .res = -1 };
	aio_context_t context = 0;
	int in[2];

	must(pipe(in));
	must(syscall(SYS_io_setup, 4L, &context));
	one.aio_fildes = (uint32_t)blocking_copy(in[0]);
	comes_later(in[1]);
	must(syscall(SYS_io_submit, context, 1L, &list));
	must(syscall(SYS_io_getevents, context, 1L, 1L, &done, NULL));
	return (long)done.res;
}

/* 5: the reader got more than what was there before. */
static long by_backtrace(void)
{
	void *addresses[] = { (void *)(uintptr_t)must };
	int out[2], copy, status;
	ssize_t n, full = 0, got = 0;
	pid_t pid;

	must(pipe(out));
	must(fcntl(out[1], F_SETFL, O_WRONLY | O_NONBLOCK));
	while ((n = write(out[1], text, 4096)) > 0)
		full += n;
	copy = blocking_copy(out[1]);
	pid = later();
	if (!pid) {
		close(out[1]);
		close(copy);
		while ((n = read(out[0], text, sizeof text)) > 0)
			got += n;
		_exit(got > full ? 5 : 1);
	}
	backtrace_symbols_fd(addresses, 1, copy);
	close(out[1]);
	close(copy);
	must(waitpid(pid, &status, 0));
	return WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		long (*call)(void);
	} calls[] = { { "mqueue", by_queue }, { "pidfd", by_process }, { "sendfile", by_sendfile }, { "tee", by_tee }, { "submit", by_submit }, { "backtrace", by_backtrace } };

	alarm(50);
	for (unsigned i = 0; argc == 2 && i < sizeof calls / sizeof *calls; i++)
		if (strcmp(argv[1], calls[i].name) == 0)
			return printf("%ld\n", calls[i].call()) < 0;
	return 2;
}
