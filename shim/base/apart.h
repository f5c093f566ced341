/* SPDX-License-Identifier: MIT */
/*
 * A moment with a copy of the descriptor table: in it a number stays what it is, whatever other threads close and open, and what is opened or closed there is not opened or closed
 * here.
 */
#ifndef FDG_BASE_APART_H
#define FDG_BASE_APART_H

/*
 * f(arg) with a copy of our descriptors. This thread waits meanwhile, and so do signals. f makes raw system calls alone, and needs less than 16 KiB of stack. No wait of the program sees who
 * runs it, but waitpid(-1, …, __WALL) in a program of one thread. What f returns, or a negative errno: nobody could be made (-EAGAIN; -EPERM: in a seccomp filter, in a program of
 * one thread), or who was made was killed (-ECHILD).
 */
int fdg_apart(int (*f)(void *arg), void *arg);

/* The same for what no other thread can spoil: in a program of one thread f is called here, with signals blocked, and never fails. */
int fdg_still(int (*f)(void *arg), void *arg);

/* Before the program runs: there is no such thing here. Valgrind makes it a process that shares no memory, and that ends with what libc does at the end of the program. */
void fdg_apart_never(void);

/*
 * f(arg), for descriptors of our own, with 0 to 2 of the program's: no other thread closes, or puts something else in place of, a number while f uses it. In a program of one thread it is
 * called here, with signals blocked; elsewhere with a table of its own; and here after all where that cannot be had. What f returns, which is not negative; or -ECHILD.
 */
int fdg_aside(int (*f)(void *arg), void *arg);
/* The same with a table of its own or not at all: a negative errno. The program's table may be full. */
int fdg_aside_anyhow(int (*f)(void *arg), void *arg);

#endif
