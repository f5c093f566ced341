// SPDX-License-Identifier: MIT
#include "guards/marks.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/big.h"
#include "base/sys.h"
#include "guards/nonblock.h"
#include "guards/shared.h"

#include "base/poison.h"

#define CHUNK 1024u

struct mark {
	_Atomic uint64_t identity; /* 0: not known */
	_Atomic uint32_t generation; /* of the entry: all eventfds are one inode */
	const void *_Atomic site;  /* where the program asked for it; NULL: it never did, and blocked before another was made non-blocking */
	const char *_Atomic call;
};

FDG_BIG static struct mark *_Atomic chunks[FDG_WATCH_MAX / CHUNK];
_Atomic bool fdg_marked;

static uint64_t identity_now(int fd)
{
	struct stat st;

	return fdg_sys_fstat(fd, &st) < 0 ? 0 : (st.st_ino << 1 ^ (uint64_t)st.st_dev << 40) | 1;
}

static struct mark *mark_of(int fd)
{
	struct mark *_Atomic *slot = &chunks[(unsigned)fd / CHUNK];
	struct mark *chunk = atomic_load_explicit(slot, memory_order_acquire), *none = NULL;

	if (!chunk) {
		chunk = fdg_sys_mmap(CHUNK * sizeof(*chunk), false);
		if (chunk && !atomic_compare_exchange_strong(slot, &none, chunk)) {
			fdg_sys_munmap(chunk, CHUNK * sizeof(*chunk));
			chunk = none;
		}
	}
	return chunk ? &chunk[(unsigned)fd % CHUNK] : NULL;
}

/* libc reads and writes 0 to 2 and streams inside, past us. */
bool fdg_mark_can(int fd)
{
	return fd > 2 && (unsigned)fd < FDG_WATCH_MAX && !(fdg_ledger_state(fd) & FDG_STREAM) && mark_of(fd);
}

void fdg_mark_set(int fd, const void *site, const char *call)
{
	struct mark *m = fdg_mark_can(fd) ? mark_of(fd) : NULL;

	if (!m)
		return;
	atomic_store_explicit(&m->identity, identity_now(fd), memory_order_relaxed);
	atomic_store_explicit(&m->site, site, memory_order_relaxed);
	atomic_store_explicit(&m->call, call, memory_order_relaxed);
	atomic_store_explicit(&m->generation, fdg_ledger_generation(fd), memory_order_relaxed);
	if (!fdg_mark_any())
		atomic_store_explicit(&fdg_marked, true, memory_order_relaxed);
	fdg_watch_change(fd, FDG_WATCH_BLOCKS, 0);
}

void fdg_mark_clear(int fd)
{
	if (fdg_mark_is(fd))
		fdg_watch_change(fd, 0, FDG_WATCH_BLOCKS);
}

bool fdg_nonblock_still(int fd)
{
	struct mark *m = mark_of(fd);
	uint64_t identity = m ? atomic_load_explicit(&m->identity, memory_order_relaxed) : 0;

	if ((!identity || identity == identity_now(fd)) && (!m || atomic_load_explicit(&m->generation, memory_order_relaxed) == fdg_ledger_generation(fd)))
		return true;
	fdg_mark_clear(fd);
	return false;
}

/* A copy of what waits waits too. One that is 0 to 2 is read by code that we do not see, and in memory that is not ours nobody would know of it. */
void fdg_nonblock_copied(int from, int to)
{
	struct mark *m = fdg_mark_is(from) ? mark_of(from) : NULL;

	if (m && (to <= 2 || fdg_foreign_memory()))
		fdg_nonblock_give_up(from);
	else if (m)
		fdg_mark_set(to, atomic_load(&m->site), atomic_load(&m->call));
}

static void tell_given_up(int fd, const struct mark *m)
{
	struct fdg_shared s = { .fd = fd, .call = atomic_load(&m->call), .site = atomic_load(&m->site), .level = FDG_LEVEL_WARNING };

	for (int h = fdg_holders_next(fd, -1); h >= 0; h = fdg_holders_next(fd, h))
		if (fdg_ledger_state(h) & FDG_NONBLOCK) {
			s.other = h;
			fdg_shared_report(&s);
			return;
		}
}

/* What the program asked for, really. One that never asked has what another asked for. */
void fdg_nonblock_give_up(int fd)
{
	struct mark *m = fdg_mark_is(fd) && fdg_nonblock_still(fd) ? mark_of(fd) : NULL;
	int flags = m ? fdg_sys_fcntl(fd, F_GETFL, 0) : -1;

	if (flags < 0)
		return;
	if (atomic_load(&m->site) && flags & O_NONBLOCK)
		fdg_sys_fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
	fdg_mark_clear(fd); /* not before: a reader that finds no mark counts on the kernel */
	if (atomic_load(&m->site) && flags & O_NONBLOCK && !fdg_foreign_memory()) /* else who gave it up told */
		tell_given_up(fd, m);
}

/* Will a program that is started now have fd, and count on its blocking? One that was never asked to is non-blocking without us, too. */
static bool survives(int fd)
{
	struct mark *m = fdg_mark_is(fd) && fdg_nonblock_still(fd) ? mark_of(fd) : NULL;

	return m && atomic_load(&m->site) && fdg_sys_fcntl(fd, F_GETFD, 0) == 0;
}

static int next_survivor(int fd)
{
	for (fd = fdg_ledger_next(fd); fd >= 0; fd = fdg_ledger_next(fd + 1))
		if (survives(fd))
			return fd;
	return -1;
}

/* A vfork child gave up what it passed on, and could write nothing of it. */
void fdg_nonblock_child_left(void)
{
	if (!fdg_mark_any() || fdg_foreign_memory())
		return;
	for (int fd = fdg_ledger_next(3); fd >= 0; fd = fdg_ledger_next(fd + 1)) {
		int flags = fdg_mark_is(fd) && fdg_nonblock_still(fd) ? fdg_sys_fcntl(fd, F_GETFL, 0) : -1;

		if (flags < 0 || flags & O_NONBLOCK)
			continue;
		fdg_mark_clear(fd);
		tell_given_up(fd, mark_of(fd));
	}
}

void fdg_nonblock_release(void)
{
	if (!fdg_mark_any() || fdg_foreign_memory())
		return;
	for (int fd = fdg_ledger_next(3); fd >= 0; fd = fdg_ledger_next(fd + 1))
		fdg_nonblock_give_up(fd);
}

void fdg_nonblock_exec(struct fdg_nonblock_given *g)
{
	g->count = 0;
	fdg_nonblock_tick();
	if (!fdg_mark_any())
		return;
	for (int fd = next_survivor(3); fd >= 0; fd = next_survivor(fd + 1)) {
		int flags = fdg_sys_fcntl(fd, F_GETFL, 0);

		if (flags < 0 || !(flags & O_NONBLOCK))
			continue;
		fdg_sys_fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
		if (g->count < FDG_GIVEN_MAX)
			g->fd[g->count++] = fd;
	}
}

void fdg_nonblock_exec_tell(const struct fdg_nonblock_given *g)
{
	for (unsigned i = 0; i < g->count; i++)
		tell_given_up(g->fd[i], mark_of(g->fd[i]));
}

void fdg_nonblock_exec_failed(const struct fdg_nonblock_given *g)
{
	for (unsigned i = 0; i < g->count; i++) {
		int flags = fdg_sys_fcntl(g->fd[i], F_GETFL, 0);

		if (flags >= 0)
			fdg_sys_fcntl(g->fd[i], F_SETFL, flags | O_NONBLOCK);
	}
}

void fdg_nonblock_starts(bool (*closes)(const void *how, int fd), const void *how)
{
	if (!fdg_mark_any())
		return;
	for (int fd = next_survivor(3); fd >= 0; fd = next_survivor(fd + 1))
		if (!closes || !closes(how, fd))
			fdg_nonblock_give_up(fd);
}
