/* SPDX-License-Identifier: MIT */
/* Parts of epoll-slow. */
#ifndef EPOLL_SLOW_H
#define EPOLL_SLOW_H

#include "epoll_twin.h"

enum { DEAF = 1000, ROOM = 8 };

extern int loop;

/* A pipe that is told of for ever. */
int hung_up(uint32_t events, uint64_t data);
int turns_in(int ms);
/* Waits until the waits are slow. */
void until_slow(void);

/* What must not be slow, or not be held back. */
void one_object(void);
void works(void);
void sends(void);
void unseen(void);
void polls(void);
void two_sets(void);
void short_array(void);
void filtered(void);

#endif
