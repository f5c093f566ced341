// SPDX-License-Identifier: MIT
/*
 * swarm PORT COUNT copy|original: case 5, in C.
 *
 * A manager keeps COUNT connections to daemons, all in one event loop, and answers each ping that comes. A thread of it dials, and sets TCP_USER_TIMEOUT, as Swarm did:
 * on a copy of the connection, which a library made blocking, because its users expect files to block. The copy stays: the first daemon's answer, whenever it comes, is
 * read from it by another thread. O_NONBLOCK is the description's, and not the copy's. (With "original" the option is set on the connection, and no copy is made
 * blocking.)
 *
 * Prints whether the daemons had their pings answered in time, and who got the first daemon's answer.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define NAMED __attribute__((noinline))

static int loop, first, copy = -1, on_copy;
static struct sockaddr_in daemons = { .sin_family = AF_INET };
static sem_t over_to_reader;

static void must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(98);
}

NAMED static int open_connection(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(fd >= 0 && connect(fd, (struct sockaddr *)&daemons, sizeof daemons) == 0, "connect");
	must(fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK) == 0, "F_SETFL");
	return fd;
}

/* As (*net.TCPConn).File() was: a copy, and its users expect it to block. */
NAMED static int file_of(int fd)
{
	int file = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	must(file >= 0 && fcntl(file, F_SETFL, O_RDWR) == 0, "file");
	return file;
}

static void *dial(void *nothing)
{
	unsigned ms = 10000;

	first = open_connection();
	copy = on_copy ? file_of(first) : -1;
	must(setsockopt(on_copy ? copy : first, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms) == 0, "TCP_USER_TIMEOUT");
	return nothing;
}

static void listen_to(int fd)
{
	struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };

	must(epoll_ctl(loop, EPOLL_CTL_ADD, fd, &e) == 0, "epoll_ctl");
}

NAMED static ssize_t wait_for_answer(int fd, char *answer, size_t size)
{
	return read(fd, answer, size);
}

/* Reads what the first daemon has to say, when the loop has heard its greeting. Is told whether the copy waits. */
static void *read_answer(void *nothing)
{
	char answer[64];
	ssize_t n;

	sem_wait(&over_to_reader);
	n = wait_for_answer(copy, answer, sizeof answer - 1);
	if (n < 0)
		printf("the copy did not wait: %s\n", strerror(errno));
	else if (n > 0)
		printf("the copy waited, and got: %.*s", (int)n, answer);
	return nothing;
}

/* Whatever there is, until there is no more: EAGAIN, as long as the connection is non-blocking. 0: the daemon is gone. */
NAMED static int drain(int fd, char *line, size_t size)
{
	size_t have = 0;
	ssize_t n;

	while ((n = read(fd, line + have, size - 1 - have)) > 0)
		have += (size_t)n;
	line[have] = '\0';
	return n == 0 ? 0 : 1;
}

/* The greeting and the answer in one go: read() did not come back in between. */
static void hear_first(char *line, int gone)
{
	char *hello = strstr(line, "hello"), *answer = strstr(line, "answer");

	if (answer)
		printf(hello ? "the loop was kept until the answer came\n" : "the loop got: answer\n");
	if (!on_copy && !gone)
		return;
	must(epoll_ctl(loop, EPOLL_CTL_DEL, first, NULL) == 0, "epoll_ctl");
	if (!gone)
		sem_post(&over_to_reader);
}

/* One turn; 0: the daemons said how it went. */
static int serve(void)
{
	struct epoll_event e;
	char line[256];
	int gone;

	must(epoll_wait(loop, &e, 1, -1) == 1, "epoll_wait");
	gone = !drain(e.data.fd, line, sizeof line);
	if (e.data.fd == first)
		hear_first(line, gone);
	if (strstr(line, "ping"))
		must(write(e.data.fd, "pong\n", 5) == 5, "write");
	if (!strstr(line, "deadline"))
		return 1;
	printf("%s", strstr(line, "deadline"));
	return 0;
}

int main(int argc, char **argv)
{
	pthread_t dialer, reader;
	int count = argc > 2 ? atoi(argv[2]) : 0;

	if (argc != 4 || count < 2) {
		fprintf(stderr, "usage: swarm PORT COUNT copy|original\n");
		return 2;
	}
	daemons.sin_port = htons((unsigned short)atoi(argv[1]));
	daemons.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	on_copy = strcmp(argv[3], "copy") == 0;
	loop = epoll_create1(EPOLL_CLOEXEC);
	sem_init(&over_to_reader, 0, 0);
	must(pthread_create(&dialer, NULL, dial, NULL) == 0 && pthread_join(dialer, NULL) == 0, "dialer");
	must(!on_copy || pthread_create(&reader, NULL, read_answer, NULL) == 0, "reader");
	listen_to(first);
	for (int i = 1; i < count; i++)
		listen_to(open_connection());
	while (serve())
		continue;
	if (on_copy) {
		sem_post(&over_to_reader);
		pthread_join(reader, NULL);
	}
	return 0;
}
