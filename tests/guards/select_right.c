// SPDX-License-Identifier: MIT
/*
 * The same jobs done right. select-right WAY
 *   heap, static, stack, alloca  sets that have a bit for fd 1045
 *   poll         no set at all, in a program that does not use select
 *   low          select, and no descriptor that is above
 *   tablesize    select(getdtablesize(), …) with sets of 1,024 bits, as long as the numbers are low
 *   both         waits on a large set, and later on one of 1,024 bits for a low number
 */
#include <alloca.h>
#include <poll.h>
#include <string.h>

#include "select_twin.h"

static void put(void *set, int fd)
{
	((unsigned char *)set)[fd / 8] |= (unsigned char)(1 << fd % 8);
}

static int has(const void *set, int fd)
{
	return ((const unsigned char *)set)[fd / 8] >> fd % 8 & 1;
}

NAMED int wait_for(int fd, void *set, size_t size)
{
	struct timeval timeout = { 5, 0 };
	int ready;

	memset(set, 0, size);
	put(set, fd);
	ready = select(fd + 1, set, NULL, NULL, &timeout);
	return tell(ready, has(set, fd), fd);
}

static int by_heap(int fd)
{
	size_t size = (size_t)(fd + 64) / 64 * 8;
	void *set = malloc(size);

	return wait_for(fd, set, size);
}

static int by_static(int fd)
{
	static fd_set set[2];

	return wait_for(fd, set, sizeof set);
}

static int by_stack(int fd)
{
	struct timeval timeout = { 5, 0 };
	fd_set set[16];
	int ready;

	memset(set, 0, sizeof set);
	put(set, fd);
	ready = select(fd + 1, set, NULL, NULL, &timeout);
	return tell(ready, has(set, fd), fd);
}

static int by_alloca(int fd)
{
	size_t size = (size_t)(fd + 64) / 64 * 8;

	return wait_for(fd, alloca(size), size);
}

static int by_poll(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };
	int ready = poll(&p, 1, 5000);

	return tell(ready, p.revents & POLLIN, fd);
}

static int by_small_set(int fd, int nfds)
{
	struct timeval timeout = { 5, 0 };
	fd_set set;
	int ready;

	FD_ZERO(&set);
	FD_SET(fd, &set);
	ready = select(nfds, &set, NULL, NULL, &timeout);
	return tell(ready, FD_ISSET(fd, &set), fd);
}

static int by_both(int speaker)
{
	struct timeval at_once = { 0, 0 };
	fd_set set[2];

	crowd_open(HIGH);
	memset(set, 0, sizeof set);
	put(set, probe_open(speaker));
	must(select(HIGH + 1, set, NULL, NULL, &at_once) >= 0, "select");
	return by_small_set(speaker, speaker + 1);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*wait)(int fd);
	} big[] = { { "heap", by_heap },
		    { "static", by_static },
		    { "stack", by_stack },
		    { "alloca", by_alloca },
		    { "poll", by_poll } };
	const char *way = argc > 1 ? argv[1] : "";
	int speaker = speaker_start();

	allow_descriptors();
	if (strcmp(way, "low") == 0)
		return by_small_set(speaker, speaker + 1);
	if (strcmp(way, "tablesize") == 0)
		return by_small_set(speaker, getdtablesize());
	if (strcmp(way, "both") == 0)
		return by_both(speaker);
	crowd_open(HIGH);
	for (size_t i = 0; i < sizeof big / sizeof *big; i++)
		if (strcmp(way, big[i].name) == 0)
			return big[i].wait(probe_open(speaker));
	fprintf(stderr, "no such way: %s\n", way);
	return 99;
}
