/* SPDX-License-Identifier: MIT */
/*
 * Guard nonblock, second part: a thread that has an event loop, and blocks on a descriptor that is in an interest list. The story is at the top of stall.c.
 *
 * Async-signal-safe, all of it.
 */
#ifndef FDG_GUARDS_NONBLOCK_STALL_H
#define FDG_GUARDS_NONBLOCK_STALL_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/ledger.h"

/* This thread has waited in epoll_wait or a twin of it. */
extern _Thread_local bool fdg_has_loop;

/* The epolls that it waited on last, the latest first. */
#define FDG_LOOPS 4
struct fdg_loop {
	int epfd;
	uint32_t generation; /* of its entry: the number may be another's by now */
};
extern _Thread_local struct fdg_loop fdg_loops[FDG_LOOPS];
void fdg_loop_changes(int epfd);
/* A forked child: it has waited on nothing. */
void fdg_loop_forked(void);

/* It is about to wait on epfd. */
static inline void fdg_loop_waits(int epfd)
{
	if (__builtin_expect(!fdg_has_loop || fdg_loops[0].epfd != epfd || fdg_loops[0].generation != fdg_ledger_generation(epfd), 0))
		fdg_loop_changes(epfd);
}

/* epoll_ctl(epfd, op, fd, …) succeeded. */
void fdg_stall_registered(int epfd, int op, int fd, const void *site);
/* The mode of fd, as the program is to see it, changed: is it to be watched? Looks at the other descriptors of its description too. */
void fdg_stall_mode(int fd, bool nonblocking);

/*
 * Around a data call on an fd that is FDG_WATCH_STALL, and around a connect. begin returns 0 where nothing is to be measured (a thread without a loop); end reports what
 * took too long. errno is left alone.
 */
int64_t fdg_stall_begin(void);
void fdg_stall_end(int64_t begun, int fd, const char *call, const void *site);
/* For a call that is on no descriptor of the program's: for how many ms a loop that only this thread waits on stood still; 0 where that is nothing to tell. */
int64_t fdg_stall_of_loop(int64_t begun);

#endif
