// SPDX-License-Identifier: MIT
/* 50,000 opens and closes by 16 threads: no number twice at a time, none lost, every flag right. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "expect.h"

enum { THREADS = 16, EACH = 50000 / THREADS, NUMBERS = 1024 };

static int owner[NUMBERS]; /* 1 + the thread that has it */
static long wrong;

static void must(bool ok)
{
	if (!ok)
		__atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
}

static void *work(void *self)
{
	int me = 1 + (int)(long)self;

	for (int i = 0; i < EACH; i++) {
		bool marked = i % 3 == 0;
		int fd = i & 1 ? socket(AF_UNIX, SOCK_STREAM | (marked ? SOCK_CLOEXEC : 0), 0)
			       : open("/dev/null", O_RDONLY | (marked ? O_CLOEXEC : 0));

		if (fd < 0 || fd >= NUMBERS) {
			must(false);
			continue;
		}
		must(__atomic_exchange_n(&owner[fd], me, __ATOMIC_SEQ_CST) == 0);
		must(fcntl(fd, F_GETFD) == (marked ? FD_CLOEXEC : 0));
		must(__atomic_exchange_n(&owner[fd], 0, __ATOMIC_SEQ_CST) == me);
		must(close(fd) == 0);
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[THREADS];
	int first = lowest();

	for (long i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, work, (void *)i);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	printf("%ld wrong\n", wrong);
	return wrong != 0 || lowest() != first;
}
