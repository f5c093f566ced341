// SPDX-License-Identifier: MIT
/*
 * soak-churn SECONDS PAUSE: a server and its clients in one process, which make connections, use them and close them; of twenty one is forgotten when its peer has closed it. Those the
 * guard ends, and the program closes what it finds ended. After each round it sleeps for so many milliseconds. Prints what it has (memory, mappings, descriptors) when it is warm, and at
 * its end.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 3, EACH = 20, KEPT = 128 };

static struct sockaddr_in at;
static int pause_ms;
static _Atomic int over;
static _Atomic long made, forgotten, ended;

static void must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(98);
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void serve_one(int loop, int fd)
{
	char bytes[64];
	ssize_t n = recv(fd, bytes, sizeof(bytes), 0);

	if (n > 0) {
		must(send(fd, bytes, (size_t)n, MSG_NOSIGNAL) == n, "send");
		return;
	}
	epoll_ctl(loop, EPOLL_CTL_DEL, fd, NULL);
	close(fd);
}

/* Answers each question; "x" is to be the last. */
static void *server(void *listener)
{
	int loop = epoll_create1(EPOLL_CLOEXEC), mine = *(int *)listener;
	struct epoll_event e = { .events = EPOLLIN, .data.fd = mine }, got[32];
	char c;

	must(loop >= 0 && epoll_ctl(loop, EPOLL_CTL_ADD, mine, &e) == 0, "epoll");
	for (;;)
		for (int i = 0, n = epoll_wait(loop, got, 32, -1); i < n; i++) {
			int fd = got[i].data.fd;

			if (fd != mine) {
				if (recv(fd, &c, 1, MSG_PEEK) == 1 && c == 'x') {
					epoll_ctl(loop, EPOLL_CTL_DEL, fd, NULL);
					recv(fd, &c, 1, 0);
					close(fd);
				} else {
					serve_one(loop, fd);
				}
				continue;
			}
			fd = accept4(mine, NULL, NULL, SOCK_CLOEXEC);
			must(fd >= 0, "accept");
			e = (struct epoll_event){ .events = EPOLLIN, .data.fd = fd };
			epoll_ctl(loop, EPOLL_CTL_ADD, fd, &e);
		}
	return NULL;
}

static int dial(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0, "connect");
	made++;
	return fd;
}

static void use(int fd)
{
	char c;

	must(send(fd, "q", 1, MSG_NOSIGNAL) == 1 && recv(fd, &c, 1, 0) == 1, "answer");
}

/* What the guard has ended: both of its ends are shut. Oldest first. */
static int close_ended(int kept[KEPT], int n)
{
	int left = 0;

	for (int i = 0; i < n; i++) {
		struct pollfd p = { kept[i], 0, 0 };

		if (poll(&p, 1, 0) == 1 && p.revents & POLLHUP) {
			close(kept[i]);
			ended++;
		} else {
			kept[left++] = kept[i];
		}
	}
	return left;
}

static void *client(void *nothing)
{
	int kept[KEPT], n = 0, fd[EACH];

	(void)nothing;
	while (!atomic_load(&over)) {
		for (int i = 0; i < EACH; i++)
			use(fd[i] = dial());
		for (int i = 1; i < EACH; i++) {
			setsockopt(fd[i], SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger)); /* others need ports, too */
			close(fd[i]);
		}
		must(send(fd[0], "x", 1, MSG_NOSIGNAL) == 1, "send");
		forgotten++;
		kept[n++] = fd[0];
		if (n >= KEPT / 2)
			n = close_ended(kept, n);
		must(n < KEPT, "room: nothing is ended");
		poll(NULL, 0, pause_ms);
	}
	return NULL;
}

static int lines_of(const char *path)
{
	int n = 0;
	char line[1024];
	FILE *f = fopen(path, "re");

	while (f && fgets(line, sizeof(line), f))
		n++;
	if (f)
		fclose(f);
	return n;
}

static long resident_kib(void)
{
	long size = 0, resident = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	must(f && fscanf(f, "%ld %ld", &size, &resident) == 2, "statm");
	fclose(f);
	return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static int highest(void)
{
	int most = 0;

	for (int fd = 0; fd < 4096; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			most = fd;
	return most;
}

static void show(const char *when)
{
	printf("%s kib %ld maps %d highest %d made %ld forgotten %ld ended %ld\n", when, resident_kib(), lines_of("/proc/self/maps"), highest(), (long)made, (long)forgotten, (long)ended);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	long seconds = argc > 2 ? atol(argv[1]) : 0, begun = now_ms();
	socklen_t len = sizeof(at);
	pthread_t thread;

	pthread_t clients[THREADS];

	must(seconds > 0, "usage: soak-churn SECONDS PAUSE");
	pause_ms = atoi(argv[2]);
	at = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	must(bind(listener, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(listener, 512) == 0 && getsockname(listener, (struct sockaddr *)&at, &len) == 0, "listen");
	must(pthread_create(&thread, NULL, server, &listener) == 0, "thread");
	for (int i = 0; i < THREADS; i++)
		must(pthread_create(&clients[i], NULL, client, NULL) == 0, "thread");
	while (atomic_load(&ended) < THREADS * KEPT / 2 && now_ms() - begun < seconds * 500)
		poll(NULL, 0, 50);
	show("warm");
	while (now_ms() - begun < seconds * 1000)
		poll(NULL, 0, 100);
	show("end");
	return 0;
}
