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

/* False: none can, or /proc shows that none has. True also where one look takes more than 20,000 descriptors or 50 ms, or where looks took 0.2 s of this second. */
bool fdg_lent_maybe(int fd);
/* … of n at once. */
void fdg_lent_maybe_each(const int fd[], const uint64_t inode[], bool ret[], unsigned n);
/* This process made it, and has seen itself start none since. */
bool fdg_lent_never(int fd);

/* Is another process seen to have it at this moment, however it came by it? Who may not be read is not seen. True also where so many looks at what processes have open are
 * not enough. */
bool fdg_lent_is_seen(int fd, unsigned looks);

#endif
