/* SPDX-License-Identifier: MIT */
/* The ways of epoll-right that are in epoll_right_others.c. */
#ifndef EPOLL_RIGHT_H
#define EPOLL_RIGHT_H

#include "epoll_twin.h"

extern int loop;
int wait_for(struct epoll_event *e, int room, int ms);

void herd(void);
void herd_of_one(void);
void pool(void);
void shared(void);
void edges(void);
void busy(void);
void stream(void);
void same(void);
void hot(void);
void inner(void);

#endif
