/* SPDX-License-Identifier: MIT */
/* What the findings of guard epoll have in common: events in words, what the program did, and of which kinds we would see that it does something. Async-signal-safe. */
#ifndef FDG_GUARDS_EPOLL_EVENTS_H
#define FDG_GUARDS_EPOLL_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fmt.h"
#include "base/kind.h"
#include "guards/epoll/acts.h"

/* "EPOLLIN|EPOLLHUP". prefix: "EPOLL" or "POLL", whose bits are the same. */
void fdg_put_events(struct fdg_buf *b, const char *prefix, uint32_t events);
/* "read: EAGAIN": its last call that changed nothing, if there was one. */
void fdg_put_last_call(struct fdg_buf *b, const struct fdg_suspect *s);
/* Bytes in the error queue of fd; -1: that cannot be told. */
int64_t fdg_queue_bytes(int fd);
/* Was the connection of fd, which has an error, ended by its peer? Then nobody can be asked who that was. */
bool fdg_was_reset(int fd);
/* Would we see what the program does with a descriptor of this kind? Not by ioctl, in shared memory. */
bool fdg_kind_is_seen(fdg_kindword kind);

#endif
