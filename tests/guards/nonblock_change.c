// SPDX-License-Identifier: MIT
/* A library for nonblock-late: what a forked child loads, and its parent does not have. */
#include <fcntl.h>

void make_it_block(int fd);

__attribute__((visibility("default"))) void make_it_block(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	__asm__ volatile("");
}
