/* SPDX-License-Identifier: MIT */
/* The ways of epoll-right that are in epoll_right_others.c, epoll_right_elsewhere.c and epoll_right_deaf.c. */
#ifndef EPOLL_RIGHT_H
#define EPOLL_RIGHT_H

#include "epoll_twin.h"

#define ROOM 32 /* a wait for one event is never slowed */

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
void polled(void);
void selected(void);
void enclosed(void);
void raced(void);
void unseen(void);
void worker(void);
void shells_worker(void);
void worker_of_a_waiter(void);
void descendant(void);
void descendant_of_a_waiter(void);
void heir(void);
void saved(void);
void executed(void);
void copied(void);
void reader(void);
void by_ring(void);
void early(void);
void again(void);

#endif
