// SPDX-License-Identifier: MIT
/* recvmsg and recvmmsg with SCM_RIGHTS: descriptors arrive with the flag that was asked for, and the message looks untouched. */
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "expect.h"

enum { MANY = 200 };

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int) * MANY) + CMSG_SPACE(sizeof(struct ucred))];
};

static int pair[2];

/* Sends one byte and n copies of /dev/null's descriptor. */
static void give(int n, char byte)
{
	union control control;
	struct iovec part = { &byte, 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	memset(&control, 0, sizeof control);
	if (n) {
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(n * sizeof(int));
		control.align = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
						  .cmsg_type = SCM_RIGHTS,
						  .cmsg_len = CMSG_LEN(n * sizeof(int)) };
		for (int i = 0; i < n; i++)
			memcpy(CMSG_DATA(&control.align) + i * sizeof(int), &null, sizeof null);
	}
	SAME(sendmsg(pair[1], &message, 0), 1);
	SAME(close(null), 0);
}

/* Closes what came with a message, after looking at it; the number of descriptors. */
static int taken(struct msghdr *message, int first, bool close_on_exec)
{
	int count = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int); i++, count++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
			SAME(fd, first + count);
			SAME(cloexec(fd), close_on_exec);
		}
	}
	for (int i = 0; i < count; i++)
		SAME(close(first + i), 0);
	return count;
}

static void receive(int n, int flags, bool close_on_exec)
{
	union control control;
	char byte = 0;
	struct iovec part = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
	};
	int want = lowest();

	give(n, 'g');
	SAME(recvmsg(pair[0], &message, flags), 1);
	SAME(byte, 'g');
	/* The kernel echoes MSG_CMSG_CLOEXEC; nobody who did not ask may see it. */
	SAME(message.msg_flags, flags & MSG_CMSG_CLOEXEC);
	SAME(message.msg_controllen, n ? CMSG_SPACE(n * sizeof(int)) : 0);
	SAME(taken(&message, want, close_on_exec), n);
}

static void arrive_as_asked_for(void)
{
	receive(1, 0, false);
	receive(1, MSG_CMSG_CLOEXEC, true);
	receive(3, 0, false);
	receive(MANY, 0, false);
	receive(MANY, MSG_CMSG_CLOEXEC, true);
	receive(0, 0, false);
	receive(0, MSG_CMSG_CLOEXEC, true);
	receive(2, MSG_DONTWAIT, false);
}

static void a_peek_makes_descriptors_too(void)
{
	union control control;
	char byte;
	struct iovec part = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
	};
	int want = lowest();

	give(1, 'p');
	SAME(recvmsg(pair[0], &message, MSG_PEEK), 1);
	SAME(taken(&message, want, false), 1);
	message.msg_controllen = sizeof control;
	SAME(recvmsg(pair[0], &message, 0), 1);
	SAME(taken(&message, want, false), 1);
}

static void too_little_room_is_told(void)
{
	union control control;
	char byte;
	struct iovec part = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_LEN(2 * sizeof(int))
	};
	int want = lowest();

	give(5, 't');
	SAME(recvmsg(pair[0], &message, 0), 1);
	SAME(message.msg_flags, MSG_CTRUNC);
	SAME(taken(&message, want, false), 2);
	message = (struct msghdr){ .msg_iov = &part, .msg_iovlen = 1 };
	give(1, 'n'); /* no room at all: the kernel closes it */
	SAME(recvmsg(pair[0], &message, 0), 1);
	SAME(message.msg_flags, MSG_CTRUNC);
	EXPECT(!is_open(want));
}

static void a_full_table_is_told(void)
{
	union control control;
	char byte;
	struct iovec part = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
	};
	struct rlimit old, low;
	int want = lowest();

	give(3, 'f');
	SAME(getrlimit(RLIMIT_NOFILE, &old), 0);
	low = old;
	low.rlim_cur = want + 1;
	SAME(setrlimit(RLIMIT_NOFILE, &low), 0);
	SAME(recvmsg(pair[0], &message, 0), 1);
	SAME(setrlimit(RLIMIT_NOFILE, &old), 0);
	SAME(message.msg_flags, MSG_CTRUNC);
	SAME(taken(&message, want, false), 1);
}

static void other_control_messages_are_left_alone(void)
{
	union control control;
	char byte;
	struct iovec part = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
	};
	int on = 1, off = 0, want = lowest();
	bool credentials = false;

	SAME(setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on), 0);
	give(2, 'c');
	SAME(recvmsg(pair[0], &message, 0), 1);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c; c = CMSG_NXTHDR(&message, c)) {
		struct ucred who;

		if (c->cmsg_type != SCM_CREDENTIALS)
			continue;
		memcpy(&who, CMSG_DATA(c), sizeof who);
		SAME(who.pid, getpid());
		credentials = true;
	}
	EXPECT(credentials);
	SAME(taken(&message, want, false), 2);
	SAME(setsockopt(pair[0], SOL_SOCKET, SO_PASSCRED, &off, sizeof off), 0);
}

static void recvmsg_refuses_as_the_kernel_refuses(void)
{
	char byte;
	struct iovec part = { &byte, 1 }, bad = { nowhere(), 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 }, faulty = { .msg_iov = &bad, .msg_iovlen = 1 };
	int null = open("/dev/null", O_RDONLY);

	FAILS(recvmsg(pair[0], &message, MSG_DONTWAIT), EAGAIN);
	FAILS(recvmsg(pair[0], nowhere(), MSG_DONTWAIT), EFAULT);
	give(0, 'x');
	FAILS(recvmsg(pair[0], &faulty, 0), EFAULT); /* and the datagram is gone */
	FAILS(recvmsg(pair[0], &message, MSG_DONTWAIT), EAGAIN);
	FAILS(recvmsg(null, &message, 0), ENOTSOCK);
	FAILS(recvmsg(none(), &message, 0), EBADF);
	FAILS(recvmsg(none(), nowhere(), 0), EBADF);
	SAME(close(null), 0);
}

static void several(int flags, bool close_on_exec)
{
	union control control[3];
	char byte[3] = "";
	struct iovec part[3];
	struct mmsghdr messages[3];
	int want = lowest(), counts[3] = { 2, 0, 3 };

	memset(messages, 0, sizeof messages);
	for (int i = 0; i < 3; i++) {
		part[i] = (struct iovec){ &byte[i], 1 };
		messages[i].msg_hdr = (struct msghdr){ .msg_iov = &part[i],
						       .msg_iovlen = 1,
						       .msg_control = &control[i],
						       .msg_controllen = sizeof control[i] };
		give(counts[i], 'a' + i);
	}
	SAME(recvmmsg(pair[0], messages, 3, flags, NULL), 3);
	for (int i = 0; i < 3; i++) {
		SAME(messages[i].msg_len, 1);
		SAME(byte[i], 'a' + i);
		SAME(messages[i].msg_hdr.msg_flags, flags & MSG_CMSG_CLOEXEC);
		SAME(taken(&messages[i].msg_hdr, want, close_on_exec), counts[i]);
		want += counts[i];
	}
}

static void several_messages_at_once(void)
{
	several(0, false);
	several(MSG_CMSG_CLOEXEC, true);
	several(MSG_WAITFORONE, false);
}

static void recvmmsg_stops_where_the_kernel_stops(void)
{
	char byte[4];
	struct iovec part = { byte, sizeof byte };
	struct mmsghdr messages[2] = { { .msg_hdr = { .msg_iov = &part, .msg_iovlen = 1 } },
				       { .msg_hdr = { .msg_iov = &part, .msg_iovlen = 1 } } };
	struct timespec bad = { 0, 2000000000 };

	FAILS(recvmmsg(pair[0], messages, 2, MSG_DONTWAIT, NULL), EAGAIN);
	give(0, 'y');
	SAME(recvmmsg(pair[0], messages, 2, MSG_WAITFORONE, NULL), 1);
	give(0, 'z');
	SAME(recvmmsg(pair[0], messages, 2, MSG_DONTWAIT, NULL), 1);
	FAILS(recvmmsg(pair[0], messages, 1, MSG_DONTWAIT, &bad), EINVAL);
	FAILS(recvmmsg(pair[0], nowhere(), 1, MSG_DONTWAIT, NULL), EFAULT);
	FAILS(recvmmsg(none(), messages, 1, 0, NULL), EBADF);
	SAME(recvmmsg(pair[0], messages, 0, MSG_DONTWAIT, NULL), 0);
}

static void success_leaves_errno_alone(void)
{
	union control control;
	char byte;
	struct iovec part = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
	};
	int want = lowest();

	give(1, 'e');
	KEEPS_ERRNO(recvmsg(pair[0], &message, 0));
	SAME(taken(&message, want, false), 1);
}

void body(void)
{
	SAME(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	RUN(arrive_as_asked_for);
	RUN(a_peek_makes_descriptors_too);
	RUN(too_little_room_is_told);
	RUN(a_full_table_is_told);
	RUN(other_control_messages_are_left_alone);
	RUN(recvmsg_refuses_as_the_kernel_refuses);
	RUN(several_messages_at_once);
	RUN(recvmmsg_stops_where_the_kernel_stops);
	RUN(success_leaves_errno_alone);
	SAME(close(pair[0]), 0);
	SAME(close(pair[1]), 0);
}
