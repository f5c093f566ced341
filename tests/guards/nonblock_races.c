// SPDX-License-Identifier: MIT
/*
 * Threads that change the mode of one description. nonblock-races WAY
 *   reuse     the number of a copy that another thread's change marks is another descriptor's by then
 *   both      both ask for blocking at the same time, after one of them asked for the opposite
 * Prints how often a descriptor has another mode than what was asked for it.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>

#include "nonblock_twin.h"

static int shared;
static _Atomic int round_of, answer, stop;

static void *change_always(void *unused)
{
	(void)unused;
	while (!atomic_load(&stop)) {
		fcntl(shared, F_SETFL, O_RDWR | O_NONBLOCK);
		fcntl(shared, F_SETFL, O_RDWR);
	}
	return NULL;
}

static void linger(int steps)
{
	for (volatile int i = 0; i < steps; i++)
		continue;
}

static void reuse(void)
{
	enum { ROUNDS = 20000 };
	int wrong = 0;
	pthread_t thread;

	shared = ends_open("socket").here;
	must(pthread_create(&thread, NULL, change_always, NULL) == 0, "thread");
	for (int i = 0; i < ROUNDS; i++) {
		int copy = dup(shared), other;

		set_nonblocking("F_SETFL", copy, 0);
		linger(i * 7 % 1500);
		close(copy);
		other = eventfd(0, EFD_NONBLOCK);
		linger(3000);
		wrong += !is_nonblocking(other);
		close(other);
	}
	atomic_store(&stop, 1);
	pthread_join(thread, NULL);
	printf("wrong %d\n", wrong);
}

static int shared_copy;

static void *block_always(void *unused)
{
	(void)unused;
	for (int i = 1;; i++) {
		while (atomic_load(&round_of) < i)
			continue;
		fcntl(shared_copy, F_SETFL, O_RDWR);
		atomic_store(&answer, i);
	}
	return NULL;
}

static void both(void)
{
	enum { ROUNDS = 1000 };
	int wrong = 0;
	pthread_t thread;

	shared = ends_open("socket").here;
	shared_copy = dup(shared);
	must(pthread_create(&thread, NULL, block_always, NULL) == 0, "thread");
	for (int i = 1; i <= ROUNDS; i++) {
		fcntl(shared, F_SETFL, O_RDWR | O_NONBLOCK);
		atomic_store(&round_of, i);
		linger(i % 200);
		fcntl(shared, F_SETFL, O_RDWR);
		while (atomic_load(&answer) < i)
			continue;
		wrong += is_nonblocking(shared) || is_nonblocking(shared_copy);
	}
	printf("wrong %d\n", wrong);
	fflush(stdout);
	_exit(0);
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "reuse") == 0)
		reuse();
	else if (argc == 2 && strcmp(argv[1], "both") == 0)
		both();
	else
		return 2;
	return 0;
}
