// SPDX-License-Identifier: MIT
/*
 * compat-gnulib: a fresh descriptor is close-on-exec exactly if the program asked for it, a duplicate exactly if dup3 or F_DUPFD_CLOEXEC made
 * it, and what F_SETFD wrote F_GETFD reads. gnulib's test-pipe, test-pipe2, test-dup2, test-dup3, test-cloexec and test-accept4 abort otherwise.
 * Prints a line for each check; exit status 1 if one failed.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static int failures;

static void is(const char *what, int got, int want)
{
	printf("%s: %d%s\n", what, got, got == want ? "" : " WRONG");
	failures += got != want;
}

static int flag(int fd)
{
	return fcntl(fd, F_GETFD);
}

/* A descriptor, the flag that it has to show; then that the flag can be written both ways, and what its copies show. */
static void copies(const char *what, int fd)
{
	is(what, fcntl(fd, F_SETFD, FD_CLOEXEC) | flag(fd), FD_CLOEXEC);
	is("  dup of a close-on-exec one", flag(dup(fd)), 0);
	is("  dup2 of it", flag(dup2(fd, 900)), 0);
	is("  dup3 of it, 0", flag(dup3(fd, 900, 0)), 0);
	is("  F_DUPFD of it", flag(fcntl(fd, F_DUPFD, 3)), 0);
	is("  cleared", fcntl(fd, F_SETFD, 0) | flag(fd), 0);
	is("  dup3 with O_CLOEXEC", flag(dup3(fd, 900, O_CLOEXEC)), FD_CLOEXEC);
	is("  F_DUPFD_CLOEXEC", flag(fcntl(fd, F_DUPFD_CLOEXEC, 3)), FD_CLOEXEC);
	is("  the original is as it was", flag(fd), 0);
	is("  dup2 over itself", dup2(fd, fd) == fd ? flag(fd) : -1, 0);
	is("  FIOCLEX", ioctl(fd, FIOCLEX) | flag(fd), FD_CLOEXEC);
	is("  dup2 over itself keeps it", dup2(fd, fd) == fd ? flag(fd) : -1, FD_CLOEXEC);
	is("  FIONCLEX", ioctl(fd, FIONCLEX) | flag(fd), 0);
	closefrom(800);
	close(fd);
}

static void fresh(const char *what, int plain, int asked)
{
	is(what, flag(plain), 0);
	if (asked >= 0)
		is("  close-on-exec asked for", flag(asked), FD_CLOEXEC);
	copies("  F_SETFD", plain);
	if (asked >= 0)
		close(asked);
}

static void pairs(void)
{
	int a[2], b[2];
	is("pipe", pipe(a), 0);
	is("pipe2", pipe2(b, O_CLOEXEC | O_NONBLOCK), 0);
	fresh("a pipe's read end", a[0], b[0]);
	fresh("a pipe's write end", a[1], b[1]);
	is("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, a), 0);
	is("socketpair, SOCK_CLOEXEC", socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, b), 0);
	fresh("a pair's first socket", a[0], b[0]);
	fresh("a pair's second socket", a[1], b[1]);
}

static void accepted(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof at;
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	is("bind", bind(listener, (struct sockaddr *)&at, n) | listen(listener, 4) | getsockname(listener, (struct sockaddr *)&at, &n), 0);
	int clients[3];
	for (int i = 0; i < 3; i++) {
		clients[i] = socket(AF_INET, SOCK_STREAM, 0);
		is("connect", connect(clients[i], (struct sockaddr *)&at, n), 0);
	}
	fresh("accept", accept(listener, NULL, NULL), accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK));
	fresh("accept4, no flags", accept4(listener, NULL, NULL, 0), -1);
	for (int i = 0; i < 3; i++)
		close(clients[i]);
	close(listener);
}

static void nature(void)
{
	int type = 0, fd = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t n = sizeof type;
	is("SO_TYPE", getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) ? -1 : type, SOCK_STREAM);
	is("F_GETFL of a socket", fcntl(fd, F_GETFL), O_RDWR);
	close(fd);
	fd = open("/dev/null", O_RDONLY);
	is("F_GETFL of a file", fcntl(fd, F_GETFL) & ~0100000, O_RDONLY);
	close(fd);
	is("F_GETFD of a closed one", flag(fd), -1);
	is("the lowest number is free again", open("/dev/null", O_RDONLY), fd);
	close(fd);
}

static int temporary(int flags)
{
	char name[] = "XXXXXX";
	int fd = mkostemp(name, flags);
	unlink(name);
	return fd;
}

/* A stream's descriptor; the stream is never closed. */
static int stream(const char *mode)
{
	FILE *f = fopen("/dev/null", mode);
	return f ? fileno(f) : -1;
}

int main(void)
{
	sigset_t none;
	sigemptyset(&none);
	fresh("open", open("/dev/null", O_RDONLY), open("/dev/null", O_RDONLY | O_CLOEXEC));
	fresh("creat", creat("created", 0600), -1);
	fresh("open of a directory", open("/", O_RDONLY | O_DIRECTORY), open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	fresh("openat", openat(AT_FDCWD, "created", O_RDWR), openat(AT_FDCWD, "created", O_RDWR | O_CLOEXEC));
	fresh("mkstemp", temporary(0), temporary(O_CLOEXEC));
	fresh("fopen", stream("r"), stream("re"));
	pairs();
	fresh("socket, TCP", socket(AF_INET, SOCK_STREAM, 0), socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
	fresh("socket, UDP", socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0), socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
	accepted();
	fresh("epoll_create", epoll_create(1), -1);
	fresh("epoll_create1", epoll_create1(0), epoll_create1(EPOLL_CLOEXEC));
	fresh("eventfd", eventfd(0, 0), eventfd(0, EFD_CLOEXEC));
	fresh("timerfd_create", timerfd_create(CLOCK_MONOTONIC, 0), timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
	fresh("signalfd", signalfd(-1, &none, 0), signalfd(-1, &none, SFD_CLOEXEC));
	fresh("inotify_init", inotify_init(), inotify_init1(IN_CLOEXEC));
	fresh("memfd_create", memfd_create("m", 0), memfd_create("m", MFD_CLOEXEC));
	fresh("posix_openpt", posix_openpt(O_RDWR | O_NOCTTY), -1);
	nature();
	return failures != 0;
}
