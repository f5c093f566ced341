// SPDX-License-Identifier: MIT
/*
 * service-a PORT THREADS INSTANCES old|mended|push: service A of case 2. Each of its threads has a map of its own from instances (127.0.0.2, 127.0.0.3, …) to connections,
 * and asks the one that the name service hands out: at first each, then the last one alone, for the others are being replaced.
 *
 *   old     as in 2021: what is not handed out any more stays in the map
 *   mended  after each request, what was idle for a second and a half is closed (then: five minutes)
 *   push    as old, but all instances are sent something all the time, and nothing is read from the others
 *
 * Prints "connected" when all are, and ends on SIGTERM: each thread sends on what it has left of the others, closes it, and what came of that is printed.
 */
#include "sdk.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define INSTANCES 16
#define PAUSE 400000 /* us from one request to the next */
#define IDLE 1500    /* ms */

struct connection {
	int fd; /* -1: none */
	ino_t inode;
	long used; /* ms */
};

static int port, threads, instances;
static enum { OLD, MENDED, PUSH } way;
static volatile sig_atomic_t stop;
static pthread_barrier_t connected;
static atomic_int failed, why, left, own, sent, broken, reset, other, closed;

static void on_term(int sig)
{
	(void)sig;
	stop = 1;
}

static long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static ino_t inode_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? st.st_ino : 0;
}

/* connect_map: the connection to an instance, made where there is none. */
static struct connection *get(struct connection map[INSTANCES], int instance)
{
	struct connection *c = &map[instance];
	char host[32];

	c->used = now();
	if (c->fd >= 0)
		return c;
	snprintf(host, sizeof(host), "127.0.0.%d", instance + 2);
	c->fd = data_api_connect(host, port);
	if (c->fd >= 0)
		c->inode = inode_of(c->fd);
	return c;
}

static void is_done(int r)
{
	if (r == 0)
		return;
	failed++;
	why = errno;
}

static void ask(struct connection map[INSTANCES], int instance)
{
	struct connection *c = get(map, instance);

	is_done(c->fd < 0 ? -1 : data_api_request(c->fd));
}

static void close_idle(struct connection map[INSTANCES])
{
	for (int i = 0; i < instances; i++)
		if (map[i].fd >= 0 && map[i].used + IDLE < now()) {
			close(map[i].fd);
			map[i].fd = -1;
		}
}

/* What the program would do with it, if it came back. */
static void end(struct connection *c)
{
	if (c->fd < 0)
		return;
	left++;
	own += inode_of(c->fd) == c->inode;
	if (send(c->fd, "ask\n", 4, MSG_NOSIGNAL) == 4)
		sent++;
	else if (errno == EPIPE)
		broken++;
	else if (errno == ECONNRESET && send(c->fd, "ask\n", 4, MSG_NOSIGNAL) < 0 && errno == EPIPE) /* over there nothing is known of it any more */
		reset++;
	else if (other++ == 0)
		why = errno;
	closed += close(c->fd) == 0;
}

static void *work(void *arg)
{
	struct connection map[INSTANCES];

	(void)arg;
	for (int i = 0; i < INSTANCES; i++)
		map[i].fd = -1;
	for (int i = 0; i < instances; i++)
		ask(map, i);
	pthread_barrier_wait(&connected);
	while (!stop) {
		ask(map, instances - 1);
		for (int i = 0; way == PUSH && i < instances - 1; i++)
			is_done(data_api_push(get(map, i)->fd));
		if (way == MENDED)
			close_idle(map);
		usleep(PAUSE);
	}
	for (int i = 0; i < instances - 1; i++)
		end(&map[i]);
	return NULL;
}

static int run(void)
{
	pthread_t *thread = calloc((size_t)threads, sizeof(*thread));
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 << 10);
	pthread_barrier_init(&connected, NULL, (unsigned)threads + 1);
	for (int i = 0; i < threads; i++)
		if (!thread || pthread_create(&thread[i], &attr, work, NULL) != 0)
			return 1;
	pthread_barrier_wait(&connected);
	puts("connected");
	fflush(stdout);
	for (int i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	printf("requests: %s\n", failed ? strerror(why) : "all answered");
	printf("left: %d, its own: %d; send: %d sent, %d EPIPE, %d other%s%s; close: %d\n", left, own, sent, broken + reset, other, other ? ", " : "", other ? strerror(why) : "", closed);
	if (reset)
		printf("ECONNRESET before EPIPE: %d\n", reset);
	return 0;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_term };

	if (argc != 5)
		return 2;
	port = atoi(argv[1]);
	threads = atoi(argv[2]);
	instances = atoi(argv[3]);
	way = strcmp(argv[4], "mended") == 0 ? MENDED : strcmp(argv[4], "push") == 0 ? PUSH : OLD;
	if (instances < 2 || instances > INSTANCES)
		return 2;
	sigaction(SIGTERM, &action, NULL);
	alarm(60); /* whatever happens */
	return run();
}
