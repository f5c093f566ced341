// SPDX-License-Identifier: MIT
/* Who waits in the queues. */
#include "supervise/listeners_parts.h"

#include <string.h>
#include <sys/socket.h>

#include "base/poison.h"

#define OLD_NS INT64_C(1000000000)
#define AGAIN_MAX 1024 /* compared with each other */
#define SHARE 20       /* of the time, a twentieth at most */
#define SHARE_ANYHOW 5 /* … a fifth, where a call asks for it */

struct fdg_remembered *fdg_listeners_find(struct fdg_listeners *s, uint64_t inode)
{
	for (unsigned i = 0; inode && i < s->used; i++)
		if (s->all[i].inode == inode)
			return &s->all[i];
	return NULL;
}

static bool is_known(const struct fdg_listeners *s, const struct fdg_diag_end *e)
{
	for (unsigned i = 0; i < s->waitings; i++)
		if (memcmp(s->waiting[i].end.name, e->name, sizeof(e->name)) == 0)
			return true;
	return false;
}

static void see_waiting(void *cookie, const struct fdg_diag_end *e)
{
	struct fdg_listeners *s = cookie;

	if (s->waitings < FDG_WAITING && (!s->is_again || !is_known(s, e)))
		s->waiting[s->waitings++] = (struct fdg_waiting){ .end = *e };
}

static bool is_waited_on(struct fdg_listeners *s, const struct fdg_diag_row *row)
{
	return row->queued && fdg_listeners_find(s, row->inode);
}

/* Of this family. */
static unsigned ports_of(struct fdg_listeners *s, unsigned char family, uint16_t ret[FDG_DIAG_PORTS])
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->rows->n && n < FDG_DIAG_PORTS; i++) {
		const struct fdg_diag_row *row = &s->rows->row[i];
		unsigned k = 0;

		if (row->group.family != family || !is_waited_on(s, row))
			continue;
		while (k < n && ret[k] != row->group.port)
			k++;
		ret[k] = row->group.port;
		n += k == n;
	}
	return n;
}

/* A server that is busy has somebody in a queue now and then; who stays there is looked for. */
static bool any_waits(struct fdg_listeners *s, unsigned looks)
{
	bool any = false;

	for (unsigned i = 0; i < s->rows->n; i++) {
		struct fdg_remembered *r = fdg_listeners_find(s, s->rows->row[i].inode);

		if (!r)
			continue;
		r->waits = s->rows->row[i].queued ? r->waits + 1 : 0;
		any |= r->waits >= looks;
	}
	return any;
}

static void walk(struct fdg_listeners *s, unsigned kind, unsigned char family)
{
	uint16_t port[FDG_DIAG_PORTS];

	fdg_diag_waiting(kind, port, ports_of(s, family, port), see_waiting, s);
}

static unsigned count_queued(struct fdg_listeners *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->rows->n; i++)
		n += is_waited_on(s, &s->rows->row[i]) ? s->rows->row[i].queued : 0;
	return n;
}

/* Once more, where some are missed: the kernel loses its place in a list that changes. */
static void walk_all(struct fdg_listeners *s)
{
	s->waitings = 0;
	for (int i = 0; i < 2; i++) {
		s->is_again = i > 0;
		walk(s, FDG_DIAG_TCP, AF_INET);
		walk(s, FDG_DIAG_TCP6, AF_INET6);
		if (s->waitings >= count_queued(s) || s->waitings > AGAIN_MAX)
			break;
	}
}

static void take_queues(struct fdg_listeners *s)
{
	for (unsigned i = 0; i < s->rows->n; i++) {
		struct fdg_remembered *r = fdg_listeners_find(s, s->rows->row[i].inode);

		if (!r)
			continue;
		r->queued = s->rows->row[i].queued;
		r->backlog = s->rows->row[i].backlog;
	}
}

/* What waited when they were there is wanted still. */
static bool any_pending(const struct fdg_listeners *s)
{
	for (unsigned i = 0; i < s->used; i++)
		if (s->all[i].inode && s->all[i].is_pending && s->all[i].gone.queued)
			return true;
	return false;
}

/* Less than the queues hold: a listener may have gone since the queues were looked at, and what it had is known from before. */
static bool is_short(struct fdg_listeners *s, int64_t begin)
{
	return s->waitings < count_queued(s) && begin - s->waiting_at < OLD_NS;
}

static bool take_walk(struct fdg_listeners *s, int64_t begin)
{
	struct fdg_waiting *before = s->waiting;
	struct fdg_diag_resets resets = fdg_diag_resets(FDG_DIAG_BEFORE); /* before the walk: so one that is sent meanwhile is not missed */
	unsigned n = s->waitings;

	s->waiting = s->spare;
	walk_all(s);
	if (is_short(s, begin)) {
		s->waiting = before;
		s->waitings = n;
		return false;
	}
	s->spare = before;
	s->resets_before = resets;
	s->waiting_at = begin;
	take_queues(s);
	return true;
}

bool fdg_listeners_walk(struct fdg_listeners *s, bool anyhow)
{
	static int64_t not_before, not_before_anyhow;
	int64_t begin = fdg_listeners_now(), used = fdg_listeners_used();
	bool is_taken;

	if (!any_waits(s, anyhow ? 1 : 2) || begin < (anyhow ? not_before_anyhow : not_before) || any_pending(s))
		return false;
	is_taken = take_walk(s, begin);
	used = fdg_listeners_used() - used;
	not_before = begin + used * SHARE;
	not_before_anyhow = begin + used * SHARE_ANYHOW;
	return is_taken;
}
