/* SPDX-License-Identifier: MIT */
/* For the works: how one is timed, and what many need. */
#ifndef TESTS_BENCH_TIMED_H
#define TESTS_BENCH_TIMED_H

#include "bench.h"

int64_t now(void);
int must(int result); /* ends the worker if it is negative */

/* n times the expression; nanoseconds. */
#define TIMED(n, expression) ({ \
	int64_t timed_start = now(); \
	for (uint64_t timed_i = 0; timed_i < (n); timed_i++) \
		must((int)(expression)); \
	now() - timed_start; })

/* Between what is not timed. */
#define BATCH 32

void close_pair(const int pair[2]);

/* works_data.c */

int64_t read_one(uint64_t n);
int64_t read_forked(uint64_t n);
int64_t write_one(uint64_t n);
int64_t send_one(uint64_t n);
int64_t recv_one(uint64_t n);
int64_t send_tcp(uint64_t n);
int64_t recv_tcp(uint64_t n);
int64_t readv_one(uint64_t n);
int64_t recvmsg_one(uint64_t n);
int64_t sendmsg_one(uint64_t n);
int64_t read_by_number(uint64_t n);
int64_t read_listed(uint64_t n);

/* works_lookup.c */

int64_t getaddrinfo_a_only(uint64_t n);
int64_t getaddrinfo_both(uint64_t n);
int64_t getaddrinfo_hosts(uint64_t n);
int64_t getaddrinfo_number(uint64_t n);

#endif
