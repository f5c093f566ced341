/* SPDX-License-Identifier: MIT */
/* The parts of requests.c that libc does not outlive, or that have findings, are in requests_alone.c. */
#ifndef TESTS_LOOKUPS_REQUESTS_H
#define TESTS_LOOKUPS_REQUESTS_H

#include <netdb.h>

#define COUNT(a) ((int)(sizeof(a) / sizeof((a)[0])))

const char *name_of(int error);
void nap(long ms);
void print_result(struct gaicb *cb);
/* With what is in errno; 4711 is "untouched", and put there. */
void print_call(const char *what, int error);
void wait_for_all(struct gaicb *list[], int n);
int entries(const char *path);

extern struct gaicb silent, quick, *both[2];
extern const struct gaicb *const *const waited;
void start_both(void);
void finish_both(void);

void part_fork_again(void);
void part_leaps(void);
void part_leaps_wait(void);
void part_leaps_list(void);
void part_stopped(void);
void part_closed(void);
void part_often(void);
void part_loop(void);
void part_few(void);

#endif
