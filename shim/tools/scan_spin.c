// SPDX-License-Identifier: MIT
/*
 * Loops that turn for nothing. A thread that does not sleep is shown by its share of a processor; what it does, by a few of its calls: each wait tells at once of the same descriptor, and no call on that one
 * has any effect.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/address.h"
#include "tools/scan_facts.h"

#define TRACED_MAX 4 /* threads of a process */
#define WAITS_LEAST 4
#define CALM_MS 20
#define CALM_TRIES 75 /* on a machine with much else to do it takes longer */

struct spin {
	const struct scan_thread *t;
	const struct scan_trace *trace;
	unsigned waits, empty;
	bool is_poll;
	int epfd, fd;
	uint32_t events;
	uint64_t data;
	struct scan_interest *i; /* NULL: of a poll, or not found */
	bool is_stale, is_end, is_cured; /* is_end: a read of 0 */
	const char *how, *why; /* it was cured, or not */
};

static bool is_wait(const struct scan_traced *c)
{
	const struct scan_call call = { .nr = c->nr };

	return scan_waits_for_events(&call) || c->nr == SYS_ppoll
#ifdef SYS_poll
	       || c->nr == SYS_poll
#endif
		;
}

static bool is_epoll(const struct scan_traced *c)
{
	const struct scan_call call = { .nr = c->nr };

	return scan_waits_for_events(&call);
}

static bool tells(const struct scan_traced *c, uint64_t data)
{
	for (unsigned i = 0; i < c->events; i++)
		if (c->event[i].data == data)
			return true;
	return false;
}

static const struct scan_traced *first_wait(const struct scan_trace *t)
{
	for (unsigned i = 0; i < t->calls; i++)
		if (is_wait(&t->call[i]) && t->call[i].ret > 0)
			return &t->call[i];
	return NULL;
}

/* Does each wait on that epoll tell of it? */
static bool is_told_always(struct spin *spin, const struct scan_traced *first, uint64_t data)
{
	const struct scan_trace *t = spin->trace;

	spin->waits = spin->empty = 0;
	for (unsigned i = 0; i < t->calls; i++) {
		const struct scan_traced *c = &t->call[i];

		if (!is_wait(c) || c->nr != first->nr || (is_epoll(c) && c->arg[0] != first->arg[0]))
			continue;
		if (c->ret == 0)
			spin->empty++;
		else if (c->ret < 0 || !tells(c, data))
			return false;
		else
			spin->waits++;
	}
	return spin->waits >= WAITS_LEAST && spin->empty == 0;
}

static bool reads(long nr)
{
	return nr == SYS_read || nr == SYS_readv || nr == SYS_recvfrom || nr == SYS_recvmsg;
}

/* Has any call on it an effect? */
static bool is_acted_on(struct spin *spin)
{
	const struct scan_trace *t = spin->trace;

	for (unsigned i = 0; i < t->calls; i++) {
		const struct scan_traced *c = &t->call[i];
		bool is_its = c->nr == SYS_epoll_ctl ? c->arg[2] == (uint64_t)spin->fd : !is_wait(c) && c->arg[0] == (uint64_t)spin->fd;

		if (!is_its)
			continue;
		if (reads(c->nr) && c->ret == 0)
			spin->is_end = true;
		else if (c->ret >= 0)
			return true;
	}
	return false;
}

/* Which registration has this data: one that is closed before another. */
static void find_registration(struct scan *s, struct spin *spin)
{
	spin->i = NULL;
	for (size_t n = 0; n < s->p->interests && !spin->is_stale; n++) {
		struct scan_interest *i = &s->p->interest[n];

		if (i->epfd != spin->epfd || i->data != spin->data)
			continue;
		spin->is_stale = scan_is_stale(s, i);
		if (!spin->i || spin->is_stale)
			spin->i = i;
	}
	spin->fd = spin->i ? spin->i->fd : -1;
}

static bool is_spin(struct scan *s, struct spin *spin)
{
	const struct scan_traced *first = first_wait(spin->trace);

	for (unsigned i = 0; first && i < first->events; i++) {
		spin->data = first->event[i].data;
		spin->events = first->event[i].events;
		spin->is_poll = !is_epoll(first);
		spin->is_stale = spin->is_end = false;
		spin->epfd = (int)first->arg[0];
		spin->fd = (int)spin->data;
		if (!is_told_always(spin, first, spin->data))
			continue;
		if (!spin->is_poll)
			find_registration(s, spin);
		if (spin->is_stale || (spin->fd >= 0 && !is_acted_on(spin)))
			return true;
	}
	return false;
}

/* To close a copy of a file asks who serves it, who may not answer. */
static int fetch_safely(struct scan *s, const struct scan_fd *f)
{
	errno = EBADF;
	return f->kind == SCAN_FILE || f->kind == SCAN_OTHER ? -1 : scan_fetch(s->p, f);
}

/* ---- the cure, by cause ---- */

static bool cure_stale(struct scan *s, struct spin *spin)
{
	char keeper[128];
	struct fdg_buf b = FDG_BUF(keeper);
	int file = scan_fetch_keeper(s, spin->i, &b), epoll = file < 0 ? -1 : scan_fetch_epoll(s, spin->i->epfd);

	if (epoll >= 0) {
		spin->how = "fdguard took it out";
		if (scan_unregister(epoll, file, spin->i->fd))
			return true;
	} else if (file >= 0) {
		close(file);
	}
	spin->why = epoll >= 0 ? "the kernel refused to take it out" : "what keeps it open cannot be fetched";
	return false;
}

/* Nothing will ever come from it again but this: an anonymous pipe, or a connection that is closed on both sides. */
static bool is_dead(int copy, const struct scan_fd *f)
{
	struct pollfd p = { .fd = copy };

	if (poll(&p, 1, 0) <= 0)
		return false;
	return f->kind == SCAN_PIPE ? p.revents & (POLLHUP | POLLERR) : f->kind == SCAN_SOCKET && p.revents & POLLHUP;
}

static bool cure_dead(struct scan *s, struct spin *spin, int copy)
{
	int epoll = scan_fetch_epoll(s, spin->i->epfd);

	spin->how = "fdguard made its registration edge-triggered, so that it is told of once";
	if (epoll >= 0)
		return scan_register_edge(epoll, copy, spin->fd, spin->i->events, spin->i->data);
	close(copy);
	spin->why = "its epoll cannot be fetched";
	return false;
}

static bool cure_open(struct scan *s, struct spin *spin)
{
	const struct scan_fd *f = scan_find_fd(s->p, spin->fd);
	int copy = f ? fetch_safely(s, f) : -1;

	if (copy < 0) {
		spin->why = f && (f->kind == SCAN_FILE || f->kind == SCAN_OTHER) ? "something may still come from it, which the program would miss" : spin->why;
		return false;
	}
	if (f->kind == SCAN_SOCKET && spin->events & EPOLLERR && !(spin->events & EPOLLHUP) && scan_take_errors(copy)) {
		spin->how = "fdguard took the error off the socket";
		close(copy);
		return true;
	}
	if (!(spin->events & (EPOLLERR | EPOLLHUP))) {
		spin->why = "what it tells is true, and only the program can read or write, or take it out";
		close(copy);
		return false;
	}
	if (spin->is_poll || !is_dead(copy, f)) {
		spin->why = "something may still come from it, which the program would miss";
		close(copy);
		return false;
	}
	return cure_dead(s, spin, copy);
}

/* Does the thread sleep now? Not if it has ended. */
static bool is_calm(struct scan *s, const struct scan_thread *t)
{
	const struct timespec pause = { 0, CALM_MS * 1000000 };
	uint64_t before = scan_sleeps(s->p, t->tid), now;

	for (int i = 0; i < CALM_TRIES; i++) {
		nanosleep(&pause, NULL);
		now = scan_sleeps(s->p, t->tid);
		if (now != before)
			return now != 0;
	}
	return false;
}

static void cure(struct scan *s, struct spin *spin)
{
	spin->why = "it cannot be fetched";
	if (!(spin->is_stale ? cure_stale(s, spin) : cure_open(s, spin)))
		return;
	spin->is_cured = is_calm(s, spin->t);
	if (!spin->is_cured)
		spin->why = "what was tried did not end it";
}

/* ---- the finding ---- */

static void put_events(struct fdg_buf *b, uint32_t events, const char *prefix)
{
	static const struct { uint32_t bit; const char *name; } names[] = {
		{ EPOLLIN, "IN" }, { EPOLLOUT, "OUT" }, { EPOLLPRI, "PRI" }, { EPOLLERR, "ERR" }, { EPOLLHUP, "HUP" }, { EPOLLRDHUP, "RDHUP" }, { POLLNVAL, "NVAL" },
	};
	const char *between = "";

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!(events & names[i].bit))
			continue;
		fdg_fmt(b, "%s%s%s", between, prefix, names[i].name);
		between = "|";
	}
}

static void put_link(struct scan *s, struct scan_finding *r, int fd)
{
	char name[32];
	ssize_t n;

	snprintf(name, sizeof(name), "fd/%d", fd);
	n = readlinkat(s->p->dir, name, r->what, sizeof(r->what) - 1);
	r->what[n > 0 ? n : 0] = '\0';
}

static void put_file(struct scan *s, struct scan_finding *r, const struct spin *spin)
{
	const struct scan_fd *f = scan_find_fd(s->p, spin->fd);
	char keeper[128];
	struct fdg_buf b = FDG_BUF(r->what), peer = FDG_BUF(r->peer), k = FDG_BUF(keeper);
	int copy = spin->is_stale ? scan_fetch_keeper(s, spin->i, &k) : f ? fetch_safely(s, f) : -1;

	if (spin->is_stale)
		scan_add(s, r, "keeper", "kept open by", keeper, 0);
	if (copy < 0) {
		put_link(s, r, spin->fd);
		return;
	}
	scan_put_what(&b, copy);
	fdg_put_peer(&peer, copy);
	close(copy);
}

static const char *advice(const struct spin *spin)
{
	if (spin->is_stale)
		return "take it out of the epoll (EPOLL_CTL_DEL) before close, as long as a copy or a child may have it; make sockets with SOCK_CLOEXEC";
	if (spin->is_end)
		return "a read of 0 is the end: close the descriptor, or take it out of the loop";
	if (spin->events & (EPOLLERR | EPOLLHUP))
		return "take EPOLLERR and EPOLLHUP, which come unasked, for readable and writable: the read or write then fetches the error; read the error queue where there is one (MSG_ERRQUEUE)";
	return "read or write until EAGAIN; take out of the loop what there is nothing to do for, like EPOLLOUT with nothing to send";
}

static void put_message(struct fdg_buf *b, struct scan *s, const struct scan_finding *r, const struct spin *spin)
{
	fdg_fmt(b, "%s of %s told %u times of %u, one upon the other, of ", spin->is_poll ? "poll" : "epoll_wait", s->p->name, spin->waits, spin->waits);
	put_events(b, spin->events, spin->is_poll ? "POLL" : "EPOLL");
	fdg_fmt(b, " on fd %d%s%s%s, ", spin->fd, r->what[0] ? " (" : "", r->what, r->what[0] ? ")" : "");
	if (spin->is_stale)
		fdg_put(b, "which the program has closed");
	else
		fdg_put(b, spin->is_end ? "whose end it reads, and goes on" : "and no call on it has any effect");
	fdg_fmt(b, "; the thread keeps %u %% of a processor busy", spin->t->load > 100 ? 100 : spin->t->load);
	if (s->o->fix)
		fdg_fmt(b, ": %s%s", spin->is_cured ? spin->how : "not cured: ", spin->is_cured ? "" : spin->why);
}

static void say(struct scan *s, struct spin *spin)
{
	struct scan_finding r;
	struct fdg_buf b = FDG_BUF(r.message), registered;
	char text[96];

	scan_finding_begin(&r, spin->is_stale ? FDG_EPOLL_STALE : FDG_EPOLL_SPIN);
	put_file(s, &r, spin); /* before it is cured: then its peer may be unknown */
	if (s->o->fix)
		cure(s, spin);
	put_message(&b, s, &r, spin);
	r.f.fd = spin->fd;
	r.f.fixed = spin->is_cured;
	snprintf(r.key, sizeof(r.key), "%d %d", spin->is_poll ? -1 : spin->epfd, spin->fd);
	scan_add(s, &r, "thread", "thread", NULL, spin->t->tid);
	if (spin->i) {
		spin->i->is_told = spin->is_stale;
		registered = (struct fdg_buf)FDG_BUF(text);
		put_events(&registered, spin->i->events, "EPOLL");
		scan_add(s, &r, "epoll", "epoll", NULL, spin->epfd);
		scan_add(s, &r, "registered", "registered for", text[0] ? text : "nothing", 0);
	}
	r.f.fix = advice(spin);
	scan_finding_say(s, &r);
}

void scan_spins(struct scan *s)
{
	unsigned traced = 0;

	if (s->p->is_other_class || (s->o->all && !s->p->interests)) /* of all processes those that compute are many */
		return;
	for (size_t n = 0; n < s->p->threads && traced < TRACED_MAX; n++) {
		static struct scan_trace trace;
		struct spin spin = { .t = &s->p->thread[n], .trace = &trace };

		if (!spin.t->is_hot)
			continue;
		traced++;
		if (!scan_trace(s->p, spin.t->tid, &trace))
			s->p->why_trace = errno == EPERM || errno == EACCES ? errno : s->p->why_trace;
		else if (is_spin(s, &spin))
			say(s, &spin);
	}
}
