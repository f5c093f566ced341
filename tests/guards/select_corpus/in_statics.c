// SPDX-License-Identifier: MIT
/* Sets that are static variables. */
#include "corpus.h"

#include <string.h>

/* Three sets and a timeout of a file's own. */
static fd_set readfds, writefds, exceptfds;
static struct timeval poll_time;

static void prepare(const struct scene *scene)
{
	FD_ZERO(&readfds);
	FD_ZERO(&writefds);
	FD_ZERO(&exceptfds);
	FD_SET(scene->low, &readfds);
	FD_SET(scene->fd, &readfds);
	FD_SET(scene->fd, &exceptfds);
	poll_time = scene->limit;
}

enum outcome static_sets(const struct scene *scene)
{
	prepare(scene);
	int n = select(scene->fd + 1, &readfds, &writefds, &exceptfds, &poll_time);
	if (FD_ISSET(scene->low, &readfds) || FD_ISSET(scene->fd, &exceptfds))
		return EXTRA;
	return outcome_of(n, FD_ISSET(scene->fd, &readfds));
}

/* One set, and the other variables of its file. */
static fd_set input;
static int clients;
static unsigned generation;
static const char *banner;
static char last_line[100];
static long deadline;

static struct variables {
	int clients;
	unsigned generation;
	const char *banner;
	char last_line[sizeof last_line];
	long deadline;
} before;

static struct variables all_variables(void)
{
	struct variables now;

	memset(&now, 0, sizeof now);
	now.clients = clients;
	now.generation = generation;
	now.banner = banner;
	memcpy(now.last_line, last_line, sizeof last_line);
	now.deadline = deadline;
	return now;
}

static int wait_input(int fd, struct timeval limit)
{
	FD_ZERO(&input);
	FD_SET(fd, &input);
	before = all_variables();
	return select(fd + 1, &input, NULL, NULL, &limit);
}

enum outcome static_set(const struct scene *scene)
{
	clients += 7;
	generation += 0x51;
	banner = "hello";
	deadline = 1700000000;
	strcpy(last_line, "the last line that a user typed, to be shown again on request");
	int n = wait_input(scene->fd, scene->limit);
	struct variables now = all_variables();
	if (changed(&now, &before, sizeof now, 1))
		return DAMAGED;
	return outcome_of(n, FD_ISSET(scene->fd, &input));
}
