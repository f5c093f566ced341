/* SPDX-License-Identifier: MIT */
/* What listeners.c remembers, for listeners_judge.c. */
#ifndef FDG_SUPERVISE_LISTENERS_PARTS_H
#define FDG_SUPERVISE_LISTENERS_PARTS_H

#include "guards/reuseport/outside.h"
#include "supervise/diag.h"
#include "supervise/facts.h"
#include "supervise/recall.h"

/* A socket that SO_REUSEPORT was set on. */
struct fdg_remembered {
	uint64_t inode; /* 0: free */
	int pid, fd;
	uint64_t born; /* which process that pid is: fdg_process.born */
	unsigned kinds; /* what it may be; FDG_DIAG_… */
	unsigned seen;  /* the number of the look that saw it last */
	uint64_t order; /* of coming */
	bool is_member; /* it was seen listening, or bound, and is not known to have gone */
	bool is_ended, is_executing, is_new;
	bool is_missed, is_elsewhere; /* its owner had it no more when that was asked; and somebody has, as it was seen later */
	bool is_pending; /* `gone` is to be told, if others of its group are there at the next look, too: else all of them are about to end */
	struct fdg_gone_seen gone;
	unsigned size_before;
	unsigned waits;  /* at how many looks in a row somebody waited */
	unsigned queued, backlog; /* when the connections were looked at last, or less since */
	struct fdg_group group;
	struct fdg_recall made;
	char exe[FDG_RECALL_OBJECT];
};

/* Connections that waited to be accepted. */
#define FDG_WAITING 4096u
struct fdg_waiting {
	struct fdg_diag_end end;
	bool is_missing, is_counted; /* in the kernel's table, when that was asked; in a finding */
};

struct fdg_listeners {
	struct fdg_remembered *all; /* FDG_LISTENERS of them; those from `used` on are free */
	unsigned used, count;
	unsigned look;
	struct fdg_diag_rows *rows, *rows_before, *rows_after; /* of this look, the one before, and in its course */
	struct fdg_waiting *waiting, *spare;
	unsigned waitings;
	bool is_again; /* in a second walk over the same */
	int64_t waiting_at;     /* ns */
	struct fdg_diag_resets resets_before; /* as of then */
};

struct fdg_remembered *fdg_listeners_find(struct fdg_listeners *s, uint64_t inode);
/* A place for this one, which may have it already (`inode` is 0 in a free one); NULL: there is none. */
struct fdg_remembered *fdg_listeners_place(struct fdg_listeners *s, uint64_t inode);
void fdg_listeners_forget(struct fdg_listeners *s, struct fdg_remembered *r);
/* Tells, once, that a socket of this process found no place. */
void fdg_listeners_full(struct fdg_process *p);
/* Sees who waits where, if somebody does and it is not too soon; anyhow: which it is later. */
bool fdg_listeners_walk(struct fdg_listeners *s, bool anyhow);
unsigned fdg_listeners_size(const struct fdg_diag_rows *rows, const struct fdg_group *g);
int64_t fdg_listeners_now(void);
int64_t fdg_listeners_used(void); /* the time that we have run: that others make us wait for a processor is not the look's fault */
/* The process that it is of; NULL: that has ended. */
struct fdg_process *fdg_listeners_owner(const struct fdg_remembered *r);
bool fdg_listeners_has_it(const struct fdg_remembered *r);
/* Tells of all that are gone, and of groups that changed; those that were gone are members no more. */
void fdg_listeners_judge(struct fdg_listeners *s);

#endif
