// SPDX-License-Identifier: MIT
/* What ends a call that waits: the other end, time, a signal; and what it leaves for the next call. */
#include "scene.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static long sends(struct scene *s)
{
	return s->calls->give(s->a, big_buffer(s->n), s->n);
}

static long receives_all(struct scene *s)
{
	return s->calls->receive(s->a, big_buffer(s->n), s->n, MSG_WAITALL);
}

static struct rig make(struct scene *s, enum channel channel, bool gives, bool full)
{
	struct rig rig;

	open_rig(&rig, channel, gives);
	if (full)
		fill_rig(&rig);
	keep(s, rig.theirs);
	s->a = armed(s, keep(s, rig.mine));
	return rig;
}

static void note_next(struct scene *s)
{
	char b[16];
	ssize_t r = send(s->a, "x", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	int error = r < 0 ? errno : 0;

	note(s, "next sends %zd (%d) ", r, error);
	r = recv(s->a, b, sizeof(b), MSG_DONTWAIT);
	error = r < 0 ? errno : 0;
	note(s, "receives %zd (%d), %d SIGPIPE\n", r, error, atomic_load(&pipes_broken));
}

/* Nobody reads, nobody will, and the socket stays full. */
static void reader_stops(struct scene *s)
{
	static const enum channel channels[] = { UNIX, SEQPACKET };

	for (int i = 0; i < 4; i++) {
		struct rig rig = make(s, channels[i % 2], true, i < 2);

		s->n = i % 2 ? 10000 : 300000;
		if (i == 3)
			continue; /* a message that fits does not wait */
		begin(s, sends);
		MUST(shutdown(rig.theirs, SHUT_RD));
		look(s, 60);
		end_caller(&s->caller);
		note(s, "%s (%d) ", s->ret < 0 ? "nothing" : (size_t)s->ret < s->n ? "a part" : "all", s->error);
		note_next(s);
	}
}

static void reader_closes(struct scene *s)
{
	static const enum channel channels[] = { UNIX, SEQPACKET, DGRAM, TCP, PIPE };

	for (int i = 0; i < 10; i++) {
		struct rig rig = make(s, channels[i / 2], true, i % 2);

		if (i / 2 == 1 || i / 2 == 2)
			s->n = 10000;
		else
			s->n = 600000;
		begin(s, sends);
		if (!is_done(&s->caller)) {
			close(rig.theirs);
			s->kept[0] = -1;
			look(s, 0);
		}
		end_caller(&s->caller);
		note(s, "%s: %s (%d) ", channel_names[rig.channel], s->ret < 0 ? "nothing" : (size_t)s->ret < s->n ? "a part" : "all", s->error);
		note_next(s);
		forget(s);
	}
}

/* Part of it came, then a reset: that is the next call's. */
static void reset_after_part(struct scene *s)
{
	struct linger now = { 1, 0 };
	struct rig rig = make(s, TCP, false, false);

	s->n = 10;
	begin(s, receives_all);
	MUST(write(rig.theirs, "abc", 3));
	look(s, 0);
	MUST(setsockopt(rig.theirs, SOL_SOCKET, SO_LINGER, &now, sizeof(now)));
	close(s->kept[0]);
	s->kept[0] = -1;
	look(s, 0);
	end(s);
	note(s, "next receives %zd ", recv(s->a, big_buffer(10), 10, MSG_DONTWAIT));
	note(s, "(%d)\n", errno);
}

/* When the time is over, or a signal comes, there is room, of which nobody was told. */
static void last_look(struct scene *s)
{
	for (int i = 0; i < 2; i++) {
		struct rig rig = make(s, DGRAM, true, true);

		s->n = 4096;
		if (i)
			limit(s->a, SO_SNDTIMEO, 100);
		begin(s, sends);
		MUST(read(rig.theirs, big_buffer(4096), 4096));
		if (!i)
			send_signal(s);
		end(s);
	}
}

/* A signal that comes when there is room for a part ends the call with that part, whatever its handler's flags. */
static void signal_with_room(struct scene *s)
{
	struct rig rig = make(s, UNIX, true, true);

	handle_signals(true);
	s->n = 600000;
	begin(s, sends);
	MUST(read(rig.theirs, big_buffer(10473), 10473));
	look(s, 0);
	send_signal(s);
	end(s);
}

static long receives_messages(struct scene *s)
{
	struct mmsghdr m[3] = { { .msg_len = 0 } };
	struct iovec v[3];
	int r;

	for (int i = 0; i < 3; i++) {
		v[i] = (struct iovec){ big_buffer(300) + 100 * i, 100 };
		m[i].msg_hdr = (struct msghdr){ .msg_iov = &v[i], .msg_iovlen = 1 };
	}
	r = s->calls->receive_messages(s->a, m, 3, s->flags, NULL);
	say(s, "%u %u %u ", m[0].msg_len, m[1].msg_len, m[2].msg_len);
	return r;
}

static void waits_for_one(struct scene *s)
{
	struct rig rig = make(s, TCP, false, false);

	s->flags = MSG_WAITFORONE | MSG_WAITALL;
	begin(s, receives_messages);
	MUST(write(rig.theirs, big_buffer(40), 40));
	look(s, 0);
	MUST(write(rig.theirs, big_buffer(158), 158));
	look(s, 0);
	end(s);
	s->flags = MSG_WAITALL;
	begin(s, receives_messages);
	MUST(write(rig.theirs, big_buffer(250), 250));
	look(s, 0);
	MUST(write(rig.theirs, big_buffer(50), 50));
	end(s);
}

const struct listed end_scenes[] = {
	{ "reader-stops", reader_stops, false },
	{ "reader-closes", reader_closes, false },
	{ "reset-after-part", reset_after_part, false },
	{ "last-look", last_look, true },
	{ "signal-with-room", signal_with_room, true },
	{ "wait-for-one", waits_for_one, false },
	{ NULL, NULL, false },
};
