// SPDX-License-Identifier: MIT
/* syscall(2): six arguments go through, for numbers that somebody may watch and for all others; -1 and errno come back. */
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/futex.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "expect.h"

extern char **environ;

static int want;

/* The lowest number, not close-on-exec unless asked for; given to children when told so. */
static void made(long fd, bool close_on_exec)
{
	SAME(fd, want);
	SAME(syscall(SYS_fcntl, fd, F_GETFD), close_on_exec ? FD_CLOEXEC : 0);
	SAME(fcntl(fd, F_GETFD), close_on_exec ? FD_CLOEXEC : 0);
	SAME(syscall(SYS_fcntl, fd, F_SETFD, 0L), 0);
	SAME(fcntl(fd, F_GETFD), 0);
	EXPECT(child_has(fd));
	SAME(syscall(SYS_close, fd), 0);
	EXPECT(!is_open(fd));
}

static void descriptors_are_made(void)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC };
	unsigned long signals = 0;

	made(syscall(SYS_socket, AF_INET, SOCK_STREAM, 0), false);
	made(syscall(SYS_socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), true);
	made(syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY), false);
	made(syscall(SYS_openat, AT_FDCWD, "/dev/null", O_RDONLY | O_CLOEXEC, 0L), true);
	made(syscall(SYS_openat2, AT_FDCWD, "/dev/null", &how, sizeof how), true);
	made(syscall(SYS_dup, 0), false);
	made(syscall(SYS_dup3, 0, want, O_CLOEXEC), true);
	made(syscall(SYS_fcntl, 0, F_DUPFD, 0L), false);
	made(syscall(SYS_fcntl, 0, F_DUPFD_CLOEXEC, 0L), true);
	made(syscall(SYS_epoll_create1, 0), false);
	made(syscall(SYS_epoll_create1, EPOLL_CLOEXEC), true);
	made(syscall(SYS_eventfd2, 0, 0), false);
	made(syscall(SYS_eventfd2, 0, EFD_CLOEXEC), true);
	made(syscall(SYS_timerfd_create, CLOCK_MONOTONIC, 0), false);
	made(syscall(SYS_signalfd4, -1, &signals, sizeof signals, 0), false);
	made(syscall(SYS_inotify_init1, 0), false);
	made(syscall(SYS_inotify_init1, IN_CLOEXEC), true);
	made(syscall(SYS_memfd_create, "x", 0), false);
	made(syscall(SYS_memfd_create, "x", MFD_CLOEXEC), true);
	made(syscall(SYS_pidfd_open, getpid(), 0), true);
#ifdef SYS_open /* the old numbers, where a machine has them */
	made(syscall(SYS_open, "/dev/null", O_RDONLY), false);
	made(syscall(SYS_creat, "made", 0600), false);
	made(syscall(SYS_dup2, 0, want), false);
	made(syscall(SYS_epoll_create, 1), false);
	made(syscall(SYS_eventfd, 0), false);
	made(syscall(SYS_inotify_init), false);
	made(syscall(SYS_signalfd, -1, &signals, sizeof signals), false);
#endif
}

static void pairs_are_made(void)
{
	int fds[2];

	SAME(syscall(SYS_pipe2, fds, 0), 0);
	SAME(syscall(SYS_close, fds[1]), 0);
	made(fds[0], false);
	SAME(syscall(SYS_pipe2, fds, O_CLOEXEC | O_NONBLOCK), 0);
	SAME(syscall(SYS_close, fds[1]), 0);
	made(fds[0], true);
	SAME(syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, fds), 0);
	SAME(syscall(SYS_close, fds[1]), 0);
	made(fds[0], false);
#ifdef SYS_pipe
	SAME(syscall(SYS_pipe, fds), 0);
	SAME(syscall(SYS_close, fds[1]), 0);
	made(fds[0], false);
#endif
}

static void connections_are_accepted(void)
{
	int listener = syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0), peer[2];
	struct sockaddr name = { .sa_family = AF_UNIX };
	char bound[128];
	socklen_t size = sizeof bound;

	SAME(syscall(SYS_bind, listener, &name, sizeof(sa_family_t)), 0); /* a name of the kernel's choice */
	SAME(syscall(SYS_listen, listener, 4), 0);
	SAME(syscall(SYS_getsockname, listener, bound, &size), 0);
	for (int i = 0; i < 2; i++) {
		peer[i] = syscall(SYS_socket, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		SAME(syscall(SYS_connect, peer[i], bound, size), 0);
	}
	want = lowest();
	made(syscall(SYS_accept, listener, NULL, NULL), false);
	made(syscall(SYS_accept4, listener, NULL, NULL, SOCK_CLOEXEC), true);
	for (int i = 0; i < 2; i++)
		SAME(syscall(SYS_close, peer[i]), 0);
	SAME(syscall(SYS_close, listener), 0);
	want = lowest();
}

static void descriptors_are_passed(void)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	char byte = 'x';
	struct iovec part = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
	};
	int pair[2], null = 0, fd = -1;

	SAME(syscall(SYS_socketpair, AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	memset(&control, 0, sizeof control);
	control.align = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
					  .cmsg_type = SCM_RIGHTS,
					  .cmsg_len = CMSG_LEN(sizeof null) };
	memcpy(CMSG_DATA(&control.align), &null, sizeof null);
	want = lowest();
	SAME(syscall(SYS_sendmsg, pair[1], &message, 0), 1);
	SAME(syscall(SYS_recvmsg, pair[0], &message, 0), 1);
	SAME(message.msg_flags, 0);
	memcpy(&fd, CMSG_DATA(&control.align), sizeof fd);
	made(fd, false);
	SAME(syscall(SYS_sendmsg, pair[1], &message, 0) == -1 && errno == EBADF, true); /* the number is gone */
	SAME(syscall(SYS_close, pair[0]), 0);
	SAME(syscall(SYS_close, pair[1]), 0);
	want = lowest();
}

static void descriptors_are_changed_and_closed(void)
{
	int on = 1, fd = syscall(SYS_socket, AF_INET, SOCK_DGRAM, 0);

	SAME(syscall(SYS_ioctl, fd, FIOCLEX, 0L), 0);
	EXPECT(cloexec(fd));
	SAME(syscall(SYS_ioctl, fd, FIONCLEX, 0L), 0);
	EXPECT(!cloexec(fd));
	SAME(syscall(SYS_ioctl, fd, FIONBIO, &on), 0);
	EXPECT(syscall(SYS_fcntl, fd, F_GETFL) & O_NONBLOCK);
	SAME(syscall(SYS_close_range, fd, fd, CLOSE_RANGE_CLOEXEC), 0);
	EXPECT(cloexec(fd));
	SAME(syscall(SYS_close_range, fd, fd, 0), 0);
	EXPECT(!is_open(fd));
	FAILS(syscall(SYS_close, fd), EBADF);
	FAILS(syscall(SYS_fcntl, fd, F_GETFD), EBADF);
	FAILS(close(fd), EBADF);
}

/* What stood at a number before says nothing about what was put there. */
static void numbers_are_taken_over(void)
{
	unsigned long signals = 0;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	SAME(syscall(SYS_dup3, 0, fd, O_CLOEXEC), fd);
	EXPECT(cloexec(fd));
	SAME(close(fd), 0);
	SAME(socket(AF_INET, SOCK_DGRAM, 0), fd);
	SAME(syscall(SYS_dup3, 0, fd, 0), fd);
	EXPECT(!cloexec(fd));
	EXPECT(child_has(fd));
	SAME(close(fd), 0);
	fd = syscall(SYS_signalfd4, -1, &signals, sizeof signals, O_CLOEXEC);
	SAME(syscall(SYS_signalfd4, fd, &signals, sizeof signals, 0), fd); /* changes it, and makes none */
	EXPECT(cloexec(fd));
	EXPECT(!child_has(fd));
	SAME(close(fd), 0);
}

static void errors_come_back(void)
{
	FAILS(syscall(SYS_socket, 4711, 0, 0), EAFNOSUPPORT);
	FAILS(syscall(SYS_openat, AT_FDCWD, NULL, O_RDONLY), EFAULT);
	FAILS(syscall(SYS_openat, AT_FDCWD, "missing", O_RDONLY), ENOENT);
	FAILS(syscall(SYS_pipe2, NULL, 0), EFAULT);
	FAILS(syscall(SYS_recvmsg, 0, NULL, 0), ENOTSOCK);
	FAILS(syscall(SYS_dup3, 0, 0, 0), EINVAL);
	FAILS(syscall(SYS_execve, "missing", NULL, NULL), ENOENT);
	FAILS(syscall(SYS_execve, NULL, NULL, NULL), EFAULT);
	FAILS(syscall(SYS_execveat, AT_FDCWD, "missing", NULL, NULL, 0), ENOENT);
	FAILS(syscall(99999), ENOSYS);
	FAILS(syscall(-2L), ENOSYS);
	FAILS(syscall(SYS_kill, getpid(), 4711), EINVAL);
}

static void six_arguments_arrive(void)
{
	char *page, byte = 0;
	unsigned word = 7;
	struct timespec none_left = { 0, 0 }, soon = { 0, 1000000 };
	struct {
		const sigset_t *set;
		size_t size;
	} mask = { NULL, 8 };
	int fd, pipe_ends[2];
	fd_set readable;
	loff_t in = 0;

	write_file("two-pages", "", 0600);
	fd = open("two-pages", O_RDWR);
	SAME(ftruncate(fd, 8192), 0);
	SAME(pwrite(fd, "second", 6, 4096), 6);
	page = (char *)syscall(SYS_mmap, NULL, 4096L, PROT_READ, MAP_PRIVATE, fd, 4096L);
	EXPECT(page != MAP_FAILED && !strcmp(page, "second"));
	SAME(syscall(SYS_munmap, page, 4096L), 0);
	SAME(pipe(pipe_ends), 0);
	FD_ZERO(&readable);
	FD_SET(pipe_ends[0], &readable);
	SAME(syscall(SYS_pselect6, pipe_ends[0] + 1, &readable, NULL, NULL, &none_left, &mask), 0);
	in = 4096;
	SAME(syscall(SYS_splice, fd, &in, pipe_ends[1], NULL, 6L, 0), 6);
	SAME(read(pipe_ends[0], &byte, 1), 1);
	SAME(byte, 's');
	FAILS(syscall(SYS_futex, &word, FUTEX_WAIT, 8, NULL, NULL, 0), EAGAIN);
	FAILS(syscall(SYS_futex, &word, FUTEX_WAIT, 7, &soon, NULL, 0), ETIMEDOUT);
	FAILS(syscall(SYS_futex, &word, FUTEX_WAIT_BITSET, 7, &soon, NULL, 0L),
	      EINVAL); /* an empty bit set, the sixth */
	SAME(close(pipe_ends[0]), 0);
	SAME(close(pipe_ends[1]), 0);
	SAME(close(fd), 0);
}

static void numbers_that_nobody_watches(void)
{
	struct timespec now;

	SAME(syscall(SYS_getpid), getpid());
	SAME(syscall(SYS_gettid), gettid());
	SAME(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now), 0);
	SAME(syscall(SYS_write, 1, "", 0L), 0);
	SAME(syscall(SYS_lseek, -1, 0L, SEEK_SET) == -1 && errno == EBADF, true);
	SAME(syscall(SYS_prctl, PR_SET_NAME, "by-number", 0L, 0L, 0L), 0);
}

static void processes_are_made_and_run(void)
{
	char *argv[] = { "calls-child", "child", "exit", "71", NULL };
	struct clone_args args = { .exit_signal = SIGCHLD };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	long pid = syscall(SYS_clone, SIGCHLD, 0L, 0L, 0L, 0L);

	if (pid == 0) {
		int ok = close(fd) == 0 && open("/dev/null", O_RDONLY | O_CLOEXEC) == fd &&
			 fcntl(fd, F_GETFD) == FD_CLOEXEC;

		if (ok)
			syscall(SYS_execve, CHILD, argv, environ);
		syscall(SYS_exit_group, 1);
	}
	SAME(wait_for(pid), 71);
	pid = syscall(SYS_clone3, &args, sizeof args);
	if (pid == 0) {
		syscall(SYS_execveat, AT_FDCWD, CHILD, argv, environ, 0);
		syscall(SYS_exit_group, 1);
	}
	SAME(wait_for(pid), 71);
#ifdef SYS_fork
	pid = syscall(SYS_fork);
	if (pid == 0)
		syscall(SYS_exit_group, fcntl(fd, F_GETFD) == 0 ? 72 : 1);
	SAME(wait_for(pid), 72);
#endif
	SAME(fcntl(fd, F_GETFD), 0);
	SAME(close(fd), 0);
}

static void success_leaves_errno_alone(void)
{
	KEEPS_ERRNO(syscall(SYS_socket, AF_INET, SOCK_DGRAM, 0));
	KEEPS_ERRNO(syscall(SYS_close, want));
	KEEPS_ERRNO(syscall(SYS_getpid));
}

void body(void)
{
	want = lowest();
	RUN(descriptors_are_made);
	RUN(pairs_are_made);
	RUN(connections_are_accepted);
	RUN(descriptors_are_passed);
	RUN(descriptors_are_changed_and_closed);
	RUN(numbers_are_taken_over);
	RUN(errors_come_back);
	RUN(six_arguments_arrive);
	RUN_IN_CHILD(numbers_that_nobody_watches);
	RUN(processes_are_made_and_run);
	RUN(success_leaves_errno_alone);
}
