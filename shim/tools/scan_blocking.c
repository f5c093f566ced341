// SPDX-License-Identifier: MIT
/*
 * Sockets of an event loop that block: a read that should say EAGAIN keeps a thread.
 *
 * Edge-triggered: a loop that is told of changes alone reads until EAGAIN, so such a socket has to be non-blocking. Level-triggered it may be meant; it is told of only where the loop itself
 * stands still in it, seen twice.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/elf.h"
#include "tools/scan_facts.h"

struct blocked {
	const struct scan_interest *i;
	const struct scan_fd *f;
	size_t threads; /* in a call on it */
	bool is_edge;
};

struct all {
	struct blocked *b;
	size_t count, room, edges, pinned, stalls;
	const struct blocked *example;
};

static const struct scan_fd *open_socket(const struct scan *s, const struct scan_interest *i)
{
	const struct scan_fd *f = scan_find_fd(s->p, i->fd);

	return f && f->kind == SCAN_SOCKET && (!i->has_ino || i->ino == f->ino) ? f : NULL;
}

static int by_fd(const void *a, const void *b)
{
	const struct blocked *x = a, *y = b;

	return x->f->fd - y->f->fd;
}

static void collect(const struct scan *s, struct all *all)
{
	for (size_t n = 0; n < s->p->interests; n++) {
		const struct scan_interest *i = &s->p->interest[n];
		const struct scan_fd *f = open_socket(s, i);

		if (!f || f->flags == 0 || f->flags & O_NONBLOCK)
			continue;
		all->b = pool_grow(all->b, all->count, &all->room, sizeof(*all->b));
		all->b[all->count++] = (struct blocked){ .i = i, .f = f, .is_edge = i->events & EPOLLET };
	}
	if (all->count)
		qsort(all->b, all->count, sizeof(*all->b), by_fd);
}

static struct blocked *find(const struct all *all, uint64_t fd)
{
	const struct scan_fd f = { .fd = (int)fd };
	const struct blocked key = { .f = &f };

	return all->count && fd <= INT32_MAX ? bsearch(&key, all->b, all->count, sizeof(key), by_fd) : NULL;
}

static void count_threads(const struct scan *s, struct all *all)
{
	for (size_t n = 0; n < s->p->threads; n++) {
		const struct scan_thread *t = &s->p->thread[n];
		struct blocked *b = t->is_still && scan_waits_on_fd(&t->call) ? find(all, t->call.arg[0]) : NULL;

		if (b)
			b->threads++;
	}
}

/* Does a thread wait for the events of this epoll? Then its loop does not stand still. */
static bool is_waited_for(const struct scan *s, int epfd)
{
	for (size_t n = 0; n < s->p->threads; n++)
		if (s->p->thread[n].has_call && scan_waits_for_events(&s->p->thread[n].call) && s->p->thread[n].call.arg[0] == (uint64_t)epfd)
			return true;
	return false;
}

static void sum_up(const struct scan *s, struct all *all)
{
	for (size_t n = 0; n < all->count; n++) {
		struct blocked *b = &all->b[n];

		if (!b->is_edge && b->threads && !is_waited_for(s, b->i->epfd))
			all->stalls++;
		all->edges += b->is_edge;
		all->pinned += b->is_edge ? b->threads : 0;
		if (b->is_edge && (!all->example || (b->threads && !all->example->threads)))
			all->example = b;
	}
}

static bool is_go(const struct scan *s)
{
	int fd = openat(s->p->dir, "exe", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct fdg_elf e;
	bool r;

	if (fd < 0)
		return false;
	r = fdg_elf_open(&e, fd) && fdg_elf_is_go(&e);
	close(fd);
	return r;
}

/* ---- the cure ---- */

/* With a timeout of the socket's own a call that is interrupted does not go on, but says EINTR. */
static bool has_timeout(struct scan *s, const struct scan_fd *f)
{
	struct timeval in = { 0 }, out = { 0 };
	socklen_t n = sizeof(in);
	int copy = scan_fetch(s->p, f);
	bool r;

	if (copy < 0)
		return true;
	r = getsockopt(copy, SOL_SOCKET, SO_RCVTIMEO, &in, &n) < 0 || getsockopt(copy, SOL_SOCKET, SO_SNDTIMEO, &out, &n) < 0;
	close(copy);
	return r || in.tv_sec || in.tv_usec || out.tv_sec || out.tv_usec;
}

static size_t restart_threads(struct scan *s, const struct all *all)
{
	int *tid = calloc(s->p->threads + 1, sizeof(*tid));
	size_t count = 0, r;

	for (size_t n = 0; tid && n < s->p->threads; n++) {
		const struct scan_thread *t = &s->p->thread[n];
		const struct blocked *b = t->is_still && scan_is_restarted(&t->call) ? find(all, t->call.arg[0]) : NULL;

		if (b && b->is_edge && !has_timeout(s, b->f))
			tid[count++] = t->tid;
	}
	r = count ? scan_restart(tid, count) : 0;
	free(tid);
	return r;
}

/* Go's loop has non-blocking sockets alone. Of other programs those are mended in which a thread is stuck: others may be used with MSG_DONTWAIT. */
static size_t cure(struct scan *s, const struct all *all, bool go, size_t *ret_restarted)
{
	size_t cured = 0;

	for (size_t n = 0; n < all->count; n++) {
		enum scan_cured r;

		if (!all->b[n].is_edge || !(go || all->b[n].threads))
			continue;
		r = scan_unblock(s->p, all->b[n].f);
		cured += r == SCAN_CURED || r == SCAN_CURED_BEFORE;
	}
	*ret_restarted = cured ? restart_threads(s, all) : 0;
	return cured;
}

/* ---- the findings ---- */

static const char *advice(bool go)
{
	if (go)
		return "leave out File() and Fd(), which turns the connection itself blocking: each read on it then keeps a thread, and no deadline ends it; set options within "
		       "SyscallConn().Control(func(fd uintptr) { … }), or in net.Dialer's Control";
	return "find who clears O_NONBLOCK on these sockets or on a copy of them (fcntl F_SETFL, ioctl FIONBIO; dup and fork share it): fdguard run names the line";
}

static void put_example(struct scan *s, struct scan_finding *r, const struct blocked *b)
{
	struct fdg_buf peer = FDG_BUF(r->peer);

	r->f.fd = b->f->fd;
	if (b->f->tcp)
		scan_put_address(&peer, &b->f->tcp->peer);
	scan_add(s, r, "epoll", "epoll", NULL, b->i->epfd);
}

static void put_stuck(struct fdg_buf *b, const struct scan *s, size_t stuck)
{
	if (!stuck) {
		fdg_put(b, ", though no thread is stuck on one now: right only if each call on them has MSG_DONTWAIT");
		return;
	}
	fdg_put(b, ", and ");
	fdg_put_count(b, stuck);
	fdg_put(b, " of its ");
	fdg_put_count(b, s->p->threads);
	fdg_put(b, stuck == 1 ? " threads is stuck in a call on one" : " threads are stuck in calls on them");
}

static void put_cured(struct fdg_buf *b, size_t cured, size_t restarted)
{
	if (!cured)
		return;
	fdg_put(b, ": ");
	fdg_put_count(b, cured);
	fdg_put(b, " made non-blocking again, ");
	fdg_put_count(b, restarted);
	fdg_put(b, restarted == 1 ? " thread set free" : " threads set free");
}

static void say_edges(struct scan *s, const struct all *all)
{
	struct scan_finding r;
	struct fdg_buf b = FDG_BUF(r.message);
	bool go = is_go(s);
	size_t restarted = 0, cured = s->o->fix && all->pinned ? cure(s, all, go, &restarted) : 0;

	scan_finding_begin(&r, FDG_NONBLOCK_SHARED);
	r.f.level = all->pinned ? FDG_LEVEL_WARNING : FDG_LEVEL_NOTE;
	r.f.count = all->edges;
	r.f.count_label = "sockets";
	r.f.fixed = cured == all->edges;
	put_example(s, &r, all->example);
	scan_put_kind(&b, SCAN_SOCKET, all->edges);
	fdg_fmt(&b, all->edges == 1 ? " of %s's event loop (EPOLLET) is blocking" : " of %s's event loop (EPOLLET) are blocking", s->p->name);
	put_stuck(&b, s, all->pinned);
	put_cured(&b, cured, restarted);
	scan_add(s, &r, "threads", "threads", NULL, (int64_t)s->p->threads);
	scan_add(s, &r, "stuck", "threads that are stuck", NULL, (int64_t)all->pinned);
	r.f.fix = advice(go);
	scan_finding_say(s, &r);
}

static void say_stall(struct scan *s, const struct blocked *one)
{
	struct scan_finding r;
	struct fdg_buf b = FDG_BUF(r.message);

	scan_finding_begin(&r, FDG_NONBLOCK_STALL);
	put_example(s, &r, one);
	fdg_fmt(&b, "the event loop of %s (epoll %d) has stood still for at least ", s->p->name, one->i->epfd);
	fdg_put_time(&b, SCAN_WINDOW_MS);
	fdg_fmt(&b, ": a thread waits in a blocking call on fd %d, which is registered there, and none in epoll_wait", one->f->fd);
	snprintf(r.key, sizeof(r.key), "%d", one->f->fd);
	r.f.age_ms = SCAN_WINDOW_MS;
	r.f.fix = "make the socket non-blocking before it is registered, and read until EAGAIN; or give the call to a thread that has no event loop";
	scan_finding_say(s, &r);
}

void scan_blocking(struct scan *s)
{
	struct all all = { .b = NULL };

	collect(s, &all);
	count_threads(s, &all);
	sum_up(s, &all);
	if (all.edges)
		say_edges(s, &all);
	for (size_t n = 0; n < all.count && all.stalls; n++)
		if (!all.b[n].is_edge && all.b[n].threads && !is_waited_for(s, all.b[n].i->epfd)) {
			say_stall(s, &all.b[n]);
			break;
		}
	free(all.b);
}
