/* SPDX-License-Identifier: MIT */
/* A name server that answers any question as fast as it can, in a process of its own. */
#ifndef TESTS_BENCH_RESPONDER_H
#define TESTS_BENCH_RESPONDER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct responder {
	pid_t pid;
	uint16_t port;
	_Atomic uint64_t *seen; /* a bit for each port that a question came from */
};

/* On 127.0.0.1; port 0: any. `loss` in 1,000 questions are not answered. It ends when this process does. */
bool responder_start(struct responder *r, uint16_t port, unsigned delay_us, unsigned loss);
void responder_stop(struct responder *r);
/* From how many ports questions have come since it was told to forget. */
unsigned responder_ports(const struct responder *r);
void responder_forget(struct responder *r);

#endif
