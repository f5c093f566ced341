// SPDX-License-Identifier: MIT
/*
 * select-stress legitimate|overflow [PART]: select on descriptors beyond 1,024 where a careless library breaks: in threads, in signal handlers, on small
 * stacks, in vfork children, cancelled, and left by siglongjmp.
 *   legitimate  sets that are long enough
 *   overflow    sets of 1,024 bits with the timeout behind them: right only with somebody who repairs them
 * Prints what it did; exits 0 if all was right.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "select_kernel.h"

enum {
	IDLE = 1045,
	READY = 1090,
	MANY = 300,
	MANY_FROM = 1200,
	THREADS = 8,
	ROUNDS = 4000,
	JUMPS = 100000,
	TIMED_JUMPS = 1000
};

static bool overflow;
static long wrong;

static void must(bool ok, const char *what, int line)
{
	char text[160];
	int n;

	if (ok)
		return;
	__atomic_add_fetch(&wrong, 1, __ATOMIC_RELAXED);
	n = snprintf(text, sizeof text, "select_stress.c:%d: not so: %s (errno %d)\n", line, what, errno);
	if (write(2, text, (size_t)n) != n)
		abort();
}
#define MUST(condition) must((condition), #condition, __LINE__)

/*
 * The two ways to wait for one descriptor in readfds. Both return select's result, -2 if what it left in memory is wrong.
 */

struct image {
	fd_set set;
	struct timeval timeout;
	unsigned char rest[1024];
};

static void set_bit(void *set, int fd)
{
	((volatile unsigned char *)set)[fd / 8] |= (unsigned char)(1 << fd % 8);
}

static bool has_bit(const void *set, int fd)
{
	return ((const volatile unsigned char *)set)[fd / 8] >> fd % 8 & 1;
}

static __attribute__((noinline)) int by_image(int fd, long seconds, bool wide)
{
	struct image image;
	int ret;

	memset(&image, 0, sizeof image);
	image.timeout.tv_sec = seconds;
	for (int low = 100; wide && low < 100 + MANY; low++)
		set_bit(&image.set, low);
	set_bit(&image.set, fd);
	ret = select(fd + 1, &image.set, NULL, NULL, &image.timeout);
	if (ret >= 0 && has_bit(&image.set, fd) != (fd == READY && ret == 1))
		return -2;
	return ret;
}

/* A mask cannot be given to select: the same with pselect, whose timeout is a timespec. */
static __attribute__((noinline)) int by_image_masked(int fd, long seconds, bool wide, const sigset_t *mask)
{
	struct image image;

	memset(&image, 0, sizeof image);
	image.timeout.tv_sec = seconds;
	for (int low = 100; wide && low < 100 + MANY; low++)
		set_bit(&image.set, low);
	set_bit(&image.set, fd);
	return pselect(fd + 1, &image.set, NULL, NULL, (struct timespec *)(void *)&image.timeout, mask);
}

static __attribute__((noinline)) int by_long_set(int fd, long seconds, bool wide, const sigset_t *mask)
{
	struct timespec time = { seconds, 0 };
	struct timeval timeout = { seconds, 0 };
	fd_set set[2]; /* 2,048 bits */
	int ret;

	memset(set, 0, sizeof set);
	for (int low = 100; wide && low < 100 + MANY; low++)
		set_bit(set, low);
	set_bit(set, fd);
	ret = mask ? pselect(fd + 1, set, NULL, NULL, &time, mask) : select(fd + 1, set, NULL, NULL, &timeout);
	if (ret >= 0 && has_bit(set, fd) != (fd == READY && ret == 1))
		return -2;
	return ret;
}

/* seconds 0 comes back at once, and wide adds 300 low descriptors that wait too. */
static int wait_for(int fd, long seconds, bool wide)
{
	return overflow ? by_image(fd, seconds, wide) : by_long_set(fd, seconds, wide, NULL);
}

static int wait_masked(int fd, long seconds, bool wide, const sigset_t *mask)
{
	return overflow ? by_image_masked(fd, seconds, wide, mask) : by_long_set(fd, seconds, wide, mask);
}

/* A signal ends even a call that would not wait. */
static int wait_undisturbed(int fd, long seconds, bool wide)
{
	int ret;

	do {
		errno = 4711;
		ret = wait_for(fd, seconds, wide);
	} while (ret == -1 && errno == EINTR);
	return ret;
}

static void all_is_well(int line)
{
	must(wait_undisturbed(READY, 1000, false) == 1, "a ready descriptor", line);
	must(wait_undisturbed(IDLE, 0, false) == 0, "an idle descriptor", line);
	must(wait_undisturbed(READY, 0, true) == 1, "a ready descriptor among many", line);
	must(errno == 4711, "errno as before", line);
}
#define ALL_IS_WELL() all_is_well(__LINE__)

static void open_descriptors(void)
{
	struct rlimit limit;
	int idle[2], ready[2];

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max < 4096 ? limit.rlim_max : 4096;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (pipe(idle) < 0 || pipe(ready) < 0 || write(ready[1], "x", 1) != 1)
		exit(99);
	for (int fd = 100; fd < 100 + MANY; fd++)
		dup2(idle[0], fd);
	for (int fd = MANY_FROM; fd < MANY_FROM + MANY; fd++)
		dup2(idle[0], fd);
	if (dup2(idle[0], IDLE) != IDLE || dup2(ready[0], READY) != READY) {
		perror("dup2");
		exit(99);
	}
}

static void set_timer(long microseconds)
{
	struct itimerval every = { { 0, microseconds }, { 0, microseconds } };

	setitimer(ITIMER_REAL, &every, NULL);
}

static void on_signal(int number, void (*handler)(int), int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	sigaction(number, &action, NULL);
}

/*
 * Signal handlers
 */

static volatile long handled;

/* Where the stack is small nobody can promise a repair: asked for is what comes out right without, and that nothing breaks. */
static void survives(int line)
{
	if (overflow)
		must(by_image_masked(READY, 0, false, NULL) == 1, "a ready descriptor, on a small stack", line);
	else
		all_is_well(line);
	handled++;
}

static void selects_on_small_stack(int number)
{
	int error = errno;

	(void)number;
	survives(__LINE__);
	errno = error;
}

static void selects(int number)
{
	int error = errno;

	(void)number;
	ALL_IS_WELL();
	handled++;
	errno = error;
}

/* The handler's select runs while another waits, and that one ends with EINTR. */
static void in_handlers(void)
{
	long interrupted = 0, begun;

	handled = 0;
	on_signal(SIGALRM, selects, SA_RESTART);
	set_timer(1000);
	for (int i = 0; i < 200; i++) {
		begun = handled;
		errno = 0;
		interrupted += wait_for(IDLE, 1000, i % 2) == -1 && errno == EINTR;
		MUST(handled > begun);
	}
	set_timer(0);
	MUST(interrupted == 200);
	printf("in handlers: %ld, %ld calls interrupted\n", handled, interrupted);
}

/* Eight KiB, with nothing below. */
static void on_small_signal_stack(void)
{
	const size_t page = 4096, size = 8192;
	char *memory = mmap(NULL, page + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stack_t stack = { .ss_sp = memory + page, .ss_size = size }, none = { .ss_flags = SS_DISABLE };

	MUST(memory != MAP_FAILED && mprotect(memory, page, PROT_NONE) == 0);
	MUST(sigaltstack(&stack, NULL) == 0);
	on_signal(SIGUSR1, selects_on_small_stack, SA_ONSTACK);
	handled = 0;
	for (int i = 0; i < 100; i++)
		raise(SIGUSR1);
	MUST(handled == 100);
	sigaltstack(&none, NULL);
	munmap(memory, page + size);
	printf("on a signal stack of %zu bytes: %ld\n", size, handled);
}

/*
 * Threads
 */

static void *works(void *number)
{
	int mine = 2000 + (int)(long)number * 10;

	for (int i = 0; i < ROUNDS; i++) {
		ALL_IS_WELL();
		if (i % 16 == 0) /* the table changes under the others' hands */
			MUST(dup2(IDLE, mine) == mine && close(mine) == 0);
	}
	return NULL;
}

static void in_threads(void)
{
	pthread_t thread[THREADS];

	handled = 0;
	on_signal(SIGALRM, selects, SA_RESTART);
	set_timer(500);
	for (long i = 0; i < THREADS; i++)
		MUST(pthread_create(&thread[i], NULL, works, (void *)i) == 0);
	for (int i = 0; i < THREADS; i++)
		MUST(pthread_join(thread[i], NULL) == 0);
	set_timer(0);
	printf("in %d threads: %d rounds each, and %ld signals\n", THREADS, ROUNDS, handled);
}

static void *once(void *result)
{
	survives(__LINE__);
	*(volatile bool *)result = true;
	return NULL;
}

static void on_small_thread_stack(void)
{
	const size_t page = 4096, size = 16384;
	char *memory = mmap(NULL, page + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_attr_t attributes;
	pthread_t thread;
	bool done = false;

	MUST(memory != MAP_FAILED && mprotect(memory, page, PROT_NONE) == 0);
	pthread_attr_init(&attributes);
	MUST(pthread_attr_setstack(&attributes, memory + page, size) == 0);
	MUST(pthread_create(&thread, &attributes, once, &done) == 0);
	MUST(pthread_join(thread, NULL) == 0 && done);
	printf("on a thread's stack of %zu bytes: once\n", size);
}

/*
 * Cancellation
 */

static volatile bool cleaned, waiting;

static void clean(void *unused)
{
	(void)unused;
	cleaned = true;
}

enum how { HOW_SELECT, HOW_PSELECT, HOW_SELECT_WIDE, HOW_ASYNC, HOWS };

static void *waits(void *how)
{
	sigset_t none;
	int old;

	sigemptyset(&none);
	pthread_cleanup_push(clean, NULL);
	if ((long)how == HOW_ASYNC)
		pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
	waiting = true;
	if ((long)how == HOW_PSELECT)
		wait_masked(IDLE, 1000, false, &none);
	else
		wait_for(IDLE, 1000, (long)how == HOW_SELECT_WIDE);
	pthread_cleanup_pop(0);
	return NULL;
}

/* Cancelled before the call begins: it must not wait, whether there is something or not. */
static void *arrives_late(void *unused)
{
	(void)unused;
	pthread_cleanup_push(clean, NULL);
	pthread_cancel(pthread_self());
	wait_for(READY, 1000, false);
	pthread_cleanup_pop(0);
	return NULL;
}

/* A raw call is no cancellation point. */
static void *calls_by_number(void *unused)
{
	struct image image;
	struct timespec time = { 0, 0 };

	(void)unused;
	memset(&image, 0, sizeof image);
	set_bit(&image.set, IDLE);
	pthread_cleanup_push(clean, NULL);
	pthread_cancel(pthread_self());
	if (overflow)
		syscall(SYS_pselect6, IDLE + 1, &image.set, NULL, NULL, &image.timeout, NULL);
	else
		syscall(SYS_pselect6, IDLE + 1, &image.set, NULL, NULL, &time, NULL);
	pthread_cleanup_pop(0);
	return NULL;
}

static bool is_cancelled(void *(*one)(void *), long how, bool cancel)
{
	struct timespec moment = { 0, 5000000 };
	pthread_t thread;
	void *result;

	cleaned = waiting = false;
	MUST(pthread_create(&thread, NULL, one, (void *)how) == 0);
	if (cancel) {
		while (!waiting)
			nanosleep(&moment, NULL);
		nanosleep(&moment, NULL);
		pthread_cancel(thread);
	}
	MUST(pthread_join(thread, &result) == 0);
	return result == PTHREAD_CANCELED && cleaned;
}

static void cancelled(void)
{
	for (long how = 0; how < HOWS; how++)
		for (int i = 0; i < 10; i++)
			MUST(is_cancelled(waits, how, true));
	MUST(is_cancelled(arrives_late, 0, false));
	MUST(!is_cancelled(calls_by_number, 0, false));
	ALL_IS_WELL();
	printf("cancelled: %d ways, 10 times each\n", HOWS);
}

/*
 * Children
 */

static int child_status(pid_t pid)
{
	int status = -1;

	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static int in_child(void)
{
	return wait_for(READY, 1000, false) == 1 && wait_for(IDLE, 0, true) == 0 ? 42 : 1;
}

/* After fork the kernel's table is as small as what is open allows: a high nfds is none any more. */
static int with_small_table(void)
{
	fd_set set;
	struct timeval none = { 0, 0 };
	int ready[2];

	if (pipe(ready) < 0 || write(ready[1], "x", 1) != 1)
		return 2;
	FD_ZERO(&set);
	FD_SET(ready[0], &set);
	return select(4096, &set, NULL, NULL, &none) == 1 && FD_ISSET(ready[0], &set) ? 43 : 3;
}

static void in_vfork_child(void)
{
	pid_t pid = vfork();

	if (pid == 0)
		_exit(in_child());
	MUST(child_status(pid) == 42);
}

static void in_children(void)
{
	pid_t pid;

	for (int i = 0; i < 50; i++) {
		in_vfork_child();
		pid = fork();
		if (pid == 0)
			_exit(in_child());
		MUST(child_status(pid) == 42);
	}
	ALL_IS_WELL();
	pid = fork();
	if (pid == 0) {
		closefrom(3);
		pid = fork();
		if (pid == 0)
			_exit(with_small_table());
		_exit(child_status(pid));
	}
	MUST(child_status(pid) == 43);
	printf("in children: 50 of vfork, 50 of fork\n");
}

/*
 * Left by siglongjmp
 */

static sigjmp_buf out;

static void jumps(int number)
{
	(void)number;
	siglongjmp(out, 1);
}

/* Pages, mappings */
static void memory_use(long *ret_size, long *ret_mappings)
{
	FILE *f = fopen("/proc/self/statm", "r");
	int c;

	if (!f || fscanf(f, "%ld", ret_size) != 1)
		exit(99);
	fclose(f);
	*ret_mappings = 0;
	f = fopen("/proc/self/maps", "r");
	while ((c = getc(f)) != EOF)
		*ret_mappings += c == '\n';
	fclose(f);
}

/* A pending signal comes in as the call begins to wait. */
static void jump_out_of_pselect(long times)
{
	static volatile long i, jumped;
	sigset_t blocked, open;

	sigemptyset(&open);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	on_signal(SIGUSR1, jumps, 0);
	jumped = 0;
	for (i = 0; i < times; i++) {
		if (sigsetjmp(out, 1) == 0) {
			raise(SIGUSR1);
			wait_masked(IDLE, 1000, i % 4 == 0, &open);
			MUST(!"the signal came");
		} else {
			jumped++;
		}
	}
	MUST(jumped == times);
	sigprocmask(SIG_UNBLOCK, &blocked, NULL);
}

static void jump_out_of_select(long times)
{
	static volatile long i, jumped;

	on_signal(SIGALRM, jumps, 0);
	jumped = 0;
	for (i = 0; i < times; i++) {
		if (sigsetjmp(out, 1) == 0) {
			struct itimerval soon = { { 0, 0 }, { 0, 1 + (i * 7) % 100 } };

			setitimer(ITIMER_REAL, &soon, NULL);
			wait_for(IDLE, 1000, i % 4 == 0);
			MUST(!"the signal came");
		} else {
			jumped++;
		}
	}
	MUST(jumped == times);
}

static void left_by_siglongjmp(void)
{
	long size, mappings, size_after, mappings_after;

	jump_out_of_pselect(100);
	jump_out_of_select(10);
	memory_use(&size, &mappings);
	jump_out_of_pselect(JUMPS);
	jump_out_of_select(TIMED_JUMPS);
	memory_use(&size_after, &mappings_after);
	MUST(size_after <= size + 16);
	MUST(mappings_after <= mappings + 1);
	ALL_IS_WELL();
	printf("left by siglongjmp: %d and %d times, %ld pages and %ld mappings, then %ld and %ld\n", JUMPS,
	       TIMED_JUMPS, size, mappings, size_after, mappings_after);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} parts[] = {
		{ "handlers", in_handlers },
		{ "signal-stack", on_small_signal_stack },
		{ "threads", in_threads },
		{ "thread-stack", on_small_thread_stack },
		{ "cancelled", cancelled },
		{ "children", in_children },
		{ "siglongjmp", left_by_siglongjmp },
	};

	if (argc < 2 || (strcmp(argv[1], "legitimate") != 0 && strcmp(argv[1], "overflow") != 0)) {
		fprintf(stderr, "usage: %s legitimate|overflow [PART]\n", argv[0]);
		return 2;
	}
	setvbuf(stdout, NULL, _IONBF, 0);
	overflow = strcmp(argv[1], "overflow") == 0;
	open_descriptors();
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (argc < 3 || strcmp(argv[2], parts[i].name) == 0)
			parts[i].run();
	printf("%ld wrong\n", wrong);
	return wrong != 0;
}
