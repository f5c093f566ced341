/* SPDX-License-Identifier: MIT */
/*
 * Who else holds an open file description: other descriptors of this process, and processes that it forked. The ledger proposes, the kernel decides (base/same.h).
 *
 * Raw system calls; async-signal-safe. Not in memory that is not ours, but for fdg_holders_next, which then remembers nothing.
 */
#ifndef FDG_GUARDS_HOLDERS_H
#define FDG_GUARDS_HOLDERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "ledger/ledger.h"

/* True for nearly all: fd was made by this program, after its last fork, and has no duplicate. Two loads. */
static inline bool fdg_holders_is_alone(int fd)
{
	struct fdg_entry *e = fdg_ledger_find(fd);
	uint32_t state = e ? atomic_load_explicit(&e->state, memory_order_relaxed) : 0;

	return (state & (FDG_KNOWN | FDG_SHARED)) == FDG_KNOWN &&
	       atomic_load_explicit(&e->description, memory_order_relaxed) >= atomic_load_explicit(&fdg_ledger_floor, memory_order_relaxed);
}

/* The least descriptor above `after` that shares fd's description, and is not fd; -1: none. From -1 on, a search that finds nobody is remembered. */
int fdg_holders_next(int fd, int after);

/*
 * A process that was forked here and that the kernel says holds fd's description still, as ret->fd. A child that has exec'd holds what it was given as 0 to 2 on purpose;
 * what it has besides is a leak that it knows nothing of. *at is where the search goes on, 0 to begin. False: no more.
 */
struct fdg_holder {
	int pid, fd;
	bool has_execd;
};
bool fdg_holders_next_child(int fd, unsigned *at, struct fdg_holder *ret);

/* Which children were seen to be other programs: for who asks of many descriptors in one go. Zeros at first; a child that execs meanwhile is taken for what it was. */
struct fdg_execd {
	int pid[8]; /* of those that had, negative; 0: free */
};
bool fdg_holders_child_has(int fd, struct fdg_execd *known);
/* The next that lives, without a look at what it has; 0: no more. */
int fdg_holders_child(unsigned *at);
/* Is its program image another than ours, and no copy of it? True where we may not look. */
bool fdg_holders_has_execd(int pid);
/* Was fd made before this process forked, or was forked? */
bool fdg_holders_is_older(int fd);
/* A forked child: does its parent hold what we have as fd? */
bool fdg_holders_parent_has(int fd);

/* The processes that this one forked, the last ones; kept on the board (late.h), which a fork does not make anew. */
#define FDG_CHILDREN 64
struct fdg_children {
	_Atomic unsigned next;
	_Atomic uint64_t child[FDG_CHILDREN]; /* its pid, and above that its parent's; 0: free */
};
extern struct fdg_children *_Atomic fdg_children; /* NULL: never forked */
void fdg_holders_forked(int child);
/* One that lives had to make room for another. */
extern _Atomic bool fdg_holders_lost;
/* How many there were, by this process and its relatives; and was pid forked since then? */
unsigned fdg_holders_count(void);
bool fdg_holders_is_forked_since(int pid, unsigned count);

#endif
