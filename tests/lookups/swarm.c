// SPDX-License-Identifier: MIT
/*
 * swarm N [THREADS]: N requests of getaddrinfo_a, by threads that wait for them, cancel them and leave them to events, over and over. Ends with 0 if each was over once, with
 * the right answer.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 50, THREADS_MAX = 64 };

/* ThreadSanitizer keeps one signal of a number for a thread, and loses the second. */
#ifdef __SANITIZE_THREAD__
#define SIGNALS_ARE_LOST true
#else
#define SIGNALS_ARE_LOST false
#endif

static _Atomic unsigned long ok, cancelled, events, wrong;
static unsigned long each;

struct one {
	struct gaicb cb;
	char name[32];
};

struct batch {
	struct one one[BATCH];
	struct gaicb *list[BATCH];
	_Atomic int told;
};

static const struct addrinfo streams = { .ai_socktype = SOCK_STREAM };

static void prepare(struct batch *b, unsigned thread, unsigned long turn)
{
	b->told = 0;
	for (unsigned i = 0; i < BATCH; i++) {
		struct one *o = &b->one[i];

		snprintf(o->name, sizeof(o->name),
			 i % 10 == 9   ? "here"
			 : i % 10 == 8 ? "192.0.2.1"
				       : "ok%u-%lu-%u.test",
			 thread, turn, i);
		o->cb = (struct gaicb){ .ar_name = o->name, .ar_request = &streams };
		b->list[i] = &o->cb;
	}
}

/* gai_error, in words that sanitizers understand. */
static int error_of(const struct gaicb *cb)
{
	return __atomic_load_n(&cb->__return, __ATOMIC_ACQUIRE);
}

static void judge(struct one *o, unsigned i)
{
	int error = error_of(&o->cb);
	const struct addrinfo *a = o->cb.ar_result;
	char text[INET6_ADDRSTRLEN] = "";

	if (error == EAI_CANCELED) {
		cancelled++;
		return;
	}
	if (!error)
		inet_ntop(a->ai_family,
			  a->ai_family == AF_INET ? (void *)&((struct sockaddr_in *)a->ai_addr)->sin_addr
						  : (void *)&((struct sockaddr_in6 *)a->ai_addr)->sin6_addr,
			  text, sizeof(text));
	if (strcmp(text, i % 10 == 9 ? "10.0.0.1" : i % 10 == 8 ? "192.0.2.1" : "2001:db8::1") == 0) {
		ok++;
	} else if (wrong++ < 10) {
		printf("%s: %d %s\n", o->name, error, text);
	}
	if (!error)
		freeaddrinfo(o->cb.ar_result);
}

static void wait_for(struct batch *b)
{
	struct timespec ms = { .tv_nsec = 1000000 };

	for (unsigned i = 0; i < BATCH; i++)
		while (error_of(b->list[i]) == EAI_INPROGRESS)
			gai_suspend((const struct gaicb *const *)b->list, BATCH, i % 2 ? &ms : NULL);
}

static void tell(union sigval value)
{
	events++;
	((struct batch *)value.sival_ptr)->told = 1;
}

static void take_signal(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	tell(info->si_value);
}

static bool start(struct batch *b, unsigned long turn)
{
	struct sigevent event = { .sigev_notify = SIGEV_NONE,
				  .sigev_notify_function = tell,
				  .sigev_value.sival_ptr = b,
				  .sigev_signo = SIGRTMIN };

	if (turn % 4 == 0)
		return getaddrinfo_a(GAI_WAIT, b->list, BATCH, NULL) == 0;
	if (turn % 4 == 1)
		event.sigev_notify = SIGNALS_ARE_LOST || turn % 32 == 1 ? SIGEV_THREAD : SIGEV_SIGNAL;
	return getaddrinfo_a(GAI_NOWAIT, b->list, BATCH, turn % 4 == 1 ? &event : NULL) == 0;
}

static void *swarm(void *cookie)
{
	unsigned thread = (unsigned)(size_t)cookie;
	struct batch *b = calloc(1, sizeof(*b));

	for (unsigned long turn = 0; turn < each / BATCH; turn++) {
		prepare(b, thread, turn);
		if (!start(b, turn))
			wrong++;
		for (unsigned i = 0; turn % 4 == 3 && i < BATCH; i += 3)
			gai_cancel(b->list[i]);
		wait_for(b);
		while (turn % 4 == 1 && !b->told)
			usleep(100);
		for (unsigned i = 0; i < BATCH; i++)
			judge(&b->one[i], i);
	}
	free(b);
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned long n = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
	unsigned threads = argc > 2 ? (unsigned)atoi(argv[2]) : 4;
	struct sigaction a = { .sa_sigaction = take_signal, .sa_flags = SA_SIGINFO | SA_RESTART };
	pthread_t thread[THREADS_MAX];

	each = n / threads;
	sigaction(SIGRTMIN, &a, NULL);
	for (unsigned i = 0; i < threads; i++)
		pthread_create(&thread[i], NULL, swarm, (void *)(size_t)i);
	for (unsigned i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	printf("%lu answered, %lu cancelled, %lu events, %lu wrong\n", ok, cancelled, events, wrong);
	return wrong || ok + cancelled != each / BATCH * BATCH * threads;
}
