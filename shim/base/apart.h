/* SPDX-License-Identifier: MIT */
/*
 * A moment with a copy of the descriptor table: in it a number stays what it is, whatever other threads close and open, and what is opened or closed there is not opened or closed
 * here.
 */
#ifndef FDG_BASE_APART_H
#define FDG_BASE_APART_H

/*
 * f(arg) in a process that shares our memory, and has a copy of our descriptors. This thread sleeps meanwhile, and signals wait. No signal tells of its end, and an ordinary wait of the
 * program does not see it. f makes raw system calls alone, needs less than 16 KiB of stack, and returns 0 to 255. That is returned, or a negative errno: there was no such process, or
 * (-ECHILD) it was killed.
 */
int fdg_apart(int (*f)(void *arg), void *arg);

/* Before the program runs: such a process would not be what it is to be. Valgrind makes it one that shares no memory, and that ends with what libc does at the end of the program. */
void fdg_apart_never(void);

/*
 * f(arg), for descriptors of our own, with 0 to 2 of the program's: no other thread closes, or puts something else in place of, a number while f uses it. In a process of one thread it is called here, with signals
 * blocked; elsewhere as by fdg_apart; and here after all where there is no such process. What f returns, 254 at most, or -ECHILD.
 */
int fdg_aside(int (*f)(void *arg), void *arg);
/* The same in a process of its own or not at all: a negative errno. The program's table may be full; fd 0 may be missing there. */
int fdg_aside_anyhow(int (*f)(void *arg), void *arg);

#endif
