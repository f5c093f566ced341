/* SPDX-License-Identifier: MIT */
/*
 * Guard reuseport: who is in which SO_REUSEPORT group. A member is a listening TCP socket, or a bound UDP one, that has SO_REUSEPORT. Remembered are numbers alone; what
 * a number's group is, is asked of the kernel whenever somebody wants to know.
 *
 * No lock, raw system calls; async-signal-safe. Nothing is written in memory that is not ours. A forked child has its parent's members.
 */
#ifndef FDG_GUARDS_REUSEPORT_GROUPS_H
#define FDG_GUARDS_REUSEPORT_GROUPS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/fmt.h"
#include "ledger/ledger.h"

/* The kernel has sockets in one group if all of this is the same. */
struct fdg_group {
	uint64_t netns; /* its cookie; 0: the kernel does not tell (before 5.14) */
	unsigned char address[16];
	uint32_t device, uid;
	uint16_t port; /* in the host's order */
	unsigned char family, protocol, v6only;
};

/* False: fd is no member of any. */
bool fdg_group_ask(int fd, struct fdg_group *ret);
/* … where a TCP socket need not listen yet. */
bool fdg_group_ask_bound(int fd, struct fdg_group *ret);
bool fdg_group_is_same(const struct fdg_group *a, const struct fdg_group *b);
uint64_t fdg_group_hash(const struct fdg_group *g);

extern _Atomic bool fdg_groups_wanted; /* somebody set SO_REUSEPORT, or a socket came that has it: before that nothing is asked */
void fdg_groups_reuses_slow(int fd);
/* setsockopt succeeded. */
static inline void fdg_groups_noted(int fd, int level, int name)
{
	if (__builtin_expect(level == 1 && name == 15, 0)) /* SOL_SOCKET, SO_REUSEPORT */
		fdg_groups_reuses_slow(fd);
}

extern _Atomic bool fdg_groups_any; /* this process had a member, once */
#define FDG_GROUPS_WORDS (FDG_LEDGER_MAX / 64)
extern _Atomic uint64_t fdg_groups_map[FDG_GROUPS_WORDS];

/* Was fd a member when we last looked? For an ordinary socket of an ordinary program one load. */
static inline bool fdg_groups_has(int fd)
{
	return __builtin_expect(atomic_load_explicit(&fdg_groups_any, memory_order_relaxed), 0) && (unsigned)fd < FDG_LEDGER_MAX &&
	       atomic_load_explicit(&fdg_groups_map[(unsigned)fd / 64], memory_order_relaxed) >> ((unsigned)fd % 64) & 1;
}

/* Asks, and remembers. True: it is one. */
bool fdg_groups_learn(int fd);
/* … fd came from elsewhere. */
bool fdg_groups_learn_arrived(int fd);
void fdg_groups_forget(int fd);
/* The least number > after, -1 to begin, that was a member; -1: none. */
int fdg_groups_next(int after);
/* … that is a member of g still, and is not a duplicate of fd (-1: of nothing). */
int fdg_groups_sibling(const struct fdg_group *g, int fd, int after);

/* The members of g in the whole network namespace, by /proc: those of other processes too. */
struct fdg_group_sight {
	unsigned members; /* each socket once */
	bool has_it;      /* … and the one of this inode is among them: false where the process's namespace is not the socket's */
	bool seen;        /* /proc told */
};
/* Is there a listener that takes some of the group's connections, as it has one of its addresses for itself? True where /proc does not tell. */
bool fdg_group_is_hidden(const struct fdg_group *g);
struct fdg_group_sight fdg_group_look(const struct fdg_group *g, uint64_t inode);
/* … and which they are, where there are no more. False: there are, or /proc does not tell. */
#define FDG_ROWS 256u
struct fdg_group_rows {
	unsigned n;
	uint64_t inode[FDG_ROWS];
};
bool fdg_group_list(const struct fdg_group *g, struct fdg_group_rows *ret);
/* … and the first `most` of them. */
struct fdg_group_sight fdg_group_look_rows(const struct fdg_group *g, uint64_t inode[], unsigned most);
/* Both; ret->n is 0 where there are more. */
struct fdg_group_sight fdg_group_look_list(const struct fdg_group *g, uint64_t inode, struct fdg_group_rows *ret);

#endif
