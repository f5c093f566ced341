// SPDX-License-Identifier: MIT
/*
 * select-images [CASES [SEED]]: sets of 1,024 bits that were written past their end, with the next set and the timeout behind them, as the stack of a wrong
 * program has them. What select makes of them must be what the kernel makes of sets that are long enough: the same result, the same ready bits, the same
 * timeout. Without a guard that repairs such calls this fails. Images that can be read in two ways are counted apart, and nothing is asked of them.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "select_kernel.h"
#include "select_kinds.h"

enum { CASES = 12000, STIR = 300, SETS = 3, SET = 128, TOLD_APART = 4096, LONG_SET = TOLD_APART / 8, SHOWN = 5 };

/* A wrong program's memory: the sets of the call in some order, the timeout, and what lies behind. */
struct image {
	unsigned char memory[SETS * SET + sizeof(struct timeval) + LONG_SET];
	unsigned char *set[SETS];
	long *time;
};

struct plan {
	int nfds, fd, high_set; /* fd = nfds - 1 is in that set */
	int order[SETS], count; /* the sets that are given, as they lie */
	unsigned long bits[SETS][LONG_SET / sizeof(long)];
	long seconds, fraction;
	bool numbered, pselects, signalled;
	bool ambiguous;
};

static long cases, wrong, moved, doubtful, doubtful_wrong;
static long ready, timeouts, ebadfs, eintrs, in_time, in_set, in_rest, many;
static int capacity; /* of the kernel's table */
static volatile int handled;

static void handle(int number)
{
	(void)number;
	handled++;
}

/* A timeout that was read wrongly can be of years. */
static void give_up(int number)
{
	static const char text[] = "a call does not come back\n";

	(void)number;
	_exit(write(1, text, sizeof text - 1) > 0 ? 1 : 2);
}

static bool has(const void *set, int fd)
{
	return ((const unsigned char *)set)[fd / 8] >> fd % 8 & 1;
}

static void put(void *set, int fd)
{
	((unsigned char *)set)[fd / 8] |= (unsigned char)(1 << fd % 8);
}

static int position(const struct plan *plan, int set)
{
	for (int i = 0; i < plan->count; i++)
		if (plan->order[i] == set)
			return i;
	return -1;
}

/* The bit's place in the memory. */
static int place_of(const struct plan *plan)
{
	return position(plan, plan->high_set) * SET * 8 + plan->fd;
}

/* What the program put at this place of the memory, the high fd aside. */
static bool holds(const struct plan *plan, int at)
{
	int i = at / (SET * 8), in_timeout = at - plan->count * SET * 8;
	long time[2] = { plan->seconds, plan->fraction };

	if (i < plan->count)
		return has(plan->bits[plan->order[i]], at % (SET * 8));
	return in_timeout < 128 && has(time, in_timeout);
}

/* Does the bit name a high fd of another set as well? Or does another set seem to hold fd, by a bit that is a neighbour's? */
static bool is_ambiguous(const struct plan *plan)
{
	for (int i = 0; i < plan->count; i++) {
		int seen = place_of(plan) - i * SET * 8;

		if (plan->order[i] == plan->high_set)
			continue;
		if ((seen >= SET * 8 && seen < plan->nfds) || holds(plan, i * SET * 8 + plan->fd))
			return true;
	}
	return false;
}

/* Nearly always an open one. */
static int plan_fd(void)
{
	int most = capacity < TOLD_APART ? capacity : TOLD_APART, fd;

	do
		fd = dice_in(600) ? 1024 + dice_below(128) : 1024 + dice_below(most - 1024);
	while (kernel_ready(fd) < 0 && !dice_in(3));
	return fd;
}

static void plan_lows(struct plan *plan)
{
	int most = dice_in(700) ? 4 : dice_in(500) ? 40 : 300;

	memset(plan->bits, 0, sizeof plan->bits);
	for (int i = 0; i < plan->count; i++) {
		int set = plan->order[i];
		const struct fd_list *list = dice_in(600) ? &table_idle[set] : &table_open;

		for (int n = dice_below(most + 1), fd; n > 0 && list->count; n--)
			if ((fd = list->fds[dice_below(list->count)]) < 1024)
				put(plan->bits[set], fd);
	}
}

static void plan_sets(struct plan *plan)
{
	plan->count = 1 + (dice_in(400) ? dice_below(SETS) : 0);
	for (int i = 0; i < SETS; i++) {
		int j = dice_below(i + 1);

		plan->order[i] = plan->order[j];
		plan->order[j] = i;
	}
	plan->high_set = plan->order[dice_in(500) ? plan->count - 1 : dice_below(plan->count)];
}

/* A clean copy, for the kernel. */
static long reference(const struct plan *plan, unsigned long sets[SETS][LONG_SET / sizeof(long)], struct timespec *time)
{
	sigset_t open;
	struct mask_argument six = { &open, _NSIG / 8 };
	void *given[SETS];

	sigemptyset(&open);
	memcpy(sets, plan->bits, sizeof plan->bits);
	for (int i = 0; i < SETS; i++)
		given[i] = position(plan, i) >= 0 ? sets[i] : NULL;
	*time = (struct timespec){ plan->seconds, plan->fraction * (plan->pselects ? 1 : 1000) };
	return kernel_pselect(plan->nfds, given[0], given[1], given[2], time, plan->signalled ? &six : NULL);
}

static void plan_case(struct plan *plan)
{
	static unsigned long sets[SETS][LONG_SET / sizeof(long)];
	struct timespec time;
	int tries = 0;

	do {
		memset(plan, 0, sizeof *plan);
		plan_sets(plan);
		plan_lows(plan);
		plan->fd = plan_fd();
		plan->nfds = plan->fd + 1;
		plan->pselects = dice_in(300);
		plan->numbered = dice_in(200);
		plan->fraction = dice_in(970) ? 0 : 200 + dice_below(800);
		if (dice_in(300))
			plan->seconds = dice_in(500) ? 5 : 2;
	} while ((holds(plan, place_of(plan)) || /* the memory would not tell */
		  (kernel_ready(plan->fd) < 0 && (plan->nfds % 64 == 0 || plan->count > 1))) &&
		 tries++ < 10000);
	put(plan->bits[plan->high_set], plan->fd);
	plan->ambiguous = is_ambiguous(plan);
	if (plan->seconds) { /* only where there is no need to wait */
		long seconds = plan->seconds, fraction = plan->fraction;

		plan->seconds = plan->fraction = 0;
		if (reference(plan, sets, &time) != 0)
			plan->seconds = seconds, plan->fraction = fraction;
	}
	plan->signalled = plan->pselects && dice_in(50);
}

static void lay_out(const struct plan *plan, struct image *image)
{
	memset(image, 0, sizeof *image);
	for (int i = 0; i < plan->count; i++) {
		image->set[plan->order[i]] = image->memory + i * SET;
		memcpy(image->memory + i * SET, plan->bits[plan->order[i]], SET);
	}
	image->time = (long *)(void *)(image->memory + plan->count * SET);
	image->time[0] = plan->seconds;
	image->time[1] = plan->fraction;
	put(image->set[plan->high_set], plan->fd);
}

static __attribute__((noinline)) long call(const struct plan *plan, struct image *image)
{
	sigset_t open;
	struct mask_argument six = { &open, _NSIG / 8 };
	fd_set *in = (void *)image->set[0], *out = (void *)image->set[1], *ex = (void *)image->set[2];

	sigemptyset(&open);
	errno = 0;
	if (plan->pselects && plan->numbered)
		return syscall(SYS_pselect6, plan->nfds, in, out, ex, image->time, plan->signalled ? &six : NULL);
	if (plan->pselects)
		return pselect(plan->nfds, in, out, ex, (struct timespec *)image->time, plan->signalled ? &open : NULL);
#ifdef SYS_select
	if (plan->numbered)
		return syscall(SYS_select, plan->nfds, in, out, ex, image->time);
#endif
	return select(plan->nfds, in, out, ex, (struct timeval *)image->time);
}

/* The timeout, but for the bit that a ready fd may have in it. */
static const char *compare_time(const struct plan *plan, const struct image *image, long want)
{
	int bit = place_of(plan) - plan->count * SET * 8;
	long time[2] = { image->time[0], image->time[1] };
	bool constant = plan->pselects && !plan->numbered;

	if (bit >= 0 && bit < 128)
		time[bit / 64] &= ~(1L << bit % 64);
	if (want == 0 && !constant && (time[0] || time[1]))
		return "the timeout after it has passed";
	if (constant && (time[0] != plan->seconds || time[1] != plan->fraction))
		return "pselect's timeout";
	if (time[0] < 0 || time[0] > plan->seconds || (time[0] == plan->seconds && time[1] > plan->fraction))
		return "the time left";
	return NULL;
}

static const char *compare_sets(const struct plan *plan, const struct image *image,
				unsigned long (*want)[LONG_SET / sizeof(long)])
{
	int at = place_of(plan);

	for (int i = 0; i < plan->count; i++) {
		int set = plan->order[i];
		unsigned char got[SET], wanted[SET];

		memcpy(got, image->set[set], SET);
		memcpy(wanted, want[set], SET);
		if (at / (SET * 8) == i) { /* shared with the high fd, which wins */
			got[at % (SET * 8) / 8] &= (unsigned char)~(1 << at % 8);
			wanted[at % (SET * 8) / 8] &= (unsigned char)~(1 << at % 8);
		}
		if (memcmp(got, wanted, SET) != 0)
			return "a set below 1,024";
	}
	if (has(image->memory, at) != has(want[plan->high_set], plan->fd))
		return "the bit of the high fd";
	return NULL;
}

static const char *compare_rest(const struct plan *plan, const struct image *image)
{
	size_t rest = (size_t)plan->count * SET + 2 * sizeof(long);

	for (size_t i = rest; i < sizeof image->memory; i++)
		if (image->memory[i] & ~(place_of(plan) / 8 == (int)i ? 1 << place_of(plan) % 8 : 0))
			return "what lies behind";
	return NULL;
}

static const char *compare(const struct plan *plan, const struct image *image, long got, int error, long want,
			   unsigned long (*sets)[LONG_SET / sizeof(long)])
{
	const char *what;

	if (got != (want < 0 ? -1 : want))
		return "return value";
	if (want < 0 && error != -want)
		return "errno";
	what = compare_time(plan, image, want);
	if (!what)
		what = compare_sets(plan, image,
				    want < 0 ? (unsigned long(*)[LONG_SET / sizeof(long)]) plan->bits : sets);
	return what ? what : compare_rest(plan, image);
}

static void prepare_signal(const struct plan *plan)
{
	if (plan->signalled) {
		handled = 0;
		raise(SIGUSR1);
	}
}

static void count(const struct plan *plan, long want)
{
	int at = place_of(plan);

	cases++;
	doubtful += plan->ambiguous;
	ready += want > 0;
	timeouts += want == 0;
	ebadfs += want == -EBADF;
	eintrs += want == -EINTR;
	in_set += at < plan->count * SET * 8;
	in_time += at >= plan->count * SET * 8 && at < plan->count * SET * 8 + 128;
	in_rest += at >= plan->count * SET * 8 + 128;
	for (int set = 0, n = 0; set < SETS; set++)
		for (int fd = 0; fd < plan->nfds; fd++)
			many += has(plan->bits[set], fd) && ++n == 65;
}

static void show(const struct plan *plan, const struct image *image, long got, int error, long want, const char *what)
{
	printf("case %ld: %s differs: %s%s, fd %d in set %d (%d of %d), timeout {%ld, %ld}, want %ld, got %ld errno %d, timeout now {%ld, %ld}\n",
	       cases, what, plan->numbered ? "raw " : "", plan->pselects ? "pselect" : "select", plan->fd,
	       plan->high_set, position(plan, plan->high_set) + 1, plan->count, plan->seconds, plan->fraction, want,
	       got, error, image->time[0], image->time[1]);
	for (int i = 0; i < plan->count; i++) {
		printf("  set %d asked:", plan->order[i]);
		for (int fd = 0; fd < plan->nfds; fd++)
			if (has(plan->bits[plan->order[i]], fd))
				printf(" %d", fd);
		printf("\n");
	}
}

static void run_case(void)
{
	static unsigned long sets[SETS][LONG_SET / sizeof(long)], again[SETS][LONG_SET / sizeof(long)];
	static struct plan plan;
	static struct image image;
	struct timespec time;
	const char *what;
	long want, got;
	int error;

	plan_case(&plan);
	prepare_signal(&plan);
	want = reference(&plan, sets, &time);
	lay_out(&plan, &image);
	prepare_signal(&plan);
	alarm(10);
	got = call(&plan, &image);
	error = errno;
	alarm(0);
	what = compare(&plan, &image, got, error, want, sets);
	count(&plan, want);
	if (!what)
		return;
	prepare_signal(&plan);
	if (want != reference(&plan, again, &time) || memcmp(sets, again, sizeof sets) != 0) {
		moved++;
	} else if (plan.ambiguous) {
		doubtful_wrong++;
	} else if (++wrong <= SHOWN) {
		show(&plan, &image, got, error, want, what);
	}
}

int main(int argc, char **argv)
{
	static char buffer[1 << 16];
	long n = argc > 1 ? atol(argv[1]) : CASES, missing = 0;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 20140701;
	struct sigaction action = { .sa_handler = handle };
	sigset_t one;

	setvbuf(stdout, buffer, _IOFBF, sizeof buffer);
	dice_seed = seed ? seed : 1;
	printf("seed %llu\n", (unsigned long long)seed);
	kinds_open();
	sigemptyset(&one);
	sigaddset(&one, SIGUSR1);
	sigprocmask(SIG_BLOCK, &one, NULL);
	sigaction(SIGUSR1, &action, NULL);
	signal(SIGALRM, give_up);
	for (enum table_shape shape = TABLE_DENSE; shape <= TABLE_CROWD; shape++) {
		table_shape(shape);
		capacity = table_capacity();
		for (long i = 0; i < n / 3; i++) {
			if (i % STIR == STIR - 1)
				table_stir(shape);
			run_case();
		}
	}
	for (int i = 0; i < 8; i++)
		missing += !(long[]){ ready, timeouts, ebadfs, eintrs, in_time, in_set, in_rest, many }[i];
	printf("ready %ld, timeout %ld, EBADF %ld, EINTR %ld; the bit lay in the timeout %ld, in a set %ld, behind %ld; more than 64 fds %ld\n",
	       ready, timeouts, ebadfs, eintrs, in_time, in_set, in_rest, many);
	printf("%ld cases, %ld wrong, %ld moved; of %ld that can be read in two ways %ld otherwise\n", cases, wrong,
	       moved, doubtful, doubtful_wrong);
	return wrong > 0 || missing > 0 || moved > n / 1000 || cases < n / 3 * 3;
}
