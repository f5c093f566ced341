// SPDX-License-Identifier: MIT
/* The bug: descriptors for this program's own use, made without close-on-exec. Every child inherits them. */
#include "cloexec_twin.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

MAKER make_socket(void)
{
	made = socket(AF_INET, SOCK_DGRAM, 0);
	return made < 0;
}

MAKER make_epoll(void)
{
	made = epoll_create1(0);
	return made < 0;
}

MAKER make_file(void)
{
	made = open("/etc/passwd", O_RDONLY);
	return made < 0;
}

MAKER make_pipe(void)
{
	int ends[2];
	made = pipe(ends);
	return made < 0;
}

/* The socket is made right; its duplicate is not. */
MAKER make_dup(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	made = dup(fd);
	return made < 0;
}
