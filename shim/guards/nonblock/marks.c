// SPDX-License-Identifier: MIT
#include "guards/nonblock/marks.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/stat.h>

#include "base/big.h"
#include "base/sys.h"
#include "guards/nonblock/late.h"
#include "guards/nonblock/nonblock.h"
#include "guards/nonblock/shared.h"

#include "base/poison.h"

#define CHUNK 1024u

struct mark {
	_Atomic uint64_t identity; /* 0: not known */
	_Atomic uint32_t generation; /* of the entry: all eventfds are one inode */
	const void *_Atomic site;
	const char *_Atomic call;
	_Atomic int asker; /* the process that asked for fd's mode last; set or not */
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

/* NULL: nothing near it ever had one. */
static struct mark *known_mark_of(int fd)
{
	struct mark *chunk = (unsigned)fd < FDG_WATCH_MAX ? atomic_load_explicit(&chunks[(unsigned)fd / CHUNK], memory_order_acquire) : NULL;

	return chunk ? &chunk[(unsigned)fd % CHUNK] : NULL;
}

/* Do only calls that we see wait for it? Not so for message queues (mq_receive), processes (waitid), and devices of any kind. */
static bool is_data(int fd)
{
	fdg_kindword kind = fdg_ledger_state(fd) & FDG_KIND_MASK;

	if (fdg_kindword_kind(kind) != FDG_KIND_SOCKET && fdg_kind_ask(fd, &kind) < 0)
		return false;
	switch (fdg_kindword_kind(kind)) {
	case FDG_KIND_SOCKET:
	case FDG_KIND_PIPE:
	case FDG_KIND_TTY:
	case FDG_KIND_EVENT:
	case FDG_KIND_TIMER:
	case FDG_KIND_SIGNAL:
	case FDG_KIND_INOTIFY:
	case FDG_KIND_FANOTIFY:
		return true;
	default:
		return false;
	}
}

/* libc reads and writes 0 to 2 and streams inside, past us. */
bool fdg_mark_can(int fd)
{
	return fd > 2 && (unsigned)fd < FDG_WATCH_MAX && !(fdg_ledger_state(fd) & FDG_STREAM) && is_data(fd) && mark_of(fd);
}

bool fdg_mark_keep(int fd, uint32_t generation, const void *site, const char *call)
{
	struct mark *m = fdg_mark_can(fd) ? mark_of(fd) : NULL;

	if (!m)
		return false;
	atomic_store_explicit(&m->identity, identity_now(fd), memory_order_relaxed);
	atomic_store_explicit(&m->site, site, memory_order_relaxed);
	atomic_store_explicit(&m->call, call, memory_order_relaxed);
	atomic_store_explicit(&m->generation, generation, memory_order_relaxed);
	if (!fdg_mark_any())
		atomic_store_explicit(&fdg_marked, true, memory_order_relaxed);
	return true;
}

void fdg_mark_set(int fd, uint32_t generation, const void *site, const char *call)
{
	if (fdg_mark_keep(fd, generation, site, call))
		fdg_watch_change(fd, FDG_WATCH_BLOCKS, 0);
}

static void stop_waiting(int fd)
{
	if (fdg_mark_is(fd))
		fdg_watch_change(fd, 0, FDG_WATCH_BLOCKS);
}

void fdg_mark_clear(int fd)
{
	struct mark *m = fdg_mark_any() && !fdg_foreign_memory() ? known_mark_of(fd) : NULL;

	if (m)
		atomic_store_explicit(&m->call, NULL, memory_order_relaxed);
	stop_waiting(fd);
}

static bool is_of_mark(int fd, const struct mark *m)
{
	uint64_t identity = atomic_load_explicit(&m->identity, memory_order_relaxed);

	return atomic_load_explicit(&m->generation, memory_order_relaxed) == fdg_ledger_generation(fd) && (!identity || identity == identity_now(fd));
}

bool fdg_nonblock_still(int fd)
{
	struct mark *m = known_mark_of(fd);

	if (!m || is_of_mark(fd, m))
		return true;
	fdg_mark_clear(fd);
	return false;
}

void fdg_mark_asked(int fd)
{
	struct mark *m = (unsigned)fd < FDG_WATCH_MAX ? mark_of(fd) : NULL;

	if (m)
		atomic_store_explicit(&m->asker, fdg_sys_getpid(), memory_order_relaxed);
}

bool fdg_mark_is_asked(int fd)
{
	struct mark *m = known_mark_of(fd);

	return m && atomic_load_explicit(&m->asker, memory_order_relaxed) == fdg_sys_getpid();
}

/*
 * Giving up: the whole description has the mode that was asked for last
 */

/*
 * From fd on, which is the first itself. Nothing is kept that is 0 to 2; and a search from the beginning that finds nobody would be remembered (fdg_holders_is_alone), and
 * then the next wish would not pass here.
 */
static int next_holder(int fd, int h)
{
	return fdg_holders_next(fd, h == fd ? 2 : h);
}

/* Is its description non-blocking by our doing alone? Whether fd waits for that or counts on it: who asked to block may have closed his. */
static bool is_kept(int fd)
{
	struct mark *m = known_mark_of(fd);

	return m && atomic_load(&m->call) && is_of_mark(fd, m);
}

/* One that waits, if there is one. */
static int kept_holder(int fd)
{
	int kept = -1;

	for (int h = fdg_mark_any() ? fd : -1; h >= 0; h = next_holder(fd, h)) {
		if (!is_kept(h))
			continue;
		kept = h;
		if (fdg_mark_is(h))
			break;
	}
	return kept;
}

static bool make_blocking(int fd)
{
	int flags = fdg_sys_fcntl(fd, F_GETFL, 0);

	return flags >= 0 && flags & O_NONBLOCK && fdg_sys_fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) == 0;
}

/* By which number it was asked to block, another process knows, who told; or nobody, if that is closed. */
static void tell_given_up(int any)
{
	int fd = kept_holder(any);
	struct mark *m = fd >= 0 && fdg_mark_is(fd) ? mark_of(fd) : NULL;
	struct fdg_shared s = { .fd = fd, .level = FDG_LEVEL_WARNING };

	if (!m || !atomic_load(&m->site))
		return;
	s.call = atomic_load(&m->call);
	s.site = atomic_load(&m->site);
	for (int h = next_holder(fd, fd); h >= 0; h = next_holder(fd, h))
		if (fdg_mark_counts(h)) {
			s.other = h;
			fdg_shared_report(&s);
			return;
		}
}

static void clear_all(int fd)
{
	for (int h = fd; h >= 0; h = next_holder(fd, h))
		fdg_mark_clear(h);
}

/* What a vfork child gave up, in the thread-local storage that it borrows: its parent takes the marks off, and tells. */
static _Thread_local struct { unsigned count; int fd[4]; } by_child;

static void note_for_parent(int fd)
{
	if (fdg_vfork_depth > 0 && by_child.count < sizeof(by_child.fd) / sizeof(*by_child.fd))
		by_child.fd[by_child.count++] = fd;
}

void fdg_nonblock_child_left(void)
{
	unsigned count = fdg_foreign_memory() ? 0 : by_child.count;

	for (unsigned i = 0; i < count; i++) {
		int fd = by_child.fd[i], flags = is_kept(fd) ? fdg_sys_fcntl(fd, F_GETFL, 0) : -1;

		if (flags < 0 || flags & O_NONBLOCK) /* its exec failed, and it took that back */
			continue;
		tell_given_up(fd);
		clear_all(fd);
	}
	if (count)
		by_child.count = 0;
}

void fdg_nonblock_give_up(int fd)
{
	int kept = kept_holder(fd);

	if (kept < 0) {
		fdg_mark_clear(fd); /* who made it non-blocking asked last */
		return;
	}
	if (make_blocking(kept)) {
		if (fdg_foreign_memory())
			note_for_parent(kept);
		else
			tell_given_up(kept);
	}
	clear_all(kept); /* not before: a reader that finds no mark counts on the kernel */
}

/* A copy of what waits waits too, if it would without us. What is 0 to 2 is read by code that we do not see, and in memory that is not ours nobody would know of it. */
void fdg_nonblock_copied(int from, int to)
{
	struct mark *m;

	if (to <= 2 || fdg_foreign_memory()) {
		fdg_nonblock_give_up(from);
		return;
	}
	if (!is_kept(from))
		return;
	m = mark_of(from);
	fdg_mark_keep(to, fdg_ledger_generation(to), atomic_load(&m->site), atomic_load(&m->call));
	if (fdg_mark_is(from))
		fdg_watch_change(to, FDG_WATCH_BLOCKS, 0);
}

void fdg_mark_polled(int fd)
{
	if (!is_kept(fd))
		fdg_mark_clear(fd);
}

/* Will a program that is started now have what fd is? By any number. */
static bool survives(int fd, bool (*closes)(const void *how, int fd), const void *how)
{
	for (int h = fd; h >= 0; h = next_holder(fd, h))
		if (fdg_sys_fcntl(h, F_GETFD, 0) == 0 && !(closes && closes(how, h)))
			return true;
	return false;
}

static int next_survivor(int fd, bool (*closes)(const void *how, int fd), const void *how)
{
	for (fd = fdg_ledger_next(fd); fd >= 0; fd = fdg_ledger_next(fd + 1))
		if (is_kept(fd) && survives(fd, closes, how))
			return fd;
	return -1;
}

void fdg_nonblock_release(void)
{
	if (!fdg_foreign_memory())
		fdg_board_leave();
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
	for (int fd = next_survivor(3, NULL, NULL); fd >= 0; fd = next_survivor(fd + 1, NULL, NULL)) {
		if (!make_blocking(fd))
			continue;
		if (fdg_foreign_memory())
			note_for_parent(fd);
		if (g->count < FDG_GIVEN_MAX)
			g->fd[g->count++] = fd;
	}
}

void fdg_nonblock_exec_tell(const struct fdg_nonblock_given *g)
{
	for (unsigned i = 0; i < g->count; i++)
		tell_given_up(g->fd[i]);
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
	for (int fd = next_survivor(3, closes, how); fd >= 0; fd = next_survivor(fd + 1, closes, how))
		fdg_nonblock_give_up(fd);
}
