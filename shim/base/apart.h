/* SPDX-License-Identifier: MIT */
/*
 * A moment with a copy of the descriptor table: in it a number stays what it is, whatever other threads close and open, and what is opened or closed there is not opened or closed
 * here.
 */
#ifndef FDG_BASE_APART_H
#define FDG_BASE_APART_H

/*
 * f(arg) in a process that shares our memory, and has a copy of our descriptors. This thread sleeps meanwhile, and signals wait. No signal tells of its end, and an ordinary wait of the
 * program does not see it. f makes raw system calls alone, and needs less than 16 KiB of stack. 0, or a negative errno: there was no such process.
 */
int fdg_apart(void (*f)(void *arg), void *arg);

#endif
