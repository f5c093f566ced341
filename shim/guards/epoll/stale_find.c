// SPDX-License-Identifier: MIT
/*
 * An event comes from a number that is closed here, or is another file's by now. The kernel's list says which numbers carry the event's data, and kcmp whether what such
 * a number was registered for is what it is now, and who has that; where kcmp is forbidden, the inode does as far as it goes.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>

#include "base/files.h"
#include "base/fmt.h"
#include "base/same.h"
#include "base/state.h"
#include "base/sys.h"
#include "guards/epoll/fdinfo.h"
#include "guards/epoll/ghosts.h"
#include "guards/epoll/sets.h"
#include "guards/epoll/stale.h"
#include "guards/holders.h"
#include "guards/sharer.h"
#include "options/options.h"

#include "base/poison.h"

#define SAME 8u          /* registrations with the same data that are looked at */
#define UNKNOWN_MAX 1024 /* numbers that the ledger need not know */
#define PROCESSES_MAX 4096
#define THEIRS_MAX 1024 /* numbers of another process */

struct candidates {
	uint64_t data;
	unsigned count;
	struct fdg_stale of[SAME];
	bool is_placed[SAME];
};

/* Each socket has an inode of its own. */
static bool is_surely_there(const struct fdg_fdinfo *line)
{
	struct stat st;

	return fdg_sys_fstat(line->fd, &st) == 0 && S_ISSOCK(st.st_mode) && line->has_file && st.st_ino == line->ino &&
	       st.st_dev == line->dev;
}

static bool with_data(void *cookie, const struct fdg_fdinfo *line)
{
	struct candidates *c = cookie;

	if (line->data == c->data && !is_surely_there(line))
		c->of[c->count++] = (struct fdg_stale){ .fd = line->fd,
							.data = line->data,
							.events = line->events & ~(uint32_t)(EPOLLERR | EPOLLHUP),
							.has_file = line->has_file,
							.mask = line->events,
							.ino = line->ino,
							.dev = line->dev,
							.other = -1,
							.look = -1,
							.is_left = true };
	return c->count < SAME;
}

/* In a mapping of its own: programs wait on small stacks. */
struct room {
	struct candidates c;
	struct fdg_stale s;
	struct fdg_numbers numbers;
};

/* The kernel tells the registrations of one number apart by counting them. */
static bool place(void *cookie, const struct fdg_fdinfo *line)
{
	struct candidates *c = cookie;
	bool is_taken = false;

	for (unsigned i = 0; i < c->count; i++) {
		struct fdg_stale *s = &c->of[i];

		if (c->is_placed[i] || s->fd != line->fd)
			continue;
		if (!is_taken && s->data == line->data && s->ino == line->ino && s->mask == line->events)
			c->is_placed[i] = is_taken = true;
		else
			s->nth++;
	}
	return true;
}

/* Is n of process pid what s was registered for? 1, 0, or a negative errno. */
static long is_target(const struct fdg_stale *s, int pid, int n)
{
	struct kcmp_epoll_slot slot = { (uint32_t)s->epfd, (uint32_t)s->fd, s->nth };
	long r = fdg_sys5(SYS_kcmp, pid, fdg_sys_getpid(), KCMP_EPOLL_TFD, n, &slot);

	return r < 0 ? r : r == 0;
}

static bool is_file(const struct fdg_stale *s, const struct stat *st)
{
	return s->has_file && st->st_ino == s->ino && st->st_dev == s->dev;
}

static bool is_stale(struct fdg_stale *s)
{
	struct stat st;
	bool is_closed = fdg_sys_fstat(s->fd, &st) < 0;
	long r = is_target(s, fdg_sys_getpid(), s->fd);

	s->is_reused = !is_closed;
	if (is_closed)
		return r == -EBADF || r == -EPERM || r == -ENOSYS || r == -EOPNOTSUPP || r == -EINVAL;
	if (r >= 0)
		return !r;
	return r != -ENOENT && r != -EBADF && s->has_file && !is_file(s, &st);
}

/* SAID: one is, and *ret is it. UNKNOWN: the list could not be read now. */
static enum fdg_stale_answer look_for(struct candidates *c, int epfd, uint64_t data, struct fdg_stale *ret)
{
	memset(c, 0, sizeof(*c));
	c->data = data;
	if (!fdg_fdinfo_each(epfd, with_data, c) || (c->count && !fdg_fdinfo_each(epfd, place, c)))
		return FDG_STALE_UNKNOWN;
	for (unsigned i = 0; i < c->count; i++) {
		c->of[i].epfd = epfd;
		if (c->is_placed[i] && is_stale(&c->of[i])) {
			*ret = c->of[i];
			return FDG_STALE_SAID;
		}
	}
	return FDG_STALE_NOT;
}

/* ---- whose it is ---- */

/* What a relative registered goes by the relative's numbers. */
static bool is_own(struct fdg_stale *s)
{
	struct fdg_ghost g;
	struct fdg_registration r;
	unsigned at = 0;

	if (fdg_ghost_find(s->epfd, s->fd, s->data, &g)) {
		s->registered_at = g.r.site;
		s->events = g.r.events;
		s->closed_at = g.closed_at;
		s->made_at = g.made_at;
		return g.r.owner == fdg_sys_getpid();
	}
	while (fdg_interest_next(s->fd, &at, &r))
		if (r.data == s->data && fdg_interest_is_of(&r, s->epfd)) {
			s->registered_at = r.site;
			s->events = r.events;
			return r.owner == fdg_sys_getpid();
		}
	return fdg_holders_is_alone(s->epfd);
}

/* ---- who has it ---- */

/* Without kcmp a socket alone is proof: two ends of a pipe have one inode, and all eventfds and their like. */
static bool is_surely_file(const struct fdg_stale *s, const struct stat *st)
{
	return S_ISSOCK(st->st_mode) && is_file(s, st);
}

static bool is_holder_here(const struct fdg_stale *s, int n)
{
	struct stat st;
	long r = is_target(s, fdg_sys_getpid(), n);

	if (r >= 0)
		return r;
	return r != -EBADF && r != -ENOENT && fdg_sys_fstat(n, &st) == 0 && is_surely_file(s, &st);
}

/* The least number above `after`; -1: none. */
static int holder_here(const struct fdg_stale *s, int after)
{
	for (int n = fdg_ledger_next(after + 1); n >= 0; n = fdg_ledger_next(n + 1))
		if (is_holder_here(s, n))
			return n;
	for (int n = 0; n < UNKNOWN_MAX; n++)
		if (n != after && !fdg_ledger_state(n) && is_holder_here(s, n))
			return n;
	return -1;
}

static int next_relative(unsigned *at, bool is_child)
{
	struct fdg_children *c = atomic_load_explicit(&fdg_children, memory_order_acquire);
	int self = fdg_sys_getpid();

	while (c && *at < FDG_CHILDREN) {
		uint64_t entry = atomic_load_explicit(&c->child[(*at)++], memory_order_relaxed);
		int pid = (int)(uint32_t)entry;

		if (pid > 0 && pid != self && (!is_child || (int)(entry >> 32) == self) && fdg_sys2(SYS_kill, pid, 0) >= 0)
			return pid;
	}
	return 0;
}

int fdg_stale_next_child(unsigned *at)
{
	return next_relative(at, true);
}

int fdg_stale_next_relative(unsigned *at)
{
	return next_relative(at, false);
}

static bool is_holder_there(const struct fdg_stale *s, int pid, int n)
{
	char path[64];
	struct fdg_buf b = FDG_BUF(path);
	struct stat st;
	long r = is_target(s, pid, n);

	if (r >= 0)
		return r;
	if (r == -EBADF || r == -ENOENT || r == -ESRCH)
		return false;
	fdg_fmt(&b, "/proc/%d/fd/%d", pid, n);
	return fdg_sys_stat(path, &st) == 0 && is_surely_file(s, &st);
}

static int holder_there(const struct fdg_stale *s, int pid)
{
	if (is_holder_there(s, pid, s->fd))
		return s->fd;
	for (int n = 0; n < THEIRS_MAX; n++)
		if (is_holder_there(s, pid, n))
			return n;
	return -1;
}

static void look_there(struct fdg_stale *s, int pid)
{
	s->other = holder_there(s, pid);
	if (s->other < 0)
		return;
	s->other_pid = pid;
}

/* Who inherited it has it by its number, or by one of the three. */
static int stranger(void *cookie, int pid)
{
	struct fdg_stale *s = cookie;
	const int numbers[] = { s->fd, 0, 1, 2 };

	for (unsigned i = 0; i < 4 && pid != fdg_sys_getpid(); i++)
		if (is_holder_there(s, pid, numbers[i])) {
			s->other = numbers[i];
			s->other_pid = pid;
			return 1;
		}
	return 0;
}

static void find_holder(struct room *room)
{
	struct fdg_stale *s = &room->s;
	unsigned at = 0;
	int pid;

	s->other = s->look = holder_here(s, -1);
	while (s->other < 0 && (pid = fdg_stale_next_child(&at)) > 0)
		look_there(s, pid);
	if (s->other < 0 && fdg_forked_from && fdg_forked_from == fdg_sys_getppid())
		look_there(s, fdg_forked_from);
	if (s->other < 0)
		fdg_each_number(&room->numbers, "/proc", PROCESSES_MAX, stranger, s);
}

/* ---- what is done about it ---- */

/* What we took out may be wanted again, if the description comes back to the number: stale.c. */
static void keep_what_was_taken(const struct fdg_stale *s)
{
	struct fdg_registration r;
	unsigned at = 0;

	while (fdg_interest_next(s->fd, &at, &r))
		if (r.data == s->data && fdg_interest_is_of(&r, s->epfd)) {
			fdg_interest_state(&r, FDG_INTEREST_TAKEN, 0);
			atomic_store_explicit(&fdg_stale_taken, true, memory_order_relaxed);
		}
	if (!s->other_pid && fdg_same_here(s->fd, s->other) == FDG_SAME) /* it came back while we were at it */
		fdg_stale_returned(s->fd);
}

static bool is_still_there(struct room *room)
{
	struct fdg_stale again, *s = &room->s;
	unsigned count = room->c.count;

	return look_for(&room->c, s->epfd, s->data, &again) == FDG_STALE_SAID && again.fd == s->fd &&
	       again.ino == s->ino && room->c.count >= count;
}

/*
 * A child's child was left behind to serve, as a rule, and what was executed is given an epoll on purpose. They need not have begun. A child that is our copy has
 * everything, and says nothing by that.
 */
static bool is_server(int pid)
{
	unsigned at = 0;
	int child;

	if (!pid || fdg_holders_has_execd(pid))
		return pid != 0;
	while ((child = fdg_stale_next_child(&at)) > 0)
		if (child == pid)
			return false;
	for (at = 0; (child = fdg_stale_next_relative(&at)) > 0;)
		if (child == pid)
			return true;
	return false;
}

static enum fdg_stale_answer judge(struct room *room)
{
	struct fdg_stale *s = &room->s;

	if (fdg_options.epoll == FDG_FIX && is_server(s->other_pid) && fdg_sets_may_have(s->epfd, s->other_pid))
		s->why = "that process has the epoll as well, and may be the one that serves it";
	else if (fdg_options.epoll == FDG_FIX && fdg_stale_cure(s, &s->why)) {
		s->fixed = !is_still_there(room);
		s->why = "the kernel has it still";
		keep_what_was_taken(s);
	}
	fdg_stale_say(s);
	return s->fixed ? FDG_STALE_CURED : FDG_STALE_SAID;
}

/* The program may act by another number that it has: then it knows what it does. By which, with several, is not to be told. */
static enum fdg_stale_answer ask_for_acts(const struct fdg_stale *s, int watched, int *ret_number)
{
	if (s->other < 0 || s->other_pid)
		return FDG_STALE_SAID;
	if (s->other == s->fd || holder_here(s, s->other) >= 0)
		return FDG_STALE_NOT;
	*ret_number = s->other;
	return s->other == watched ? FDG_STALE_SAID : FDG_STALE_WATCH;
}

/* Is fd what is registered under that number, and nothing else? */
static bool is_alive(int epfd, int fd)
{
	struct fdg_stale s = { .epfd = epfd, .fd = fd };

	if (fd < 0 || is_target(&s, fdg_sys_getpid(), fd) != 1)
		return false;
	s.nth = 1;
	return is_target(&s, fdg_sys_getpid(), fd) == -ENOENT;
}

static enum fdg_stale_answer find(struct room *room, int epfd, uint64_t data, const struct fdg_firing *f, int watched,
				  int *ret_number)
{
	enum fdg_stale_answer answer = look_for(&room->c, epfd, data, &room->s);

	if (answer != FDG_STALE_SAID)
		return answer;
	if (!is_own(&room->s) || fdg_sets_used(epfd))
		return FDG_STALE_NOT;
	room->s.fired = *f;
	find_holder(room);
	answer = ask_for_acts(&room->s, watched, ret_number);
	return answer == FDG_STALE_SAID ? judge(room) : answer;
}

enum fdg_stale_answer fdg_stale_found(int epfd, uint64_t data, const struct fdg_firing *f, int watched, int *ret_number)
{
	enum fdg_stale_answer answer;
	struct room *room;

	if (fdg_options.epoll == FDG_OFF || fdg_foreign_memory() || fdg_phase_now() != FDG_ACTIVE)
		return FDG_STALE_NOT;
	if (is_alive(epfd, watched)) /* the list need not be read */
		return FDG_STALE_NOT;
	room = fdg_sys_mmap(sizeof(*room), false);
	if (!room)
		return FDG_STALE_UNKNOWN;
	answer = find(room, epfd, data, f, watched, ret_number);
	fdg_sys_munmap(room, sizeof(*room));
	return answer;
}
