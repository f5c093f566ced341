// SPDX-License-Identifier: MIT
#include "select_attempt.h"

#include <alloca.h>
#include <dlfcn.h>
#include <errno.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include "select_kernel.h"

enum { MARK = 4711, PAGE = 4096 };

/* What is handed to the call. */
struct pointers {
	void *sets[SETS], *timeout, *mask;
};

static char *const nowhere = (char *)16;
static unsigned char *read_only[SETS + 2]; /* a page each: sets, timeout, mask */
static unsigned char *mapping;             /* of MEMORY and two pages; the last is PROT_NONE */
static int (*libc_select)(int, fd_set *, fd_set *, fd_set *, struct timeval *);
static int (*libc_pselect)(int, fd_set *, fd_set *, fd_set *, const struct timespec *, const sigset_t *);

static volatile int handled;
static sigjmp_buf fault;
static volatile sig_atomic_t fault_expected;

static void handle(int number)
{
	(void)number;
	handled++;
}

static void on_fault(int number)
{
	if (!fault_expected) {
		signal(number, SIG_DFL);
		return;
	}
	siglongjmp(fault, 1);
}

static void *must_map(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(99);
	}
	return p;
}

void attempts_begin(void)
{
	struct sigaction action = { .sa_handler = on_fault, .sa_flags = SA_NODEFER };
	void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
	size_t whole = (MEMORY + PAGE - 1) / PAGE * PAGE;

	sigaction(SIGSEGV, &action, NULL);
	libc_select = libc ? (__typeof__(libc_select))dlsym(libc, "select") : NULL;
	libc_pselect = libc ? (__typeof__(libc_pselect))dlsym(libc, "pselect") : NULL;
	if (!libc_select || !libc_pselect) {
		fprintf(stderr, "no libc.so.6 to compare with\n");
		exit(99);
	}
	mapping = must_map(whole + PAGE);
	mapping += whole - MEMORY; /* ends at the end of a page */
	mprotect(mapping + MEMORY, PAGE, PROT_NONE);
	for (int i = 0; i < SETS + 2; i++)
		read_only[i] = must_map(PAGE);
}

/*
 * The calls
 */

static long result(long r, int *ret_error)
{
	*ret_error = r < 0 && r >= -4095 ? (int)-r : MARK;
	return r < 0 ? -1 : r;
}

static bool is_pselect(const struct plan *plan)
{
	return plan->call == CALL_PSELECT || plan->call == CALL_NUMBER_PSELECT6;
}

/* libc's select looks at the timeout itself; so far as the kernel's would do the same, the kernel's is asked. */
static long by_kernel(const struct plan *plan, const struct pointers *p, const void *sixth)
{
	struct mask_argument six = { p->mask, _NSIG / 8 };
	struct timeval *tv = p->timeout;
	struct timespec ts = { 0, 0 };
	long r;

	switch (plan->call) {
	case CALL_PSELECT:
		if (tv)
			ts = *(struct timespec *)p->timeout;
		return kernel_pselect(plan->nfds, p->sets[0], p->sets[1], p->sets[2], tv ? &ts : NULL, &six);
	case CALL_NUMBER_PSELECT6:
		return kernel_pselect(plan->nfds, p->sets[0], p->sets[1], p->sets[2], p->timeout, sixth);
	default:
#ifdef SYS_select
		return kernel_select(plan->nfds, p->sets[0], p->sets[1], p->sets[2], p->timeout);
#endif
		if (tv)
			ts = (struct timespec){ tv->tv_sec, tv->tv_usec * 1000 };
		r = kernel_pselect(plan->nfds, p->sets[0], p->sets[1], p->sets[2], tv ? &ts : NULL, NULL);
		if (tv)
			*tv = (struct timeval){ ts.tv_sec, ts.tv_nsec / 1000 };
		return r;
	}
}

static long by_libc(const struct plan *plan, const struct pointers *p)
{
	long r;

	if (plan->call == CALL_PSELECT)
		r = libc_pselect(plan->nfds, p->sets[0], p->sets[1], p->sets[2], p->timeout, p->mask);
	else
		r = libc_select(plan->nfds, p->sets[0], p->sets[1], p->sets[2], p->timeout);
	return r < 0 ? -errno : r;
}

static inline __attribute__((always_inline)) long by_name(const struct plan *plan, const struct pointers *p,
							  const void *sixth)
{
	fd_set *in = p->sets[0], *out = p->sets[1], *ex = p->sets[2];

	switch (plan->call) {
	case CALL_SELECT:
		return select(plan->nfds, in, out, ex, p->timeout);
	case CALL_UNDER_SELECT:
		return __select(plan->nfds, in, out, ex, p->timeout);
	case CALL_PSELECT:
		return pselect(plan->nfds, in, out, ex, p->timeout, p->mask);
#ifdef SYS_select
	case CALL_NUMBER_SELECT:
		return syscall(SYS_select, plan->nfds, in, out, ex, p->timeout);
#endif
	default:
		return syscall(SYS_pselect6, plan->nfds, in, out, ex, p->timeout, sixth);
	}
}

static const void *sixth_argument(const struct plan *plan, const struct pointers *p, struct mask_argument *six)
{
	six->mask = p->mask;
	six->size = plan->mask_size == SIZE_WRONG ? 4 : _NSIG / 8;
	if (plan->mask_size == SIZE_ABSENT)
		return NULL;
	return plan->mask_size == SIZE_NOWHERE ? (const void *)nowhere : six;
}

/* Inlined, so that the sets of the caller lie in the frame that calls select. */
static inline __attribute__((always_inline)) void make_call(const struct plan *plan, const struct pointers *p,
							    bool tested, struct outcome *o)
{
	struct mask_argument six;
	const void *sixth = sixth_argument(plan, p, &six);

	if (tested) {
		errno = MARK;
		o->ret = by_name(plan, p, sixth);
		o->error = errno;
	} else {
		o->ret = result(plan->by_libc ? by_libc(plan, p) : by_kernel(plan, p, sixth), &o->error);
	}
}

/* libc reads and writes a timeout itself; one that is nowhere faults. */
static __attribute__((noinline)) void make_faulting_call(const struct plan *plan, const struct pointers *p, bool tested,
							 struct outcome *o)
{
	fault_expected = true;
	if (sigsetjmp(fault, 0) == 0)
		make_call(plan, p, tested, o);
	else
		o->faulted = true;
	fault_expected = false;
}

static bool may_fault(const struct plan *plan)
{
	return plan->timeout == GIVEN_NOWHERE || plan->timeout == GIVEN_READ_ONLY;
}

#define CALL(plan, p, tested, o) \
	do { \
		if (may_fault(plan)) \
			make_faulting_call(plan, p, tested, o); \
		else \
			make_call(plan, p, tested, o); \
	} while (0)

/*
 * Memory
 */

static void *part(const struct plan *plan, int i, unsigned char *own, const void *content, size_t size)
{
	enum given given = i < SETS ? plan->sets[i] : i == SETS ? plan->timeout : plan->mask;

	switch (given) {
	case GIVEN_OWN:
		memcpy(own, content, size);
		return own;
	case GIVEN_READ_ONLY:
		mprotect(read_only[i], PAGE, PROT_READ | PROT_WRITE);
		memcpy(read_only[i], content, size);
		mprotect(read_only[i], PAGE, PROT_READ);
		return read_only[i];
	case GIVEN_NOWHERE:
		return nowhere;
	default:
		return NULL;
	}
}

/* Writes the content where it belongs: own[] is memory for the sets, the timeout and the mask. */
static struct pointers hand_out(const struct plan *plan, void *const own[SETS + 2])
{
	long timeout[2] = { plan->seconds, plan->fraction };
	struct pointers p;

	for (int i = 0; i < SETS; i++)
		p.sets[i] = plan->sets[i] == GIVEN_FIRST ? p.sets[0] : part(plan, i, own[i], plan->bits[i], plan->size);
	p.timeout = part(plan, SETS, own[SETS], timeout, sizeof timeout);
	p.mask = part(plan, SETS + 1, own[SETS + 1], &plan->blocked, sizeof plan->blocked);
	return p;
}

static size_t part_size(const struct plan *plan, int i)
{
	return i < SETS ? plan->size : i == SETS ? sizeof(struct timeval) : sizeof(sigset_t);
}

static size_t block_size(const struct plan *plan)
{
	size_t size = 0;

	for (int i = 0; i < SETS + 2; i++)
		size += part_size(plan, i) + plan->gap;
	return size + (plan->place == PLACE_PAGE_END ? 0 : GUARD);
}

static struct pointers lay_out(const struct plan *plan, unsigned char *block)
{
	unsigned char *own[SETS + 2];

	memcpy(block, plan->filling, block_size(plan));
	for (int i = 0; i < SETS + 2; i++) {
		block += plan->gap;
		own[plan->order[i]] = block;
		block += part_size(plan, plan->order[i]);
	}
	return hand_out(plan, (void *const *)own);
}

/* What the call left in the timeout, and the timeout's memory made as it was, to compare the rest. */
static void take_timeout(const struct plan *plan, const struct pointers *p, struct outcome *o)
{
	long left[2];

	if (plan->timeout != GIVEN_OWN)
		return;
	memcpy(left, p->timeout, sizeof left);
	o->seconds = left[0];
	o->fraction = left[1];
	memset(p->timeout, 0, sizeof left);
}

static void take(struct outcome *o, const void *memory, size_t size)
{
	if (o->used + size > sizeof o->memory)
		abort();
	memcpy(o->memory + o->used, memory, size);
	o->used += size;
}

/* Pages of others' are compared as well. */
static void take_read_only(const struct plan *plan, struct outcome *o)
{
	for (int i = 0; i < SETS; i++)
		if (plan->sets[i] == GIVEN_READ_ONLY)
			take(o, read_only[i], plan->size);
}

static void take_block(const struct plan *plan, const struct pointers *p, const unsigned char *block, struct outcome *o)
{
	take_timeout(plan, p, o);
	take(o, block, block_size(plan));
}

static __attribute__((noinline)) void in_block(const struct plan *plan, unsigned char *block, bool tested,
					       struct outcome *o)
{
	struct pointers p = lay_out(plan, block);

	CALL(plan, &p, tested, o);
	take_block(plan, &p, block, o);
}

static void in_heap(const struct plan *plan, bool tested, struct outcome *o)
{
	unsigned char *block = malloc(block_size(plan));

	in_block(plan, block, tested, o);
	free(block);
}

static unsigned char static_block[MEMORY] __attribute__((aligned(16)));

static __attribute__((noinline)) void in_stack(const struct plan *plan, bool tested, struct outcome *o)
{
	unsigned char block[MEMORY] __attribute__((aligned(16)));
	struct pointers p = lay_out(plan, block);

	CALL(plan, &p, tested, o);
	take_block(plan, &p, block, o);
}

static __attribute__((noinline)) void in_alloca(const struct plan *plan, bool tested, struct outcome *o)
{
	unsigned char *block = alloca(block_size(plan));
	struct pointers p = lay_out(plan, block);

	CALL(plan, &p, tested, o);
	take_block(plan, &p, block, o);
}

static void in_malloced(const struct plan *plan, bool tested, struct outcome *o)
{
	void *own[SETS + 2];
	struct pointers p;

	for (int i = 0; i < SETS + 2; i++)
		own[i] = malloc(part_size(plan, i));
	p = hand_out(plan, own);
	CALL(plan, &p, tested, o);
	take_timeout(plan, &p, o);
	for (int i = 0; i < SETS + 2; i++) {
		if (i >= SETS ? i == SETS + 1 && plan->mask == GIVEN_OWN : plan->sets[i] == GIVEN_OWN)
			take(o, own[i], part_size(plan, i));
		free(own[i]);
	}
}

/* The tails of sets that are longer than they must be hold the filling. */
#define WITH_SETS(in, out, ex, tv, blocked) \
	do { \
		void *own[SETS + 2] = { in, out, ex, &(tv), &(blocked) }; \
		struct pointers p; \
		memcpy(in, plan->filling, sizeof in); \
		memcpy(out, plan->filling, sizeof out); \
		memcpy(ex, plan->filling, sizeof ex); \
		p = hand_out(plan, own); \
		CALL(plan, &p, tested, o); \
		take_timeout(plan, &p, o); \
		take(o, in, sizeof in); \
		take(o, out, sizeof out); \
		take(o, ex, sizeof ex); \
	} while (0)

static __attribute__((noinline)) void in_static_sets(const struct plan *plan, bool tested, struct outcome *o)
{
	static fd_set in[32], out[32], ex[32];
	static struct timeval timeout;
	static sigset_t blocked;

	WITH_SETS(in, out, ex, timeout, blocked);
}

static __attribute__((noinline)) void in_local_sets(const struct plan *plan, bool tested, struct outcome *o)
{
	struct timeval timeout;
	fd_set in[32], out[32], ex[32];
	sigset_t blocked;

	WITH_SETS(in, out, ex, timeout, blocked);
}

static __attribute__((noinline)) void in_local_16(const struct plan *plan, bool tested, struct outcome *o)
{
	sigset_t blocked;
	fd_set ex[16], in[16], out[16];
	struct timeval timeout;

	WITH_SETS(in, out, ex, timeout, blocked);
}

static void in_place(const struct plan *plan, bool tested, struct outcome *o)
{
	switch (plan->place) {
	case PLACE_HEAP:
		return in_heap(plan, tested, o);
	case PLACE_MAPPING:
		return in_block(plan, mapping, tested, o);
	case PLACE_PAGE_END:
		return in_block(plan, mapping + MEMORY - block_size(plan), tested, o);
	case PLACE_STATIC:
		return in_block(plan, static_block, tested, o);
	case PLACE_STACK:
		return in_stack(plan, tested, o);
	case PLACE_ALLOCA:
		return in_alloca(plan, tested, o);
	case PLACE_MALLOCED:
		return in_malloced(plan, tested, o);
	case PLACE_STATIC_SETS:
		return in_static_sets(plan, tested, o);
	case PLACE_LOCAL_SETS:
		return in_local_sets(plan, tested, o);
	default:
		return in_local_16(plan, tested, o);
	}
}

/*
 * Signals
 */

static void set_timer(long microseconds)
{
	struct itimerval every = { { 0, microseconds }, { 0, microseconds } };

	setitimer(ITIMER_REAL, &every, NULL);
}

static void signals_before(const struct plan *plan)
{
	struct sigaction action = { .sa_handler = handle, .sa_flags = plan->restart ? SA_RESTART : 0 };
	sigset_t one;

	handled = 0;
	if (plan->signals == SIGNALS_IGNORED)
		action.sa_handler = SIG_IGN;
	if (plan->signals == SIGNALS_PENDING) {
		sigemptyset(&one);
		sigaddset(&one, SIGUSR1);
		sigprocmask(SIG_BLOCK, &one, NULL);
		sigaction(SIGUSR1, &action, NULL);
		raise(SIGUSR1);
	} else {
		sigaction(SIGALRM, &action, NULL);
		set_timer(300);
	}
}

static void signals_after(const struct plan *plan, struct outcome *o)
{
	sigset_t now, pending, none;

	if (plan->signals != SIGNALS_PENDING)
		set_timer(0);
	o->handled = plan->signals == SIGNALS_TIMER ? handled > 0 : handled;
	sigprocmask(SIG_BLOCK, NULL, &now);
	o->mask_kept = sigismember(&now, SIGUSR1) == (plan->signals == SIGNALS_PENDING) &&
		       !sigismember(&now, SIGALRM) && !sigismember(&now, SIGUSR2);
	sigpending(&pending);
	o->pending = sigismember(&pending, SIGUSR1);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

void attempt(const struct plan *plan, bool tested, struct outcome *ret_outcome)
{
	struct outcome *o = ret_outcome;
	sigset_t now;

	memset(o, 0, offsetof(struct outcome, memory));
	if (plan->signals != SIGNALS_NONE) {
		signals_before(plan);
		in_place(plan, tested, o);
		signals_after(plan, o);
	} else {
		in_place(plan, tested, o);
		if (is_pselect(plan) && plan->mask != GIVEN_NULL) {
			sigprocmask(SIG_BLOCK, NULL, &now);
			o->mask_kept = !sigismember(&now, SIGUSR1) && !sigismember(&now, SIGUSR2);
		}
	}
	take_read_only(plan, o);
}

long attempt_probe(const struct plan *plan)
{
	static unsigned char sets[SETS][SET_MOST + 1];
	struct timespec now = { 0, 0 };
	void *given[SETS];

	for (int i = 0; i < SETS; i++) {
		enum given g = plan->sets[i];

		given[i] = g == GIVEN_NULL ? NULL : g == GIVEN_NOWHERE ? (void *)nowhere : sets[i];
		if (g == GIVEN_FIRST)
			given[i] = given[0];
		memcpy(sets[i], plan->bits[i], plan->size);
		memset(sets[i] + plan->size, 0, sizeof sets[i] - plan->size);
	}
	return kernel_pselect(plan->nfds, given[0], given[1], given[2], &now, NULL);
}
