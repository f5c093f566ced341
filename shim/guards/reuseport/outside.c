// SPDX-License-Identifier: MIT
/*
 * Guard reuseport, of a program that is watched from outside. The bug is told at the top of reuseport.c.
 *
 * What we do. Of a close nobody tells. So the queues are looked at from time to time, and a listener is missed when it is gone. That it had a queue then proves nothing: the right program accepts what
 * is queued, and closes it. It is a finding if, between the look that saw a queue and the one that saw no listener,
 *  1. connections that had waited went, with nobody having them: an accepted one would be there, or its end;
 *  2. and the kernel sent resets, and as many connections ended by one, that no program asked for (SO_LINGER 0) or caused by a close with unread data: the kernel counts those apart. Each can have another cause; the
 *     least of all numbers is what is told;
 *  3. and others of the group are there still, as in the guard.
 * What came after the last look is not seen. What it says is what was seen, and when.
 */
#include "guards/reuseport/outside.h"

#include <netinet/in.h>

#include "base/address.h"
#include "base/fmt.h"
#include "base/sys.h"
#include "guards/reuseport/reuseport_cure.h"

#include "base/poison.h"

struct report {
	struct fdg_finding f;
	struct fdg_fact fact[7];
	char message[768], local[96], fix[512];
};

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static void put_counted(struct fdg_buf *b, unsigned n, const char *noun)
{
	fdg_put_count(b, n);
	fdg_fmt(b, " %s%s", noun, n == 1 ? "" : "s");
}

static void put_local(struct fdg_buf *b, const struct fdg_group *g)
{
	fdg_put(b, g->family == AF_INET6 ? "[" : "");
	fdg_put_host(b, g->family, g->address);
	fdg_fmt(b, "%s:%u", g->family == AF_INET6 ? "]" : "", g->port);
}

static void put_act(struct fdg_buf *b, const struct fdg_gone_seen *g)
{
	static const char *const acts[] = {
		[FDG_GONE_CLOSED] = " closed ", [FDG_GONE_SHUT] = " shut down ", [FDG_GONE_ENDED] = " ended, and with it ", [FDG_GONE_EXECUTED] = " executed another program, and closed ",
		[FDG_GONE_SOMEHOW] = " made, and whoever had it last closed, ",
	};

	fdg_put(b, g->by.self);
	fdg_put(b, acts[g->how]);
	if (g->listeners > 1)
		put_counted(b, g->listeners, "SO_REUSEPORT listener");
	else if (g->how <= FDG_GONE_SHUT)
		fdg_fmt(b, "fd %d, a SO_REUSEPORT listener", g->by.fd);
	else
		fdg_put(b, "a SO_REUSEPORT listener");
}

static void put_message(struct fdg_buf *b, const struct fdg_gone_seen *g, unsigned lost, const char *local)
{
	put_act(b, g);
	fdg_fmt(b, " on %s, with ", local);
	put_counted(b, g->queued, "connection");
	fdg_put(b, g->listeners > 1 ? " in their queues when last looked at, " : " in its queue when last looked at, ");
	fdg_put_time(b, g->age_ms);
	fdg_put(b, g->listeners > 1 ? " before they were missed: " : " before it was missed: ");
	if (lost == g->queued)
		fdg_put(b, lost == 1 ? "it is" : "they are");
	else {
		fdg_put_count(b, lost);
		fdg_put(b, lost == 1 ? " of them is" : " of them are");
	}
	fdg_put(b, " gone, and the kernel has sent ");
	put_counted(b, g->resets, "reset");
	fdg_put(b, "; half-open requests, and what came after that look, are not counted; the ");
	put_counted(b, g->siblings, "other listener");
	fdg_put(b, " of the group got none");
}

static void add(struct report *r, const char *name, const char *label, const char *text, int64_t number)
{
	r->fact[r->f.facts++] = (struct fdg_fact){ name, label, text, number };
}

static void add_facts(struct report *r, const struct fdg_gone_seen *g, int migrate_req)
{
	r->f.fact = r->fact;
	if (g->listeners > 1)
		add(r, "listeners", "listeners", NULL, g->listeners);
	add(r, "queued", "queued when last looked at", NULL, g->queued);
	add(r, "backlog", "room in the queue", NULL, g->backlog);
	add(r, "siblings", "other listeners", NULL, g->siblings);
	add(r, "resets", "resets sent since, and not by programs that closed connections", NULL, g->resets);
	if (migrate_req < 0)
		add(r, "tcp_migrate_req", "tcp_migrate_req", "none: the kernel is older than Linux 5.14", 0);
	else
		add(r, "tcp_migrate_req", "tcp_migrate_req", NULL, migrate_req);
}

static void put_by(struct fdg_finding *f, const struct fdg_member_seen *by)
{
	f->fd = by->fd;
	f->created = by->created;
	f->created_source = by->source;
	f->createds = by->createds;
}

static void fill(struct report *r, const struct fdg_gone_seen *g, unsigned lost, uint64_t total, uint64_t closings)
{
	struct fdg_buf message = FDG_BUF(r->message), local = FDG_BUF(r->local), fix = FDG_BUF(r->fix);
	int migrate_req = fdg_reuseport_migrate_req();

	r->f = (struct fdg_finding)FDG_FINDING_INIT(FDG_REUSEPORT_RESET);
	put_by(&r->f, &g->by);
	if (g->how > FDG_GONE_SHUT)
		r->f.fd = -1;
	r->f.count = total;
	r->f.age_ms = (int64_t)g->age_ms;
	put_local(&local, &g->by.group);
	r->f.local = r->f.key = r->local;
	put_message(&message, g, lost, r->local);
	fdg_reset_put_closings(&message, total, closings);
	r->f.message = r->message;
	fdg_reset_put_outside(&fix, migrate_req);
	r->f.fix = r->fix;
	add_facts(r, g, migrate_req);
}

unsigned fdg_gone_lost(const struct fdg_gone_seen *g)
{
	return least(least(g->queued, g->missing), least(g->resets, g->torn));
}

void fdg_gone_judge(const struct fdg_gone_seen *g)
{
	unsigned lost = fdg_gone_lost(g);
	uint64_t total, closings;
	struct report *r;

	if (!lost || !g->siblings || g->by.group.protocol != IPPROTO_TCP || fdg_reuseport_migrate_req() == 1)
		return;
	if (!fdg_reset_is_due(&g->by.group, (uint64_t)g->by.pid << 8 | g->how, lost, &total, &closings))
		return;
	r = fdg_sys_mmap(sizeof(*r), false);
	if (!r)
		return;
	fill(r, g, lost, total, closings);
	fdg_report(&r->f);
	fdg_sys_munmap(r, sizeof(*r));
}
