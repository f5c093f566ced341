// SPDX-License-Identifier: MIT
/*
 * bench-calls: a driver, and workers that are the same binary. The driver starts one worker in each lane (bare, with an empty preload, guarded)
 * with the same clean descriptors on the same CPU, and has them do passes of a work in turn, so that what disturbs one disturbs all.
 */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* works.c */

enum work_kind {
	CALLS,    /* calls that never wait */
	CHILDREN, /* starts children and waits for them */
	START,    /* the same, but the worker is bare and the child alone is in the lane */
};

/* CPU time is what neighbours on the machine disturb least; a tracer's share shows on the wall alone. */
enum work_time { OWN_CPU, CHILDREN_CPU /* and our own */, WALL };

struct work {
	const char *name;
	enum work_kind kind;
	double budget;    /* greatest ratio guarded/bare; 0: none */
	double budget_us; /* greatest difference in microseconds; 0: none */
	/* Does it n times and returns nanoseconds; what it needs it makes and unmakes outside the measured time. */
	int64_t (*run)(uint64_t n);
};

extern const struct work works[];
extern const unsigned works_count;
extern enum work_time work_time;

/* worker.c */

struct request {
	uint32_t work;
	uint32_t wall; /* measure time on the wall */
	uint64_t n;
};

/* Answers requests on standard input with nanoseconds on standard output until end of file. */
int worker_main(void);

/* lane.c */

struct lane {
	const char *name;
	const char *preload; /* NULL: none */
	char *const *wrap;   /* a command to run the worker under; NULL: none */
	pid_t pid;
	int to, from;
};

/* Starts `argv` in the lane, on `cpu`, with pipes as standard input and output and nothing else open. in_child: the preload is put in
 * BENCH_PRELOAD for children instead. Ends the program with a sentence if that fails or the preload is not in the process. */
void lane_start(struct lane *lane, char *const argv[], int cpu, bool in_child);
void lane_end(struct lane *lane);
/* dirname(our own path)/rest, allocated. */
char *beside(const char *rest);
_Noreturn void give_up(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* statistics.c */

struct samples {
	double *value;
	unsigned count, room;
};

void samples_add(struct samples *s, double value);
double samples_quantile(struct samples *s, double q); /* sorts */
/* Half the samples lie in a band of so many per cent of the median. */
double samples_spread(struct samples *s);

#endif
