// SPDX-License-Identifier: MIT
/* nonblock: the copy of a connection that was made for one setting turns the connection itself blocking. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* Takes the connection as a library would that wants to own, and to block on, what it is given. */
__attribute__((noinline)) static int tune(int connection)
{
	int copy = dup(connection), room = 1 << 16, r;

	if (copy < 0)
		return -1;
#ifndef SAMPLE_FIXED
	fcntl(copy, F_SETFL, fcntl(copy, F_GETFL) & ~O_NONBLOCK); /* BUG: that is the connection's mode too */
#endif
	r = setsockopt(copy, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	close(copy);
	return r;
}

int main(void)
{
	struct timeval patience = { 0, 200000 }; /* or the program would hang here */
	int pair[2];
	char c;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0 ||
	    setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0 || tune(pair[0]) < 0) {
		perror("gateway");
		return 1;
	}
	return recv(pair[0], &c, 1, 0) != -1 || errno != EAGAIN;
}
