// SPDX-License-Identifier: MIT
/*
 * Nine causes for an event loop that looks at EPOLLIN and EPOLLOUT alone to turn without end. With loop.proper each is handled as it should be, and nothing turns.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "event_parts.h"

static void begin_udp(void)
{
	watch(open_udp(NULL), WATCH_READ, on_datagram);
	must(send(incident.fd, "anybody?", 8, 0) == 8, "send");
}

static void begin_recverr(void)
{
	int one = 1, fd = open_udp(NULL);

	must(setsockopt(fd, IPPROTO_IP, IP_RECVERR, &one, sizeof one) == 0, "IP_RECVERR");
	watch(fd, WATCH_READ, on_datagram);
	must(send(fd, "anybody?", 8, 0) == 8, "send");
}

static void begin_pipe(void)
{
	int fd[2];

	open_pipe(fd);
	watch(fd[0], WATCH_READ, on_stream);
	close(fd[1]);
}

static void begin_full_pipe(void)
{
	static const char line[4096];
	int fd[2];

	open_pipe(fd);
	while (write(fd[1], line, sizeof line) > 0)
		continue;
	watch(fd[1], WATCH_WRITE, on_stream);
	close(fd[0]);
}

/* The server has no room for more, and pauses the client; which is reset. */
static void begin_paused(void)
{
	int fd[2];

	tcp_pair(fd);
	watch(fd[0], WATCH_READ, on_stream);
	must(watch_pause(&incident.watch) == 0, "watch_pause");
	reset(fd[1]);
}

/* A server of terminals; the shell in this one exits. */
static void begin_hangup(void)
{
	int fd = open_terminal(), shell = open(ptsname(fd), O_RDWR | O_NOCTTY | O_CLOEXEC);

	must(shell >= 0, "ptsname");
	watch(fd, WATCH_READ, on_stream);
	close(shell);
}

static void begin_dup(void)
{
	begin_connection();
	must(fcntl(incident.fd, F_DUPFD_CLOEXEC, COPY) == COPY, "dup");
	close_connection(false);
	must(send(incident.peer, "more", 4, 0) == 4, "send");
}

/* A child that lives as long as we do. */
static void begin_child(void)
{
	begin_connection();
	incident.child = fork();
	if (incident.child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execlp("sleep", "sleep", "60", (char *)NULL);
		_exit(127);
	}
	usleep(200000);
	close_connection(false);
	must(send(incident.peer, "more", 4, 0) == 4, "send");
}

/* The server has room again. */
static void after_paused(void)
{
	watch_add(&incident.watch);
	until_heard();
	after_any();
}

const struct cause event_causes[] = {
	{ "udp", begin_udp, NULL, after_any },
	{ "pipe", begin_pipe, NULL, after_any },
	{ "full-pipe", begin_full_pipe, NULL, after_any },
	{ "paused", begin_paused, NULL, after_paused },
	{ "recverr", begin_recverr, NULL, after_any },
	{ "timestamps", begin_timestamps, NULL, after_any },
	{ "hangup", begin_hangup, NULL, after_any },
	{ "dup", begin_dup, NULL, after_closed },
	{ "child", begin_child, NULL, after_closed },
	{ NULL, NULL, NULL, NULL },
};
