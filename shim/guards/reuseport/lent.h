/* SPDX-License-Identifier: MIT */
/*
 * May another process have this listener? What was made since this process was forked, and since it last started another one by whatever call, nobody else can have. Of
 * what is older /proc tells who has it, where all may be read that may have it. What came from elsewhere, or was made before this process was forked, always may.
 *
 * Raw system calls; async-signal-safe. Not in memory that is not ours.
 */
#ifndef FDG_GUARDS_REUSEPORT_LENT_H
#define FDG_GUARDS_REUSEPORT_LENT_H

#include <stdbool.h>
#include <stdint.h>

/* fd is a socket that this process made, a moment ago. */
void fdg_lent_made(int fd);
/* … is another number of that one. */
void fdg_lent_copied(int from, int to);
/* … came from elsewhere. */
void fdg_lent_arrived(int fd);
/* A process is being started, or was. */
void fdg_lent_starting(void);
/* A forked child. */
void fdg_lent_forked(void);

/* False: none can, or /proc shows that none has. True also where one look takes more than 20,000 descriptors or 50 ms of the CPU, or where looks took 0.2 s of it in this second. */
bool fdg_lent_maybe(int fd);
/* … of n at once. True are those alone that somebody has, or may have who cannot be read; whether all were looked at is what is returned. */
enum fdg_unseen {
	FDG_ALL_SEEN,
	FDG_OLDER_UNSEEN, /* those that began before this process were not: they can have it only if it was sent, or they took it */
	FDG_UNSEEN
};
enum fdg_unseen fdg_lent_maybe_each(const int fd[], const uint64_t inode[], bool ret[], unsigned n);
/* This process made it, and has seen itself start none since. */
bool fdg_lent_never(int fd);

/* Is another process seen to have it at this moment, however it came by it? Who may not be read is not seen. True also where so many looks at what processes have open are
 * not enough. *ret_cpu: how long that took, in ns of the CPU. */
bool fdg_lent_is_seen(int fd, unsigned looks, int64_t *ret_cpu);

#endif
