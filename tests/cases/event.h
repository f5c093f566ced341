/* SPDX-License-Identifier: MIT */
/* A small event library, after libevent's first ones: event.c. */
#ifndef CASES_EVENT_H
#define CASES_EVENT_H

#include <stdbool.h>

#define WATCH_READ 1u
#define WATCH_WRITE 2u
#define WATCH_ERROR 4u /* told by the proper loop alone */

struct watch {
	int fd;
	unsigned what; /* WATCH_READ, WATCH_WRITE, or both */
	void (*call)(struct watch *w, unsigned what);
};

extern struct loop {
	bool proper; /* handles EPOLLERR and EPOLLHUP, and takes out what it pauses */
	unsigned long turns, idle; /* epoll_wait gave events; events that nobody was called for */
} loop;

void loop_open(bool proper);
void loop_turn(int timeout_ms);

/* 0, or -1 with errno. */
int watch_add(struct watch *w);
int watch_del(struct watch *w);
int watch_pause(struct watch *w);

/* From now on, what epoll_ctl returns for fd is noted: "MOD ok, DEL EBADF". */
void journal_of(int fd);
const char *journal(void);

#endif
