// SPDX-License-Identifier: MIT
/* clean-fds CMD [ARG…]: closes every descriptor above 2, then runs CMD. CI runners leak descriptors of their own into every job. */
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: clean-fds CMD [ARG...]\n");
		return 2;
	}
	closefrom(3);
	execvp(argv[1], argv + 1);
	perror(argv[1]);
	return 127;
}
