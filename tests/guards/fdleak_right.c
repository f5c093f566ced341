// SPDX-License-Identifier: MIT
/*
 * fdleak-right plateau|breathing|once SECONDS: has many open, and leaks none. plateau: a pool that fills for a second. breathing: hundreds come and go. once: a fork, whose child
 * has all that its parent has, and makes no more.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MANY 600

static int held[MANY];

static int opened(void)
{
	return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fill(void)
{
	for (int i = 0; i < MANY; i++) {
		held[i] = opened();
		usleep(1000);
	}
}

static void plateau(double end)
{
	fill();
	while (now() < end) {
		close(opened());
		usleep(5000);
	}
}

/* Each lives for a while, and no two for the same time. */
static void breathing(double end)
{
	unsigned n = 0;

	memset(held, -1, sizeof(held));
	while (now() < end) {
		for (unsigned i = 0; i < 20; i++) {
			unsigned slot;

			n = n * 1103515245 + 12345;
			slot = n / 65536 % (200 + n / 458752 % 400);
			close(held[slot]);
			held[slot] = opened();
		}
		usleep(5000);
	}
}

int main(int argc, char **argv)
{
	double end;

	if (argc != 3)
		return 2;
	end = now() + atof(argv[2]);
	if (strcmp(argv[1], "breathing") == 0)
		breathing(end);
	else
		plateau(end);
	if (strcmp(argv[1], "once") == 0 && fork() == 0) {
		plateau(now() + atof(argv[2]));
		return 0;
	}
	while (wait(NULL) > 0)
		continue;
	return 0;
}
