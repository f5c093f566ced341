// SPDX-License-Identifier: MIT
/*
 * bench-sweep: how long one sweep of guard closewait takes (shim/guards/closewait/sweep.c), called as a wrapper calls it. A child has the other ends. Tab-separated rows: sockets, how many of
 * them are in CLOSE_WAIT, which sweep, its milliseconds in all by median and at least, the longest that one call of the program waited for a part of it by median, parts of the last one.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "guards/closewait/sweep.h"
#include "options/options.h"

enum { MOST = 18000, RUNS = 15 };

static int fds[MOST];

static void must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(1);
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Has the other ends; closes so many at the parent's word. */
static void peer(int listener, int from, int to)
{
	int n = 0, k;

	for (; n < MOST; n++) {
		fds[n] = accept(listener, NULL, NULL);
		must(fds[n] >= 0 && write(to, "", 1) == 1, "accept");
	}
	while (read(from, &k, sizeof(k)) == sizeof(k)) {
		for (int i = 0; i < k; i++)
			close(fds[i]);
		must(write(to, "", 1) == 1, "write");
	}
	exit(0);
}

struct sweep {
	double ms, longest;
	int parts;
};

static struct sweep once(void)
{
	uint32_t number = atomic_load(&fdg_sweep_number);
	struct sweep s = { 0, 0, 0 };

	while (atomic_load(&fdg_sweep_number) == number) {
		double begun = now_ms(), ms;

		atomic_store(&fdg_sweep_due, 1);
		fdg_sweep_now(FDG_SWEEP_DUE);
		ms = now_ms() - begun;
		s.ms += ms;
		s.longest = ms > s.longest ? ms : s.longest;
		s.parts++;
	}
	return s;
}

static void row(int sockets, int ended, const char *which)
{
	double ms[RUNS], longest[RUNS];
	int parts = 0;

	for (int i = 0; i < RUNS; i++) {
		struct sweep s = once();

		ms[i] = s.ms;
		longest[i] = s.longest;
		parts = s.parts;
	}
	qsort(ms, RUNS, sizeof(*ms), compare);
	qsort(longest, RUNS, sizeof(*longest), compare);
	printf("%d\t%d\t%s\t%.3f\t%.3f\t%.3f\t%d\n", sockets, ended, which, ms[RUNS / 2], ms[0], longest[RUNS / 2], parts);
	fflush(stdout);
}

/* The same by hand: the least that it can cost. */
static void row_of_poll(int sockets)
{
	static struct pollfd all[MOST];
	double ms[RUNS];

	for (int i = 0; i < sockets; i++)
		all[i] = (struct pollfd){ fds[i], POLLRDHUP, 0 };
	for (int i = 0; i < RUNS; i++) {
		double begun = now_ms();

		poll(all, (nfds_t)sockets, 0);
		ms[i] = now_ms() - begun;
	}
	qsort(ms, RUNS, sizeof(*ms), compare);
	printf("%d\t0\tpoll alone\t%.3f\t%.3f\n", sockets, ms[RUNS / 2], ms[0]);
}

static void learn(int fd)
{
	fdg_ledger_learn(fd, fdg_kindword_of(FDG_KIND_SOCKET, AF_INET, SOCK_STREAM), 0, NULL);
	fdg_connection_connected(fd, (void *)(uintptr_t)learn);
}

int main(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM, 0), to[2], from[2], k = 10000;
	socklen_t n = sizeof(at);
	struct rlimit limit;
	char c;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	must(limit.rlim_max >= MOST + 100, "RLIMIT_NOFILE");
	must(bind(listener, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(listener, 1024) == 0, "listen");
	must(getsockname(listener, (struct sockaddr *)&at, &n) == 0 && pipe(to) == 0 && pipe(from) == 0, "pipe");
	if (fork() == 0) {
		close(to[1]);
		close(from[0]);
		peer(listener, to[0], from[1]);
	}
	atomic_store(&fdg_phase, FDG_ACTIVE);
	fdg_options_defaults(&fdg_options);
	fdg_options.log.where = FDG_LOG_NONE;
	fdg_options.fdleak = FDG_OFF;
	puts("# sockets\tin CLOSE_WAIT\tsweep\tms\tmin ms\tlongest part\tparts");
	for (int i = 0; i < MOST; i++) {
		fds[i] = socket(AF_INET, SOCK_STREAM, 0);
		must(connect(fds[i], (struct sockaddr *)&at, sizeof(at)) == 0 && read(from[0], &c, 1) == 1, "connect");
		learn(fds[i]);
		if (i + 1 == 1000 || i + 1 == 10000 || i + 1 == MOST) {
			row_of_poll(i + 1);
			row(i + 1, 0, "all is well");
		}
	}
	must(write(to[1], &k, sizeof(k)) == sizeof(k) && read(from[0], &c, 1) == 1, "write");
	poll(NULL, 0, 300);
	fdg_options.closewait_age_ms = 1000;
	row(MOST, k, "first seen, then young");
	poll(NULL, 0, 1500);
	fdg_options.closewait_age_ms = 3600000;
	once();
	fdg_options.closewait_age_ms = 1000;
	row(MOST, k, "judged, then known to leak");
	close(to[1]);
	wait(NULL);
	return 0;
}
