// SPDX-License-Identifier: MIT
/*
 * blocking-differential [CASES [SEED]]: each case is a data call and what happens at the other end of the channel while the caller sleeps: bytes, signals, shutdown,
 * close, reset, a time limit. It is made twice: on a descriptor that blocks, and on one that is marked to block while its description does not. What comes of it must be the
 * same, and come at the same moment. Fails also if something was never tried.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "plan.h"

enum { CASES = 1500, SHOWN = 5 };
enum kind { AT_ONCE, SLEPT, PART, WHOLE, INTERRUPTED, OVER_TIME, END_OF_DATA, BROKEN, MARKED, KINDS };

static const char *const kinds[KINDS] = { "did not wait", "waited", "part", "all", "EINTR", "time limit", "end of data", "EPIPE or ECONNRESET", "marked" };
static long tried[OPS], came[KINDS];

static void count(const struct plan *p, const struct outcome *o)
{
	tried[p->op]++;
	came[o->step < 0 ? AT_ONCE : SLEPT]++;
	came[PART] += o->ret > 0 && o->ret < (long)p->n;
	came[WHOLE] += o->ret > 0 && o->ret == (long)p->n;
	came[INTERRUPTED] += o->ret < 0 && o->error == EINTR;
	came[OVER_TIME] += o->ret < 0 && o->error == EAGAIN && !(p->flags & MSG_DONTWAIT);
	came[END_OF_DATA] += o->ret == 0 && p->n;
	came[BROKEN] += o->ret < 0 && (o->error == EPIPE || o->error == ECONNRESET);
	came[MARKED] += o->armed;
}

static int tell(void)
{
	int missing = 0;

	for (int i = 0; i < OPS; i++) {
		printf("%s%s %ld", i ? ", " : "tried: ", op_names[i], tried[i]);
		missing += tried[i] == 0;
	}
	printf("\n");
	for (int i = 0; i < KINDS; i++) {
		printf("%s%s %ld", i ? ", " : "came: ", kinds[i], came[i]);
#ifdef __SANITIZE_THREAD__
		if (i == INTERRUPTED)
			continue; /* run.c sends no signals then */
#endif
		missing += came[i] == 0;
	}
	printf("\n");
	return missing;
}

int main(int argc, char **argv)
{
	long cases = argc > 1 ? atol(argv[1]) : CASES, wrong = 0;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 2015;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (long i = 0; i < cases; i++) {
		struct outcome bare, marked;
		struct plan p;

		seed_dice(seed + (uint64_t)i);
		make_plan(&p);
		if (getenv("FDG_SHOW"))
			printf("%ld: ", i), print_plan(&p);
		run_plan(&p, false, &bare);
		run_plan(&p, true, &marked);
		count(&p, &marked);
		if (is_same(&p, &bare, &marked))
			continue;
		if (wrong++ >= SHOWN)
			continue;
		printf("DIFFERENT: seed %llu: ", (unsigned long long)seed + (unsigned long long)i);
		print_plan(&p);
		print_outcome("bare  ", &bare);
		print_outcome("marked", &marked);
	}
	printf("%ld cases, %ld different\n", cases, wrong);
	return (cases >= 500 ? tell() : 0) || wrong ? 1 : 0;
}
