/* SPDX-License-Identifier: MIT */
/* Namespaces of this process's own, for name servers at port 53 of loopback: false where that is not allowed. */
#ifndef TESTS_BENCH_OWN_NETWORK_H
#define TESTS_BENCH_OWN_NETWORK_H

#include <stdbool.h>

bool own_network(void);
/* An /etc that libc finds its way in, with the server 127.0.0.1. */
bool own_etc(int timeout_s, int attempts);

#endif
