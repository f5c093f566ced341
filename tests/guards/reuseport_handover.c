// SPDX-License-Identifier: MIT
/*
 * A server with a SO_REUSEPORT listener for each worker, which restarts its workers one after the other while clients connect as fast as they can; a worker that ends
 * closes its listener, and what is queued there. Knows nothing of fdguard.
 *
 *     reuseport-handover WAY LISTENERS RESTARTS CLIENTS
 *
 * WAY: how a worker waits: epoll-lt, epoll-et, poll, select, accept (it blocks), number (the same, and accepts by syscall(2)), or one-loop (all listeners are one
 * thread's). With a "+" behind it listeners are closed by dup2.
 * Prints "reset N, wrong N, failed N, some answered": what the clients saw, each of which checks that the server saw its port, and nobody else's.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST 64
#define CALLERS 16

static struct tally {
	_Atomic unsigned answered, reset, wrong, failed;
	_Atomic bool stop;
	_Atomic unsigned port;
} *tally;

struct worker {
	pthread_t thread;
	int listener;
	_Atomic bool stop;
};

static struct worker workers[MOST];
static const char *way;
static bool blocks, by_number, by_dup2;

static void die(const char *what)
{
	perror(what);
	exit(9);
}

/*
 * Clients
 */

static void call_once(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)tally->port) }, own;
	socklen_t n = sizeof(own);
	struct linger none = { 1, 0 };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	uint16_t seen = 0;

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0)
		die("client's socket");
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
		if (!tally->stop)
			(*(errno == ECONNRESET || errno == ECONNREFUSED ? &tally->reset : &tally->failed))++;
	} else if (getsockname(fd, (struct sockaddr *)&own, &n) != 0 || send(fd, "?", 1, MSG_NOSIGNAL) != 1 || recv(fd, &seen, sizeof(seen), MSG_WAITALL) != sizeof(seen)) {
		tally->reset++;
	} else if (seen != own.sin_port) {
		tally->wrong++;
	} else {
		tally->answered++;
	}
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	close(fd);
}

static void start_client(void)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (pid)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!tally->port)
		usleep(1000);
	while (!tally->stop)
		call_once();
	_exit(0);
}

static bool callers_ended(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	return errno == ECHILD;
}

/*
 * The server
 */

static int make_listener(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)tally->port) };
	struct timeval moment = { 0, 5000 };
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | (blocks ? 0 : SOCK_NONBLOCK), 0), one = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) != 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0 || listen(fd, 512) != 0)
		die("listener");
	if (blocks && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &moment, sizeof(moment)) != 0)
		die("SO_RCVTIMEO");
	if (getsockname(fd, (struct sockaddr *)&a, &n) != 0)
		die("getsockname");
	tally->port = ntohs(a.sin_port);
	return fd;
}

static bool serve_one(int listener)
{
	struct sockaddr_in peer;
	socklen_t n = sizeof(peer);
	int fd = by_number ? (int)syscall(SYS_accept4, listener, &peer, &n, SOCK_CLOEXEC) : accept4(listener, (struct sockaddr *)&peer, &n, SOCK_CLOEXEC);
	char c;

	if (fd < 0 && errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
		die("accept");
	if (fd < 0)
		return errno != EAGAIN;
	if (n != sizeof(peer) || fcntl(fd, F_GETFL) & O_NONBLOCK || fd > 1000)
		tally->wrong++;
	if (recv(fd, &c, 1, 0) == 1)
		(void)!write(fd, &peer.sin_port, sizeof(peer.sin_port));
	close(fd);
	return true;
}

static bool is_ready(int listener, int epfd)
{
	struct pollfd p = { listener, POLLIN, 0 };
	struct timeval moment = { 0, 5000 };
	struct epoll_event e;
	fd_set set;

	if (blocks)
		return true;
	if (epfd >= 0)
		return epoll_wait(epfd, &e, 1, 5) > 0;
	if (strcmp(way, "poll") == 0)
		return poll(&p, 1, 5) > 0;
	FD_ZERO(&set);
	FD_SET(listener, &set);
	return select(listener + 1, &set, NULL, NULL, &moment) > 0;
}

static void *work(void *arg)
{
	struct worker *w = arg;
	bool is_edge = strcmp(way, "epoll-et") == 0, is_epoll = is_edge || strcmp(way, "epoll-lt") == 0;
	struct epoll_event e = { EPOLLIN | (is_edge ? EPOLLET : 0), { 0 } };
	int epfd = is_epoll ? epoll_create1(EPOLL_CLOEXEC) : -1;

	if (is_epoll && (epfd < 0 || epoll_ctl(epfd, EPOLL_CTL_ADD, w->listener, &e) != 0))
		die("epoll");
	while (!w->stop)
		if (is_ready(w->listener, epfd))
			while (serve_one(w->listener) && is_edge)
				;
	if (epfd >= 0)
		close(epfd);
	return NULL;
}

static void replace(struct worker *w)
{
	int null = by_dup2 ? open("/dev/null", O_RDONLY | O_CLOEXEC) : -1;

	if (by_dup2 && dup2(null, w->listener) < 0)
		die("dup2");
	close(null);
	close(w->listener);
	w->listener = make_listener();
}

static void start_worker(struct worker *w)
{
	w->stop = false;
	if (pthread_create(&w->thread, NULL, work, w) != 0)
		die("pthread_create");
}

/* It ends, its queue grows for a moment, and its successor begins with a listener of its own. */
static void restart(struct worker *w)
{
	w->stop = true;
	pthread_join(w->thread, NULL);
	usleep(3000);
	replace(w);
	start_worker(w);
}

static void run_workers(int n, int restarts)
{
	for (int i = 0; i < n; i++)
		start_worker(&workers[i]);
	for (int i = 0; i < restarts; i++)
		restart(&workers[i % n]);
	usleep(20000);
	tally->stop = true;
	while (!callers_ended())
		usleep(1000);
	for (int i = 0; i < n; i++)
		workers[i].stop = true;
	for (int i = 0; i < n; i++)
		pthread_join(workers[i].thread, NULL);
}

/* One thread, one epoll. */
static void turn(int epfd, int ms)
{
	struct epoll_event e[MOST];
	int n = epoll_wait(epfd, e, MOST, ms);

	for (int i = 0; i < n; i++)
		serve_one(workers[e[i].data.u32].listener);
}

static void watch(int epfd, int i)
{
	struct epoll_event e = { .events = EPOLLIN, .data.u32 = (uint32_t)i };

	if (epoll_ctl(epfd, EPOLL_CTL_ADD, workers[i].listener, &e) != 0)
		die("epoll_ctl");
}

static void run_loop(int n, int restarts)
{
	int epfd = epoll_create1(EPOLL_CLOEXEC);

	for (int i = 0; i < n; i++)
		watch(epfd, i);
	for (int i = 0; i < restarts; i++) {
		for (int turns = 0; turns < 50; turns++)
			turn(epfd, 1);
		usleep(3000);
		replace(&workers[i % n]);
		watch(epfd, i % n);
	}
	tally->stop = true;
	while (!callers_ended())
		turn(epfd, 1);
}

int main(int argc, char **argv)
{
	int n = argc > 2 ? atoi(argv[2]) : 4, restarts = argc > 3 ? atoi(argv[3]) : 20, callers = argc > 4 ? atoi(argv[4]) : 4;

	way = argc > 1 ? argv[1] : "epoll-lt";
	by_dup2 = strchr(way, '+');
	if (by_dup2)
		way = strndup(way, strlen(way) - 1);
	by_number = strcmp(way, "number") == 0;
	blocks = by_number || strcmp(way, "accept") == 0;
	tally = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (tally == MAP_FAILED || n < 1 || n > MOST || callers < 1 || callers > CALLERS)
		die("arguments");
	for (int i = 0; i < callers; i++)
		start_client();
	for (int i = 0; i < n; i++)
		workers[i].listener = make_listener();
	if (strcmp(way, "one-loop") == 0)
		run_loop(n, restarts);
	else
		run_workers(n, restarts);
	printf("reset %u, wrong %u, failed %u, %s answered\n", tally->reset, tally->wrong, tally->failed, tally->answered > 100 ? "some" : "few");
	return 0;
}
