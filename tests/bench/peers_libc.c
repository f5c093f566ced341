// SPDX-License-Identifier: MIT
/* libc's own: one name after the other, in threads, and its getaddrinfo_a. Its configuration is the namespace's /etc. */
#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "peers.h"

enum { THREADS_MAX = 360, ASYNC_BATCH = 100 };

static struct addrinfo wanted(void)
{
	return (struct addrinfo){ .ai_family = bench.both ? AF_UNSPEC : AF_INET, .ai_socktype = SOCK_STREAM };
}

static void *one_after_the_other(void *cookie)
{
	struct addrinfo hints = wanted(), *list;
	char text[64];
	unsigned i;

	while (bench_next(&i)) {
		int error;

		bench_name(i, text);
		error = getaddrinfo(text, NULL, &hints, &list);
		if (!error)
			freeaddrinfo(list);
		bench_end(i, !error);
	}
	return cookie;
}

static void in_threads(unsigned n)
{
	pthread_t threads[THREADS_MAX];
	pthread_attr_t small;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 256 << 10);
	for (unsigned i = 0; i < n; i++)
		if (pthread_create(&threads[i], &small, one_after_the_other, NULL))
			abort();
	for (unsigned i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
}

void libc_serial(void)
{
	one_after_the_other(NULL);
}

void libc_16(void)
{
	in_threads(16);
}

void libc_64(void)
{
	in_threads(64);
}

void libc_360(void)
{
	in_threads(360);
}

/* GAI_WAIT: with GAI_NOWAIT and gai_suspend it hangs now and then. */
void libc_async(void)
{
	static struct gaicb all[ASYNC_BATCH], *list[ASYNC_BATCH];
	static char texts[ASYNC_BATCH][64];
	unsigned numbers[ASYNC_BATCH], n = ASYNC_BATCH;
	struct addrinfo hints = wanted();

	while (n == ASYNC_BATCH) {
		for (n = 0; n < ASYNC_BATCH && bench_next(&numbers[n]); n++) {
			bench_name(numbers[n], texts[n]);
			all[n] = (struct gaicb){ .ar_name = texts[n], .ar_request = &hints };
			list[n] = &all[n];
		}
		getaddrinfo_a(GAI_WAIT, list, (int)n, NULL);
		for (unsigned i = 0; i < n; i++) {
			bench_end(numbers[i], !gai_error(list[i]));
			freeaddrinfo(all[i].ar_result);
		}
	}
}
