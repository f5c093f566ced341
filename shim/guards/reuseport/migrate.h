/* SPDX-License-Identifier: MIT */
/*
 * Guard reuseport, first cure: a BPF program of two instructions on a TCP group, with which the kernel hands the queue of a listener that is closed to the others (Linux
 * 5.14 and later; needs CAP_BPF). It stays with the group while any process has a member, is there for a kill too, and leaves the choice for new connections to the kernel.
 *
 * Async-signal-safe, raw system calls; no descriptor is kept. Not in memory that is not ours.
 */
#ifndef FDG_GUARDS_REUSEPORT_MIGRATE_H
#define FDG_GUARDS_REUSEPORT_MIGRATE_H

#include <stdbool.h>

#include "guards/reuseport/groups.h"

/* Around listen(): the program is attached when the group is made, and by nobody else, for a group that was there may have another program. */
struct fdg_migrate_listen {
	int lock; /* -1: none */
	bool tries, is_first;
	bool turn; /* turn.h */
};
void fdg_migrate_before(struct fdg_migrate_listen *l, int fd);
void fdg_migrate_after(struct fdg_migrate_listen *l, int fd, bool listens);

/* Listener fd of g is being closed. */
void fdg_migrate_leaving(int fd, const struct fdg_group *g);

/* A forked child: another thread's lock is not its own. */
void fdg_migrate_forked(void);

/* setsockopt succeeded: does the program steer the group itself? */
void fdg_migrate_noted_slow(int fd, int name);
static inline void fdg_migrate_noted(int fd, int level, int name)
{
	if (__builtin_expect(level == 1 && (name == 51 || name == 52 || name == 68), 0)) /* SOL_SOCKET; SO_ATTACH_REUSEPORT_CBPF, …_EBPF, SO_DETACH_REUSEPORT_BPF */
		fdg_migrate_noted_slow(fd, name);
}

/* SO_DETACH_REUSEPORT_BPF would take ours off, where there is none of the program's: it is to be told that there is none. */
bool fdg_migrate_hides_slow(int fd);
static inline bool fdg_migrate_hides(int fd, int level, int name)
{
	return __builtin_expect(level == 1 && name == 68, 0) && fdg_migrate_hides_slow(fd);
}

/* Does the group have our program now? Asks the kernel where we may, else what is remembered. */
bool fdg_migrate_has(const struct fdg_group *g);
/* The group was made here, and has no program: the kernel refused ours, and nobody put another on it since. */
bool fdg_migrate_is_refused(const struct fdg_group *g);
/* An eBPF program of the program's is on the group, or may be: it may migrate. */
bool fdg_migrate_is_the_programs(const struct fdg_group *g);
/* A seccomp filter is on us, or /proc does not tell. */
bool fdg_migrate_in_filter(void);
/* Why not, in words that follow "because". */
const char *fdg_migrate_why(const struct fdg_group *g);
/* What to do about that, "run it …"; NULL: nothing that is fdguard's business. */
const char *fdg_migrate_mend(const struct fdg_group *g);

/* It is being told that the kernel gives a queue to others of g; and was that so in the last second? */
void fdg_migrate_gives(const struct fdg_group *g);
bool fdg_migrate_gave(const struct fdg_group *g);

/* May bpf() be called, for programs of ours? */
bool fdg_migrate_may_load(void);

/* For tests: 0 or a negative errno; 1, 0 or one. */
int fdg_migrate_attach(int fd, const struct fdg_group *g);
int fdg_migrate_look(const struct fdg_group *g);

#endif
