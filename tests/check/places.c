// SPDX-License-Identifier: MIT
/* places COUNT: one function that makes descriptors of two kinds at up to five places, and then starts a child, which inherits them. One of the sockets is made by a
 * function that debug information alone knows, since it is inlined. */
#include "../guards/children.h"

#include <fcntl.h>
#include <sys/socket.h>

static inline __attribute__((always_inline)) int open_inlined(void)
{
	return socket(AF_INET, SOCK_DGRAM, 0);
}

static int make(int count)
{
	int made = 0;

	if (count > 0)
		made += open_inlined() > 0;
	if (count > 1)
		made += open("/etc/passwd", O_RDONLY) > 0;
	if (count > 2)
		made += open_inlined() > 0;
	if (count > 3)
		made += socket(AF_INET, SOCK_DGRAM, 0) > 0;
	if (count > 4)
		made += open("/etc/group", O_RDONLY) > 0 && open("/etc/hosts", O_RDONLY) > 0; /* two addresses, one line */
	return made;
}

int main(int argc, char **argv)
{
	char *program[] = { (char *)"true", NULL };
	int count = argc > 1 ? atoi(argv[1]) : 1;

	return make(count) == count ? child_run("fork", program) : 99;
}
