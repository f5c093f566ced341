// SPDX-License-Identifier: MIT
/* The world around a program of the corpus, and the judge of what it says: not by the clock, but by what is there. */
#include "scene.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { WITNESS = 10, PEER, OTHER_PEER, LOW_PEER, EARLY_PEER };

static void need(bool done, const char *what)
{
	if (done)
		return;
	dprintf(2, "scene: %s: %s\n", what, strerror(errno));
	_exit(NO_SCENE);
}

/* No number above fd + 3 is ever used: the kernel's table would grow, and with it what select reads. */
static void move(int from, int to)
{
	if (from == to)
		return;
	need(dup2(from, to) == to, "dup2");
	close(from);
}

static void pair(int at, int peer)
{
	int ends[2];
	need(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
	move(ends[0], at);
	move(ends[1], peer);
}

static void tcp_pair(int at, int peer)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM, 0), ends[2];

	need(bind(listener, (struct sockaddr *)&address, size) == 0 && listen(listener, 1) == 0, "listen");
	need(getsockname(listener, (struct sockaddr *)&address, &size) == 0, "getsockname");
	ends[0] = socket(AF_INET, SOCK_STREAM, 0);
	need(connect(ends[0], (struct sockaddr *)&address, size) == 0, "connect");
	ends[1] = accept(listener, NULL, NULL);
	need(ends[1] >= 0, "accept");
	close(listener);
	move(ends[0], at);
	move(ends[1], peer);
}

static void fill(int fd)
{
	static const char page[4096];
	int small = 4608;

	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
	for (size_t size = sizeof page; size > 0; size /= 8)
		while (send(fd, page, size, MSG_DONTWAIT) > 0)
			;
}

static void drain(int fd)
{
	char page[4096];
	while (recv(fd, page, sizeof page, MSG_DONTWAIT) > 0)
		;
}

/* Is the process in a system call that sleeps? */
static bool asleep(pid_t pid)
{
	char path[64], line[512] = "";
	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, line, sizeof line - 1);
	close(fd);
	char *state = n > 0 ? strrchr(line, ')') : NULL;
	return state && state[2] == 'S';
}

/* Waits until the program has slept for a while; not for ever, because a wrong one may not sleep at all. */
static void wait_for_sleep(pid_t pid)
{
	for (int looks = 0, slept = 0; looks < 200 && slept < 4; looks++) {
		usleep(5000);
		slept = asleep(pid) ? slept + 1 : 0;
	}
}

static void happen(pid_t program, const struct row *row)
{
	char byte = 'x';

	do {
		wait_for_sleep(program);
		if (row->happening == WRITABLE)
			drain(PEER);
		else if (send(PEER, &byte, 1, (row->happening == URGENT ? MSG_OOB : 0) | MSG_NOSIGNAL) != 1)
			break;
	} while (row->happening == REQUESTS && recv(PEER, &byte, 1, 0) == 1);
}

static void start_helper(const struct scene *scene, const struct row *row)
{
	pid_t program = getpid(), helper = fork();
	need(helper >= 0, "fork");
	if (helper > 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(scene->fd);
	if (getppid() == program)
		happen(program, row);
	_exit(0);
}

/* Runs out shortly before the program's own time limit. */
static void start_witness(long limit)
{
	long ns = limit * 800;
	struct itimerspec at = { .it_value = { ns / 1000000000, ns % 1000000000 } };
	int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);

	need(timer >= 0 && timerfd_settime(timer, 0, &at, NULL) == 0, "timerfd");
	move(timer, WITNESS);
}

void scene_open(struct scene *ret_scene, const struct row *row, int fd, enum crowd crowd, bool ready)
{
	struct scene scene = { .fd = fd, .other = fd + 1, .low = LOW, .early = EARLY };
	long limit = ready ? row->ready_limit : row->idle_limit;

	scene.limit = (struct timeval){ limit / 1000000, limit % 1000000 };
	if (row->happening == URGENT)
		tcp_pair(scene.fd, PEER);
	else
		pair(scene.fd, PEER);
	pair(scene.other, OTHER_PEER);
	pair(scene.low, LOW_PEER);
	pair(scene.early, EARLY_PEER);
	fill(scene.other);
	need(send(EARLY_PEER, "x", 1, 0) == 1, "send");
	if (row->happening == WRITABLE)
		fill(scene.fd);
	if (ready && row->happening == ALREADY)
		need(send(PEER, "x", 1, 0) == 1, "send");
	if (crowd == OWN)
		crowd_open(3, fd - 1);
	if (ready && row->happening != ALREADY)
		start_helper(&scene, row);
	if (!ready && limit > 0)
		start_witness(limit);
	*ret_scene = scene;
}

static bool is_ready(const struct scene *scene, enum happening happening)
{
	struct pollfd look = { .fd = scene->fd, .events = POLLIN };

	if (happening == REQUESTS)
		return true; /* it was read */
	if (happening == WRITABLE)
		look.events = POLLOUT;
	if (happening == URGENT)
		look.events = POLLPRI;
	return poll(&look, 1, 0) == 1 && look.revents & look.events;
}

static bool witness_ran_out(void)
{
	unsigned long long expirations = 0;
	return read(WITNESS, &expirations, sizeof expirations) == sizeof expirations;
}

enum verdict scene_verdict(const struct scene *scene, const struct row *row, bool ready, enum outcome outcome)
{
	switch (outcome) {
	case READY:
		return ready && is_ready(scene, row->happening) ? RIGHT : IS_EARLY;
	case TIMED_OUT:
		if (ready)
			return IS_LOST;
		return row->idle_limit <= 0 || witness_ran_out() ? RIGHT : IS_SHORT;
	case FAILED:
		return IS_ERROR;
	case EXTRA:
		return IS_EXTRA;
	case MISSED:
		return IS_MISSED;
	case TOO_SOON:
		return IS_EARLY;
	default:
		return IS_DAMAGED;
	}
}

enum outcome outcome_of(int n, bool is_set)
{
	if (n < 0)
		return FAILED;
	if (n == 0)
		return is_set ? EXTRA : TIMED_OUT;
	if (n > 1)
		return EXTRA;
	return is_set ? READY : MISSED;
}

void remember(void *before, const void *now, size_t size)
{
	memcpy(before, now, size);
}

/* Is it only asked whether the bits lie in such memory? Then one change is enough. */
static int tolerance(int sets)
{
	return getenv("SELECT_CORPUS_PROBE") ? 0 : sets;
}

bool changed(const void *now, const void *before, size_t size, int sets)
{
	const unsigned char *a = now, *b = before;
	int bits = 0;

	for (size_t i = 0; i < size; i++)
		bits += __builtin_popcount(a[i] ^ b[i]);
	return bits > tolerance(sets);
}

bool spoilt(const void *now, const void *before, size_t size, int sets)
{
	const unsigned char *a = now, *b = before;
	uintptr_t last = 0;
	int words = 0;

	for (size_t i = 0; i < size; i++) {
		uintptr_t word = (uintptr_t)&a[i] / sizeof(long);
		if (a[i] != b[i] && word != last) {
			words++;
			last = word;
		}
	}
	return words > tolerance(sets);
}
