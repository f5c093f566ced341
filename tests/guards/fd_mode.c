// SPDX-License-Identifier: MIT
/*
 * fd-mode [FD [blocking|non-blocking]]: prints "blocking" or "non-blocking", what the description of FD (0) is; or makes it so, without a word.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	int fd = argc > 1 ? atoi(argv[1]) : 0, flags = fcntl(fd, F_GETFL);

	if (flags < 0) {
		puts("closed");
		return 1;
	}
	if (argc > 2)
		return fcntl(fd, F_SETFL, strcmp(argv[2], "blocking") ? flags | O_NONBLOCK : flags & ~O_NONBLOCK) < 0;
	puts(flags & O_NONBLOCK ? "non-blocking" : "blocking");
	return 0;
}
