/* SPDX-License-Identifier: MIT */
/*
 * fd -> facts: what it is, who made it, which description it belongs to, what we forced on it.
 *
 * A fixed first chunk and further ones that are mapped when a number in them is first learned; relaxed loads and stores, no lock, no lock prefix
 * on a path that a healthy program takes. Everything is async-signal-safe. An fd of FDG_LEDGER_MAX or more is not tracked.
 *
 * The ledger is a memory of what passed our wrappers, not the truth: libc closes and opens behind us, and so do raw system calls. Ask the kernel
 * (fdg_kind_ask) before anything is reported or done to a descriptor.
 *
 * In memory that is not ours (a vfork child) nothing is written: what such a child does to a number is kept as a touch, thread-local, until the parent
 * goes on.
 */
#ifndef FDG_LEDGER_LEDGER_H
#define FDG_LEDGER_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/kind.h"
#include "base/state.h"

#define FDG_LEDGER_CHUNK 1024u
#define FDG_LEDGER_MAX (FDG_LEDGER_CHUNK * 1024u)

enum {
	FDG_KNOWN = 1 << 20,     /* the entry is in use */
	FDG_FORCED = 1 << 21,    /* close-on-exec in the kernel, by us; the program does not see it */
	FDG_CLOEXEC = 1 << 22,   /* close-on-exec, by the program */
	FDG_MEANT = 1 << 23,     /* the program said that it is to be inherited: F_SETFD 0, FIONCLEX, dup2 to a chosen number */
	FDG_INHERITED = 1 << 24, /* open when the program started */
	FDG_TOLD = 1 << 25,      /* an inherited leak that was reported, here or by an ancestor */
	FDG_STREAM = 1 << 26,    /* belongs to a FILE or DIR: closed by fclose or closedir */
	FDG_SHARED = 1 << 27,    /* its description may have another holder in this process: a duplicate, or it came by SCM_RIGHTS */
	FDG_NONBLOCK = 1 << 28,  /* O_NONBLOCK, as last seen set through this fd or one that was duplicated with it */
	FDG_POLLED = 1 << 29,    /* was put into an interest list */
	FDG_PASSED = 1 << 30,    /* was sent to another process, or came from one: the same description may be here under another id */
	FDG_KIND_MASK = (1 << 20) - 1,
};

/* Its mode came with the copy: nobody asked for it through this fd. A flag like those above. */
#define FDG_MODE_COPIED (UINT32_C(1) << 31)

/* Ids of descriptions that were open when the program started are less than this; 0 is one that we know nothing of. */
#define FDG_DESCRIPTION_FIRST (UINT64_C(1) << 16)

struct fdg_entry {
	_Atomic uint32_t state; /* kind word | flags; 0: unknown */
	_Atomic uint32_t generation;
	_Atomic uintptr_t site; /* return address of the call that made it */
	_Atomic uint64_t description;
	_Atomic uint32_t origin; /* id of a kept call stack; 0: none */
	_Atomic uint32_t lifts; /* spawns under way for which our mark is lifted */
};

struct fdg_known {
	uint32_t flags;
	fdg_kindword kind;
	const void *site;
	uint64_t description;
	uint32_t generation;
	uint32_t origin;
};

extern struct fdg_entry fdg_ledger_first[FDG_LEDGER_CHUNK];
struct fdg_entry *fdg_ledger_far(int fd);

/* NULL if nothing in the fd's chunk was ever learned. */
static inline struct fdg_entry *fdg_ledger_find(int fd)
{
	if (__builtin_expect((unsigned)fd < FDG_LEDGER_CHUNK, 1))
		return &fdg_ledger_first[fd];
	return fdg_ledger_far(fd);
}

/* FDG_… flags and kind word, or 0. One load. */
static inline uint32_t fdg_ledger_state(int fd)
{
	struct fdg_entry *e = fdg_ledger_find(fd);

	return e ? atomic_load_explicit(&e->state, memory_order_relaxed) : 0;
}

/* Another one for each descriptor that the number ever was. */
static inline uint32_t fdg_ledger_generation(int fd)
{
	struct fdg_entry *e = fdg_ledger_find(fd);

	return e ? atomic_load_explicit(&e->generation, memory_order_relaxed) : 0;
}

void fdg_ledger_learn(int fd, fdg_kindword kind, uint32_t flags, const void *site);
/* `to` now refers to the description of `from`. */
void fdg_ledger_copy(int from, int to, uint32_t flags, const void *site);
void fdg_ledger_flag(int fd, uint32_t set, uint32_t clear);
/* A child that is about to exec asked whether fd is close-on-exec, and heard that it is not: as good as F_SETFD 0, which many leave out then. */
void fdg_ledger_asked(int fd);
/* Where the call that made it came from, for an entry just learned. Not in memory that is not ours. */
void fdg_ledger_origin(int fd, uint32_t origin);
void fdg_ledger_forget_slow(int fd);
/* Both ends included; last may be ~0u. */
void fdg_ledger_forget_range(unsigned first, unsigned last);
void fdg_ledger_flag_range(unsigned first, unsigned last, uint32_t set, uint32_t clear);
/* Counts the spawns for which the mark of fd is lifted: +1 or -1. Returns how many there are now; 1 for an unknown fd. */
unsigned fdg_ledger_lift(int fd, int by);
bool fdg_ledger_look(int fd, struct fdg_known *ret);
/* The least known fd that is >= fd, or -1. */
int fdg_ledger_next(int fd);

/* The description's id, or 0. */
static inline uint64_t fdg_ledger_description(int fd)
{
	struct fdg_entry *e = fdg_ledger_find(fd);

	return e && atomic_load_explicit(&e->state, memory_order_relaxed) ? atomic_load_explicit(&e->description, memory_order_relaxed) : 0;
}

/* Of a description that was open when the program started, or of a copy of one that we know nothing of. */
static inline bool fdg_ledger_is_inherited(int fd)
{
	return fdg_ledger_state(fd) ? fdg_ledger_description(fd) < FDG_DESCRIPTION_FIRST : fd >= 0 && fd <= 2;
}

/* The kernel says that fd is of this description. */
void fdg_ledger_identify(int fd, uint64_t description);
/* Ids below this are of descriptions that were made before the last fork, or were open when the program started; on all threads. */
extern _Atomic uint64_t fdg_ledger_floor;
/* This process is about to fork. What the child has to know it then has without writing to a page of its own. */
void fdg_ledger_forking(void);
/* The least fd that is >= fd and is known by this description, or has all of these flags; or -1. A walk, and a quick one. */
int fdg_ledger_next_of(int fd, uint64_t description, uint32_t flags);
/* A description id: entries with a lesser one were made before this call, by this thread or by a parent before it forked. */
uint64_t fdg_ledger_now(void);

/* To be called before the real close. */
static inline void fdg_ledger_forget(int fd)
{
	if (fdg_ledger_state(fd) || __builtin_expect(fdg_vfork_depth > 0, 0))
		fdg_ledger_forget_slow(fd);
}

/* What a vfork child did to a number since its vfork. FDG_UNTOUCHED unless this thread is in one. */
enum fdg_touch { FDG_UNTOUCHED, FDG_TOUCHED_MADE, FDG_TOUCHED_MEANT, FDG_TOUCHED_CLOSED, FDG_TOUCHED_ASKED };
enum fdg_touch fdg_ledger_touch(int fd);
bool fdg_ledger_has_touches(void);
/* Calls f for each number that the vfork child made or meant; numbers may repeat. */
void fdg_ledger_touches(void (*f)(void *cookie, int first, int last, enum fdg_touch how), void *cookie);

#endif
