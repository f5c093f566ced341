/* SPDX-License-Identifier: MIT */
/* For poll_wrong.c and poll_left_out.c: a loop that does nothing about what it is told. After a good second and a half it counts its turns for a while, and says "spins" or "calm". */
#ifndef POLL_TWIN_H
#define POLL_TWIN_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int __poll_chk(struct pollfd *fds, nfds_t n, int timeout, size_t room);
int __ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask, size_t room);

#define NAMED __attribute__((noinline)) static
enum { MANY = 200, PROOF_MS = 1500, COUNT_MS = 300, MANY_TURNS = 100 };

static struct pollfd fds[MANY];
static nfds_t count;
static int timeout_ms = -1;
static const char *name = "poll";
static int last; /* what the wait returned */
static void (*each)(void); /* turn of the loop */

static void must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(98);
}

static void ask(int fd, short events)
{
	fds[count++] = (struct pollfd){ fd, events, 0 };
}

/* A pipe of which nobody writes anything. */
static int quiet(void)
{
	int ends[2];

	must(pipe(ends) == 0, "pipe");
	return ends[0];
}

NAMED int wait_once(void)
{
	struct timespec t = { timeout_ms / 1000, timeout_ms % 1000 * 1000000L }, *time = timeout_ms < 0 ? NULL : &t;
	int r;

	if (strcmp(name, "ppoll") == 0)
		r = ppoll(fds, count, time, NULL);
	else if (strcmp(name, "poll-chk") == 0)
		r = __poll_chk(fds, count, timeout_ms, sizeof fds);
	else if (strcmp(name, "ppoll-chk") == 0)
		r = __ppoll_chk(fds, count, time, NULL, sizeof fds);
#ifdef SYS_poll
	else if (strcmp(name, "number-poll") == 0)
		r = (int)syscall(SYS_poll, fds, count, timeout_ms);
#endif
	else if (strncmp(name, "number", 6) == 0)
		r = (int)syscall(SYS_ppoll, fds, count, time, NULL, 8L);
	else
		r = poll(fds, count, timeout_ms);
	must(r >= 0 || errno == EINTR, name);
	last = r;
	return r;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static unsigned turn_for(int ms)
{
	int64_t end = now_ms() + ms;
	unsigned turns = 0;

	for (; now_ms() < end; turns++) {
		wait_once();
		if (each)
			each();
	}
	return turns;
}

static void *run(void *nothing)
{
	(void)nothing;
	turn_for(PROOF_MS);
	printf("%s", turn_for(COUNT_MS) > MANY_TURNS ? "spins" : "calm");
	fflush(stdout);
	return NULL;
}

static int closed_number(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

static void nval(void)
{
	ask(quiet(), POLLIN);
	ask(closed_number(), POLLIN);
	ask(-1, POLLIN);
}

static void nval_many(void)
{
	int fd = quiet();

	while (count < MANY)
		ask(fd, POLLIN);
	fds[MANY / 2].fd = closed_number();
}

#endif
