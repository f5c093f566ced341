// SPDX-License-Identifier: MIT
/*
 * epoll-stress [ROUNDS [SEED]]: threads that wait on one interest list, and on a list that has it, while others put descriptors in, feed them and take them away, in each of the ways
 * that there are. Each byte must be read, each epoll_ctl must succeed, and in the end the list must be empty. A level-triggered reader takes less than there is.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WAITERS = 4, MAKERS = 4, ROUNDS = 300, BATCH = 8, MOST = 3000 };
enum mode { LEVEL, EDGE, ONCE, EXCLUSIVE, MODES };
enum ending { REMOVED, CLOSED, HUNG_UP, COPIED, ENDINGS };

static const uint32_t mode_events[MODES] = {
	[LEVEL] = EPOLLIN,
	[EDGE] = EPOLLIN | EPOLLET,
	[ONCE] = EPOLLIN | EPOLLONESHOT,
	[EXCLUSIVE] = EPOLLIN | EPOLLEXCLUSIVE,
};

/* What a maker has in the list. A waiter that comes late finds another token, and leaves it alone. */
struct connection {
	pthread_mutex_t lock;
	uint64_t token; /* what its events carry: number, maker, round */
	enum mode mode;
	int reader, writer;
	_Atomic long got;
	_Atomic bool has_ended;
};

static struct connection connections[MAKERS];
static int list, outer;
static long rounds = ROUNDS;
static _Atomic bool done;
static _Atomic long wrong, late, counts[MODES][ENDINGS];

static void fail(const char *what)
{
	atomic_fetch_add(&wrong, 1);
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
}

static unsigned any(unsigned *dice, unsigned below)
{
	*dice = *dice * 1103515245 + 12345;
	return (*dice >> 8) % below;
}

/*
 * Waiters
 */

static void read_some(struct connection *c, unsigned *dice)
{
	char bytes[64];
	long n;

	do {
		n = read(c->reader, bytes, 1 + any(dice, sizeof(bytes)));
		if (n > 0)
			c->got += n;
	} while (c->mode == EDGE && n > 0);
	if (n == 0)
		c->has_ended = true;
	if (n < 0 && errno != EAGAIN)
		fail("read");
}

static void rearm(struct connection *c)
{
	struct epoll_event e = { mode_events[c->mode], { .u64 = c->token } };

	if (epoll_ctl(list, EPOLL_CTL_MOD, c->reader, &e) < 0)
		fail("EPOLL_CTL_MOD");
}

static void serve(const struct epoll_event *e, unsigned *dice)
{
	struct connection *c = &connections[e->data.u64 >> 32 & 0xff];

	pthread_mutex_lock(&c->lock);
	if (c->token != e->data.u64)
		late++;
	else {
		read_some(c, dice);
		if (c->mode == ONCE && !c->has_ended)
			rearm(c);
	}
	pthread_mutex_unlock(&c->lock);
}

static void *waits(void *number)
{
	unsigned dice = (unsigned)(uintptr_t)number;
	struct epoll_event e[BATCH];

	while (!done) {
		int n = dice % 3 == 0 ? epoll_wait(outer, e, BATCH, 20) : epoll_wait(list, e, BATCH, 20);

		if (n == 1 && e[0].data.u64 == UINT64_MAX)
			n = epoll_wait(list, e, 1 + (int)any(&dice, BATCH), 0);
		for (int i = 0; i < n; i++)
			serve(&e[i], &dice);
		any(&dice, 2);
	}
	return NULL;
}

/*
 * Makers
 */

static void open_one(struct connection *c, uint64_t number, uint64_t round, unsigned *dice)
{
	struct epoll_event e;
	int n[2];

	if ((any(dice, 2) ? pipe2(n, O_NONBLOCK) : socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, n)) < 0)
		abort();
	pthread_mutex_lock(&c->lock);
	c->reader = n[0];
	c->writer = n[1];
	c->mode = (enum mode)any(dice, MODES);
	c->got = 0;
	c->has_ended = false;
	c->token = round << 40 | number << 32 | (unsigned)c->reader;
	e = (struct epoll_event){ mode_events[c->mode], { .u64 = c->token } };
	pthread_mutex_unlock(&c->lock);
	if (epoll_ctl(list, EPOLL_CTL_ADD, c->reader, &e) < 0)
		fail("EPOLL_CTL_ADD");
}

static void feed(struct connection *c, unsigned *dice)
{
	static const char bytes[MOST];
	long sent = 0, all = 1 + any(dice, MOST);

	while (sent < all) {
		long n = write(c->writer, bytes, (size_t)(all - sent < 700 ? all - sent : 700));

		if (n < 0 && errno != EAGAIN)
			return fail("write");
		sent += n > 0 ? n : 0;
	}
	while (c->got < sent)
		usleep(10);
	if (c->got != sent)
		fail("too many bytes");
}

/* Somebody has a copy: what was left in the list fires, and there is nobody to be told. */
static void close_and_use_the_copy(struct connection *c)
{
	int copy = dup(c->reader);

	close(c->reader);
	if (write(c->writer, "x", 1) != 1)
		fail("write");
	poll(NULL, 0, 2);
	close(copy);
}

static void finish(struct connection *c, enum ending ending)
{
	if (ending == HUNG_UP) {
		close(c->writer);
		while (!c->has_ended)
			usleep(10);
	}
	pthread_mutex_lock(&c->lock);
	c->token = 0;
	if ((ending == HUNG_UP || ending == REMOVED) && epoll_ctl(list, EPOLL_CTL_DEL, c->reader, NULL) < 0)
		fail("EPOLL_CTL_DEL");
	if (ending == COPIED)
		close_and_use_the_copy(c);
	else
		close(c->reader);
	if (ending != HUNG_UP)
		close(c->writer);
	pthread_mutex_unlock(&c->lock);
}

static void *makes(void *number)
{
	struct connection *c = &connections[(uintptr_t)number];
	unsigned dice = (unsigned)(uintptr_t)number + 100;

	for (long round = 1; round <= rounds; round++) {
		enum ending ending = (enum ending)any(&dice, ENDINGS);

		open_one(c, (uintptr_t)number, (uint64_t)round, &dice);
		feed(c, &dice);
		counts[c->mode][ending]++;
		finish(c, ending);
	}
	return NULL;
}

static void add_forever(int epoll, int fd)
{
	struct epoll_event e = { EPOLLIN, { .u64 = UINT64_MAX } };

	if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) < 0)
		abort();
}

/* Returns how many lines of it tell a registration. */
static int count_list(void)
{
	char line[256];
	int count = 0;
	FILE *f;

	snprintf(line, sizeof(line), "/proc/self/fdinfo/%d", list);
	f = fopen(line, "re");
	while (f && fgets(line, sizeof(line), f))
		count += strncmp(line, "tfd:", 4) == 0;
	if (f)
		fclose(f);
	return f ? count : -1;
}

int main(int argc, char **argv)
{
	pthread_t waiters[WAITERS], makers[MAKERS];

	rounds = argc > 1 ? atol(argv[1]) : ROUNDS;
	list = epoll_create1(EPOLL_CLOEXEC);
	outer = epoll_create1(EPOLL_CLOEXEC);
	add_forever(outer, list);
	for (int i = 0; i < MAKERS; i++)
		pthread_mutex_init(&connections[i].lock, NULL);
	for (uintptr_t i = 0; i < WAITERS; i++)
		pthread_create(&waiters[i], NULL, waits, (void *)i);
	for (uintptr_t i = 0; i < MAKERS; i++)
		pthread_create(&makers[i], NULL, makes, (void *)i);
	for (int i = 0; i < MAKERS; i++)
		pthread_join(makers[i], NULL);
	done = true;
	for (int i = 0; i < WAITERS; i++)
		pthread_join(waiters[i], NULL);
	if (count_list() != 0)
		fail("the list is not empty");
	for (int mode = 0; mode < MODES; mode++)
		for (int ending = 0; ending < ENDINGS; ending++)
			if (counts[mode][ending] == 0)
				fail("never tried");
	printf("%ld rounds, %ld events came late, %ld wrong\n", rounds * MAKERS, late, wrong);
	return wrong != 0;
}
