/* SPDX-License-Identifier: MIT */
/* Descriptors of every kind and in every state that select can tell apart, and a table of thousands of them. */
#ifndef SELECT_KINDS_H
#define SELECT_KINDS_H

#include <stdint.h>

enum { TABLE_MOST = 20000 };

struct fd_list {
	int count, fds[TABLE_MOST];
};

/* The table as it is: all that is open, and what waits: open, and not ready as a member of in, out, ex alone. */
extern struct fd_list table_open, table_idle[3];
/* The numbers that the limit allows (at most TABLE_MOST). */
extern int table_limit;

enum table_shape {
	TABLE_SMALL,  /* numbers below 250 alone: the kernel's own table has not grown yet */
	TABLE_DENSE,  /* all of 3 to 2300 */
	TABLE_SPARSE, /* some 400 at random numbers */
	TABLE_CROWD,  /* 2,000 and more at random numbers */
};

void kinds_open(void); /* once: the objects, in their states; exits if it cannot */
void table_shape(enum table_shape shape);
void table_stir(enum table_shape shape); /* closes some, and makes others, within the shape */
int table_capacity(void);                /* what the kernel clamps nfds to: FDSize in /proc/self/status */

/* Seeded once; the same numbers everywhere. */
extern uint64_t dice_seed;
uint64_t dice(void);
int dice_below(int n);         /* 0 to n - 1 */
int dice_in(int per_thousand); /* true so often */

#endif
