// SPDX-License-Identifier: MIT
/* The program under test in these examples: says hello through a child. With -DWRONG the child inherits its socket. */
#include <stdlib.h>
#include <sys/socket.h>

#ifdef WRONG
#define CLOSED_IN_CHILDREN 0
#else
#define CLOSED_IN_CHILDREN SOCK_CLOEXEC
#endif

__attribute__((noinline)) static int resolver_open(void)
{
	volatile int fd = socket(AF_INET, SOCK_DGRAM | CLOSED_IN_CHILDREN, 0);

	return fd;
}

int main(void)
{
	return resolver_open() < 0 || system("/bin/echo hello") != 0;
}
