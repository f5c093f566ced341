/* SPDX-License-Identifier: MIT */
/*
 * The memory of one select() whose sets were written past their end: what of it was meant, and how it is left behind.
 *
 * Nothing here waits, reports or decides; the guard is select.c. Async-signal-safe; all state is the caller's struct.
 */
#ifndef FDG_GUARDS_SELECT_FDSETS_H
#define FDG_GUARDS_SELECT_FDSETS_H

#include <stdbool.h>
#include <stdint.h>

#define FDG_SET_FDS 1024u                 /* of an fd_set: FD_SETSIZE, by a name that nobody redefines */
#define FDG_SET_BYTES (FDG_SET_FDS / 8)
#define FDG_SELECT_MAX 4096u              /* fds that we tell apart; what was written further away than that cannot be undone anyway */
#define FDG_SELECT_WORDS (FDG_SELECT_MAX / 64)

enum { FDG_READ_SET, FDG_WRITE_SET, FDG_EXCEPT_SET, FDG_SETS };

/* A call, as the program made it. */
struct fdg_select_call {
	int nfds;
	void *set[FDG_SETS];  /* NULL: none; any alignment */
	int64_t *timeout;     /* seconds, then a fraction of one; NULL: none */
	int64_t fraction;     /* how many of those make a second: 1,000,000 or 1,000,000,000 */
	bool updates;         /* does the call write what is left to *timeout? */
	bool raw;             /* made by syscall(2) */
	const void *mask;     /* pselect's signal mask; NULL: none */
	const void *site;
	unsigned n;           /* nfds as the kernel takes it, at most FDG_SELECT_MAX; filled in by the guard */
	bool is_cut;          /* the kernel takes more */
	bool is_sure;         /* it was seen that something else lies behind a set; else only that the set ends there */
};

/* What was meant by a call whose sets were written past their end. 3 KiB. */
struct fdg_select {
	struct fdg_select_call call;
	bool lost_timeout;          /* nothing of the timeout could be told from the fds that were written over it */
	int64_t raw_time[2], time[2];
	uint64_t canaries[FDG_SETS][FDG_SELECT_WORDS / 64]; /* words (of 64 fds) that are a canary */
	int shared[FDG_SETS];       /* an fd whose bit an address has as well, and keeps; -1: none */
	uint64_t mask_taken;        /* signals of the mask that are fds */
	uint64_t want[FDG_SETS][FDG_SELECT_WORDS];
	/* First what the kernel would have read; then what the wait found, filled in by who waits. */
	uint64_t got[FDG_SETS][FDG_SELECT_WORDS];
};

/* What the kernel reads and writes of each set. */
static inline unsigned fdg_select_bytes(unsigned n)
{
	return (n + 63) / 64 * 8;
}

static inline bool fdg_bit(const uint64_t *words, unsigned bit)
{
	return words[bit / 64] >> (bit % 64) & 1;
}

/* Copies the sets and the timeout into s->want, s->got and s->raw_time. False: the memory is not all readable, or may not be asked for. */
bool fdg_fdsets_fetch(struct fdg_select *s);
/*
 * On the stack or among static variables: does something that is no set lie between the end of a set of 1,024 bits and where the kernel would stop reading: a stack protector's canary, a return
 * address, other addresses, text? is_there: the memory can be read without asking whether it is there.
 */
bool fdg_fdsets_hit_something(const struct fdg_select_call *c, unsigned x, bool is_there);
/* Leaves in s->want what was meant, and in s->time the timeout. After the fetch. */
void fdg_fdsets_decode(struct fdg_select *s);
/* After the decoding: nothing that was meant could be found. */
bool fdg_fdsets_is_empty(const struct fdg_select *s);
/* After a wait that ended with `result` (as select's), s->got and, if s->call.updates, the time left: the program's memory as it would look had its sets been large
 * enough, where that is possible. False: it cannot be written to. */
bool fdg_fdsets_leave(const struct fdg_select *s, int result, const int64_t left[2]);
/* What the bit of fd in set x was written over: "the timeout", "writefds", …; NULL: nothing that we know. */
const char *fdg_fdsets_neighbour(const struct fdg_select *s, unsigned x, unsigned fd);
/* "readfds", … */
const char *fdg_fdsets_name(unsigned x);

#endif
