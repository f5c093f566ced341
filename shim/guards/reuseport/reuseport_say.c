// SPDX-License-Identifier: MIT
/* reuseport.reset, in words. */
#include <netinet/in.h>
#include <string.h>

#include "base/address.h"
#include "base/fmt.h"
#include "base/state.h"
#include "base/sys.h"
#include "guards/origin.h"
#include "guards/reuseport/reuseport_cure.h"
#include "guards/self.h"
#include "options/options.h"
#include "report/report.h"
#include "report/symbol.h"

#include "base/poison.h"

/* In a mapping of its own: programs close on small stacks. */
struct report {
	struct fdg_finding f;
	struct fdg_place site[FDG_FRAMES_MAX], created[FDG_FRAMES_MAX];
	struct fdg_fact fact[8];
	char message[768], local[96], cure[512], fix[512];
};

static void put_local(struct fdg_buf *b, const struct fdg_group *g)
{
	fdg_put(b, g->family == AF_INET6 ? "[" : "");
	fdg_put_host(b, g->family, g->address);
	fdg_fmt(b, "%s:%u", g->family == AF_INET6 ? "]" : "", g->port);
}

static void put_counted(struct fdg_buf *b, unsigned n, const char *noun)
{
	fdg_put_count(b, n);
	fdg_fmt(b, " %s%s", noun, n == 1 ? "" : "s");
}

static void put_act(struct fdg_buf *b, const struct fdg_reset *r, const char *local)
{
	fdg_put_self(b);
	if (fdg_reset_is_last(r)) {
		if (r->how == FDG_RESET_LAST)
			fdg_fmt(b, " closed fd %d,", r->fd);
		else
			fdg_put(b, r->how == FDG_RESET_LAST_BY_EXIT ? " ends, and with it" : " executes another program, and closes");
		fdg_fmt(b, " the last of the SO_REUSEPORT listeners on %s, with ", local);
		return;
	}
	if (r->how <= FDG_RESET_SHUTDOWN) {
		fdg_fmt(b, " %s fd %d", r->how == FDG_RESET_CLOSE ? "closed" : "shut down", r->fd);
		if (r->listeners > 1) {
			fdg_put(b, " and ");
			fdg_put_count(b, r->listeners - 1);
			fdg_put(b, " more");
		}
		fdg_fmt(b, r->listeners > 1 ? ", SO_REUSEPORT listeners on %s, with " : ", a SO_REUSEPORT listener on %s, with ", local);
		return;
	}
	if (fdg_reset_was_handed(r)) {
		fdg_put(b, r->how == FDG_RESET_LATE	 ? " accepted nothing for 5 s from the other SO_REUSEPORT listeners on "
			   : r->how == FDG_RESET_LEFT	 ? " ends before it accepted from the other SO_REUSEPORT listeners on "
			   : r->how == FDG_RESET_STARTED ? " started a process before it accepted from the other SO_REUSEPORT listeners on "
			   : r->how == FDG_RESET_FILTERED
				   ? " enters a seccomp filter, after which fdguard does nothing, before it accepted from the other SO_REUSEPORT listeners on "
				   : " closed the other SO_REUSEPORT listeners on ");
		fdg_fmt(b, "%s, with ", local);
		return;
	}
	fdg_put(b, r->how == FDG_RESET_EXIT ? " ends, and with it " : " executes another program, and closes ");
	put_counted(b, r->listeners, "SO_REUSEPORT listener");
	fdg_fmt(b, " on %s, with ", local);
}

static void put_outcome(struct fdg_buf *b, const struct fdg_reset *r)
{
	unsigned lost = r->queued - r->saved;

	if (fdg_reset_is_last(r)) {
		fdg_put(b, ": that is reset, with what the kernel gave it when the others were closed");
		return;
	}
	if (fdg_reset_was_handed(r)) {
		fdg_put(b, " that fdguard had handed to them: they are reset, as they would have been when their listener was closed");
		return;
	}
	if (r->is_migrated) {
		fdg_fmt(b, ": fdguard's BPF program has the kernel give %s to the ", r->queued == 1 ? "it" : "them");
		put_counted(b, r->siblings, "other listener");
		fdg_put(b, " of the group");
		return;
	}
	if (r->saved && !lost) {
		fdg_fmt(b, ": fdguard hands %s to this process's other listeners", r->saved == 1 ? "it" : "them");
		return;
	}
	if (r->saved) {
		fdg_put(b, ": fdguard hands ");
		fdg_put_count(b, r->saved);
		fdg_put(b, " of them to this process's other listeners, and the kernel resets ");
		fdg_put_count(b, lost);
	} else
		fdg_put(b, r->queued == 1 ? ": the kernel resets it" : ": the kernel resets them");
	if (r->unseen == FDG_UNSEEN)
		fdg_put(b, r->listeners > 1 ? ", if no other process has the listeners" : ", if no other process has the listener");
	fdg_put(b, ", and half-open requests, which are not counted; the ");
	put_counted(b, r->siblings, "other listener");
	fdg_put(b, r->siblings == 1 ? " of the group gets none" : " of the group get none");
}

static void add(struct report *r, const char *name, const char *label, const char *text, int64_t number)
{
	r->fact[r->f.facts++] = (struct fdg_fact){ name, label, text, number };
}

static void fill_facts(struct report *r, const struct fdg_reset *s)
{
	struct fdg_buf cure = FDG_BUF(r->cure);

	r->f.fact = r->fact;
	if (fdg_reset_was_handed(s) || fdg_reset_is_last(s))
		return;
	fdg_reset_put_cure(&cure, s);
	if (s->listeners > 1)
		add(r, "listeners", "listeners", NULL, s->listeners);
	add(r, "backlog", "room in the queue", NULL, s->backlog);
	add(r, "siblings", "other listeners", NULL, s->siblings);
	if (s->saved)
		add(r, "saved", "handed over", NULL, s->saved);
	if (s->migrate_req < 0)
		add(r, "tcp_migrate_req", "tcp_migrate_req", "none: the kernel is older than Linux 5.14", 0);
	else
		add(r, "tcp_migrate_req", "tcp_migrate_req", NULL, s->migrate_req);
	add(r, "cure", "cure", r->cure, 0);
	if (s->unseen)
		add(r, "unseen", "other holders",
		    s->unseen == FDG_UNSEEN ? "not looked for: that would take more than 20,000 descriptors, or 50 ms of the CPU; one that has a listener saves its queue"
					    : "none among those that began later; others were not looked at (more than 20,000 descriptors, or 50 ms of the CPU)",
		    0);
}

static void fill_places(struct report *r, const struct fdg_reset *s)
{
	if (!fdg_options.stacks)
		return;
	r->f.site = r->site;
	r->f.sites = s->site && fdg_place_of(s->site, r->site);
	r->f.site_label = s->how == FDG_RESET_SHUTDOWN ? "shut down at" : s->how == FDG_RESET_CLOSE || s->how == FDG_RESET_LAST ? "closed at" : "at";
	r->f.created = r->created;
	r->f.createds = fdg_origin_places(s->origin, s->made_at, r->created, fdg_options.stacks);
}

static enum fdg_level level_of(const struct fdg_reset *s)
{
	return fdg_reset_is_fixed(s) ? FDG_LEVEL_WARNING : fdg_finding_level(FDG_REUSEPORT_RESET);
}

static void fill(struct report *r, const struct fdg_reset *s, uint64_t total, uint64_t closings)
{
	struct fdg_buf message = FDG_BUF(r->message), local = FDG_BUF(r->local), fix = FDG_BUF(r->fix);

	r->f = (struct fdg_finding)FDG_FINDING_INIT(FDG_REUSEPORT_RESET);
	r->f.level = level_of(s);
	r->f.fixed = fdg_reset_is_fixed(s);
	r->f.fd = s->how <= FDG_RESET_SHUTDOWN ? s->fd : -1;
	r->f.count = total;
	put_local(&local, &s->group);
	r->f.local = r->local;
	r->f.key = r->local;
	put_act(&message, s, r->local);
	put_counted(&message, s->queued, "connection");
	if (!fdg_reset_was_handed(s))
		fdg_put(&message, s->listeners > 1 ? " in their queues" : " in its queue");
	put_outcome(&message, s);
	fdg_reset_put_closings(&message, total, closings);
	r->f.message = r->message;
	fdg_reset_put_advice(&fix, s);
	r->f.fix = r->fix;
	fill_places(r, s);
	fill_facts(r, s);
}

/*
 * A service that restarts its workers closes at the same place for ever: it is told again when there are twice as many as when it was told last, with the sum.
 */

#define PLACES 64u

static struct place {
	_Atomic uint64_t hash; /* 0: free */
	_Atomic uint64_t total, said, closings;
} places[PLACES];

static struct place *place_of(uint64_t hash)
{
	for (unsigned i = 0; i < PLACES; i++) {
		struct place *p = &places[(hash + i) % PLACES];
		uint64_t has = 0;

		if (atomic_compare_exchange_strong(&p->hash, &has, hash) || has == hash)
			return p;
	}
	return NULL;
}

/* False: not now. */
static bool is_due(struct place *p, unsigned queued, uint64_t *ret_total, uint64_t *ret_closings)
{
	uint64_t said = atomic_load_explicit(&p->said, memory_order_relaxed);

	*ret_total = atomic_fetch_add_explicit(&p->total, queued, memory_order_relaxed) + queued;
	*ret_closings = atomic_fetch_add_explicit(&p->closings, 1, memory_order_relaxed) + 1;
	return *ret_total >= said * 2 && atomic_compare_exchange_strong(&p->said, &said, *ret_total);
}

bool fdg_reset_is_due(const struct fdg_group *g, uint64_t what, unsigned queued, uint64_t *ret_total, uint64_t *ret_closings)
{
	struct place *p = place_of(fdg_hash(fdg_group_hash(g), &what, sizeof(what)) | 1);

	*ret_total = queued;
	*ret_closings = 1;
	return !p || is_due(p, queued, ret_total, ret_closings);
}

void fdg_reset_put_closings(struct fdg_buf *b, uint64_t total, uint64_t closings)
{
	if (closings < 2)
		return;
	fdg_put(b, "; by now ");
	fdg_put_count(b, total);
	fdg_put(b, " in ");
	fdg_put_count(b, closings);
	fdg_put(b, " such closings");
}

static uint64_t act_of(const struct fdg_reset *s)
{
	const uintptr_t what[] = { (uintptr_t)s->site, s->how, fdg_reset_is_fixed(s), (uintptr_t)fdg_sys_getpid() };

	return fdg_hash(0, what, sizeof(what));
}

void fdg_reset_say(const struct fdg_reset *s)
{
	uint64_t total, closings;
	struct report *r;

	if (fdg_foreign_memory() || !fdg_report_wants(level_of(s)) || !fdg_reset_is_due(&s->group, act_of(s), s->queued, &total, &closings))
		return;
	r = fdg_sys_mmap(sizeof(*r), false);
	if (!r)
		return;
	fill(r, s, total, closings);
	fdg_report(&r->f);
	fdg_sys_munmap(r, sizeof(*r));
}
