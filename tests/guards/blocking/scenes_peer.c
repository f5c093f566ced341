// SPDX-License-Identifier: MIT
/* Connections: accept, connect, and sends that make one. */
#include "scene.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_in here;
static struct sockaddr_un local;

static int listen_tcp(struct scene *s, int backlog)
{
	int fd = keep(s, socket(AF_INET, SOCK_STREAM, 0));
	socklen_t len = sizeof(here);

	here = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	MUST(bind(fd, (struct sockaddr *)&here, sizeof(here)));
	MUST(getsockname(fd, (struct sockaddr *)&here, &len));
	MUST(listen(fd, backlog));
	return fd;
}

static int listen_unix(struct scene *s, int backlog)
{
	static int number;
	int fd = keep(s, socket(AF_UNIX, SOCK_STREAM, 0));

	local = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(local.sun_path + 1, sizeof(local.sun_path) - 1, "fdguard-blocking-%d-%d", getpid(), number++);
	MUST(bind(fd, (struct sockaddr *)&local, sizeof(local)));
	MUST(listen(fd, backlog));
	return fd;
}

static void connect_tcp(struct scene *s)
{
	MUST(connect(keep(s, socket(AF_INET, SOCK_STREAM, 0)), (struct sockaddr *)&here, sizeof(here)));
}

static long accepts(struct scene *s)
{
	struct sockaddr_in peer = { .sin_family = 0 };
	socklen_t len = sizeof(peer);
	int fd = s->calls->admit(s->a, (struct sockaddr *)&peer, &len);

	say(s, "family %d len %u ", peer.sin_family, len);
	return fd < 0 ? fd : close(fd);
}

static long accepts4(struct scene *s)
{
	int fd = s->calls->admit4(s->a, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int flags = fd < 0 ? 0 : fcntl(fd, F_GETFL) & O_NONBLOCK, cloexec = fd < 0 ? 0 : fcntl(fd, F_GETFD);

	say(s, "flags 0x%x 0x%x ", (unsigned)flags, (unsigned)cloexec);
	return fd < 0 ? fd : close(fd);
}

static void accept_waits(struct scene *s)
{
	s->a = armed(s, listen_tcp(s, 5));
	begin(s, accepts);
	connect_tcp(s);
	look(s, 0);
	end(s);
	begin(s, accepts4);
	connect_tcp(s);
	look(s, 0);
	end(s);
}

static void accept_is_interrupted(struct scene *s)
{
	s->a = armed(s, listen_tcp(s, 5));
	begin(s, accepts);
	send_signal(s);
	end(s);
	handle_signals(true);
	begin(s, accepts);
	send_signal(s);
	send_signal(s);
	connect_tcp(s);
	look(s, 0);
	end(s);
	limit(s->a, SO_RCVTIMEO, 60000);
	begin(s, accepts);
	send_signal(s);
	end(s);
	limit(s->a, SO_RCVTIMEO, 300);
	begin(s, accepts);
	end(s);
}

static void accept_is_shut(struct scene *s)
{
	s->a = armed(s, listen_tcp(s, 5));
	begin(s, accepts);
	MUST(shutdown(s->a, SHUT_RD));
	look(s, 0);
	end(s);
	s->a = armed(s, listen_unix(s, 5));
	begin(s, accepts4);
	MUST(shutdown(s->a, SHUT_RD));
	look(s, 0);
	end(s);
}

static long connects(struct scene *s)
{
	return s->calls->join(s->a, (struct sockaddr *)&here, sizeof(here));
}

static long connects_local(struct scene *s)
{
	return s->calls->join(s->a, (struct sockaddr *)&local, sizeof(local));
}

static void connect_ends(struct scene *s)
{
	int listener = listen_tcp(s, 5);

	s->a = armed(s, keep(s, socket(AF_INET, SOCK_STREAM, 0)));
	begin(s, connects);
	end(s);
	begin(s, connects);
	end(s);
	shutdown(listener, SHUT_RDWR);
	s->a = armed(s, keep(s, socket(AF_INET, SOCK_STREAM, 0)));
	begin(s, connects);
	end(s);
	listen_tcp(s, 5);
	begin(s, connects); /* a socket that was refused can try again */
	end(s);
	s->a = armed(s, keep(s, socket(AF_INET, SOCK_DGRAM, 0)));
	begin(s, connects);
	end(s);
}

/* The listener's queue is full, and drops what comes. */
static void connect_takes_long(struct scene *s)
{
	listen_tcp(s, 0);
	connect_tcp(s);
	s->a = armed(s, keep(s, socket(AF_INET, SOCK_STREAM, 0)));
	begin(s, connects);
	send_signal(s);
	end(s);
	limit(s->a, SO_SNDTIMEO, 300);
	begin(s, connects);
	end(s);
	s->a = armed(s, keep(s, socket(AF_INET, SOCK_STREAM, 0)));
	limit(s->a, SO_SNDTIMEO, 300);
	begin(s, connects);
	end(s);
	limit(s->a, SO_SNDTIMEO, 0);
	handle_signals(true);
	begin(s, connects);
	send_signal(s);
	MUST(shutdown(s->a, SHUT_RDWR));
	look(s, 0);
	end(s);
}

static void connect_to_full_queue(struct scene *s)
{
	int listener = listen_unix(s, 0);

	MUST(connect(keep(s, socket(AF_UNIX, SOCK_STREAM, 0)), (struct sockaddr *)&local, sizeof(local)));
	s->a = armed(s, keep(s, socket(AF_UNIX, SOCK_STREAM, 0)));
	limit(s->a, SO_SNDTIMEO, 300);
	begin(s, connects_local);
	end(s);
	limit(s->a, SO_SNDTIMEO, 0);
	begin(s, connects_local);
	send_signal(s);
	end(s);
	handle_signals(true);
	begin(s, connects_local);
	send_signal(s);
	close(accept(listener, NULL, NULL));
	look(s, 20);
	end(s);
}

static long posts_first(struct scene *s)
{
	return s->calls->post_to(s->a, "0123456789", 10, MSG_FASTOPEN, (struct sockaddr *)&here, sizeof(here));
}

static void send_connects(struct scene *s)
{
	int listener = listen_tcp(s, 5), peer;

	for (int i = 0; i < 2; i++) {
		s->a = armed(s, keep(s, socket(AF_INET, SOCK_STREAM, 0)));
		begin(s, posts_first);
		end(s);
		MUST(peer = keep(s, accept(listener, NULL, NULL)));
		shutdown(s->a, SHUT_WR);
		note(s, "arrived %zd\n", recv(peer, big_buffer(100), 100, MSG_WAITALL));
	}
}

const struct listed peer_scenes[] = {
	{ "accept-waits", accept_waits, false },
	{ "accept-interrupted", accept_is_interrupted, true },
	{ "accept-shut", accept_is_shut, false },
	{ "connect-ends", connect_ends, false },
	{ "connect-long", connect_takes_long, true },
	{ "connect-full", connect_to_full_queue, true },
	{ "send-connects", send_connects, false },
	{ NULL, NULL, false },
};
