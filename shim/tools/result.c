// SPDX-License-Identifier: MIT
#include "tools/result.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIPE_WAIT_MS 3000
#define PIPE_LOOK_MS 20

/* After a failed open. */
static bool is_unread_pipe(const char *path)
{
	struct stat st;
	int why = errno;
	bool is = why == ENXIO && stat(path, &st) == 0 && S_ISFIFO(st.st_mode);

	errno = why;
	return is;
}

bool result_open(struct result *ret, const char *path)
{
	*ret = (struct result){ path, -1, false };
	if (!path)
		return true;
	ret->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, 0666);
	ret->made = ret->fd >= 0;
	for (int tries = 0; ret->fd < 0; tries++) {
		ret->fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666);
		if (ret->fd >= 0 || !is_unread_pipe(path) || tries == PIPE_WAIT_MS / PIPE_LOOK_MS)
			break;
		poll(NULL, 0, PIPE_LOOK_MS); /* its reader may be on its way */
	}
	if (ret->fd < 0)
		fprintf(stderr, "fdguard: %s: %s\n", path, errno == ENXIO ? "it is a pipe, and nobody opened it for reading" : strerror(errno));
	return ret->fd >= 0;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

void result_give_up(struct result *r)
{
	if (r->fd >= 0)
		close(r->fd);
	if (r->made)
		unlink(r->path);
	r->fd = -1;
}

bool result_same(const struct result *a, const char *path)
{
	struct stat mine, other;

	return a->path && path && fstat(a->fd, &mine) == 0 && S_ISREG(mine.st_mode) && stat(path, &other) == 0 && same_file(&mine, &other);
}

/* CMD may have removed it, or put another one there. */
static bool open_again(struct result *r)
{
	struct stat mine, there;

	if (fstat(r->fd, &mine) < 0)
		return false;
	if (!S_ISREG(mine.st_mode) || (stat(r->path, &there) == 0 && same_file(&mine, &there)))
		return true;
	close(r->fd);
	r->fd = open(r->path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666);
	return r->fd >= 0;
}

/* A device or a pipe cannot be. */
static bool empty(int fd)
{
	return ftruncate(fd, 0) == 0 || errno == EINVAL;
}

bool result_put(int fd, const char *text, size_t n)
{
	while (n) {
		ssize_t written = write(fd, text, n);

		if (written >= 0) {
			text += written;
			n -= (size_t)written;
		} else if (errno == EAGAIN) {
			poll(&(struct pollfd){ .fd = fd, .events = POLLOUT }, 1, -1);
		} else if (errno != EINTR) {
			return false;
		}
	}
	return true;
}

bool result_write(struct result *r, const char *text, size_t n)
{
	bool good = open_again(r) && empty(r->fd) && result_put(r->fd, text, n);
	int why = errno;

	if (r->fd >= 0 && close(r->fd) < 0 && good) {
		good = false;
		why = errno;
	}
	r->fd = -1;
	errno = why;
	return good;
}
