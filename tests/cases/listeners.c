// SPDX-License-Identifier: MIT
/*
 * listeners HOW N CONNECTIONS: a server with N listeners on one port by SO_REUSEPORT, and sixteen clients that connect at full speed, while listeners are closed and opened again.
 * HOW: "process": all of them in one process and one epoll loop; "workers": one in each of N processes, which end and are started anew.
 * Prints what the clients saw: each connection carries a number, which the server returns and notes.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CLIENTS = 16, LISTENERS_MAX = 256, PER_LIFE = 20, BATCH = 4, TIDY_US = 2000 };

static struct shared {
	_Atomic bool stop;
	_Atomic unsigned reset, lost, closed, next, listening;
	_Atomic unsigned char seen[];
} *shared;
static struct sockaddr_in address = { .sin_family = AF_INET };
static unsigned count, connections;

static void fail(const char *what)
{
	perror(what);
	exit(2);
}

/* The first one's port is everybody's. */
static int take_port(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
	socklen_t len = sizeof(address);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) != 0)
		fail("socket");
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		fail("bind");
	getsockname(fd, (struct sockaddr *)&address, &len);
	return fd;
}

static int open_listener(void)
{
	int fd = take_port();

	if (listen(fd, 1024) != 0)
		fail("listen");
	return fd;
}

/* One request of four bytes; it is there, or the client is gone. */
static void serve(int fd)
{
	unsigned id;

	if (read(fd, &id, sizeof(id)) == sizeof(id) && id < connections) {
		atomic_fetch_add(&shared->seen[id], 1);
		if (write(fd, &id, sizeof(id)) != sizeof(id))
			perror("write");
	}
	close(fd);
}

/* How many it accepted. */
static unsigned accept_some(int listener)
{
	unsigned n = 0;
	int fd;

	while (n < BATCH && (fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		serve(fd);
		n++;
	}
	return n;
}

static void watch(int set, int listener, unsigned place)
{
	struct epoll_event e = { .events = EPOLLIN, .data.u32 = place };

	if (epoll_ctl(set, EPOLL_CTL_ADD, listener, &e) != 0)
		fail("epoll_ctl");
}

__attribute__((noinline)) static void restart(int set, int *listener, unsigned place)
{
	close(*listener);
	atomic_fetch_add(&shared->closed, 1);
	*listener = open_listener();
	watch(set, *listener, place);
}

static void serve_in_one_process(void)
{
	int listener[LISTENERS_MAX] = { 0 }, set = epoll_create1(EPOLL_CLOEXEC), n;
	unsigned accepted = 0, last = 0;
	struct epoll_event e[16];

	for (unsigned i = 0; i < count; i++) {
		listener[i] = open_listener();
		watch(set, listener[i], i);
	}
	atomic_store(&shared->listening, count);
	while (!atomic_load(&shared->stop)) {
		n = epoll_wait(set, e, 16, 20);
		for (int i = 0; i + 1 < n; i++)
			accepted += accept_some(listener[e[i].data.u32]);
		if (n > 0 && accepted - last >= PER_LIFE && !atomic_load(&shared->stop)) {
			restart(set, &listener[e[n - 1].data.u32], e[n - 1].data.u32);
			last = accepted;
		} else if (n > 0)
			accepted += accept_some(listener[e[n - 1].data.u32]);
	}
	for (unsigned i = 0; i < count; i++) /* what is left: each client has what it asked for, and nothing is queued */
		close(listener[i]);
}

/* Half of the workers are there at any time. */
static bool may_end(void)
{
	unsigned n = atomic_load(&shared->listening);

	while (n > count / 2)
		if (atomic_compare_exchange_weak(&shared->listening, &n, n - 1))
			return true;
	return false;
}

static void work(void)
{
	int listener = open_listener(), set = epoll_create1(EPOLL_CLOEXEC);
	unsigned accepted = 0;
	struct epoll_event e;

	watch(set, listener, 0);
	atomic_fetch_add(&shared->listening, 1);
	while (!atomic_load(&shared->stop) && (accepted < PER_LIFE || !may_end()))
		if (epoll_wait(set, &e, 1, 20) == 1)
			accepted += accept_some(listener);
	usleep(TIDY_US); /* it puts away what it has */
	exit(0);
}

static pid_t start_worker(void)
{
	pid_t pid = fork();

	if (pid == 0)
		work();
	return pid;
}

static void serve_in_workers(void)
{
	pid_t ended;
	int status;

	for (unsigned i = 0; i < count; i++)
		start_worker();
	while ((ended = waitpid(-1, &status, 0)) > 0)
		if (!atomic_load(&shared->stop)) {
			atomic_fetch_add(&shared->closed, 1);
			start_worker();
		}
}

static void connect_one(unsigned id)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unsigned answer = ~id;
	ssize_t n;

	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && send(fd, &id, sizeof(id), MSG_NOSIGNAL) == sizeof(id) &&
	    (n = recv(fd, &answer, sizeof(answer), 0)) >= 0)
		atomic_fetch_add(&shared->lost, n == sizeof(answer) && answer == id ? 0 : 1);
	else
		atomic_fetch_add(&shared->reset, 1);
	close(fd);
}

static void be_client(void)
{
	unsigned id;

	while ((id = atomic_fetch_add(&shared->next, 1)) < connections)
		connect_one(id);
	_exit(0);
}

static unsigned served_twice(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < connections; i++)
		n += shared->seen[i] > 1;
	return n;
}

int main(int argc, char **argv)
{
	pid_t client[CLIENTS], server;
	bool workers;
	int port;

	if (argc != 4 || (count = (unsigned)atoi(argv[2])) < 2 || count > LISTENERS_MAX)
		return 2;
	workers = strcmp(argv[1], "workers") == 0;
	connections = (unsigned)atoi(argv[3]);
	shared = mmap(NULL, sizeof(*shared) + connections, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	port = take_port(); /* and never listens: it keeps the port */
	server = fork();
	if (server == 0) {
		if (workers)
			serve_in_workers();
		else
			serve_in_one_process();
		exit(0);
	}
	while (atomic_load(&shared->listening) < count)
		usleep(1000);
	for (int i = 0; i < CLIENTS; i++) {
		client[i] = fork();
		if (client[i] == 0)
			be_client();
	}
	for (int i = 0; i < CLIENTS; i++)
		waitpid(client[i], NULL, 0);
	atomic_store(&shared->stop, true);
	waitpid(server, NULL, 0);
	close(port);
	printf("%u connections, %u closings: %u reset, %u lost, %u served twice\n", connections, shared->closed, shared->reset, shared->lost, served_twice());
	return 0;
}
