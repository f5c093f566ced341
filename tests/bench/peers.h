/* SPDX-License-Identifier: MIT */
/* Who resolves the benchmark's names: each asks all of them, not more than the window at a time. */
#ifndef TESTS_BENCH_PEERS_H
#define TESTS_BENCH_PEERS_H

#include <stdbool.h>
#include <stdint.h>

struct result {
	unsigned done, failed;
	double took, cpu, median, p99; /* s */
};

struct bench {
	unsigned names, window, delay_ms;
	bool both; /* A and AAAA */
	uint16_t port;
	double started;
	float *took; /* s, of each name */
	struct result *result;
};

struct peer {
	const char *name;
	void (*run)(void);
	bool port53;     /* it can ask no other */
	unsigned window; /* with which it is best where answers come at once; 0: the one asked for */
};

extern struct bench bench;
extern const struct peer peers[]; /* ours first; the last has no name */

unsigned bench_name(unsigned i, char *to);
double bench_now(void);
void bench_begin(unsigned i);
void bench_end(unsigned i, bool good);

#endif
