// SPDX-License-Identifier: MIT
/* Makes a socket three calls deep, and leaks it into a child. */
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int kept;

__attribute__((noinline)) static void socket_of_the_pool(void)
{
	kept = socket(AF_INET, SOCK_STREAM, 0);
}

__attribute__((noinline)) static void pool_open(void)
{
	socket_of_the_pool();
	kept++;
}

int main(void)
{
	int status;

	pool_open();
	if (fork() == 0) {
		execl("/bin/true", "true", (char *)NULL);
		_exit(127);
	}
	wait(&status);
	return status;
}
