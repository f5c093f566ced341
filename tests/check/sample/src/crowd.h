// SPDX-License-Identifier: MIT
/* A busy program's many sockets: they take the low numbers, and what is opened next gets a great one. */
#ifndef CROWD_H
#define CROWD_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>

enum { CROWD = 1045 };

/* A socket of number CROWD. */
static inline int crowd_next(void)
{
	struct rlimit limit = { 2048, 2048 };
	int fd;

	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		perror("setrlimit");
	do
		fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	while (fd >= 0 && fd < CROWD);
	if (fd != CROWD) {
		perror("socket");
		exit(1);
	}
	return fd;
}

#endif
