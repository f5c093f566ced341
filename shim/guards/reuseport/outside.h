/* SPDX-License-Identifier: MIT */
/*
 * Guard reuseport, its findings of a program that is watched from outside. The story is at the top of outside.c.
 */
#ifndef FDG_GUARDS_REUSEPORT_OUTSIDE_H
#define FDG_GUARDS_REUSEPORT_OUTSIDE_H

#include "guards/reuseport/groups.h"
#include "report/report.h"

/* Who did it, and what is known of the sockets' making. */
struct fdg_member_seen {
	const char *self; /* the program's name */
	int pid, fd;      /* fd: one of them */
	struct fdg_group group;
	const struct fdg_place *created; /* where SO_REUSEPORT was set */
	const struct fdg_source *source; /* of these */
	unsigned createds;
};

/* Listeners of one group that are gone, and their queues as they were when they were looked at last. */
struct fdg_gone_seen {
	struct fdg_member_seen by;
	enum { FDG_GONE_CLOSED, FDG_GONE_SHUT, FDG_GONE_ENDED, FDG_GONE_EXECUTED, FDG_GONE_SOMEHOW /* they were no longer the program's own */ } how;
	unsigned listeners, queued, backlog, siblings;
	unsigned missing; /* connections that waited there or on a sibling, and that the kernel has no more */
	unsigned resets;  /* that it has sent since, in the whole network namespace, without those by which programs ended connections */
	unsigned torn;    /* ends of connections that a reset ended since, there; of one within it both count */
	uint64_t age_ms;  /* since that look */
};
/* How many of those that waited were reset, as far as one can know. */
unsigned fdg_gone_lost(const struct fdg_gone_seen *g);
/* Tells, if it is to be told. */
void fdg_gone_judge(const struct fdg_gone_seen *g);

/* A group of sockets went from this size to that one. */
void fdg_resize_seen(const struct fdg_member_seen *by, unsigned from, unsigned to);

#endif
