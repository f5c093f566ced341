// SPDX-License-Identifier: MIT
/*
 * A client that connects once, to a server that is between two lives: nobody listens on its port for the first 150 ms. Knows nothing of fdguard.
 *
 *     connect-retry HOW
 *
 * HOW: plain; bound (to a port of its own, with options that are looked at afterwards); chance (bound to a port that bind chose); never (nobody ever listens); unix; nonblocking; signal (a handler runs before
 * somebody listens); cancel (its thread is cancelled before that); closed (another thread closes the socket, and opens another by its number, before that).
 * Prints what became of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_in server = { .sin_family = AF_INET };
static int listener, fd;

static void die(const char *what)
{
	perror(what);
	exit(9);
}

static void *listens_late(void *arg)
{
	usleep(150000);
	if (listen(listener, 8) != 0)
		die("listen");
	return arg;
}

static void reserve(struct sockaddr_in *a, int s)
{
	socklen_t n = sizeof(*a);

	a->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (s < 0 || bind(s, (struct sockaddr *)a, sizeof(*a)) != 0 || getsockname(s, (struct sockaddr *)a, &n) != 0)
		die("bind");
}

static void start(bool listens)
{
	pthread_t t;

	listener = socket(AF_INET, SOCK_STREAM, 0);
	reserve(&server, listener);
	if (listens && pthread_create(&t, NULL, listens_late, NULL) != 0)
		die("pthread_create");
}

static int get(int level, int name)
{
	int value = -1;
	socklen_t n = sizeof(value);

	getsockopt(fd, level, name, &value, &n);
	return value;
}

static void set(int level, int name, int value)
{
	if (setsockopt(fd, level, name, &value, sizeof(value)) != 0)
		die("setsockopt");
}

static const char *connects(void)
{
	int was = fd, r = connect(fd, (struct sockaddr *)&server, sizeof(server));

	if (fd != was)
		return "another number";
	return r == 0 ? "connected" : errno == ECONNREFUSED ? "refused" : strerror(errno);
}

/* One that bind does not choose; tests may run at the same time. */
static void reserve_own(struct sockaddr_in *own)
{
	unsigned port = 2000 + (unsigned)getpid() % 20000;

	own->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	do
		own->sin_port = htons((uint16_t)++port);
	while (bind(fd, (struct sockaddr *)own, sizeof(*own)) != 0 && errno == EADDRINUSE);
}

static void bound(bool by_chance)
{
	struct sockaddr_in own = { .sin_family = AF_INET }, now;
	socklen_t n = sizeof(now);
	const char *what;

	if (by_chance)
		reserve(&own, fd);
	else
		reserve_own(&own);
	set(IPPROTO_TCP, TCP_NODELAY, 1);
	set(SOL_SOCKET, SO_KEEPALIVE, 1);
	set(IPPROTO_TCP, TCP_KEEPIDLE, 77);
	set(IPPROTO_TCP, TCP_USER_TIMEOUT, 55555);
	what = connects();
	if (getsockname(fd, (struct sockaddr *)&now, &n) != 0)
		die("getsockname");
	printf("%s, port %s, %d %d %d %d\n", what, now.sin_port == own.sin_port ? "kept" : "lost", get(IPPROTO_TCP, TCP_NODELAY), get(SOL_SOCKET, SO_KEEPALIVE),
	       get(IPPROTO_TCP, TCP_KEEPIDLE), get(IPPROTO_TCP, TCP_USER_TIMEOUT));
}

static void unix_socket(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX, .sun_path = "late" };
	int s = socket(AF_UNIX, SOCK_STREAM, 0), c = socket(AF_UNIX, SOCK_STREAM, 0);

	if (s < 0 || c < 0 || bind(s, (struct sockaddr *)&a, sizeof(a)) != 0)
		die("unix");
	listener = s;
	if (pthread_create(&(pthread_t){ 0 }, NULL, listens_late, NULL) != 0)
		die("pthread_create");
	puts(connect(c, (struct sockaddr *)&a, sizeof(a)) == 0 ? "connected" : errno == ECONNREFUSED ? "refused" : strerror(errno));
}

/* The second call tells how the first ended; made again it would be another one, under way. */
static void nonblocking(void)
{
	fcntl(fd, F_SETFL, O_NONBLOCK);
	if (connect(fd, (struct sockaddr *)&server, sizeof(server)) == 0 || errno != EINPROGRESS)
		puts("not under way");
	usleep(1000);
	puts(connects());
}

static void on_alarm(int sig)
{
	(void)sig;
}

static void interrupted(void)
{
	struct sigaction a = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };
	struct itimerval soon = { { 0, 0 }, { 0, 30000 } };
	sigset_t alarm;

	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	sigaction(SIGALRM, &a, NULL);
	pthread_sigmask(SIG_BLOCK, &alarm, NULL); /* the other thread's mask */
	start(true);
	pthread_sigmask(SIG_UNBLOCK, &alarm, NULL);
	setitimer(ITIMER_REAL, &soon, NULL);
	puts(connects());
}

static void *connect_thread(void *arg)
{
	connects();
	return arg;
}

static void cancelled(void)
{
	pthread_t t;
	void *how;

	if (pthread_create(&t, NULL, connect_thread, NULL) != 0)
		die("pthread_create");
	usleep(30000);
	pthread_cancel(t);
	pthread_join(t, &how);
	puts(how == PTHREAD_CANCELED ? "cancelled" : "not cancelled");
}

/* What connects by the number later is another socket, and has not been asked for. */
static void *replace(void *arg)
{
	int other = socket(AF_INET, SOCK_STREAM, 0);

	usleep(30000);
	dup2(other, fd);
	return arg;
}

static void closed(void)
{
	struct sockaddr_in peer;
	socklen_t n = sizeof(peer);
	const char *what;
	pthread_t t;

	if (pthread_create(&t, NULL, replace, NULL) != 0)
		die("pthread_create");
	what = connects();
	pthread_join(t, NULL);
	usleep(200000);
	printf("%s, %s\n", what, getpeername(fd, (struct sockaddr *)&peer, &n) == 0 ? "and another socket with it" : "nothing else");
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "plain";

	setvbuf(stdout, NULL, _IOLBF, 0);
	fd = socket(AF_INET, SOCK_STREAM, 0);
	if (strcmp(how, "unix") == 0) {
		unix_socket();
		return 0;
	}
	if (strcmp(how, "signal") == 0) {
		interrupted();
		return 0;
	}
	start(strcmp(how, "never") != 0);
	if (strcmp(how, "bound") == 0 || strcmp(how, "chance") == 0)
		bound(strcmp(how, "chance") == 0);
	else if (strcmp(how, "nonblocking") == 0)
		nonblocking();
	else if (strcmp(how, "cancel") == 0)
		cancelled();
	else if (strcmp(how, "closed") == 0)
		closed();
	else
		puts(connects());
	return 0;
}
