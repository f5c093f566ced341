// SPDX-License-Identifier: MIT
/* From descriptor to descriptor; event descriptors; terminals; descriptors in messages. */
#include "scene.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

static void make_pair(struct scene *s, int type, int pair[2])
{
	int bytes = 32768;

	MUST(socketpair(AF_UNIX, type, 0, pair));
	for (int i = 0; i < 2; i++) {
		keep(s, pair[i]);
		MUST(setsockopt(pair[i], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)));
	}
}

static void make_pipe(struct scene *s, int pair[2])
{
	MUST(pipe(pair));
	keep(s, pair[0]);
	keep(s, pair[1]);
}

static void drain_to_end(struct scene *s, int fd)
{
	size_t sum = 0;

	do
		sum += drain_now(fd);
	while (!settle(&s->caller, 0));
	end(s);
	note(s, "arrived %zu\n", sum + drain_now(fd));
}

static long moves(struct scene *s)
{
	return s->calls->move(s->a, NULL, s->b, NULL, s->n, (unsigned)s->flags);
}

/* Empty in, full out; one of them marked, or both. */
static void splice_from_pipe(struct scene *s)
{
	int in[2], out[2];

	for (int which = 1; which < 4; which++) {
		make_pipe(s, in);
		make_pair(s, SOCK_STREAM, out);
		s->a = which & 1 ? armed(s, in[0]) : in[0];
		s->b = which & 2 ? armed(s, out[0]) : out[0];
		s->n = 60000;
		begin(s, moves);
		MUST(write(in[1], big_buffer(50000), 50000));
		look(s, 0);
		end(s);
		MUST(write(in[1], big_buffer(50000), 50000));
		begin(s, moves);
		drain_to_end(s, out[1]);
		s->flags = SPLICE_F_NONBLOCK;
		begin(s, moves);
		end(s);
		s->flags = 0;
	}
}

static void splice_from_socket(struct scene *s)
{
	int in[2], out[2];

	for (int which = 1; which < 4; which++) {
		make_pair(s, SOCK_STREAM, in);
		make_pipe(s, out);
		s->a = which & 1 ? armed(s, in[0]) : in[0];
		s->b = which & 2 ? armed(s, out[1]) : out[1];
		s->n = 60000;
		begin(s, moves);
		MUST(write(in[1], "123", 3));
		look(s, 0);
		end(s);
		MUST(write(out[1], big_buffer(61440), 61440));
		MUST(write(in[1], "456", 3));
		begin(s, moves);
		drain_to_end(s, out[0]);
		begin(s, moves);
		send_signal(s);
		end(s);
	}
}

/* The other end does not block, and is not marked: it is it that fails. */
static void splice_to_nonblocking(struct scene *s)
{
	int in[2], out[2];

	make_pipe(s, in);
	make_pair(s, SOCK_STREAM, out);
	MUST(fcntl(out[0], F_SETFL, O_RDWR | O_NONBLOCK));
	while (write(out[0], big_buffer(4096), 4096) > 0)
		;
	s->a = armed(s, in[0]);
	s->b = out[0];
	s->n = 10;
	MUST(write(in[1], "0123456789", 10));
	begin(s, moves);
	look(s, 0);
	end(s);
}

static void splice_pipes(struct scene *s)
{
	int in[2], out[2];

	make_pipe(s, in);
	make_pipe(s, out);
	s->a = armed(s, in[0]);
	s->b = out[1];
	s->n = 100;
	begin(s, moves);
	MUST(write(in[1], "0123456789", 10));
	look(s, 0);
	end(s);
	begin(s, moves);
	close(in[1]);
	s->kept[1] = -1;
	look(s, 0);
	end(s);
}

static long posts_file(struct scene *s)
{
	return s->calls->post_file(s->a, s->b, NULL, s->n);
}

static void sendfile_goes_on(struct scene *s)
{
	int file = keep(s, memfd_create("blocking", 0)), out[2];

	MUST(write(file, big_buffer(1000000), 1000000));
	make_pair(s, SOCK_STREAM, out);
	s->a = armed(s, out[0]);
	s->b = file;
	for (s->n = 1000000; s->n < 6000000; s->n += 3000000) {
		MUST(lseek(file, 0, SEEK_SET));
		begin(s, posts_file);
		drain_to_end(s, out[1]);
	}
	MUST(lseek(file, 0, SEEK_SET));
	begin(s, posts_file);
	send_signal(s);
	end_caller(&s->caller);
	note(s, "a part %d\n", s->ret > 0 && s->ret < 1000000 && (size_t)s->ret == drain_now(out[1]));
	MUST(lseek(file, 999990, SEEK_SET)); /* ten bytes, and no reader for more */
	begin(s, posts_file);
	look(s, 0);
	end(s);
	make_pipe(s, out);
	s->a = armed(s, out[1]);
	MUST(lseek(file, 0, SEEK_SET));
	begin(s, posts_file);
	look(s, 0);
	end(s);
}

static long takes(struct scene *s)
{
	return s->calls->take(s->a, big_buffer(s->n), s->n);
}

static long gives_most(struct scene *s)
{
	uint64_t v = UINT64_MAX - 1;

	return s->calls->give(s->a, &v, sizeof(v));
}

static void event_waits(struct scene *s)
{
	uint64_t v = 5;
	int fd = keep(s, eventfd(0, 0));

	s->a = armed(s, fd);
	s->n = sizeof(v);
	begin(s, takes);
	MUST(write(fd, &v, sizeof(v)));
	look(s, 0);
	end(s);
	MUST(write(fd, &v, sizeof(v)));
	begin(s, gives_most); /* there is room for some, not for that much */
	look(s, 0);
	MUST(read(fd, &v, sizeof(v)));
	look(s, 20);
	end(s);
	note(s, "%llu\n", (unsigned long long)v);
	begin(s, gives_most);
	send_signal(s);
	end(s);
}

static void set_terminal(int fd, bool lines, int min, int tenths)
{
	struct termios t;

	MUST(tcgetattr(fd, &t));
	cfmakeraw(&t);
	t.c_lflag |= lines ? ICANON : 0;
	t.c_cc[VMIN] = (cc_t)min;
	t.c_cc[VTIME] = (cc_t)tenths;
	if (lines)
		t.c_cc[VEOF] = 4;
	MUST(tcsetattr(fd, TCSANOW, &t));
}

static void terminal_reads(struct scene *s)
{
	static const struct { bool lines; int min, tenths; } modes[] = { { true, 1, 0 }, { false, 1, 0 }, { false, 5, 0 }, { false, 5, 3 }, { false, 0, 0 }, { false, 0, 1 } };
	int master, slave;

	MUST(openpty(&master, &slave, NULL, NULL, NULL));
	keep(s, master);
	keep(s, slave);
	s->a = armed(s, slave);
	s->n = 100;
	for (unsigned i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		note(s, "lines %d, at least %d, %d tenths: ", modes[i].lines, modes[i].min, modes[i].tenths);
		set_terminal(slave, modes[i].lines, modes[i].min, modes[i].tenths);
		begin(s, takes);
		if (modes[i].min || modes[i].lines) {
			MUST(write(master, "abc", 3));
			look(s, 30);
			MUST(write(master, "defgh\n", 6));
			look(s, 30);
		}
		end(s);
		MUST(tcflush(slave, TCIFLUSH));
	}
	set_terminal(slave, false, 5, 0);
	begin(s, takes);
	MUST(write(master, "abc", 3));
	look(s, 30);
	send_signal(s);
	end(s);
	s->a = armed(s, master); /* whose VMIN is none of its own */
	begin(s, takes);
	MUST(write(slave, "x", 1));
	look(s, 30);
	end(s);
}

static long gives_bytes(struct scene *s)
{
	return s->calls->give(s->a, big_buffer(s->n), s->n);
}

static void terminal_writes(struct scene *s)
{
	int master, slave;

	MUST(openpty(&master, &slave, NULL, NULL, NULL));
	keep(s, master);
	keep(s, slave);
	set_terminal(slave, false, 1, 0);
	s->a = armed(s, slave);
	s->n = 200000;
	begin(s, gives_bytes);
	drain_to_end(s, master);
}

static void send_with_descriptor(int to, const char *text, int fd)
{
	union { struct cmsghdr header; char room[CMSG_SPACE(sizeof(int))]; } control = { .room = "" };
	struct iovec v = { (void *)(uintptr_t)text, strlen(text) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };

	control.header = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	MUST(sendmsg(to, &m, 0));
}

static long receives_all(struct scene *s)
{
	union { struct cmsghdr header; char room[CMSG_SPACE(sizeof(int)) * 3]; } control = { .room = "" };
	char text[32] = "";
	struct iovec v = { text, sizeof(text) };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
	ssize_t r = s->calls->receive_message(s->a, &m, MSG_WAITALL);
	int descriptors = 0, fd;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
		descriptors += close(fd) == 0;
	}
	say(s, "'%.*s' flags 0x%x control %zu descriptors %d ", (int)(r > 0 ? r : 0), text, (unsigned)m.msg_flags & ~(unsigned)MSG_CMSG_CLOEXEC, m.msg_controllen, descriptors);
	return r;
}

static void message_brings_descriptors(struct scene *s)
{
	int pair[2];

	for (int first = 0; first < 2; first++) {
		make_pair(s, SOCK_STREAM, pair);
		s->a = armed(s, pair[0]);
		begin(s, receives_all);
		if (first)
			MUST(write(pair[1], "plain ", 6));
		look(s, 0);
		send_with_descriptor(pair[1], "with one ", pair[1]);
		look(s, 0);
		if (!is_done(&s->caller))
			MUST(write(pair[1], "more", 4));
		shutdown(pair[1], SHUT_WR);
		end(s);
	}
}

static long takes_without_limit(struct scene *s)
{
	struct rlimit before, none;
	long r;

	MUST(getrlimit(RLIMIT_NOFILE, &before));
	none = (struct rlimit){ 0, before.rlim_max };
	MUST(setrlimit(RLIMIT_NOFILE, &none));
	r = takes(s);
	MUST(setrlimit(RLIMIT_NOFILE, &before));
	return r;
}

/* poll refuses any descriptor then, and a read does not. The test cannot look at the thread meanwhile. */
static void limit_is_zero(struct scene *s)
{
	int pair[2];

	make_pipe(s, pair);
	s->a = armed(s, pair[0]);
	s->n = 10;
	s->job = takes_without_limit;
	start_caller(&s->caller, run_job, s);
	usleep(30000);
	MUST(write(pair[1], "a", 1));
	end(s);
}

const struct listed byte_scenes[] = {
	{ "splice-pipe", splice_from_pipe, false },
	{ "splice-socket", splice_from_socket, true },
	{ "splice-nonblocking", splice_to_nonblocking, false },
	{ "splice-pipes", splice_pipes, false },
	{ "sendfile", sendfile_goes_on, true },
	{ "eventfd", event_waits, true },
	{ "terminal-reads", terminal_reads, true },
	{ "terminal-writes", terminal_writes, false },
	{ "descriptors", message_brings_descriptors, false },
	{ "no-descriptors", limit_is_zero, false },
	{ NULL, NULL, false },
};
