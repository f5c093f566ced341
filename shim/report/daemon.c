// SPDX-License-Identifier: MIT
#include "report/daemon.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/apart.h"
#include "base/sys.h"
#include "report/high.h"

#include "base/poison.h"

#define WAIT_MS 20

static _Atomic bool impatient; /* the last wait was in vain */

struct job {
	const char *path;
	const struct fdg_line *line;
};

/* A socket of ours at a high number, as all files of ours. */
static int open_socket(void)
{
	return fdg_move_high((int)fdg_sys3(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

static long try_to_send(int fd, const struct fdg_line *l)
{
	return fdg_sys6(SYS_sendto, fd, (long)l->text, (long)l->len, MSG_NOSIGNAL | MSG_DONTWAIT, 0, 0);
}

static long send_line(int fd, const struct fdg_line *l)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	long r = try_to_send(fd, l);

	if (r != -EAGAIN || atomic_load(&impatient))
		return r;
	fdg_sys_poll(&p, 1, WAIT_MS);
	r = try_to_send(fd, l);
	atomic_store(&impatient, r == -EAGAIN);
	return r;
}

static long connect_and_send(int fd, const struct job *j)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	long r;

	strncpy(to.sun_path, j->path, sizeof(to.sun_path) - 1);
	r = fdg_sys3(SYS_connect, fd, &to, sizeof(to));
	if (r == 0)
		r = send_line(fd, j->line);
	else if (r == -ENOENT)
		r = -ECONNREFUSED;
	if (r >= 0)
		atomic_store(&impatient, false);
	return r;
}

/* Within fdg_aside, and so positive errnos. */
static int send_aside(void *arg)
{
	int fd = open_socket();
	long r;

	if (fd < 0)
		return -fd;
	r = connect_and_send(fd, arg);
	fdg_sys_close(fd);
	return r < 0 ? (int)-r : 0;
}

int fdg_daemon_send(const char *path, const struct fdg_line *l)
{
	struct job j = { path, l };
	int r = fdg_aside(send_aside, &j);

	if (r == EMFILE && (r = fdg_aside_anyhow(send_aside, &j)) < 0)
		r = EMFILE;
	return r < 0 ? r : -r;
}
