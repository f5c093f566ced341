// SPDX-License-Identifier: MIT
/*
 * Connections that the peer has closed and the program has not, by peer; those that were accepted by where, as each of them has another peer. Since when is not written anywhere; but the peer's last segment came when it closed its end, or later: so it is at least as long ago.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/scan_facts.h"

#define PEERS_TOLD 32

struct one {
	const struct scan_fd *f;
	struct scan_socket tcp;
	bool accepted; /* there is a listener on its port */
};

struct group {
	const struct one *one;
	size_t count, aged, unread, cured, total;
	uint32_t oldest, used; /* used: the shortest */
	enum scan_cured why;   /* not */
};

static const struct sockaddr_storage *end_of(const struct one *o)
{
	return o->accepted ? &o->tcp.local : &o->tcp.peer;
}

static int by_end(const struct one *x, const struct one *y)
{
	return x->accepted != y->accepted ? x->accepted - y->accepted : memcmp(end_of(x), end_of(y), sizeof(struct sockaddr_storage));
}

static int by_end_and_fd(const void *a, const void *b)
{
	const struct one *x = a, *y = b;
	int r = by_end(x, y);

	return r ? r : x->f->fd - y->f->fd;
}

static unsigned port_of(const struct sockaddr_storage *a)
{
	return ((const struct sockaddr_in *)a)->sin_port; /* where sockaddr_in6 has it */
}

/* ret: a bit for each port that somebody listens on */
static void ports_listened_on(const struct scan *s, uint8_t ret[8192])
{
	memset(ret, 0, 8192);
	for (size_t i = 0; i < s->sockets->count; i++)
		if (s->sockets->socket[i].state == TCP_LISTEN)
			ret[port_of(&s->sockets->socket[i].local) / 8] |= (uint8_t)(1u << port_of(&s->sockets->socket[i].local) % 8);
}

/* Where netlink told no ages, the socket does. */
static void ask_ages(struct scan *s, struct one *o)
{
	int copy = o->tcp.has_ages ? -1 : scan_fetch(s->p, o->f);

	if (copy < 0)
		return;
	scan_socket_ask(copy, &o->tcp);
	close(copy);
}

/* ret: on the heap */
static size_t collect(struct scan *s, struct one **ret)
{
	static uint8_t listened[8192];
	size_t room = 0, n = 0;

	*ret = NULL;
	if (s->sockets)
		ports_listened_on(s, listened);
	for (size_t i = 0; i < s->p->fds; i++) {
		const struct scan_fd *f = &s->p->fd[i];

		if (!f->tcp || f->tcp->state != TCP_CLOSE_WAIT || (n && (*ret)[n - 1].f->ino == f->ino))
			continue;
		*ret = pool_grow(*ret, n, &room, sizeof(**ret));
		(*ret)[n] = (struct one){ f, *f->tcp, listened[port_of(&f->tcp->local) / 8] & 1u << port_of(&f->tcp->local) % 8 };
		ask_ages(s, &(*ret)[n++]);
	}
	if (n)
		qsort(*ret, n, sizeof(**ret), by_end_and_fd);
	return n;
}

static uint32_t last_used(const struct scan_socket *t)
{
	return t->last_sent < t->last_received ? t->last_sent : t->last_received;
}

static bool is_aged(const struct one *o)
{
	return o->tcp.has_ages && o->tcp.last_heard >= fdg_options.closewait_age_ms && last_used(&o->tcp) >= fdg_options.closewait_age_ms;
}

static void count(struct group *g)
{
	g->used = UINT32_MAX;
	for (size_t i = 0; i < g->count; i++) {
		const struct scan_socket *t = &g->one[i].tcp;

		g->unread += t->waiting > 1; /* the end itself counts as one */
		if (!is_aged(&g->one[i]))
			continue;
		g->aged++;
		g->oldest = t->last_heard > g->oldest ? t->last_heard : g->oldest;
		g->used = last_used(t) < g->used ? last_used(t) : g->used;
	}
}

/* ---- the cure ---- */

static bool is_shared(struct scan *s, const struct scan_fd *f)
{
	const struct scan_holders *h = scan_holders_of(s);

	return h->is_cut || scan_holder_find(h, f->ino) != NULL;
}

static bool ends_by_sigpipe(const struct scan_process *p)
{
	return !((p->status.ignored | p->status.caught) & 1 << 12);
}

static bool keeps_alive(void)
{
	return fdg_options.closewait_cure == FDG_CURE_KEEPALIVE;
}

/* Asked for by name, a connection is ended even so. */
static bool is_spared(const struct scan *s)
{
	return !keeps_alive() && !s->o->is_cure_set && ends_by_sigpipe(s->p);
}

static enum scan_cured cure_one(struct scan *s, const struct scan_fd *f)
{
	if (is_shared(s, f))
		return SCAN_CURE_SHARED;
	if (is_spared(s))
		return SCAN_CURE_SIGPIPE;
	return scan_end_connection(s->p, f, keeps_alive());
}

static void cure(struct scan *s, struct group *g)
{
	for (size_t i = 0; i < g->count; i++) {
		enum scan_cured r;

		if (!is_aged(&g->one[i]))
			continue;
		r = cure_one(s, g->one[i].f);
		g->cured += r == SCAN_CURED || r == SCAN_CURED_BEFORE;
		g->why = r == SCAN_CURED || r == SCAN_CURED_BEFORE ? g->why : r;
	}
}

/* ---- the finding ---- */

static void put_cured(struct fdg_buf *b, const struct scan *s, const struct group *g)
{
	if (!s->o->fix)
		return;
	fdg_put(b, ": ");
	if (g->cured) {
		fdg_put_count(b, g->cured);
		fdg_put(b, keeps_alive() ? " given keepalive" : " ended");
	}
	if (g->cured < g->aged)
		fdg_fmt(b, "%snot ended: %s", g->cured ? ", others " : "", scan_cure_why(g->why));
}

static void put_message(struct fdg_buf *b, const struct scan *s, const struct group *g, const char *end)
{
	fdg_put_count(b, g->aged);
	fdg_fmt(b, " %s %s %s in CLOSE_WAIT for at least ", g->aged == 1 ? "socket" : "sockets", g->one->accepted ? "accepted at" : "to", end);
	fdg_put_time(b, g->oldest);
	fdg_put(b, g->aged == 1 ? ", the last data sent or received " : ", the oldest; the last data of any sent or received ");
	fdg_put_time(b, g->used);
	fdg_put(b, " ago");
	put_cured(b, s, g);
}

#define OWNERS "find who owns these connections in the program: close what is idle, and when read returns 0"

static const char *advice_of(const struct scan *s, bool fixed)
{
	if (keeps_alive())
		return s->o->fix ? OWNERS "; fdguard run tells which code made them" : OWNERS "; fdguard run tells which code made them, scan --fix turns their keepalive on, which ends those whose peer is gone";
	if (fixed)
		return OWNERS "; the next send on one of these fails with EPIPE, and without MSG_NOSIGNAL raises SIGPIPE";
	if (is_spared(s))
		return OWNERS "; fdguard run tells which code made them; scan --fix ends them with --set closewait.cure=shutdown alone, as the next send on one would end this program, which neither handles nor ignores SIGPIPE";
	return s->o->fix ? OWNERS "; fdguard run tells which code made them" : OWNERS "; fdguard run tells which code made them, scan --fix ends them";
}

static void say(struct scan *s, const struct group *g)
{
	struct scan_finding r;
	struct fdg_buf b = FDG_BUF(r.message), peer = FDG_BUF(r.peer), end = FDG_BUF(r.what);

	scan_finding_begin(&r, FDG_CLOSEWAIT_LEAK);
	scan_put_address(&end, end_of(g->one));
	put_message(&b, s, g, r.what);
	if (g->one->accepted)
		r.f.local = r.what;
	if (!g->one->accepted || g->count == 1)
		scan_put_address(&peer, &g->one->tcp.peer);
	snprintf(r.key, sizeof(r.key), "%s", r.what);
	r.f.fd = g->one->f->fd;
	r.f.count = g->aged;
	r.f.count_label = "sockets";
	r.f.age_ms = g->oldest;
	r.f.fixed = g->cured > 0 && g->cured == g->aged;
	if (g->unread)
		scan_add(s, &r, "unread", "with data that the program has not read", NULL, (int64_t)g->unread);
	scan_add(s, &r, "total", "in all, to whomever", NULL, (int64_t)g->total);
	scan_add(s, &r, "last_used_ms", NULL, NULL, g->used);
	r.f.fix = advice_of(s, r.f.fixed);
	scan_finding_say(s, &r);
}

static void say_group(struct scan *s, struct group *g, size_t *told, size_t *more)
{
	count(g);
	if (!g->aged)
		return;
	if (++*told > PEERS_TOLD) {
		*more += g->aged;
		return;
	}
	if (s->o->fix)
		cure(s, g);
	say(s, g);
}

static size_t unaged(const struct one *all, size_t n)
{
	size_t r = 0;

	for (size_t i = 0; i < n; i++)
		r += !is_aged(&all[i]);
	return r;
}

void scan_closewait(struct scan *s)
{
	struct one *all;
	size_t n = collect(s, &all), told = 0, more = 0, young;
	char age[32];
	struct fdg_buf b = FDG_BUF(age);

	for (size_t i = 0, end; i < n; i = end) {
		struct group g = { .one = &all[i], .total = n };

		for (end = i; end < n && by_end(&all[end], &all[i]) == 0; end++)
			continue;
		g.count = end - i;
		say_group(s, &g, &told, &more);
	}
	young = unaged(all, n);
	fdg_put_time(&b, (uint64_t)fdg_options.closewait_age_ms);
	if (more)
		scan_note(s->out, "%s (pid %d): %zu more sockets in CLOSE_WAIT, with %zu more peers", s->p->name, s->p->pid, more, told - PEERS_TOLD);
	if (young && n && !all[0].tcp.has_ages)
		scan_problem(s->out, "%s (pid %d): %zu sockets in CLOSE_WAIT, but not since when: %s", s->p->name, s->p->pid, young,
			     "neither its network namespace nor its sockets may be looked into");
	else if (young && !s->o->all)
		scan_note(s->out, "%s (pid %d): %zu in CLOSE_WAIT for less than %s (closewait.age), or used since", s->p->name, s->p->pid, young, age);
	free(all);
}
