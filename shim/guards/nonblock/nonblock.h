/* SPDX-License-Identifier: MIT */
/*
 * Guard nonblock: O_NONBLOCK belongs to the open file description, and a duplicate shares it. The story is at the top of nonblock.c; who else holds a description is
 * found in holders.c, what is judged later in late.c, inherited descriptions in stdio.c, threads that block in stall.c.
 *
 * Everything is async-signal-safe.
 */
#ifndef FDG_GUARDS_NONBLOCK_NONBLOCK_H
#define FDG_GUARDS_NONBLOCK_NONBLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "guards/holders.h"
#include "ledger/watch.h"

/* One change of mode that a program asks for, between before and after. */
struct fdg_mode_change {
	int fd;
	bool asked;  /* what the program wants: non-blocking? */
	bool kernel; /* what the kernel is to be told */
	bool looked; /* there is more to do after the call than to note it */
	bool elsewhere; /* another process that holds it counts on its not blocking */
	bool was;    /* what the kernel had, if looked */
	bool outside; /* a supervisor judges it, who may keep the kernel's mode as it is */
	const char *call; /* "F_SETFL" */
	const void *site;
};

void fdg_nonblock_look(struct fdg_mode_change *c);
void fdg_nonblock_changed(struct fdg_mode_change *c);
void fdg_nonblock_note(int fd, bool nonblocking);

/* Is F_SETFL or FIONBIO on fd about to change the mode of a description that somebody else holds? c->kernel is what the caller passes on. */
static inline void fdg_nonblock_before(struct fdg_mode_change *c, int fd, bool nonblocking, const char *call, const void *site)
{
	*c = (struct fdg_mode_change){ .fd = fd, .asked = nonblocking, .kernel = nonblocking, .call = call, .site = site };
	if (__builtin_expect(!fdg_holders_is_alone(fd), 0))
		fdg_nonblock_look(c);
}

/*
 * For nearly all descriptors: nobody else holds it, no loop has it, so the change is noted and nothing is left to be done. Before the call, which can then be a jump: what
 * the kernel may refuse takes the other way.
 */
static inline __attribute__((always_inline)) bool fdg_nonblock_simple(struct fdg_entry *e, bool nonblocking)
{
	uint32_t state = atomic_load_explicit(&e->state, memory_order_relaxed);

	if ((state & (FDG_KNOWN | FDG_SHARED | FDG_POLLED)) != FDG_KNOWN ||
	    atomic_load_explicit(&e->description, memory_order_relaxed) < atomic_load_explicit(&fdg_ledger_floor, memory_order_relaxed))
		return false;
	if (!(state & FDG_NONBLOCK) != nonblocking)
		return true;
	if (__builtin_expect(fdg_vfork_depth > 0 || atomic_load_explicit(&fdg_compare_pids, memory_order_relaxed), 0))
		return false;
	return atomic_compare_exchange_strong_explicit(&e->state, &state, state ^ FDG_NONBLOCK, memory_order_release, memory_order_relaxed);
}

/* The call succeeded. */
static inline void fdg_nonblock_after(struct fdg_mode_change *c)
{
	if (__builtin_expect(c->looked, 0))
		fdg_nonblock_changed(c);
	else
		fdg_nonblock_note(c->fd, c->asked);
}

/* To be called before a descriptor's mode or watch byte is asked about. */
void fdg_board_notice(void);
static inline void fdg_nonblock_news(void)
{
	if (fdg_has_news())
		fdg_board_notice();
}

/* F_GETFL: the flags as the program set them. */
int fdg_nonblock_asked(int fd, int flags);
static inline int fdg_nonblock_getfl(int fd, int flags)
{
	fdg_nonblock_news();
	return __builtin_expect(fdg_watched(fd) & (FDG_WATCH_BLOCKS | FDG_WATCH_SETTLE), 0) ? fdg_nonblock_asked(fd, flags) : flags;
}

/* `to` is a duplicate of `from`. Only where fdg_mark_any(). */
void fdg_nonblock_copied(int from, int to);

/*
 * For the data calls (wrap/blocking.c). fd is FDG_WATCH_BLOCKS, and the kernel said EAGAIN: is it still the descriptor that the mark was made for? False: the mark is
 * taken off, and EAGAIN is the answer.
 */
bool fdg_nonblock_still(int fd);
/* A data call on fd, which is FDG_WATCH_SETTLE, suffers: its mode was changed behind it. */
void fdg_nonblock_settle(int fd);
/* The description is used by code that we do not see (a FILE of libc, another program), by this number: gives up our keeping it non-blocking, for all. */
void fdg_nonblock_give_up(int fd);
/* All of them: a seccomp filter is next, and after it nobody waits for them. */
void fdg_nonblock_release(void);
/*
 * The same for what survives an exec; and back, if the exec failed. Right in a vfork child, which tells nothing: its parent does (fdg_nonblock_child_left). What does not
 * fit into the list is not given back.
 */
#define FDG_GIVEN_MAX 32
struct fdg_nonblock_given {
	unsigned count;
	int fd[FDG_GIVEN_MAX];
};
void fdg_nonblock_exec(struct fdg_nonblock_given *g);
void fdg_nonblock_exec_tell(const struct fdg_nonblock_given *g);
void fdg_nonblock_exec_failed(const struct fdg_nonblock_given *g);
/* What a program gets that libc starts for us; but what it closes before. NULL: nothing. */
void fdg_nonblock_starts(bool (*closes)(const void *how, int fd), const void *how);

/* A call of ours that a busy program makes now and then: judges the changes that are old enough. */
extern _Atomic bool fdg_late_ticks; /* this process forked, or shared a description */
void fdg_nonblock_judge(void);
static inline void fdg_nonblock_tick(void)
{
	if (__builtin_expect(atomic_load_explicit(&fdg_late_ticks, memory_order_relaxed), 0))
		fdg_nonblock_judge();
}

/* Life cycle. */
void fdg_nonblock_before_fork(void);
void fdg_nonblock_forked(void);             /* in a child of fork */
void fdg_nonblock_parent_forked(int child); /* in the parent; the child's pid */
void fdg_nonblock_child_left(void);         /* in the parent: its vfork child has exec'd or ended */
void fdg_nonblock_end(void);                /* exit or _exit is next */

#endif
