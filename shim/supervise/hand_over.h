/* SPDX-License-Identifier: MIT */
/*
 * Between the program that is to be and its supervisor, over a socket: numbers, which mean "go on", and the listener.
 */
#ifndef FDG_SUPERVISE_HAND_OVER_H
#define FDG_SUPERVISE_HAND_OVER_H

/* 0, or a negative errno. The number is at least 0. */
int fdg_hand_say(int sock, int number);
/* Waits for a number; -EPIPE: the other one is gone. */
int fdg_hand_hear(int sock);
int fdg_hand_give(int sock, int fd);
/* The descriptor, or a negative errno. */
int fdg_hand_take(int sock);

#endif
