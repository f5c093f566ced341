// SPDX-License-Identifier: MIT
#include <netdb.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "requests.h"

/* Not of libc: there a child's requests wait for threads of its parent. */
void part_fork_again(void)
{
	int status = 0, child;

	start_both();
	fflush(stdout);
	child = fork();
	if (child == 0) {
		struct gaicb own = { .ar_name = "ok.test" }, *list[] = { &own };

		getaddrinfo_a(GAI_NOWAIT, list, 1, NULL);
		wait_for_all(list, 1);
		print_result(&own);
		getaddrinfo_a(GAI_WAIT, list, 1, NULL);
		print_result(&own);
		printf("the parent's: %s\n", name_of(gai_suspend(waited, 2, NULL)));
		fflush(stdout);
		_exit(0);
	}
	waitpid(child, &status, 0);
	printf("the child: %d\n", status);
	finish_both();
}

static sigjmp_buf jump;

static void leap(int number)
{
	(void)number;
	siglongjmp(jump, 1);
}

static void in_100_ms(void)
{
	ualarm(100000, 0);
}

static void *host_by_name(void *nothing)
{
	struct hostent space, *h;
	char room[1024];
	int error;

	gethostbyname_r("silent.test", &space, room, sizeof(room), &h, &error);
	return nothing;
}

/* Threads that are cancelled, and handlers that do not return: what comes after is as ever. libc's gethostbyname waits for its own lock then, for good. */
void part_leaps(void)
{
	struct sigaction a = { .sa_handler = leap };
	struct hostent *h;
	pthread_t thread;
	void *end;

	sigaction(SIGALRM, &a, NULL);
	for (int i = 0; i < 3; i++) {
		pthread_create(&thread, NULL, host_by_name, NULL);
		nap(20);
		pthread_cancel(thread);
		pthread_join(thread, &end);
		printf("cancelled: %s\n", end == PTHREAD_CANCELED ? "yes" : "no");
		in_100_ms();
		if (sigsetjmp(jump, 1) == 0)
			printf("it came back: %d\n", gethostbyname("silent.test") != NULL);
		h = gethostbyname("ok.test");
		printf("then: %s\n", h ? h->h_name : "nothing");
	}
}

/* The same for GAI_WAIT, which libc does not outlive. */
void part_leaps_wait(void)
{
	struct sigaction a = { .sa_handler = leap };

	sigaction(SIGALRM, &a, NULL);
	for (int i = 0; i < 3; i++) {
		static struct gaicb left, then;
		static struct gaicb *lefts[] = { &left }, *thens[] = { &then };

		left = silent;
		then = quick;
		in_100_ms();
		if (sigsetjmp(jump, 1) == 0)
			printf("it came back: %d\n", getaddrinfo_a(GAI_WAIT, lefts, 1, NULL));
		getaddrinfo_a(i % 2 ? GAI_WAIT : GAI_NOWAIT, thens, 1, NULL);
		wait_for_all(thens, 1);
		print_result(&then);
	}
}

/* Of a list, one of which libc is asked: nothing of it stays open, and what libc says later harms nobody. */
void part_leaps_list(void)
{
	struct addrinfo idn = { .ai_flags = AI_IDN };
	struct sigaction a = { .sa_handler = leap };
	int before = entries("/proc/self/fd");

	sigaction(SIGALRM, &a, NULL);
	for (int i = 0; i < 5; i++) {
		struct gaicb left[] = { silent, silent, silent }, *lefts[] = { &left[0], &left[1], &left[2] };

		left[2].ar_request = &idn;
		in_100_ms();
		if (sigsetjmp(jump, 1) == 0)
			printf("it came back: %d\n", getaddrinfo_a(GAI_WAIT, lefts, COUNT(lefts), NULL));
		printf("%s %s %s\n", name_of(gai_error(&left[0])), name_of(gai_error(&left[1])), name_of(gai_error(&left[2])));
	}
	nap(1200);
	printf("%d descriptors more\n", entries("/proc/self/fd") - before);
	getaddrinfo_a(GAI_WAIT, both, COUNT(both), NULL);
	finish_both();
}

/* The process is stopped while it waits. */
static void stop_parent(void)
{
	if (fork())
		return;
	nap(300);
	kill(getppid(), SIGSTOP);
	nap(1500);
	kill(getppid(), SIGCONT);
	_exit(0);
}

void part_stopped(void)
{
	struct gaicb then = silent, *thens[] = { &then };

	stop_parent();
	getaddrinfo_a(GAI_WAIT, both, COUNT(both), NULL);
	stop_parent();
	getaddrinfo_a(GAI_NOWAIT, thens, 1, NULL);
	wait_for_all(thens, 1);
	nap(200); /* it is told of when it is over */
}

/* All descriptors but the first three are closed under requests that are under way. */
void part_closed(void)
{
	start_both();
	nap(10);
	for (int fd = 3; fd < 4096; fd++)
		close(fd);
	finish_both();
}

/* The same silent name, often: it is asked for once. */
void part_often(void)
{
	static struct gaicb often[50];
	struct gaicb *list[COUNT(often)];
	int again = 0;

	for (int i = 0; i < COUNT(often); i++) {
		often[i] = silent;
		list[i] = &often[i];
	}
	getaddrinfo_a(GAI_WAIT, list, COUNT(often), NULL);
	for (int i = 0; i < COUNT(often); i++)
		again += gai_error(list[i]) == EAI_AGAIN;
	printf("%d have no answer\n", again);
}

/* A loop that stands still in GAI_WAIT. */
void part_loop(void)
{
	struct epoll_event event;
	struct gaicb *one[] = { &silent };
	int loop = epoll_create1(EPOLL_CLOEXEC);

	epoll_wait(loop, &event, 1, 0);
	getaddrinfo_a(GAI_WAIT, one, 1, NULL);
	print_result(&silent);
}

void part_few(void)
{
	struct rlimit limit = { 64, 64 };
	int fd, last = 0;

	setrlimit(RLIMIT_NOFILE, &limit);
	while ((fd = dup(1)) >= 0)
		last = fd;
	close(last);
	close(last - 1);
	start_both();
	finish_both();
}
