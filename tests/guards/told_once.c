// SPDX-License-Identifier: MIT
/* told-once fork|vfork|path N: leaks a socket into N children, one after the other. path: execvp as a shell does it, folder by folder. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static int n, status; /* not on the stack that a vfork child shares */

	n = argc > 2 ? atoi(argv[2]) : 1;
	if (argc < 2 || socket(AF_INET, SOCK_STREAM, 0) < 0)
		return 2;
	while (n-- > 0 && status == 0) {
		pid_t pid = strcmp(argv[1], "vfork") == 0 ? vfork() : fork();

		if (pid == 0) {
			if (strcmp(argv[1], "path") == 0)
				execl("/nonexistent/true", "true", (char *)NULL);
			execl("/bin/true", "true", (char *)NULL);
			_exit(127);
		}
		wait(&status);
	}
	return status != 0;
}
