// SPDX-License-Identifier: MIT
/* The twin of cloexec_wrong.c, written right: close-on-exec from birth, in the call that makes the descriptor. */
#include "cloexec_twin.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

MAKER make_socket(void)
{
	made = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return made < 0;
}

MAKER make_epoll(void)
{
	made = epoll_create1(EPOLL_CLOEXEC);
	return made < 0;
}

MAKER make_file(void)
{
	made = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
	return made < 0;
}

MAKER make_pipe(void)
{
	int ends[2];
	made = pipe2(ends, O_CLOEXEC);
	return made < 0;
}

MAKER make_dup(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	made = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return made < 0;
}
