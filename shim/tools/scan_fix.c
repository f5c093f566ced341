// SPDX-License-Identifier: MIT
/*
 * What can be done to another process's descriptors without its knowledge: on a copy, whose identity was compared, so that no number that was given to something else meanwhile is hit.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/scan.h"

#define ERRORS_MAX 65536

const char *scan_cure_why(enum scan_cured c)
{
	static const char *const why[SCAN_CURES] = {
		[SCAN_CURED] = "",
		[SCAN_CURED_BEFORE] = "keepalive is on",
		[SCAN_CURE_OTHER] = "the program closed it meanwhile",
		[SCAN_CURE_STATE] = "it is not in CLOSE_WAIT any more",
		[SCAN_CURE_QUEUE] = "data of the program is still to be sent",
		[SCAN_CURE_USED] = "not long enough ago",
		[SCAN_CURE_SHARED] = "another process has it, too, or may have",
		[SCAN_CURE_UNREAD] = "the program may be about to read what the peer has sent",
		[SCAN_CURE_SIGPIPE] = "the next send would end the program, which neither handles nor ignores SIGPIPE (--set closewait.cure=shutdown does it even so)",
		[SCAN_CURE_REFUSED] = "the kernel refused",
	};

	return why[c];
}

static bool is_same(int copy, const struct scan_socket *was)
{
	uint64_t cookie = 0;
	socklen_t n = sizeof(cookie);

	return was->cookie == 0 || (getsockopt(copy, SOL_SOCKET, SO_COOKIE, &cookie, &n) == 0 && cookie == was->cookie);
}

/* SCAN_CURED: it is as it was found. */
static enum scan_cured look(int copy, const struct scan_socket *was)
{
	uint64_t age = (uint64_t)fdg_options.closewait_age_ms;
	struct scan_socket is = { .ino = 0 };
	int queued = 0;

	if (!is_same(copy, was))
		return SCAN_CURE_OTHER;
	if (!scan_socket_ask(copy, &is) || is.state != TCP_CLOSE_WAIT)
		return SCAN_CURE_STATE;
	if (ioctl(copy, SIOCOUTQ, &queued) < 0 || queued != 0)
		return SCAN_CURE_QUEUE;
	return is.last_sent < age || is.last_received < age || is.last_heard < age ? SCAN_CURE_USED : SCAN_CURED;
}

static enum scan_cured keep_alive(int copy)
{
	int on = 0, one = 1;
	socklen_t n = sizeof(on);

	if (getsockopt(copy, SOL_SOCKET, SO_KEEPALIVE, &on, &n) == 0 && on)
		return SCAN_CURED_BEFORE;
	return setsockopt(copy, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one)) == 0 ? SCAN_CURED : SCAN_CURE_REFUSED;
}

static enum scan_cured end(int copy)
{
	int unread = 0;

	if (ioctl(copy, SIOCINQ, &unread) < 0 || unread > 0)
		return SCAN_CURE_UNREAD;
	return shutdown(copy, SHUT_RDWR) == 0 ? SCAN_CURED : SCAN_CURE_REFUSED;
}

enum scan_cured scan_end_connection(struct scan_process *p, const struct scan_fd *f, bool keepalive)
{
	int copy = scan_fetch(p, f);
	enum scan_cured r;

	if (copy < 0)
		return p->why_fetch ? SCAN_CURE_REFUSED : SCAN_CURE_OTHER;
	r = look(copy, f->tcp);
	if (r == SCAN_CURED)
		r = keepalive ? keep_alive(copy) : end(copy);
	close(copy);
	return r;
}

enum scan_cured scan_unblock(struct scan_process *p, const struct scan_fd *f)
{
	int copy = scan_fetch(p, f), flags;
	enum scan_cured r = SCAN_CURE_REFUSED;

	if (copy < 0)
		return p->why_fetch ? SCAN_CURE_REFUSED : SCAN_CURE_OTHER;
	flags = fcntl(copy, F_GETFL);
	if (flags >= 0 && fcntl(copy, F_SETFL, flags | O_NONBLOCK) == 0)
		r = flags & O_NONBLOCK ? SCAN_CURED_BEFORE : SCAN_CURED;
	close(copy);
	return r;
}

bool scan_take_errors(int fd)
{
	struct pollfd p = { .fd = fd };
	socklen_t n = sizeof(int);
	int error;
	char room[512];
	struct iovec iov = { room, sizeof(room) };

	for (unsigned i = 0; i < ERRORS_MAX; i++) {
		struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

		if (recvmsg(fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
			break;
	}
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n);
	return poll(&p, 1, 0) == 0;
}
