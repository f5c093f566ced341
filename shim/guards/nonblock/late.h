/* SPDX-License-Identifier: MIT */
/*
 * Guard nonblock: changes of a shared description's mode that are no harm yet. Many a program turns all copies of a descriptor non-blocking, one after the other; a server
 * that forks holds what its child changes for as long as it takes to close it; and who changes a mode and puts it back has done nothing. So a descriptor whose mode
 * was changed behind it is marked (FDG_WATCH_SETTLE), and the change is told when a call on it suffers: before it waits, or when it failed with EAGAIN. One that was made
 * blocking, and that nobody asked the same for or closed, is told of after 100 ms as well: its reader may be where we do not see it. A plain copy that only was
 * non-blocking with the other may count on either mode, and is not told of.
 *
 * Between processes: a board in memory that fork children share with their parent. Who changes the mode of a description that is older than the last fork writes it
 * there; each relative looks at it before its next data call, and marks what it still has of it as above. What a child with another program was given, and what a child made
 * blocking under a loop, is told of 100 ms later.
 */
#ifndef FDG_GUARDS_NONBLOCK_LATE_H
#define FDG_GUARDS_NONBLOCK_LATE_H

#include "guards/nonblock/shared.h"

/* s->other, of this process, is told of when a call on it suffers. */
void fdg_late_add(const struct fdg_shared *s);
/* 100 ms are over for some. */
void fdg_late_judge(void);
/* A call on fd suffers. */
void fdg_late_used(int fd);
/* fd has the mode that it wants. */
void fdg_late_drop(int fd);
/* In a parent before fork, and in the child after it. */
void fdg_late_forking(void);
void fdg_late_forked(void);
/* The process ends. What did not suffer is a note, except where libc uses it inside, unseen; what was made blocking just now is nothing. */
void fdg_late_end(void);

#define FDG_LATE_PATIENCE 100000000 /* ns */
int64_t fdg_late_now(void);

/* The board. `was` is the mode before; if it is what was asked for, only what was posted before is settled. */
void fdg_board_open(void);
/* In a child of fork. Until it has relatives of its own, or posts, it has nothing to judge: to look would cost a page that it has not touched. */
void fdg_board_forked(void);
void fdg_board_post(const struct fdg_shared *s, bool was);
/* What relatives posted meanwhile marks what it changed here: what fdg_has_news (ledger/watch.h) leads to. */
void fdg_board_notice(void);
/* No more of that: after a seccomp filter. */
void fdg_board_leave(void);
/* The mode that process pid asked for last of what is fd here: 1 non-blocking, 0 blocking, -1 not known, or as before its first. */
int fdg_board_asked_by(int fd, int pid);
void fdg_board_forking(void);
/* What is 100 ms old and not judged yet; the `last` time, what this process changed itself, whatever its age. */
void fdg_board_judge(bool last);

#endif
