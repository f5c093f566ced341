// SPDX-License-Identifier: MIT
/*
 * torture-stdio FILE [children]: started without standard descriptors. Opens FILE three times, which takes 0, 1 and 2; starts children if
 * asked to; ends. FILE must hold this program's bytes and nobody else's. The children are given nothing that is worth a word: FILE is what
 * they have to take for their standard error.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int runs(const char *path)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		execl(path, path, (char *)NULL);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	for (int fd = 0; fd <= 2; fd++)
		if (open(argv[1], O_RDWR | O_CREAT | O_APPEND, 0600) != fd)
			return 3;
	if (socket(AF_INET, SOCK_STREAM, 0) != 3 || socket(AF_INET, SOCK_STREAM, 0) != 4 ||
	    fcntl(3, F_DUPFD_CLOEXEC, 0) != 5)
		return 4;
	if (argc > 2 && (runs("/bin/true") != 0 || runs("/nonexistent") != 127))
		return 5;
	if (fcntl(3, F_SETFD, 0) < 0 || fcntl(3, F_GETFD) != 0)
		return 6;
	return write(2, "mine\n", 5) != 5;
}
