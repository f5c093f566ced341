// SPDX-License-Identifier: MIT
#include "supervise/hand_over.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/sys.h"

#include "base/poison.h"

int fdg_hand_say(int sock, int number)
{
	long r = fdg_sys6(SYS_sendto, sock, (long)&number, sizeof(number), MSG_NOSIGNAL, 0, 0);

	return r == sizeof(number) ? 0 : r < 0 ? (int)r : -EPIPE;
}

int fdg_hand_hear(int sock)
{
	int number;
	long r;

	do
		r = fdg_sys6(SYS_recvfrom, sock, (long)&number, sizeof(number), 0, 0, 0);
	while (r == -EINTR);
	return r == sizeof(number) ? number : r < 0 ? (int)r : -EPIPE;
}

/* A message of one byte and one descriptor. */
struct parcel {
	struct msghdr head;
	struct iovec part;
	char byte;
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
};

static void pack(struct parcel *p)
{
	memset(p, 0, sizeof(*p));
	p->part = (struct iovec){ &p->byte, 1 };
	p->head = (struct msghdr){ .msg_iov = &p->part, .msg_iovlen = 1, .msg_control = p->control, .msg_controllen = sizeof(p->control) };
}

int fdg_hand_give(int sock, int fd)
{
	struct parcel p;
	struct cmsghdr *c;
	long r;

	pack(&p);
	c = CMSG_FIRSTHDR(&p.head);
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	r = fdg_sys3(SYS_sendmsg, sock, &p.head, MSG_NOSIGNAL);
	return r == 1 ? 0 : r < 0 ? (int)r : -EPIPE;
}

int fdg_hand_take(int sock)
{
	struct parcel p;
	struct cmsghdr *c;
	long r;
	int fd;

	pack(&p);
	do
		r = fdg_sys3(SYS_recvmsg, sock, &p.head, MSG_CMSG_CLOEXEC);
	while (r == -EINTR);
	c = r == 1 ? CMSG_FIRSTHDR(&p.head) : NULL;
	if (!c || c->cmsg_type != SCM_RIGHTS)
		return -EPIPE;
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}
