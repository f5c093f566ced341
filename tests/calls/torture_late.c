// SPDX-License-Identifier: MIT
/* A library whose destructor makes calls; named after the preload in LD_PRELOAD, it runs after the preload's own. */
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

__attribute__((destructor)) static void late(void)
{
	int sock = socket(AF_INET, SOCK_STREAM, 0), copy = dup(sock), status = 0;
	pid_t pid;

	if (sock < 0 || copy < 0 || fcntl(sock, F_GETFD) != 0 || close(sock) != 0 || close(copy) != 0 ||
	    close(copy) != -1)
		_exit(1);
	pid = fork();
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", "unset LD_PRELOAD; exec echo late child", (char *)0);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) != pid || status != 0 || write(1, "late parent\n", 12) != 12)
		_exit(1);
}
