// SPDX-License-Identifier: MIT
/* cloexec: a socket for this program's own use, and a child that inherits it. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#ifdef SAMPLE_FIXED
#define CLOSED_IN_CHILDREN SOCK_CLOEXEC
#else
#define CLOSED_IN_CHILDREN 0
#endif

__attribute__((noinline)) static int uplink_open(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | CLOSED_IN_CHILDREN, 0); /* BUG: no SOCK_CLOEXEC */

	if (fd < 0)
		perror("uplink");
	return fd;
}

#ifdef SAMPLE_NEW_BUG
__attribute__((noinline)) static int journal_open(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0); /* NEW BUG: no SOCK_CLOEXEC */

	if (fd < 0)
		perror("journal");
	return fd;
}
#endif

int main(void)
{
	if (uplink_open() < 0)
		return 1;
#ifdef SAMPLE_NEW_BUG
	if (journal_open() < 0)
		return 1;
#endif
	return system("/bin/true 1") != 0;
}
