/* SPDX-License-Identifier: MIT */
/* The tools of lookup_life.c. What counts descriptors goes past us, so that it changes nothing. */
#ifndef TESTS_GUARDS_LOOKUP_LIFE_H
#define TESTS_GUARDS_LOOKUP_LIFE_H

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netdb.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static int from_handler[2];

static inline void say(const char *format, ...)
{
	va_list v;

	va_start(v, format);
	vprintf(format, v);
	va_end(v);
	putchar('\n');
	fflush(stdout);
}

static inline void must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(98);
}

/* A system call that no library sees. */
static inline long raw(long nr, long first)
{
	long r;

#if defined(__x86_64__)
	__asm__ volatile("syscall" : "=a"(r) : "a"(nr), "D"(first) : "rcx", "r11", "memory");
#else
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = first;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8) : "memory");
	r = x0;
#endif
	return r;
}

static inline int open_now(void)
{
	int n = 0;

	for (int fd = 0; fd < 3000; fd++) {
		char link[32];

		snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
		n += access(link, F_OK) == 0 || errno != ENOENT;
	}
	return n;
}

/* The first address of a name, or the error. */
static inline const char *first(const char *name)
{
	static _Thread_local char text[INET6_ADDRSTRLEN];
	struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM }, *list;
	int error = getaddrinfo(name, "80", &hints, &list);

	if (error)
		return gai_strerror(error);
	inet_ntop(AF_INET, &((struct sockaddr_in *)(void *)list->ai_addr)->sin_addr, text, sizeof text);
	freeaddrinfo(list);
	return text;
}

static inline void densely(void)
{
	for (int i = 0; i < 20; i++)
		first("ok.example");
}

static inline void wait_for(pid_t pid)
{
	int status;

	must(waitpid(pid, &status, 0) == pid && status == 0, "a child");
}

/* Where nr is called: ret; all else is allowed. */
static inline int filter(unsigned ret, long nr)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, ret),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { COUNT(code), code };

	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

static inline void *waits(void *nothing)
{
	first("silent.example");
	return nothing;
}

static inline void timer(int us, bool again)
{
	struct itimerval t = { .it_value = { 0, us }, .it_interval = { 0, again ? us : 0 } };

	setitimer(ITIMER_REAL, &t, NULL);
}

static inline void nothing_much(int signal)
{
	(void)signal;
}

/* A signal every so many µs; 0: no more. */
static inline void every(int us)
{
	struct sigaction act = { .sa_handler = nothing_much };

	sigaction(SIGALRM, &act, NULL);
	timer(us, true);
}

static sigjmp_buf out;

static inline void leave(int signal)
{
	(void)signal;
	siglongjmp(out, 1);
}

/* Leaves a lookup after so many µs, wherever it is then; from a stack of the handler's own, or not. */
static inline void jump_out_of_lookup(int us, bool own_stack)
{
	static char stack[8 << 10];
	stack_t alternate = { .ss_sp = stack, .ss_size = sizeof stack };
	struct sigaction act = { .sa_handler = leave, .sa_flags = own_stack ? SA_ONSTACK : 0 };

	must(sigaltstack(&alternate, NULL) == 0, "sigaltstack");
	sigaction(SIGALRM, &act, NULL);
	if (sigsetjmp(out, 1))
		return;
	timer(us, false);
	first("silent.example");
	timer(0, false);
}

static __attribute__((noinline, unused)) void jump_out_of_depth(int steps)
{
	char room[20000];

	__asm__ volatile("" : : "r"(room) : "memory");
	if (steps)
		jump_out_of_depth(steps - 1);
	else
		jump_out_of_lookup(5000, false);
	__asm__ volatile("" : : "r"(room) : "memory");
}

static pid_t forked;

static inline void fork_here(int signal)
{
	(void)signal;
	forked = fork();
	if (forked == 0)
		first("ok.example"); /* of another name, in the middle of the first lookup */
}

/* The child goes on with its lookup, as its parent does. */
static inline void fork_in_lookup(void)
{
	struct sigaction act = { .sa_handler = fork_here };
	const char *found;

	forked = -1;
	sigaction(SIGALRM, &act, NULL);
	timer(20000, false);
	found = first("silent.example");
	if (forked == 0) {
		for (int i = 0; i < 5; i++)
			first("ok.example");
		if (write(from_handler[1], found, strlen(found) + 1) < 0)
			_exit(1);
		_exit(strcmp(first("ok.example"), "192.0.2.1") != 0);
	}
	say("parent: %s", found);
	wait_for(forked);
	{
		char theirs[128] = "";

		must(read(from_handler[0], theirs, sizeof theirs - 1) > 0, "read");
		say("child: %s", theirs);
	}
}

#endif
