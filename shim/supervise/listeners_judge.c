// SPDX-License-Identifier: MIT
/* What has become of listeners that are gone. */
#include <netinet/in.h>
#include <string.h>

#include "base/exe.h"
#include "guards/reuseport/outside.h"
#include "guards/reuseport/reuseport.h"
#include "supervise/listeners.h"
#include "supervise/listeners_parts.h"
#include "supervise/runs.h"

#include "base/poison.h"

unsigned fdg_listeners_size(const struct fdg_diag_rows *rows, const struct fdg_group *g)
{
	unsigned n = 0;

	for (unsigned i = 0; i < rows->n; i++)
		n += fdg_group_is_same(&rows->row[i].group, g);
	return n;
}

/* ---- connections that waited ---- */

static bool is_of(const struct fdg_diag_end *e, const struct fdg_group *g)
{
	static const unsigned char any[16];

	return e->port == g->port && e->family == g->family && (memcmp(g->address, any, sizeof(any)) == 0 || memcmp(g->address, e->address, sizeof(any)) == 0);
}

/* Those that have gone: as accepted ones, and what is left of closed ones, they would be there. */
static unsigned count_missing(struct fdg_listeners *s, const struct fdg_group *g)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->waitings; i++) {
		struct fdg_waiting *w = &s->waiting[i];

		w->is_missing = !w->is_counted && is_of(&w->end, g) && !fdg_diag_is_there(&w->end);
		n += w->is_missing;
	}
	return n;
}

static void take_counted(struct fdg_listeners *s, unsigned n)
{
	s->resets_before.sent += n;
	s->resets_before.torn += n;
	for (unsigned i = 0; i < s->waitings && n; i++)
		if (s->waiting[i].is_missing && !s->waiting[i].is_counted) {
			s->waiting[i].is_counted = true;
			n--;
		}
}

/* What speaks for resets: they come after the listener has gone from the list. */
static void put_evidence(struct fdg_listeners *s, struct fdg_gone_seen *g)
{
	struct fdg_diag_resets now = fdg_diag_resets(FDG_DIAG_AFTER);
	struct fdg_diag_resets_between n = fdg_diag_resets_between(&s->resets_before, &now);

	g->resets = n.sent;
	g->torn = n.torn;
	g->missing = count_missing(s, &g->by.group);
}

/* ---- one act ---- */

/* The table of a process that is about to end goes before it does. */
static bool is_ending(const struct fdg_remembered *r)
{
	return r->is_ended || fdg_facts_table(r->pid) == 0;
}

/* An execve may fail. */
static bool is_another_program(const struct fdg_remembered *r)
{
	struct fdg_process *p = r->is_executing ? fdg_listeners_owner(r) : NULL;

	return p && strncmp(fdg_facts_exe(p), r->exe, sizeof(r->exe) - 1) != 0;
}

static int how_of(const struct fdg_remembered *r)
{
	if (r->is_elsewhere)
		return FDG_GONE_SOMEHOW;
	if (is_ending(r))
		return FDG_GONE_ENDED;
	if (fdg_listeners_has_it(r))
		return FDG_GONE_SHUT;
	return is_another_program(r) ? FDG_GONE_EXECUTED : FDG_GONE_CLOSED;
}

static struct fdg_member_seen by(const struct fdg_remembered *r)
{
	return (struct fdg_member_seen){ fdg_base_name(r->exe), r->pid, r->fd, r->group, r->made.site, r->made.source, r->made.sites };
}

static bool is_gone(const struct fdg_listeners *s, const struct fdg_remembered *r)
{
	return r->inode && r->is_member && r->seen != s->look;
}

/* With those of its group that went in the same way. */
static struct fdg_gone_seen take(struct fdg_listeners *s, struct fdg_remembered *first)
{
	struct fdg_gone_seen g = { .by = by(first), .how = how_of(first) };

	for (struct fdg_remembered *r = first; r < s->all + s->used; r++) {
		if (!is_gone(s, r) || r->pid != first->pid || !fdg_group_is_same(&r->group, &first->group) || how_of(r) != (int)g.how)
			continue;
		g.listeners++;
		g.queued += r->queued;
		if (r->backlog)
			g.backlog = r->backlog;
		r->is_member = false;
		r->queued = 0;
	}
	return g;
}

static void notice(struct fdg_listeners *s, struct fdg_remembered *r)
{
	r->gone = take(s, r);
	r->size_before = fdg_listeners_size(s->rows_before, &r->group);
	r->gone.age_ms = (uint64_t)(fdg_listeners_now() - s->waiting_at) / 1000000;
	r->is_pending = true;
}

static void tell(struct fdg_listeners *s, struct fdg_remembered *r, struct fdg_process *p)
{
	take_counted(s, fdg_gone_lost(&r->gone));
	fdg_runs_speak_as(p, r->exe);
	fdg_gone_judge(&r->gone);
	if (r->gone.how == FDG_GONE_CLOSED && r->gone.siblings < r->size_before)
		fdg_resize_seen(&r->gone.by, r->size_before, r->gone.siblings);
	fdg_runs_silent();
}

/* Were the others there when the evidence was taken? Else what they lost, as one after the other goes, would be taken for this one's. */
static bool stays(struct fdg_listeners *s, const struct fdg_remembered *r)
{
	return !r->gone.siblings || (fdg_diag_look(FDG_DIAG_ALL, s->rows_after) && fdg_listeners_size(s->rows_after, &r->gone.by.group) == r->gone.siblings);
}

/* One that ends is waited for: what it has goes one after the other. */
static void settle(struct fdg_listeners *s, struct fdg_remembered *r)
{
	struct fdg_process *p = fdg_listeners_owner(r);

	r->gone.siblings = fdg_listeners_size(s->rows, &r->gone.by.group);
	if (p && r->gone.queued && r->gone.siblings)
		put_evidence(s, &r->gone);
	if (p && (!stays(s, r) || (!r->is_ended && is_ending(r))))
		return;
	if (p)
		tell(s, r, p);
	r->is_pending = false;
}

static void welcome(const struct fdg_listeners *s, struct fdg_remembered *r)
{
	struct fdg_process *p = r->is_new ? fdg_listeners_owner(r) : NULL;
	struct fdg_member_seen m = by(r);

	if (p) {
		fdg_runs_speak_as(p, r->exe);
		fdg_resize_seen(&m, fdg_listeners_size(s->rows_before, &r->group), fdg_listeners_size(s->rows, &r->group));
		fdg_runs_silent();
	}
	r->is_new = r->is_executing = false;
}

void fdg_listeners_judge(struct fdg_listeners *s)
{
	for (struct fdg_remembered *r = s->all; r < s->all + s->used; r++) {
		if (!r->inode)
			continue;
		if (r->is_pending)
			settle(s, r);
		if (is_gone(s, r))
			notice(s, r);
		else if (r->is_member)
			welcome(s, r);
		if (r->is_pending && r->is_ended)
			settle(s, r);
	}
}
