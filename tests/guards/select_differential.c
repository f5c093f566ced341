// SPDX-License-Identifier: MIT
/*
 * select-differential [CASES [SEED]]: legitimate calls of select, pselect, __select and their system calls, on sets of any size, in any memory, over a table
 * of descriptors of every kind; each call is made twice on equal memory, by the kernel (or by libc, found by its handle) and by name. What came out must be
 * equal in every byte. Prints how often what was tried, and fails if something was never tried.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/close_range.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "select_attempt.h"
#include "select_kernel.h"
#include "select_kinds.h"

enum { CASES = 36000, STIR = 400, SHOWN = 5 };

static int capacity; /* of the kernel's table: it does not look further */
static long cases, wrong, moved;

/*
 * What was tried
 */

enum about {
	ABOUT_CALL,
	ABOUT_PLACE,
	ABOUT_OUTCOME,
	ABOUT_NFDS,
	ABOUT_SETS,
	ABOUT_TIMEOUT,
	ABOUT_SIGNALS,
	ABOUT_TABLE,
	ABOUTS
};

enum outcome_kind { CAME_READY, CAME_TIMEOUT, CAME_EBADF, CAME_EINVAL, CAME_EFAULT, CAME_EINTR, CAME_FAULT, CAMES };
enum nfds_kind { NFDS_NEGATIVE, NFDS_ZERO, NFDS_SMALL, NFDS_BIG, NFDS_BEYOND, NFDS_MOST, NFDS_TABLESIZE, NFDS_KINDS };
enum sets_kind { HOLDS_NONE, HOLDS_FEW, HOLDS_MANY, HOLDS_ALL, HOLDS_IDLE, HOLDS_CLOSED, HOLDS_NOISE, HOLDS_KINDS };
enum timeout_kind {
	WAITS_ZERO,
	WAITS_SHORT,
	WAITS_LONG,
	WAITS_FOREVER,
	WAITS_ODD,
	WAITS_NOWHERE,
	WAITS_READ_ONLY,
	WAITS_KINDS
};
enum table_kind { THREADS_TABLE = TABLE_CROWD + 1, FORKED_TABLE, UNSHARED_TABLE, TABLE_KINDS };

static const char *const names[ABOUTS][12] = {
	[ABOUT_CALL] = { "select", "__select", "pselect", "syscall(select)", "syscall(pselect6)" },
	[ABOUT_PLACE] = { "heap", "mapping", "page end", "static", "stack", "alloca", "malloc each", "static sets",
			  "local sets", "fd_set s[16]" },
	[ABOUT_OUTCOME] = { "ready", "timeout", "EBADF", "EINVAL", "EFAULT", "EINTR", "SIGSEGV" },
	[ABOUT_NFDS] = { "negative", "0", "1-1024", "beyond 1024", "beyond the table", "INT_MAX", "getdtablesize()" },
	[ABOUT_SETS] = { "none", "few", "many", "all", "idle", "closed", "noise" },
	[ABOUT_TIMEOUT] = { "0", "short", "long", "NULL", "odd", "nowhere", "read-only" },
	[ABOUT_SIGNALS] = { "none", "pending", "handler", "ignored" },
	[ABOUT_TABLE] = { "small", "dense", "sparse", "crowd", "crowd, in a thread", "after fork", "unshared" },
};
static const char *const titles[ABOUTS] = { "call",      "memory",  "outcome", "nfds",
					    "sets hold", "timeout", "signals", "table" };
static long counts[ABOUTS][12];
static int nfds_kind, sets_kind, timeout_kind, table_kind;

static int came(const struct outcome *o)
{
	static const int errors[CAMES] = {
		[CAME_EBADF] = EBADF, [CAME_EINVAL] = EINVAL, [CAME_EFAULT] = EFAULT, [CAME_EINTR] = EINTR
	};

	if (o->faulted)
		return CAME_FAULT;
	if (o->ret >= 0)
		return o->ret > 0 ? CAME_READY : CAME_TIMEOUT;
	for (int i = CAME_EBADF; i <= CAME_EINTR; i++)
		if (errors[i] == o->error)
			return i;
	return CAMES;
}

static void count(const struct plan *plan, const struct outcome *o)
{
	cases++;
	counts[ABOUT_CALL][plan->call]++;
	counts[ABOUT_PLACE][plan->place]++;
	counts[ABOUT_OUTCOME][came(o)]++;
	counts[ABOUT_NFDS][nfds_kind]++;
	counts[ABOUT_SETS][sets_kind]++;
	counts[ABOUT_TIMEOUT][timeout_kind]++;
	counts[ABOUT_SIGNALS][plan->signals]++;
	counts[ABOUT_TABLE][table_kind]++;
}

/* Returns how many things were never tried. */
static int tell(void)
{
	int missing = 0;

	for (int about = 0; about < ABOUTS; about++) {
		printf("%-9s", titles[about]);
		for (int i = 0; i < 12 && names[about][i]; i++) {
			printf("%s %s %ld", i ? "," : ":", names[about][i], counts[about][i]);
			missing += counts[about][i] == 0;
#ifndef SYS_select
			missing -= about == ABOUT_CALL && i == CALL_NUMBER_SELECT;
#endif
		}
		printf("\n");
	}
	return missing;
}

/*
 * A case
 */

static size_t bytes_for(int nfds)
{
	int n = nfds < 0 ? 0 : nfds < capacity ? nfds : capacity;

	return ((size_t)n + 63) / 64 * 8;
}

static int plan_nfds(void)
{
	nfds_kind = dice_in(600) ? NFDS_BIG : dice_below(NFDS_KINDS);
	if (nfds_kind == NFDS_BIG && table_limit > capacity && capacity <= 1024)
		nfds_kind = NFDS_BEYOND;
	switch (nfds_kind) {
	case NFDS_NEGATIVE:
		return dice_in(500) ? -1 : INT_MIN + dice_below(1000);
	case NFDS_ZERO:
		return 0;
	case NFDS_SMALL:
		return 1 + dice_below(1024);
	case NFDS_BIG:
		return dice_in(300) ? 1025 + dice_below(200) : 1025 + dice_below(capacity - 1024);
	case NFDS_BEYOND:
		return capacity + 1 + dice_below(dice_in(500) ? 200 : 100000);
	case NFDS_MOST:
		return INT_MAX;
	default:
		return getdtablesize();
	}
}

static void add(unsigned char *bits, size_t size, int fd)
{
	if ((size_t)fd < size * 8)
		bits[fd / 8] |= (unsigned char)(1 << fd % 8);
}

static void add_some(unsigned char *bits, size_t size, const struct fd_list *list, int n)
{
	for (int i = 0; i < n && list->count; i++)
		add(bits, size, list->fds[dice_below(list->count)]);
}

/* Below 1,024 anything; above, every other one that is open. Both at nfds and beyond it, too. */
static void add_noise(unsigned char *bits, size_t size)
{
	for (size_t at = 0; at < size && at < sizeof(fd_set); at++)
		bits[at] = (unsigned char)(dice() >> 40 & dice() >> 20);
	for (int i = 0; i < table_open.count; i++)
		if (table_open.fds[i] >= FD_SETSIZE && dice_in(500))
			add(bits, size, table_open.fds[i]);
}

static void plan_bits(struct plan *plan, int i)
{
	unsigned char *bits = plan->bits[i];
	size_t size = plan->size;

	memset(bits, 0, size);
	switch (sets_kind) {
	case HOLDS_NONE:
		return;
	case HOLDS_FEW:
		return add_some(bits, size, &table_open, 1 + dice_below(5));
	case HOLDS_MANY:
		return add_some(bits, size, &table_open, 20 + dice_below(400));
	case HOLDS_ALL:
		return add_some(bits, size, &table_open, 3 * table_open.count);
	case HOLDS_IDLE:
		return add_some(bits, size, &table_idle[i], dice_below(40));
	case HOLDS_CLOSED:
		add_some(bits, size, &table_open, dice_below(5));
		for (int n = dice_below(5); n >= 0; n--)
			add(bits, size, dice_below((int)(size * 8)));
		return;
	default:
		return add_noise(bits, size);
	}
}

/* The same memory for two sets: what waits there must wait in both. */
static void plan_sets(struct plan *plan)
{
	sets_kind = dice_in(150) ? HOLDS_IDLE : dice_in(500) ? HOLDS_FEW : dice_below(HOLDS_KINDS);
	for (int i = 0; i < SETS; i++) {
		plan_bits(plan, i);
		plan->sets[i] = dice_in(700) ? GIVEN_OWN : GIVEN_NULL;
		if (i > 0 && dice_in(60))
			plan->sets[i] = GIVEN_FIRST;
		else if (dice_in(15))
			plan->sets[i] = dice_in(500) ? GIVEN_NOWHERE : GIVEN_READ_ONLY;
	}
}

/* One set, too short, that ends where the page does. */
static void plan_short_set(struct plan *plan)
{
	int only = dice_below(SETS), last = 0;

	plan->place = PLACE_PAGE_END;
	plan->gap = 0;
	plan->size = plan->size > 136 && dice_in(500) ? 128 : plan->size - 8;
	for (int i = 0; i < SETS; i++)
		plan->sets[i] = i == only ? GIVEN_OWN : GIVEN_NULL;
	for (int i = 0; i < SETS + 2; i++)
		if (plan->order[i] == only)
			last = i;
	plan->order[last] = plan->order[SETS + 1];
	plan->order[SETS + 1] = only;
}

static void plan_order(struct plan *plan)
{
	for (int i = 0; i < SETS + 2; i++) {
		int j = dice_below(i + 1);

		plan->order[i] = plan->order[j];
		plan->order[j] = i;
	}
	plan->gap = dice_in(500) ? 0 : dice_in(500) ? GUARD : 8;
}

static void plan_place(struct plan *plan)
{
	size_t need = bytes_for(plan->nfds);

	do
		plan->place = (enum place)dice_below(PLACES);
	while (plan->place == PLACE_LOCAL_16 && need > 16 * sizeof(fd_set));
	plan->size = need ? need : 8;
	if (dice_in(300) && plan->place < PLACE_MALLOCED)
		plan->size = (need + 127) / 128 * 128 + 128;
	if (plan->size > SET_MOST)
		plan->size = SET_MOST;
	plan_order(plan);
}

static bool numbered(const struct plan *plan)
{
	return plan->call == CALL_NUMBER_SELECT || plan->call == CALL_NUMBER_PSELECT6;
}

static bool has_mask(const struct plan *plan)
{
	return plan->call == CALL_PSELECT || plan->call == CALL_NUMBER_PSELECT6;
}

/* libc cuts the microseconds to 32 bits (LONG_MIN is 0 to it), the kernel carries them over to the seconds: -1 alone is refused by both. */
static void plan_odd_timeout(struct plan *plan, bool waits)
{
	static const long seconds[] = { -1, 0, LONG_MIN, LONG_MAX, INT_MAX, 0, 0 };
	static const long fractions[] = { -1, 1000000, 1000000000, LONG_MAX, LONG_MIN, 999999999999L, 1L << 32 };

	do {
		plan->seconds = seconds[dice_below(7)];
		plan->fraction = fractions[dice_below(7)];
	} while (waits && plan->fraction != -1);
}

/* How long a call that finds nothing may be allowed to wait. */
static void plan_timeout(struct plan *plan)
{
	bool waits = attempt_probe(plan) == 0 && plan->signals != SIGNALS_TIMER;

	timeout_kind = dice_in(30) ? dice_below(WAITS_KINDS) : dice_in(waits ? 980 : 400) ? WAITS_ZERO : WAITS_LONG;
	if (plan->signals == SIGNALS_TIMER)
		timeout_kind = dice_in(500) ? WAITS_LONG : WAITS_FOREVER;
	if (plan->signals == SIGNALS_IGNORED && waits)
		timeout_kind = WAITS_SHORT;
	if (waits && (timeout_kind == WAITS_LONG || timeout_kind == WAITS_FOREVER))
		timeout_kind = WAITS_SHORT;
	plan->timeout = GIVEN_OWN;
	plan->seconds = timeout_kind == WAITS_LONG ? 1000 : 0;
	plan->fraction = timeout_kind == WAITS_SHORT ? 200 + dice_below(1000) : 0;
	if (has_mask(plan))
		plan->fraction *= 1000;
	if (timeout_kind == WAITS_FOREVER)
		plan->timeout = GIVEN_NULL;
	else if (timeout_kind == WAITS_NOWHERE)
		plan->timeout = GIVEN_NOWHERE;
	else if (timeout_kind == WAITS_READ_ONLY)
		plan->timeout = GIVEN_READ_ONLY;
	else if (timeout_kind == WAITS_ODD)
		plan_odd_timeout(plan, waits);
	plan->by_libc = !numbered(plan) && (timeout_kind >= WAITS_ODD || dice_in(200));
}

static void plan_mask(struct plan *plan)
{
	plan->mask = GIVEN_NULL;
	plan->mask_size = SIZE_RIGHT;
	sigemptyset(&plan->blocked);
	if (!has_mask(plan))
		return;
	plan->mask = dice_in(plan->signals ? 900 : 300) ? GIVEN_OWN : GIVEN_NULL;
	sigaddset(&plan->blocked, SIGUSR2);
	if (dice_in(300))
		sigaddset(&plan->blocked, SIGUSR1);
	if (dice_in(20))
		plan->mask = GIVEN_NOWHERE;
	if (dice_in(40))
		plan->mask_size = (enum size_argument)dice_below(SIZE_NOWHERE + 1);
}

static void plan_case(struct plan *plan)
{
#ifdef SYS_select
	plan->call = (enum call)dice_below(CALLS);
#else
	do
		plan->call = (enum call)dice_below(CALLS);
	while (plan->call == CALL_NUMBER_SELECT);
#endif
	plan->nfds = plan_nfds();
	plan_place(plan);
	plan->signals = dice_in(30) ? (enum signals)dice_below(SIGNALS_IGNORED + 1) : SIGNALS_NONE;
	plan->restart = dice_in(500);
	plan_sets(plan);
	if (dice_in(20) && plan->size > 8)
		plan_short_set(plan);
	plan_mask(plan);
	plan_timeout(plan);
}

/*
 * What must be equal
 */

static const char *difference(const struct plan *plan, const struct outcome *want, const struct outcome *got)
{
	bool kept = want->seconds == plan->seconds && want->fraction == plan->fraction;

	if (want->ret != got->ret)
		return "return value";
	if (want->error != got->error)
		return want->ret < 0 ? "errno" : "errno after success";
	if (want->faulted != got->faulted)
		return "SIGSEGV";
	if (want->handled != got->handled && (plan->signals != SIGNALS_TIMER || want->error == EINTR))
		return "runs of the handler";
	if (want->mask_kept != got->mask_kept)
		return "signal mask";
	if (want->pending != got->pending) /* of a signal that was blocked */
		return "pending signal";
	if (want->used != got->used || memcmp(want->memory, got->memory, want->used) != 0)
		return "memory";
	if (plan->timeout != GIVEN_OWN)
		return NULL;
	if (kept != (got->seconds == plan->seconds && got->fraction == plan->fraction))
		return "a timeout that is kept";
	if (want->ret == 0 && (want->seconds != got->seconds || want->fraction != got->fraction))
		return "the timeout after it has passed";
	if (plan->seconds >= 0 && plan->seconds < INT_MAX && want->seconds <= plan->seconds &&
	    (got->seconds > plan->seconds || got->seconds < want->seconds - 60))
		return "the time left";
	return NULL;
}

static void show(const struct plan *plan, const struct outcome *want, const struct outcome *got, const char *what)
{
	size_t at = 0;

	while (at < want->used && want->memory[at] == got->memory[at])
		at++;
	printf("case %ld: %s differs\n", cases, what);
	printf("  %s, %s, table %s of %d, nfds %d, sets of %zu bytes, gap %zu, order %d%d%d%d%d, given %d %d %d timeout %d mask %d\n",
	       names[ABOUT_CALL][plan->call], names[ABOUT_PLACE][plan->place], names[ABOUT_TABLE][table_kind], capacity,
	       plan->nfds, plan->size, plan->gap, plan->order[0], plan->order[1], plan->order[2], plan->order[3],
	       plan->order[4], plan->sets[0], plan->sets[1], plan->sets[2], plan->timeout, plan->mask);
	printf("  sets hold %s, timeout {%ld, %ld}, signals %s, reference %s\n", names[ABOUT_SETS][sets_kind],
	       plan->seconds, plan->fraction, names[ABOUT_SIGNALS][plan->signals], plan->by_libc ? "libc" : "kernel");
	printf("  want %ld errno %d left {%ld, %ld} handled %d pending %d mask %d fault %d\n", want->ret, want->error,
	       want->seconds, want->fraction, want->handled, want->pending, want->mask_kept, want->faulted);
	printf("  got  %ld errno %d left {%ld, %ld} handled %d pending %d mask %d fault %d\n", got->ret, got->error,
	       got->seconds, got->fraction, got->handled, got->pending, got->mask_kept, got->faulted);
	if (at < want->used)
		printf("  first byte that differs: %zu of %zu, want %02x, got %02x\n", at, want->used, want->memory[at],
		       got->memory[at]);
}

/* A descriptor may have changed between the two calls (a timer of TCP's): then the reference differs from itself, and that is no case. */
static void compare(const struct plan *plan)
{
	static struct outcome want, got, again;
	const char *what;

	attempt(plan, false, &want);
	attempt(plan, true, &got);
	what = difference(plan, &want, &got);
	count(plan, &want);
	if (!what)
		return;
	attempt(plan, false, &again);
	if (difference(plan, &want, &again)) {
		moved++;
		return;
	}
	wrong++;
	if (wrong <= SHOWN)
		show(plan, &want, &got, what);
}

static void fill_around(struct plan *plan)
{
	for (size_t at = 0; at < MEMORY; at += sizeof(uint64_t)) {
		uint64_t word = dice();

		memcpy(plan->filling + at, &word, sizeof word);
	}
}

static void run(enum table_shape shape, int kind, long n)
{
	static struct plan plan;

	table_kind = kind;
	capacity = table_capacity();
	fill_around(&plan);
	for (long i = 0; i < n; i++) {
		if (i > 0 && i % STIR == 0)
			table_stir(shape);
		plan_case(&plan);
		compare(&plan);
	}
	if (capacity != table_capacity()) {
		printf("the table grew unasked\n");
		wrong++;
	}
}

static void *runs(void *n)
{
	sigset_t none;

	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, NULL);
	run(TABLE_CROWD, THREADS_TABLE, (long)n);
	return NULL;
}

/* On another stack than main's; the signals are for the thread. */
static void run_in_thread(long n)
{
	sigset_t all, old;
	pthread_t thread;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	if (pthread_create(&thread, NULL, runs, (void *)n) != 0 || pthread_join(thread, NULL) != 0)
		exit(99);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
}

/* In a child: its table is as small as what is open allows, whatever the parent's was. Hands its counts back. */
static void run_in_child(long n)
{
	struct {
		long cases, wrong, moved, counts[ABOUTS][12];
	} all;
	int fds[2], status;
	pid_t pid;

	table_shape(TABLE_SMALL);
	if (pipe(fds) < 0 ||
	    fcntl(fds[1], F_DUPFD, 0) < 0) /* the ends take numbers of the table; what stands there does not matter */
		exit(99);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		run(TABLE_SMALL, FORKED_TABLE, n);
		fflush(stdout);
		all.cases = cases;
		all.wrong = wrong;
		all.moved = moved;
		memcpy(all.counts, counts, sizeof counts);
		_exit(write(fds[1], &all, sizeof all) != sizeof all);
	}
	if (waitpid(pid, &status, 0) != pid || status != 0 || read(fds[0], &all, sizeof all) != sizeof all) {
		printf("the child ended with %d\n", status);
		wrong++;
		return;
	}
	cases = all.cases;
	wrong = all.wrong;
	moved = all.moved;
	memcpy(counts, all.counts, sizeof counts);
}

int main(int argc, char **argv)
{
	static char buffer[1 << 16]; /* stdio's own would be malloc'ed somewhere in between */
	long n = argc > 1 ? atol(argv[1]) : CASES;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 20140701;
	int missing;

	setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
	dice_seed = seed ? seed : 1;
	printf("seed %llu\n", (unsigned long long)seed);
	attempts_begin();
	kinds_open();
	for (enum table_shape shape = TABLE_SMALL; shape <= TABLE_CROWD; shape++) {
		table_shape(shape);
		run(shape, (int)shape, shape == TABLE_SMALL || shape == TABLE_CROWD ? n / 8 : n / 4);
	}
	run_in_thread(n / 8);
	run_in_child(n / 15);
	table_shape(TABLE_SMALL);
	if (close_range(TABLE_MOST + 1, UINT_MAX, CLOSE_RANGE_UNSHARE) < 0)
		perror("close_range");
	run(TABLE_SMALL, UNSHARED_TABLE, n / 15);
	missing = tell();
	printf("%ld cases, %ld wrong, %ld moved, %d things never tried\n", cases, wrong, moved, missing);
	return wrong > 0 || missing > 0 || moved > n / 1000 || cases < n;
}
