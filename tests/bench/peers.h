/* SPDX-License-Identifier: MIT */
/* Who resolves the benchmark's names: each asks all of them, or as many as it can begin in time, and not more than the window at a time. */
#ifndef TESTS_BENCH_PEERS_H
#define TESTS_BENCH_PEERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct result {
	_Atomic unsigned begun, done, failed;
	bool ended;
	double took, cpu, median, p99; /* s */
	long grown;                    /* KiB of memory above what it began with */
};

struct bench {
	unsigned names, window, delay_ms;
	bool both; /* A and AAAA */
	uint16_t port;
	double started, limit; /* s; after so many no name is begun */
	float *took;           /* s, of each name */
	struct result *result;
};

enum { TIMEOUT_S = 1, ATTEMPTS = 2 }; /* of everybody who can be told */

struct peer {
	const char *name;
	void (*run)(void);
	bool port53;     /* it can ask no other */
	unsigned window; /* with which it is best where answers come at once; 0: the one asked for */
};

extern struct bench bench;
extern const struct peer peers[]; /* ours first; the last has no name */

/* bench_resolver.c */
unsigned bench_name(unsigned i, char *to);
double bench_now(void);
/* The next name's number; false when there is none, or no time. Any thread. */
bool bench_next(unsigned *ret);
void bench_end(unsigned i, bool good);

/* peers.c: for those that one thread drives, who ask many at a time. */
struct pending {
	unsigned name, left;
	bool good;
};

void pending_start(void);
/* A name to ask for, or NULL for now; `questions` times it ends. */
struct pending *pending_begin(unsigned questions);
void pending_end(struct pending *p, bool good);
unsigned pending_running(void);

/* peers_ours.c */
void ours(void);
void exchange(void);
/* peers_floor.c */
void floor_one_socket(void);
/* peers_libc.c */
void libc_serial(void);
void libc_16(void);
void libc_64(void);
void libc_360(void);
void libc_async(void);
/* peers_dns.c */
void adns_all(void);
void udns(void);
void cares(void);
void cares_sorted(void);
/* peers_event.c */
void evdns(void);
void libunbound(void);

#endif
