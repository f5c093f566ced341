/* SPDX-License-Identifier: MIT */
/* What nonblock-stdio-wrong and nonblock-stdio-right have in common. */
#ifndef NONBLOCK_STDIO_TWIN_H
#define NONBLOCK_STDIO_TWIN_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAMED __attribute__((noinline, unused))

static inline void must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(98);
}

/* By this function's name the reports are told. */
NAMED static void turn(int fd, int nonblocking)
{
	int flags = fcntl(fd, F_GETFL);

	must(fcntl(fd, F_SETFL, nonblocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK) == 0, "F_SETFL");
	__asm__ volatile("");
}

NAMED static void turn_by_ioctl(int fd, int nonblocking)
{
	must(ioctl(fd, FIONBIO, &nonblocking) == 0, "FIONBIO");
	__asm__ volatile("");
}

NAMED static void turn_by_number(int fd, int nonblocking)
{
	long flags = syscall(SYS_fcntl, fd, F_GETFL);

	must(syscall(SYS_fcntl, fd, F_SETFL, nonblocking ? flags | O_NONBLOCK : flags & ~(long)O_NONBLOCK) == 0, "F_SETFL");
	__asm__ volatile("");
}

static inline void collect(pid_t child)
{
	int status;

	must(child > 0 && waitpid(child, &status, 0) == child && status == 0, "child");
}

struct way {
	const char *name;
	int (*go)(int argument);
};

#define RUN(ways, argc, argv) \
	do { \
		for (size_t i_ = 0; (argc) > 1 && i_ < sizeof(ways) / sizeof(*(ways)); i_++) \
			if (strcmp((argv)[1], (ways)[i_].name) == 0) \
				return (ways)[i_].go((argc) > 2 ? atoi((argv)[2]) : 0); \
		fprintf(stderr, "no such way\n"); \
		return 99; \
	} while (0)

#endif
