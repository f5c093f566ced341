/* SPDX-License-Identifier: MIT */
/* What event_causes.c and event_harder.c have in common: one descriptor with which something happens, what makes it, and what a loop's handlers do with it. */
#ifndef CASES_EVENT_PARTS_H
#define CASES_EVENT_PARTS_H

#include <netinet/in.h>
#include <stdbool.h>

#include "event.h"

#define NAMED __attribute__((noinline))
#define COPY 100 /* the number of a copy */

struct cause {
	const char *name;
	void (*begin)(void); /* registers a descriptor, and lets happen what the old loop does not look at */
	void (*tick)(void);  /* NULL, or 100 times while the loop runs */
	void (*after)(void); /* what the program does later with it, all through the loop */
};
extern const struct cause event_causes[], event_harder[]; /* up to a name that is NULL */

extern struct incident {
	struct watch watch;
	int fd;                     /* the descriptor and its peer, as they were registered */
	struct sockaddr_in address;
	int peer, child;            /* the other end, and a child that has the descriptor as well */
	const char *heard;          /* first by its handler */
	int stamps;                 /* read of the error queue */
} incident;

void must(int ok, const char *what);

/* Into the loop with it. */
void watch(int fd, unsigned what, void (*call)(struct watch *w, unsigned what));
void hear(const char *what);
bool heard_nothing(void);
void over(struct watch *w, const char *what);
void on_stream(struct watch *w, unsigned what);
void on_datagram(struct watch *w, unsigned what);
int read_error_queue(int fd);

int open_udp(int *ret_peer);
void open_pipe(int fd[2]);
int open_terminal(void);
void tcp_pair(int fd[2]); /* non-blocking, on loopback; the first one was accepted, and children inherit it */
void reset(int fd);
void close_connection(bool raw);
void begin_connection(void);
void begin_timestamps(void);

void after_any(void);
void after_closed(void);
void until_heard(void);

#endif
