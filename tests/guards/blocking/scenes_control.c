// SPDX-License-Identifier: MIT
/* What comes with the bytes, and where it parts them: credentials, how much is left, urgent data. */
#include "scene.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* And closes what came. */
static unsigned count_control(struct msghdr *m)
{
	unsigned n = 0;
	int fd;

	for (struct cmsghdr *x = CMSG_FIRSTHDR(m); x; x = CMSG_NXTHDR(m, x), n++)
		if (x->cmsg_level == SOL_SOCKET && x->cmsg_type == SCM_RIGHTS) {
			memcpy(&fd, CMSG_DATA(x), sizeof(fd));
			close(fd);
		}
	return n;
}

/* s->n: of the room for control data. */
static long receives_message(struct scene *s)
{
	_Alignas(struct cmsghdr) char room[512];
	struct iovec v = { big_buffer(12), 12 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = room, .msg_controllen = s->n };
	long r = s->calls->receive_message(s->a, &m, s->flags);

	say(s, "control %u flags 0x%x ", count_control(&m), (unsigned)m.msg_flags);
	return r;
}

static long receives_all(struct scene *s)
{
	return s->calls->receive(s->a, big_buffer(s->n), s->n, MSG_WAITALL);
}

static struct rig make(struct scene *s, enum channel channel, bool gives)
{
	struct rig rig;

	open_rig(&rig, channel, gives);
	keep(s, rig.theirs);
	s->a = armed(s, keep(s, rig.mine));
	return rig;
}

static void turn_on(int fd, int level, int option)
{
	int on = 1;

	MUST(setsockopt(fd, level, option, &on, sizeof(on)));
}

/* One part after the other, each with control data. */
static void message_of_parts(struct scene *s, enum channel channel, size_t room)
{
	struct rig rig = make(s, channel, false);

	if (channel == UNIX)
		turn_on(s->a, SOL_SOCKET, SO_PASSCRED);
	else
		turn_on(s->a, IPPROTO_TCP, TCP_INQ);
	s->n = room;
	s->flags = MSG_WAITALL;
	begin(s, receives_message);
	for (int i = 0; i < 3; i++) {
		MUST(write(rig.theirs, "abcd", 4));
		look(s, 0);
	}
	end(s);
	forget(s);
}

static void parts_with_control(struct scene *s)
{
	for (unsigned room = 0; room < 4; room++) {
		message_of_parts(s, UNIX, room * CMSG_SPACE(sizeof(struct ucred)));
		message_of_parts(s, TCP, room * CMSG_SPACE(sizeof(int)));
	}
}

static void write_in_child(int fd)
{
	pid_t pid = fork();

	MUST(pid);
	if (pid == 0)
		_exit(write(fd, "abcd", 4) != 4);
	MUST(waitpid(pid, NULL, 0));
}

/* What two processes wrote is never joined where the reader may ask who did. */
static void two_writers(struct scene *s)
{
	struct rig rig = make(s, UNIX, false);

	turn_on(s->a, SOL_SOCKET, SO_PASSCRED);
	s->n = 8;
	for (int i = 0; i < 2; i++) {
		begin(s, receives_all);
		MUST(write(rig.theirs, "efgh", i ? 1 : 4));
		look(s, 0);
		write_in_child(rig.theirs);
		look(s, 0);
		MUST(write(rig.theirs, "ijklmnop", 8));
		end(s);
		drain_now(s->a);
	}
}

/* A read stops there if it has anything, though it would wait for more. */
static void urgent_data(struct scene *s)
{
	struct rig rig = make(s, TCP, false);

	s->n = 9;
	begin(s, receives_all);
	MUST(send(rig.theirs, "abc", 3, 0));
	look(s, 0);
	MUST(send(rig.theirs, "!", 1, MSG_OOB));
	look(s, 0);
	MUST(send(rig.theirs, "defghi", 6, 0));
	end(s);
	begin(s, receives_all);
	MUST(shutdown(rig.theirs, SHUT_WR));
	end(s);
	forget(s);

	rig = make(s, TCP, false);
	MUST(send(rig.theirs, "abc", 3, 0));
	MUST(send(rig.theirs, "!", 1, MSG_OOB));
	MUST(send(rig.theirs, "defghi", 6, 0));
	usleep(20000); /* all is there */
	begin(s, receives_all);
	end(s);
}

/* With descriptors a read ends, however much is wanted. */
static void descriptors_between(struct scene *s)
{
	union { struct cmsghdr align; char room[CMSG_SPACE(sizeof(int))]; } u;
	struct iovec v = { (char[]){ 'x' }, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &u, .msg_controllen = sizeof(u) };
	int null = 0;

	for (unsigned i = 0; i < 2; i++) {
		struct rig rig = make(s, UNIX, false);

		s->n = i * sizeof(u);
		s->flags = MSG_WAITALL;
		begin(s, receives_message);
		MUST(write(rig.theirs, "abcd", 4));
		look(s, 0);
		u.align = (struct cmsghdr){ CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS };
		memcpy(CMSG_DATA(&u.align), &null, sizeof(null));
		MUST(sendmsg(rig.theirs, &m, 0));
		look(s, 0);
		MUST(write(rig.theirs, "efghijkl", 8));
		end(s);
		forget(s);
	}
}

/* Who the program says it is: another, where it may. */
static long sends_as_another(struct scene *s)
{
	union { struct cmsghdr align; char room[CMSG_SPACE(sizeof(struct ucred))]; } u = { .align = { CMSG_LEN(sizeof(struct ucred)), SOL_SOCKET, SCM_CREDENTIALS } };
	struct ucred who = { getpid(), geteuid() ? getuid() : 1, getgid() };
	struct iovec v = { big_buffer(s->n), s->n };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &u, .msg_controllen = sizeof(u) };

	memcpy(CMSG_DATA(&u.align), &who, sizeof(who));
	return s->calls->post_message(s->a, &m, 0);
}

static size_t receive_from_another(int fd, size_t *ret_all)
{
	_Alignas(struct cmsghdr) char room[512];
	struct iovec v = { big_buffer(65536), 65536 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room) };
	ssize_t n = recvmsg(fd, &m, 0);
	struct ucred who;

	MUST(n);
	*ret_all += (size_t)n;
	memcpy(&who, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(who));
	return who.uid == (geteuid() ? getuid() : 1) ? (size_t)n : 0;
}

static void every_part_is_from_the_same(struct scene *s)
{
	size_t all = 0, another = 0;
	struct rig rig = make(s, UNIX, true);

	turn_on(rig.theirs, SOL_SOCKET, SO_PASSCRED);
	s->n = 600000;
	begin(s, sends_as_another);
	while (all < s->n)
		another += receive_from_another(rig.theirs, &all);
	end(s);
	note(s, "%zu of %zu\n", another, all);
}

static long sends_descriptor(struct scene *s)
{
	union { struct cmsghdr align; char room[CMSG_SPACE(sizeof(int))]; } u = { .align = { CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec v = { big_buffer(s->n), s->n };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &u, .msg_controllen = sizeof(u) };

	memcpy(CMSG_DATA(&u.align), &s->b, sizeof(int));
	return s->calls->post_message(s->a, &m, 0);
}

static void descriptor_goes_once(struct scene *s)
{
	_Alignas(struct cmsghdr) char room[512];
	unsigned descriptors = 0;
	struct rig rig = make(s, UNIX, true);
	struct iovec v = { big_buffer(65536), 65536 };

	s->n = 600000;
	begin(s, sends_descriptor);
	for (size_t all = 0; all < s->n;) {
		struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room) };
		ssize_t n = recvmsg(rig.theirs, &m, 0);

		MUST(n);
		all += (size_t)n;
		descriptors += count_control(&m);
	}
	end(s);
	note(s, "%u descriptors\n", descriptors);
}

const struct listed control_scenes[] = {
	{ "control", parts_with_control, false },
	{ "writers", two_writers, false },
	{ "urgent", urgent_data, false },
	{ "descriptors-within", descriptors_between, false },
	{ "descriptor-once", descriptor_goes_once, false },
	{ "credentials", every_part_is_from_the_same, false },
	{ NULL, NULL, false },
};
