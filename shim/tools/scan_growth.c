// SPDX-License-Identifier: MIT
/* With --every: descriptors that were more in each of the last rounds than in the one before. */
#include <stdlib.h>
#include <string.h>

#include "tools/scan_facts.h"

static struct scan_growth *growth_of(struct scan *s)
{
	for (size_t i = 0; i < s->growths; i++)
		if (s->growth[i].pid == s->p->pid && s->growth[i].start == s->p->start)
			return &s->growth[i];
	s->growth = pool_grow(s->growth, s->growths, &s->growth_room, sizeof(*s->growth));
	s->growth[s->growths] = (struct scan_growth){ .pid = s->p->pid, .start = s->p->start };
	return &s->growth[s->growths++];
}

static void take(struct scan_growth *g, uint64_t count)
{
	if (g->rounds == SCAN_ROUNDS) {
		memmove(g->count, g->count + 1, (SCAN_ROUNDS - 1) * sizeof(*g->count));
		memmove(g->at, g->at + 1, (SCAN_ROUNDS - 1) * sizeof(*g->at));
		g->rounds--;
	}
	g->count[g->rounds] = count;
	g->at[g->rounds++] = scan_now();
}

static bool only_rises(const struct scan_growth *g)
{
	for (unsigned i = 1; i < g->rounds; i++)
		if (g->count[i] <= g->count[i - 1])
			return false;
	return g->rounds == SCAN_ROUNDS;
}

static enum scan_kind most(const struct scan_process *p)
{
	enum scan_kind r = SCAN_OTHER;

	for (int k = 0; k < SCAN_KINDS; k++)
		r = p->kinds[k] > p->kinds[r] ? (enum scan_kind)k : r;
	return r;
}

void scan_grows(struct scan *s)
{
	struct scan_finding r;
	struct fdg_buf b = FDG_BUF(r.message);
	struct scan_growth *g;

	if (!s->o->every_ms)
		return;
	g = growth_of(s);
	take(g, s->p->fds);
	if (!only_rises(g) || s->p->fds < g->told * 2)
		return;
	g->told = s->p->fds;
	scan_finding_begin(&r, FDG_FDLEAK_GROWTH);
	fdg_fmt(&b, "%s has more descriptors at each of the last %u looks: from ", s->p->name, SCAN_ROUNDS);
	fdg_put_count(&b, g->count[0]);
	fdg_put(&b, " to ");
	fdg_put_count(&b, s->p->fds);
	fdg_put(&b, " in ");
	fdg_put_time(&b, (g->at[SCAN_ROUNDS - 1] - g->at[0]) / 1000000);
	fdg_put(&b, ", most of them ");
	fdg_put(&b, scan_kind_words(most(s->p), 2));
	r.f.count = s->p->fds;
	r.f.count_label = "descriptors";
	r.f.fix = "find who opens them and does not close them: fdguard run tells where they are made";
	scan_finding_say(s, &r);
}
