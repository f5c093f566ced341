/* SPDX-License-Identifier: MIT */
/* A name server that answers any question as fast as it can, in a process of its own. */
#ifndef TESTS_BENCH_RESPONDER_H
#define TESTS_BENCH_RESPONDER_H

#include <stdint.h>
#include <sys/types.h>

/* On 127.0.0.1; port 0: any. `loss` in 1,000 questions are not answered. Returns its process, or -1; *ret_port. It ends when this process does. */
pid_t responder_start(uint16_t port, unsigned delay_us, unsigned loss, uint16_t *ret_port);

#endif
