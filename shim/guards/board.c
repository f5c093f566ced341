// SPDX-License-Identifier: MIT
/*
 * What lies on the board is written by relatives, which may be another program's code by then, or gone wild: no pointers, and every number is taken for what it may be.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>

#include "base/big.h"
#include "base/state.h"
#include "base/sys.h"
#include "guards/board.h"
#include "guards/nonblock/late.h"
#include "guards/nonblock/nonblock.h"
#include "report/run.h"
#include "report/symbol.h"

#include "base/poison.h"

#define OBJECTS 32 /* of other processes, in this one */

static const char *const calls[] = { "F_SETFL", "FIONBIO" };

static struct fdg_board *_Atomic board;
static _Atomic uint64_t noticed[FDG_POSTS]; /* the last that it knows of, in each place */

static _Atomic unsigned acts; /* forks and posts: what this process may have to judge */
static _Thread_local unsigned acts_before; /* … of its parent's, on its first thread: a page that a child writes anyway */

struct fdg_board *fdg_board(void)
{
	return atomic_load_explicit(&board, memory_order_acquire);
}

void fdg_board_open(void)
{
	struct fdg_board *fresh, *none = NULL;

	if (fdg_board())
		return;
	fresh = fdg_sys_mmap(sizeof(*fresh), true);
	if (fresh && !atomic_compare_exchange_strong(&board, &none, fresh))
		fdg_sys_munmap(fresh, sizeof(*fresh));
	atomic_store_explicit(&fdg_late_ticks, true, memory_order_relaxed);
	if (!fdg_board())
		return;
	atomic_store_explicit(&fdg_children, &fdg_board()->children, memory_order_release);
	atomic_store_explicit(&fdg_news.at, &fdg_board()->written, memory_order_release);
	atomic_store_explicit(&fdg_news.end, 0, memory_order_relaxed);
}

void fdg_board_forking(void)
{
	fdg_board_open();
	atomic_fetch_add_explicit(&acts, 1, memory_order_relaxed);
}

void fdg_board_forked(void)
{
	acts_before = atomic_load_explicit(&acts, memory_order_relaxed);
}

bool fdg_board_has_acted(void)
{
	return atomic_load_explicit(&acts, memory_order_relaxed) != acts_before;
}

void fdg_board_leave(void)
{
	atomic_store_explicit(&fdg_news.at, NULL, memory_order_relaxed);
}

bool fdg_post_is_of(const struct fdg_post *p, const struct stat *st)
{
	return p->dev == st->st_dev && p->ino == st->st_ino;
}

/* The same one, and by the same name: what was passed is known by its number in one process. */
static bool is_same(const struct fdg_post *p, const struct stat *st, uint64_t description, int fd)
{
	return p->description == description && fdg_post_is_of(p, st) && (description || (p->pid == fdg_sys_getpid() && p->fd == fd));
}

/* The id by which relatives know it too. */
static uint64_t known_as(int fd)
{
	return fdg_holders_is_older(fd) ? fdg_ledger_description(fd) : 0;
}

/* Is this change the way back? Then all that was posted of the description is settled. */
static bool restores(struct fdg_board *b, const struct stat *st, int fd, bool asked)
{
	uint64_t count = atomic_load(&b->count), description = known_as(fd);
	bool known = false, base = false;

	for (uint64_t n = count > FDG_POSTS ? count - FDG_POSTS : 0; n < count; n++) {
		struct fdg_post *p = &b->post[n % FDG_POSTS];

		if (atomic_load(&p->number) != n + 1 || !is_same(p, st, description, fd))
			continue;
		base = known ? base : p->was != 0;
		known = true;
		if (base == asked)
			atomic_store(&p->told, FDG_POST_SETTLED);
	}
	return known && base == asked;
}

static void put_place(struct fdg_post *p, const void *site)
{
	struct fdg_place place = { NULL, 0 };
	size_t n = fdg_place_of(site, &place) ? strlen(place.object) : FDG_POST_OBJECT;

	p->offset = place.offset;
	p->object[0] = '\0';
	if (n < FDG_POST_OBJECT)
		memcpy(p->object, place.object, n + 1);
}

static void put_change(struct fdg_post *p, const struct fdg_shared *s, const struct stat *st)
{
	p->pid = fdg_sys_getpid();
	p->parent = fdg_forked_from;
	p->dev = st->st_dev;
	p->ino = st->st_ino;
	p->description = known_as(s->fd);
	p->passed = fdg_ledger_state(s->fd) & FDG_PASSED ? 1 : 0;
	p->when = (uint64_t)fdg_late_now();
	p->fd = s->fd;
	p->asked = s->asked;
	p->fixed = s->fixed;
	p->call = strcmp(s->call, calls[1]) == 0;
	p->origin = s->origin;
	put_place(p, s->site);
}

int fdg_board_asked_by(int fd, int pid)
{
	struct fdg_board *b = fdg_board();
	uint64_t count = b ? atomic_load(&b->count) : 0, description = known_as(fd);
	struct stat st;

	if (!count || !pid || !description || fdg_sys_fstat(fd, &st) < 0)
		return -1;
	for (uint64_t n = count; n > 0 && n + FDG_POSTS > count; n--) {
		struct fdg_post *p = &b->post[(n - 1) % FDG_POSTS];

		if (atomic_load(&p->number) == n && p->pid == pid && is_same(p, &st, description, fd))
			return atomic_load(&p->told) == FDG_POST_SETTLED ? -1 : p->asked == 1;
	}
	return -1;
}

void fdg_board_post(const struct fdg_shared *s, bool was)
{
	struct fdg_board *b = fdg_board();
	struct fdg_post *p;
	struct stat st;
	uint64_t n;

	if (!b || fdg_sys_fstat(s->fd, &st) < 0 || (!s->fixed && restores(b, &st, s->fd, s->asked)) || was == s->asked)
		return;
	n = atomic_fetch_add(&b->count, 1);
	p = &b->post[n % FDG_POSTS];
	atomic_store(&p->number, 0);
	atomic_store(&p->told, 0);
	p->was = was;
	put_change(p, s, &st);
	atomic_store_explicit(&p->number, n + 1, memory_order_release);
	atomic_fetch_add(&b->written, 1);
	atomic_fetch_add_explicit(&acts, 1, memory_order_relaxed);
}

bool fdg_board_is_news(unsigned place, uint64_t number)
{
	uint64_t last = atomic_load_explicit(&noticed[place], memory_order_relaxed);

	return number && number != last && atomic_compare_exchange_strong(&noticed[place], &last, number);
}

/* Text that stays: the program's own, or one of a few that are kept. NULL: no room. */
static const char *keep_object(const char *path)
{
	FDG_BIG static struct { _Atomic int state; char path[FDG_POST_OBJECT]; } kept[OBJECTS];
	enum { FREE, BUSY, READY };

	if (fdg_run_exe() && strcmp(path, fdg_run_exe()) == 0)
		return fdg_run_exe();
	for (unsigned i = 0; i < OBJECTS; i++) {
		int state = FREE;

		if (atomic_compare_exchange_strong(&kept[i].state, &state, BUSY)) {
			memcpy(kept[i].path, path, strlen(path) + 1);
			atomic_store_explicit(&kept[i].state, READY, memory_order_release);
			return kept[i].path;
		}
		if (state == READY && strcmp(kept[i].path, path) == 0)
			return kept[i].path;
	}
	return NULL;
}

struct fdg_shared fdg_post_change(const struct fdg_post *p)
{
	struct fdg_shared s = { .fd = p->fd, .asked = p->asked, .fixed = p->fixed, .call = calls[p->call == 1], .level = FDG_LEVEL_WARNING };

	if (p->pid == fdg_sys_getpid())
		s.origin = p->origin;
	if (p->object[0])
		s.place = (struct fdg_place){ keep_object(p->object), p->offset };
	return s;
}

bool fdg_board_copy(const struct fdg_post *posted, uint64_t number, struct fdg_post *ret)
{
	if (!number || atomic_load_explicit(&posted->number, memory_order_acquire) != number)
		return false;
	*ret = *posted;
	ret->object[FDG_POST_OBJECT - 1] = '\0';
	return atomic_load(&posted->number) == number;
}
