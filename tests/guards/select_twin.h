/* SPDX-License-Identifier: MIT */
/* For select_wrong.c and select_right.c: a crowd that takes the low numbers, and a descriptor above it that has something to say a little later. */
#ifndef SELECT_TWIN_H
#define SELECT_TWIN_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

/* Not inlined: a report has to name them. */
#define NAMED __attribute__((noinline)) static

enum { HIGH = 1045 }; /* the number of the incident */

static inline void must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(99);
}

static inline void allow_descriptors(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur < 2048)
		limit.rlim_cur = limit.rlim_max < 2048 ? limit.rlim_max : 2048;
	must(setrlimit(RLIMIT_NOFILE, &limit) == 0, "setrlimit");
}

/* Sockets until `next` is the lowest free number. */
NAMED void crowd_open(int next)
{
	int fd;

	do
		fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	while (fd >= 0 && fd < next - 1);
	must(fd == next - 1, "no room for a crowd");
}

/* A pipe into which a child writes a byte after a while; the end to read from. */
static inline int speaker_start(void)
{
	int ends[2];
	pid_t pid;

	must(pipe(ends) == 0, "pipe");
	pid = fork();
	must(pid >= 0, "fork");
	if (pid == 0) {
		usleep(100000);
		_exit(write(ends[1], "x", 1) != 1);
	}
	must(fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0, "fcntl");
	return ends[0];
}

/* The same at the lowest free number. */
NAMED int probe_open(int speaker)
{
	int fd = fcntl(speaker, F_DUPFD_CLOEXEC, 0);

	must(fd >= 0, "F_DUPFD_CLOEXEC");
	return fd;
}

/* Tells what came of it. */
static inline int tell(int ready, int is_set, int fd)
{
	char byte;

	printf("select %d, set %s, read %zd\n", ready, is_set ? "yes" : "no", read(fd, &byte, 1));
	return fflush(stdout);
}

#endif
