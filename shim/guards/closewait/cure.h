/* SPDX-License-Identifier: MIT */
/*
 * What closewait=fix does to a connection that its peer has closed and that this program left open: its end is sent (closewait.cure=shutdown), or keepalive is turned on.
 *
 * Between the sweep that found the socket and this moment the program may have closed it and got the number again for another connection, or do so at any instant. So it is done in a
 * copy of the descriptor table (base/apart.h), where the number cannot change: what it is is looked at there, and acted upon there. The program's descriptor stays open, and its own,
 * and its table has no other one for a moment.
 *
 * One thread at a time, as sweeps are. Raw system calls; async-signal-safe. Not in memory that is not ours.
 */
#ifndef FDG_GUARDS_CLOSEWAIT_CURE_H
#define FDG_GUARDS_CLOSEWAIT_CURE_H

#include <stdint.h>

enum fdg_cured {
	FDG_CURED,
	FDG_CURED_BEFORE, /* cure=keepalive, and it is on */
	FDG_CURE_OTHER,   /* the number is another socket now, or none */
	FDG_CURE_STATE,   /* not in CLOSE_WAIT any more */
	FDG_CURE_QUEUE,   /* bytes of the program are still to be sent */
	FDG_CURE_USED,    /* something was sent within closewait.age */
	FDG_CURE_ALONE,   /* no process to do it in */
	FDG_CURE_OFF,     /* cure=keepalive, and the program turned it off */
	FDG_CURE_SHARED,  /* for the caller to say: it came from another process */
	FDG_CURE_HALF,    /* … it was sent to after the peer's end */
	FDG_CURE_UNREAD,  /* … there is more to be read than a peer's last words */
	FDG_CURE_STARTED, /* … or one was started that may have it */
	FDG_CURE_REFUSED, /* the kernel would not */
};

/* What tells this socket from all others since the machine started, or 0. To be kept when it is found, and handed in when it is cured. */
uint64_t fdg_cure_cookie(int fd);
/* `fd` was found aged in CLOSE_WAIT, and was the socket of this cookie. What came of it is in `done`. */
struct fdg_cure_job {
	int fd;
	uint64_t cookie;
	enum fdg_cured done;
};
#define FDG_CURES 256u /* at once */
void fdg_cure_all(struct fdg_cure_job *cures, unsigned n);
/* One alone. */
enum fdg_cured fdg_cure_close_wait(int fd, uint64_t cookie);
/* Why not, as the end of a sentence: "not ended: …". */
const char *fdg_cure_why(enum fdg_cured c);

#endif
