// SPDX-License-Identifier: MIT
/*
 * event-loop CAUSE old|proper BEFORE SECONDS: case 4, in C.
 *
 * A server in one event loop, and among its descriptors one with which something happens that a loop of 2003 does not look at (event_causes.c, event_harder.c). In the
 * same loop a client has 100 messages echoed, and two slow readers take 64 KiB in single bytes, each when the loop says that there is one: the first while the cause is
 * young, the second, whose peer has left, at the end. From BEFORE seconds after the fault (if not at once: when it sleeps now and then, or 20 s later) it
 * measures itself for SECONDS.
 *
 * Prints what it saw, which is the same in every run, and in a second line what it measured: CPU time, window, and the time that it waited for a CPU, in ms; busy,
 * the part of the window in which it ran or waited for a CPU, in %; core, in which it ran; how often it slept; turns of the loop, and events that nobody was called for.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "event_parts.h"

#define PINGS 100
#define MESSAGE "message\n"
#define MESSAGE_SIZE (sizeof MESSAGE - 1)
#define BYTES 65536

static struct watch server, client;
static const struct cause *cause;
static int pings;
static size_t answered; /* bytes */

struct slow_reader {
	struct watch watch; /* first */
	long got;
	bool left; /* the peer has */
};

static void echo(struct watch *w, unsigned what)
{
	char data[64];
	ssize_t n = read(w->fd, data, sizeof data);

	(void)what;
	must(n > 0 && write(w->fd, data, (size_t)n) == n, "echo");
}

static void on_answer(struct watch *w, unsigned what)
{
	char data[64];
	ssize_t n = read(w->fd, data, sizeof data);

	(void)what;
	must(n > 0, "answer");
	answered += (size_t)n;
}

static void begin_pings(void)
{
	int fd[2];

	tcp_pair(fd);
	server = (struct watch){ fd[0], WATCH_READ, echo };
	client = (struct watch){ fd[1], WATCH_READ, on_answer };
	must(watch_add(&server) == 0 && watch_add(&client) == 0, "watch_add");
}

static void read_a_byte(struct watch *w, unsigned what)
{
	char byte;
	ssize_t n = read(w->fd, &byte, 1);

	(void)what;
	if (n == 1)
		((struct slow_reader *)w)->got++;
	else if (n == 0) {
		must(watch_del(w) == 0, "watch_del");
		close(w->fd);
		((struct slow_reader *)w)->left = true;
	}
}

static void begin_reader(struct slow_reader *r, bool peer_leaves)
{
	static const char zeros[BYTES];
	int fd[2];

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd) == 0, "socketpair");
	must(write(fd[1], zeros, BYTES) == BYTES, "write");
	r->watch = (struct watch){ fd[0], WATCH_READ, read_a_byte };
	must(watch_add(&r->watch) == 0, "watch_add");
	if (peer_leaves)
		close(fd[1]);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Until then; and a message of the client each time that its turn has come. */
static void run_until(double end, double period)
{
	static double next;
	double t = now();

	if (next == 0)
		next = t + period;
	for (; t < end; t = now()) {
		if (t >= next && pings < PINGS) {
			must(write(client.fd, MESSAGE, MESSAGE_SIZE) == MESSAGE_SIZE, "ping");
			pings++;
			if (cause->tick)
				cause->tick();
			next += period;
		}
		loop_turn(pings < PINGS && next < end ? next > t ? (int)(next - t) + 1 : 0 : (int)(end - t) + 1);
	}
}

struct measure {
	double wall, cpu, waited;
	unsigned long turns, idle, slept;
};

/* Ready to run, and no CPU to run on: the kernel tells since 2.6.9, if it was built to. */
static double waited_for_cpu(void)
{
	unsigned long long ran, waited = 0;
	FILE *f = fopen("/proc/self/schedstat", "re");

	if (f) {
		if (fscanf(f, "%llu %llu", &ran, &waited) != 2)
			waited = 0;
		fclose(f);
	}
	return (double)waited / 1e6;
}

static struct measure measure(void)
{
	struct measure m = { .wall = now(), .waited = waited_for_cpu(), .turns = loop.turns, .idle = loop.idle };
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	m.cpu = (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
	m.slept = (unsigned long)u.ru_nvcsw;
	return m;
}

/* Who turns in vain never does. On a machine with much else to do a cure takes longer; where there is none this ends as well. */
static void until_it_sleeps(double end, double period)
{
	unsigned long slept;

	do {
		slept = measure().slept;
		run_until(now() + 300, period);
	} while (measure().slept == slept && now() < end);
}

static void put_measured(const struct measure *a, const struct measure *b)
{
	double wall = b->wall - a->wall, cpu = b->cpu - a->cpu, waited = b->waited - a->waited;

	printf("measured: pid=%d fd=%d cpu=%.0f window=%.0f waited=%.0f busy=%.0f core=%.1f slept=%lu turns=%lu idle=%lu", (int)getpid(), incident.fd, cpu,
	       wall, waited, 100 * (cpu + waited) / wall, 100 * cpu / wall, b->slept - a->slept, b->turns - a->turns, b->idle - a->idle);
	if (incident.address.sin_family == AF_INET)
		printf(" peer=%s:%d", inet_ntoa(incident.address.sin_addr), ntohs(incident.address.sin_port));
	if (incident.child)
		printf(" child=%d", incident.child);
	putchar('\n');
}

static void run(double before, double window)
{
	struct slow_reader first = { .got = 0 }, second = { .got = 0 };
	double period = (before + window) / (PINGS + 10), start;
	struct measure a, b;

	begin_pings();
	begin_reader(&first, false);
	cause->begin();
	start = now();
	run_until(start + before, period);
	if (before > 0)
		until_it_sleeps(start + before + 20e3, period);
	a = measure();
	run_until(a.wall + window, period);
	b = measure();
	begin_reader(&second, true);
	while ((first.got < BYTES || !second.left || answered < PINGS * MESSAGE_SIZE) && now() < b.wall + 30e3)
		run_until(now() + period, period);
	put_measured(&a, &b);
	cause->after();
	printf("%s: heard %s; epoll_ctl: %s; %d of %d answers; %ld and %ld bytes\n", cause->name, incident.heard, journal(), (int)(answered / MESSAGE_SIZE), PINGS,
	       first.got, second.got);
}

static const struct cause *find(const struct cause *c, const char *name)
{
	while (c->name && strcmp(c->name, name) != 0)
		c++;
	return c->name ? c : NULL;
}

int main(int argc, char **argv)
{
	cause = argc == 5 ? find(event_causes, argv[1]) : NULL;
	if (argc == 5 && !cause)
		cause = find(event_harder, argv[1]);
	if (!cause) {
		fputs("usage: event-loop CAUSE old|proper BEFORE SECONDS; the causes are in event_causes.c and event_harder.c\n", stderr);
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	loop_open(strcmp(argv[2], "proper") == 0);
	run(atof(argv[3]) * 1e3, atof(argv[4]) * 1e3);
	return 0;
}
