/* SPDX-License-Identifier: MIT */
/*
 * The listener of a seccomp filter: notifications come out of it, answers go in. The request lies in memory that supervisor and guardian share: the kernel writes it there itself, so that
 * whoever of the two is left knows what was not answered, at whatever instruction the other one was killed.
 */
#ifndef FDG_SUPERVISE_LISTENER_H
#define FDG_SUPERVISE_LISTENER_H

#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>

struct fdg_listener {
	int fd; /* -1: not there yet */
	struct seccomp_notif *request;       /* one page each: the kernel says how large they are, and may have grown */
	struct seccomp_notif_resp *response;
	uint16_t request_size, response_size;
};

struct fdg_answer {
	bool carry_on; /* the kernel makes the call as it is */
	int64_t value; /* else this is its result, or a negative errno */
};

/* Before the fork of the supervisor. A negative errno: this kernel has no notifications. */
int fdg_listener_prepare(struct fdg_listener *l);
/* Waits for a notification and takes it: 0; -EINTR: a signal, or the call was given up; -ENOENT and others: there is none. */
int fdg_listener_take(const struct fdg_listener *l);
/* Answers the one that was taken. -ENOENT: the call was given up, which is nothing special. */
int fdg_listener_answer(const struct fdg_listener *l, const struct fdg_answer *a);
/* Puts a descriptor of ours at this number of the process whose call waits, in place of what is there. flags: O_CLOEXEC or 0. A negative errno: it is as it was. */
int fdg_listener_replace(const struct fdg_listener *l, int ours, int theirs, unsigned flags);
/* Does the call still wait? Whatever was asked about its process before was about that process then. */
bool fdg_listener_waits(const struct fdg_listener *l);
/* Does nobody run under the filter any more? The kernel looks at all calls that wait to answer this, and so it does for poll and epoll: 300 µs with 4,000 of them. Not to be asked for each. */
bool fdg_listener_is_over(const struct fdg_listener *l);

#endif
