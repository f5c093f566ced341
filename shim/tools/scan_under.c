// SPDX-License-Identifier: MIT
/*
 * A registration in an epoll is known by a file and the number that it had. Whoever has both, the epoll and the file, can change it: under that number in his own table. Ours is a child's,
 * which has nothing else.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tools/scan.h"

struct change {
	int epoll, file, number, operation;
	struct epoll_event event;
};

/* A copy whose number is another. */
static int beside(int fd, int number)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	return copy == number ? fcntl(fd, F_DUPFD_CLOEXEC, number + 1) : copy;
}

/* In the child: the two go out of the way of the number, and then the file gets it. */
static int change(const struct change *c)
{
	struct epoll_event event = c->event;
	struct rlimit files;
	int epoll, file;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	epoll = beside(c->epoll, c->number);
	file = beside(c->file, c->number);
	if (epoll < 0 || file < 0 || dup3(file, c->number, O_CLOEXEC) < 0 || epoll_ctl(epoll, c->operation, c->number, &event) < 0)
		return errno;
	return 0;
}

static bool in_child(const struct change *c)
{
	int status = 0;
	pid_t child;

	fflush(NULL);
	child = fork();
	if (child == 0)
		_exit(change(c));
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		continue;
	close(c->epoll);
	close(c->file);
	errno = child < 0 ? EAGAIN : WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
	return child > 0 && status == 0;
}

bool scan_unregister(int epoll, int file, int number)
{
	const struct change c = { epoll, file, number, EPOLL_CTL_DEL, { .events = 0 } };

	return in_child(&c);
}

bool scan_register_edge(int epoll, int file, int number, uint32_t events, uint64_t data)
{
	const struct change c = { epoll, file, number, EPOLL_CTL_MOD, { .events = events | EPOLLET, .data.u64 = data } };

	return in_child(&c);
}
