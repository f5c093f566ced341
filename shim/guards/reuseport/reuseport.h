/* SPDX-License-Identifier: MIT */
/*
 * Guard reuseport: listeners that take their queue with them. The story is at the top of reuseport.c.
 *
 * Async-signal-safe, raw system calls. Nothing is done in memory that is not ours.
 */
#ifndef FDG_GUARDS_REUSEPORT_REUSEPORT_H
#define FDG_GUARDS_REUSEPORT_REUSEPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "guards/holders.h"
#include "guards/reuseport/groups.h"
#include "guards/reuseport/lent.h"
#include "guards/reuseport/migrate.h"

/* Around the real listen(). */
void fdg_reuseport_listening(struct fdg_migrate_listen *l, int fd);
void fdg_reuseport_listened(struct fdg_migrate_listen *l, int fd, int r);
/* The real bind() succeeded. */
void fdg_reuseport_bound(int fd);
/* A descriptor came with the program, from another process, or by dup of `from`. */
void fdg_reuseport_arrived(int fd);
void fdg_reuseport_copied_slow(int from, int to);
static inline void fdg_reuseport_copied(int from, int to)
{
	if (fdg_groups_has(from))
		fdg_reuseport_copied_slow(from, to);
}

/* A process is being started, by whatever call (or, where that cannot be known before, was): it may have what is open now. */
void fdg_reuseport_starting(void);
/* A forked child. */
void fdg_reuseport_forked(void);

/* Around a call that closes, where a member may be among these numbers; both ends included. Each `closing` has its `closed`, whatever the call did. */
void fdg_reuseport_closing_slow(unsigned first, unsigned last, const void *site);
void fdg_reuseport_closed_slow(unsigned first, unsigned last);
static inline bool fdg_reuseport_any(void)
{
	return __builtin_expect(atomic_load_explicit(&fdg_groups_any, memory_order_relaxed), 0);
}
static inline void fdg_reuseport_closing(int fd, const void *site)
{
	if (fdg_groups_has(fd))
		fdg_reuseport_closing_slow((unsigned)fd, (unsigned)fd, site);
}
/* dup2(from, to) and dup3. */
void fdg_reuseport_replacing_slow(int from, int to, const void *site);
static inline void fdg_reuseport_replacing(int from, int to, const void *site)
{
	if (fdg_groups_has(to))
		fdg_reuseport_replacing_slow(from, to, site);
}
static inline void fdg_reuseport_closed(int fd)
{
	if (fdg_reuseport_any())
		fdg_reuseport_closed_slow((unsigned)fd, (unsigned)fd);
}
static inline void fdg_reuseport_closing_range(unsigned first, unsigned last, const void *site)
{
	if (fdg_reuseport_any())
		fdg_reuseport_closing_slow(first, last, site);
}
static inline void fdg_reuseport_closed_range(unsigned first, unsigned last)
{
	if (fdg_reuseport_any())
		fdg_reuseport_closed_slow(first, last);
}
/* Around shutdown(); the second is told what the first returned. */
bool fdg_reuseport_shutting(int fd, int how, const void *site);
void fdg_reuseport_shut(int fd, bool quiet);

/* The process ends; or, by_exec, its close-on-exec descriptors do. */
void fdg_reuseport_leaving_slow(bool by_exec, const void *site);
static inline void fdg_reuseport_leaving(bool by_exec, const void *site)
{
	if (fdg_reuseport_any())
		fdg_reuseport_leaving_slow(by_exec, site);
}

/* A listener, or several that end together, that take queued connections with them. */
struct fdg_reset {
	int fd; /* one of them; -1: it was the process that ended */
	struct fdg_group group;
	enum { FDG_RESET_CLOSE, FDG_RESET_LAST /* of the group */, FDG_RESET_SHUTDOWN, FDG_RESET_EXIT, FDG_RESET_EXEC, FDG_RESET_LAST_BY_EXIT, FDG_RESET_LAST_BY_EXEC,
	       FDG_RESET_LATE, FDG_RESET_STARTED, FDG_RESET_ENDED, FDG_RESET_FILTERED, FDG_RESET_LEFT /* these and after: of what was handed over */ } how;
	unsigned listeners, queued, backlog, siblings;
	unsigned saved;   /* … of queued, by handing them to siblings in this process */
	int migrate_req;  /* the sysctl; -1: there is none, 2: not known */
	bool is_migrated; /* by our program */
	bool is_refused;  /* … the kernel takes none of ours: the case for hand-over */
	const char *why;  /* not; NULL: reuseport=report */
	const char *mend; /* what would help; NULL: nothing simple */
	const char *not_saved; /* why hand-over did nothing, or not all; NULL: it did, or was not tried */
	const char *gap; /* why some of what came until it was closed may be reset, besides; NULL: nothing may */
	enum fdg_unseen unseen; /* others that may have the listeners, and save them */
	const void *site, *made_at; /* NULL: not known */
	uint32_t origin;
};
void fdg_reset_say(const struct fdg_reset *r);

/* Is anything to be done here and now? */
bool fdg_reuseport_is_on(void);
/* The namespace's net.ipv4.tcp_migrate_req; -1: the kernel has none; 2: not known. */
int fdg_reuseport_migrate_req(void);
/* What waits in a listener's queue, and for how many there is room. */
bool fdg_reuseport_queue(int fd, unsigned *ret_queued, unsigned *ret_backlog);
/* It came with the program, or by SCM_RIGHTS, or is not known. */
bool fdg_reuseport_is_from_elsewhere(int fd);
/* May another process have fd's description? True where that is not known. */
bool fdg_reuseport_is_elsewhere(int fd);
/* … and no other number of this process either. */
bool fdg_reuseport_is_last(int fd);
/* … then nothing arrives at fd, which is closed at once, while the kernel migrates its queue. */
bool fdg_reuseport_quieten(int fd, const struct fdg_group *g);
/* Is the queue handed over by the kernel; and if not, why, and what would help? */
void fdg_reuseport_cured(struct fdg_reset *r);

#endif
