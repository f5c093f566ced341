// SPDX-License-Identifier: MIT
/* Programs that live by what is told of a descriptor that they are deaf for, or that do something else in their turns; and what comes once beside it. */
#include <poll.h>
#include <stddef.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#include "epoll_slow.h"

#define TIMES 6

/* For ms milliseconds; then the turns in 400 more of them. */
static int turns_of(void (*turn)(void), int ms)
{
	int n = 0;

	for (int64_t end = now_ms() + ms; now_ms() < end;)
		turn();
	for (int64_t end = now_ms() + 400; now_ms() < end; n++)
		turn();
	return n;
}

static void say(const char *who, int turns)
{
	printf("%s %s\n", who, turns > 60 ? "fast" : "slow");
}

static void wait_once(int ms)
{
	struct epoll_event e[ROOM];

	must(epoll_wait(loop, e, ROOM, ms) >= 0, "epoll_wait");
}

/* ---- what comes once ---- */

static void *leaves(void *fd)
{
	usleep(60000);
	close((int)(intptr_t)fd);
	return NULL;
}

/* One object, and so one pointer, for two descriptors; the other one's hang-up comes once. */
static void is_told_of_the_other(uint32_t events, int *told)
{
	struct epoll_event e[ROOM];
	pthread_t t;
	int p[2], both = 0;

	must(pipe2(p, O_NONBLOCK) == 0, "pipe2");
	add(loop, p[0], EPOLLIN | events, 1);
	must(pthread_create(&t, NULL, leaves, (void *)(intptr_t)p[1]) == 0, "pthread_create");
	for (int64_t end = now_ms() + 500; !both && now_ms() < end;)
		both = epoll_wait(loop, e, ROOM, 500) == 2;
	*told += both;
	pthread_join(t, NULL);
	close(p[0]);
}

void one_object(void)
{
	int told = 0;

	hung_up(0, 1);
	until_slow();
	for (int i = 0; i < TIMES; i++)
		is_told_of_the_other(i % 2 ? EPOLLONESHOT : EPOLLET, &told);
	printf("one-object %d\n", told);
}

/* Without libc. */
static void change(int fd, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.u64 = 1 };
	long ret;

#if defined(__x86_64__)
	register struct epoll_event *r10 __asm__("r10") = &e;

	__asm__ volatile("syscall" : "=a"(ret) : "a"(SYS_epoll_ctl), "D"((long)loop), "S"((long)EPOLL_CTL_MOD), "d"((long)fd), "r"(r10) : "rcx", "r11", "memory");
#else
	ret = epoll_ctl(loop, EPOLL_CTL_MOD, fd, &e);
#endif
	must(ret == 0, "MOD");
}

/* What is slow comes once from now on, which nobody sees; and others come all the while. */
void unseen(void)
{
	struct itimerspec often = { { 0, 1000000 }, { 0, 1000000 } };
	struct epoll_event e[ROOM];
	int fd = hung_up(EPOLLIN, 1), timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK), told = 0;
	uint64_t ticks;

	until_slow();
	add(loop, timer, EPOLLIN, DEAF);
	timerfd_settime(timer, 0, &often, NULL);
	for (int i = 0; i < TIMES; i++) {
		int hung = 0;

		change(fd, EPOLLIN);
		for (int64_t end = now_ms() + 150; now_ms() < end;)
			if (epoll_wait(loop, e, ROOM, 100) > 0)
				(void)!read(timer, &ticks, sizeof ticks);
		change(fd, EPOLLIN | EPOLLONESHOT);
		for (int64_t end = now_ms() + 300; !hung && now_ms() < end;) {
			int n = epoll_wait(loop, e, ROOM, 100);

			(void)!read(timer, &ticks, sizeof ticks);
			for (int k = 0; k < n; k++)
				hung |= e[k].data.u64 == 1;
		}
		told += hung;
	}
	printf("unseen %d\n", told);
}

/* ---- turns in which something is done ---- */

static void turn_with_work(void)
{
	struct timespec begun, now;

	wait_once(-1);
	clock_gettime(CLOCK_MONOTONIC, &begun);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - begun.tv_sec) * 1000000000 + now.tv_nsec - begun.tv_nsec < 200000);
}

void works(void)
{
	hung_up(EPOLLIN, 1);
	say("works", turns_of(turn_with_work, 2600));
}

static int sender;

static void turn_with_send(void)
{
	struct epoll_event e[ROOM];

	must(epoll_wait(loop, e, ROOM, 1000) == 1, "told");
	if (e[0].events & EPOLLOUT)
		must(send(sender, "x", 1, 0) == 1, "send");
}

/* Its time stamps are never read. */
void sends(void)
{
	sender = stamped(1);
	add(loop, sender, EPOLLOUT, 1);
	say("sends", turns_of(turn_with_send, 3600));
}

static int beside;

static void turn_with_poll(void)
{
	struct pollfd p[2] = { { loop, POLLIN, 0 }, { beside, POLLIN, 0 } };

	must(poll(p, 2, 1000) == 1, "told");
	wait_once(-1);
}

void polls(void)
{
	beside = eventfd(0, EFD_NONBLOCK);
	hung_up(EPOLLIN, 1);
	say("polls", turns_of(turn_with_poll, 2600));
}

static void turn_with_another_set(void)
{
	struct epoll_event e;

	wait_once(-1);
	must(epoll_wait(beside, &e, 1, 0) == 0, "nothing");
}

void two_sets(void)
{
	beside = epoll_create1(EPOLL_CLOEXEC);
	hung_up(EPOLLIN, 1);
	say("two-sets", turns_of(turn_with_another_set, 2600));
}

/* There is one descriptor, and so one event at most: what lies behind it is not touched, as in a program that has no room there. */
void short_array(void)
{
	struct epoll_event e[ROOM], behind;
	int n = 0, wrong = 0;

	hung_up(EPOLLIN, 1);
	memset(e, 0x55, sizeof e);
	behind = e[1];
	for (int64_t end = now_ms() + 2600; now_ms() < end; n++)
		must(epoll_wait(loop, e, ROOM, 1000) == 1, "told");
	for (int i = 1; i < ROOM; i++)
		wrong += memcmp(&e[i], &behind, sizeof behind) != 0;
	printf("short-array %d wrong, %s\n", wrong, turns_in(400) < 100 ? "slow" : "fast");
}

/* ---- a filter ---- */

static volatile int turns;

static void *turns_on(void *nothing)
{
	for (;;) {
		wait_once(-1);
		turns++;
	}
	return nothing;
}

#define ALLOW(number) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* It kills whoever makes a call that the loop does not. */
static void put_in_force(void)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ALLOW(SYS_epoll_pwait), ALLOW(SYS_write), ALLOW(SYS_futex), ALLOW(SYS_clock_nanosleep), ALLOW(SYS_exit_group),
#if defined(SYS_epoll_wait)
		ALLOW(SYS_epoll_wait),
#endif
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog p = { sizeof f / sizeof *f, f };

	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, "PR_SET_NO_NEW_PRIVS");
	must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &p) == 0, "seccomp");
}

/* It comes while another thread is in a wait that is slowed. */
void filtered(void)
{
	static const char on[] = "filtered, goes on\n";
	pthread_t t;
	int before;

	hung_up(0, 1);
	until_slow();
	must(pthread_create(&t, NULL, turns_on, NULL) == 0, "pthread_create");
	usleep(300000);
	put_in_force();
	for (before = turns; turns < before + 100;)
		usleep(1000);
	(void)!write(1, on, sizeof on - 1);
	_exit(0);
}
