// SPDX-License-Identifier: MIT
/*
 * Causes that are harder to see, or to mend without taking something from the program: what it did not look at it may look at later. And one that is none.
 */
#include <fcntl.h>
#include <linux/net_tstamp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "event_parts.h"

#define BYTES 65536

/* Nobody saw the close. */
static void begin_dup_raw(void)
{
	begin_connection();
	must(fcntl(incident.fd, F_DUPFD_CLOEXEC, COPY) == COPY, "dup");
	close_connection(true);
	must(send(incident.peer, "more", 4, 0) == 4, "send");
}

/* A child that is the same program, and has the loop as well. */
static void begin_worker(void)
{
	begin_connection();
	incident.child = fork();
	if (incident.child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	close_connection(false);
	must(send(incident.peer, "more", 4, 0) == 4, "send");
}

/* Timestamps that nobody reads, of a sender that goes on. */
static void send_again(void)
{
	must(send(incident.fd, "when?", 5, 0) == 5, "send");
}

/* Timestamps that are read when the program has time for them, and not when the loop tells. */
static void send_by_clock(void)
{
	static int ticks;

	if (++ticks != 50)
		return;
	incident.stamps += read_error_queue(incident.fd);
	send_again();
}

static void after_by_clock(void)
{
	incident.stamps += read_error_queue(incident.fd);
	if (incident.stamps == 2)
		hear("both timestamps");
	after_any();
}

/* A connection with timestamps that nobody reads; what comes later is read in single bytes, each when the loop tells. */
static void on_byte(struct watch *w, unsigned what)
{
	static int got;
	char byte;

	if (read(w->fd, &byte, 1) == 1 && ++got == BYTES)
		hear("65536 bytes");
	if (what & WATCH_ERROR)
		read_error_queue(w->fd);
}

static void begin_bytes(void)
{
	int flags = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;

	begin_connection();
	incident.watch.call = on_byte;
	must(setsockopt(incident.fd, SOL_SOCKET, SO_TIMESTAMPING, &flags, sizeof flags) == 0, "SO_TIMESTAMPING");
	send_again();
}

static void after_bytes(void)
{
	static const char zeros[BYTES];

	must(write(incident.peer, zeros, BYTES) == BYTES, "write");
	until_heard();
	after_any();
}

static bool busy_elsewhere = true;

/* Has no time for it, and leaves it registered. Later it reads what the loop tells, and only then. */
static void on_late(struct watch *w, unsigned what)
{
	if (busy_elsewhere && !loop.proper)
		loop.idle++;
	else
		on_stream(w, what);
}

static void begin_late_data(void)
{
	int fd[2];

	open_pipe(fd);
	must(write(fd[1], "data", 4) == 4, "write");
	watch(fd[0], WATCH_READ, on_late);
	close(fd[1]);
}

static void begin_late_reset(void)
{
	int fd[2];

	tcp_pair(fd);
	watch(fd[0], WATCH_READ, on_late);
	reset(fd[1]);
}

static void after_late(void)
{
	busy_elsewhere = false;
	until_heard();
	after_any();
}

/* The program goes on as a child of itself. */
static void after_late_fork(void)
{
	int pid;

	fflush(stdout);
	pid = fork();
	must(pid >= 0, "fork");
	if (pid > 0) {
		waitpid(pid, NULL, 0);
		_exit(0);
	}
	after_late();
}

/* A connection that has another number by now. The loop knows it by its data. */
static void on_moved(struct watch *w, unsigned what)
{
	static int got;
	char byte;

	(void)what;
	if (read(loop.proper ? w->fd : COPY, &byte, 1) == 1 && ++got == 100)
		hear("all of it");
}

static void begin_moved(void)
{
	begin_connection();
	incident.watch.call = on_moved;
	must(fcntl(incident.fd, F_DUPFD_CLOEXEC, COPY) == COPY, "dup");
	if (loop.proper)
		must(watch_del(&incident.watch) == 0, "watch_del");
	close(incident.fd);
	if (loop.proper)
		watch(COPY, WATCH_READ, on_moved);
}

static void send_byte(void)
{
	must(send(incident.peer, "x", 1, 0) == 1, "send");
}

static void after_moved(void)
{
	until_heard();
	if (loop.proper)
		after_any();
}

const struct cause event_harder[] = {
	{ "dup-raw", begin_dup_raw, NULL, after_closed },
	{ "worker", begin_worker, NULL, after_closed },
	{ "steady", begin_timestamps, send_again, after_any },
	{ "by-clock", begin_timestamps, send_by_clock, after_by_clock },
	{ "bytes", begin_bytes, NULL, after_bytes },
	{ "late-data", begin_late_data, NULL, after_late },
	{ "late-reset", begin_late_reset, NULL, after_late },
	{ "late-fork", begin_late_data, NULL, after_late_fork },
	{ "moved", begin_moved, send_byte, after_moved },
	{ NULL, NULL, NULL, NULL },
};
