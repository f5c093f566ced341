// SPDX-License-Identifier: MIT
#include "supervise/tally.h"

#include <string.h>

#include "base/big.h"
#include "base/exe.h"
#include "supervise/recall.h"
#include "supervise/runs.h"

#include "base/poison.h"

#define PROBES 16

/* The first of them, as it was told. */
struct kept {
	struct fdg_shared s;
	struct fdg_recall at;
	const char *fix;
	char what[96], peer[160], local[160];
};

static struct tally {
	uint64_t key, count, told, next;
	int pid;
	bool is_kept;
} tallies[FDG_TALLIES];
static struct kept kept[FDG_TALLIES] FDG_BIG;

static uint64_t hash_text(uint64_t seed, const char *s)
{
	return s ? fdg_hash(seed, s, strlen(s) + 1) : seed;
}

static uint64_t key_of(struct fdg_process *p, const struct fdg_place *site, unsigned sites, const char *call)
{
	uint64_t key = hash_text(hash_text((uint64_t)p->pid, fdg_facts_exe(p)), call);

	for (unsigned i = 0; i < sites && i < 2; i++)
		key = fdg_hash(hash_text(key, site[i].object), &site[i].offset, sizeof(site[i].offset));
	return key | 1;
}

/* The one of this key, or a free place; NULL: there is none. */
static struct tally *find(uint64_t key)
{
	struct tally *t = NULL;

	for (unsigned i = 0; i < PROBES; i++) {
		struct tally *at = &tallies[(key + i) % FDG_TALLIES];

		if (at->key == key)
			return at;
		if (!t && !at->key)
			t = at;
	}
	return t;
}

bool fdg_tally_is_due(struct fdg_process *p, const struct fdg_place *site, unsigned sites, const char *call, uint64_t *ret_count)
{
	uint64_t key = key_of(p, site, sites, call);
	struct tally *t = find(key);

	*ret_count = 1;
	if (!t)
		return true;
	if (!t->key)
		*t = (struct tally){ .key = key, .next = 1, .pid = p->pid };
	*ret_count = ++t->count;
	if (t->count < t->next)
		return false;
	t->next *= 10;
	t->told = t->count;
	return true;
}

void fdg_tally_keep(struct fdg_process *p, const struct fdg_shared *s, const struct fdg_shared_facts *f)
{
	uint64_t key = key_of(p, f->site, f->sites, s->call);
	struct tally *t = find(key);
	struct kept *k = t ? &kept[t - tallies] : NULL;

	if (!k || t->key != key || t->is_kept)
		return;
	t->is_kept = true;
	k->s = *s;
	k->fix = f->fix;
	fdg_recall_keep(&k->at, f->site, f->source, f->sites);
	fdg_recall_text(k->what, sizeof(k->what), f->what);
	fdg_recall_text(k->peer, sizeof(k->peer), f->peer);
	fdg_recall_text(k->local, sizeof(k->local), f->local);
}

static void tell(struct fdg_process *p, const struct tally *t, const struct kept *k)
{
	struct fdg_shared_facts f = { .self = fdg_base_name(fdg_facts_exe(p)), .what = k->what, .peer = k->peer, .local = k->local, .site = k->at.site, .source = k->at.source,
				     .sites = k->at.sites, .count = t->count, .fix = k->fix };

	fdg_runs_speak_for(p, p->pid);
	fdg_shared_report_of(&k->s, &f);
	fdg_runs_silent();
}

bool fdg_tally_any(const struct fdg_process *p)
{
	for (struct tally *t = tallies; t < tallies + FDG_TALLIES; t++)
		if (t->pid == p->pid)
			return true;
	return false;
}

void fdg_tally_end(struct fdg_process *p)
{
	for (struct tally *t = tallies; t < tallies + FDG_TALLIES; t++) {
		if (t->pid != p->pid)
			continue;
		if (t->is_kept && t->count > t->told)
			tell(p, t, &kept[t - tallies]);
		*t = (struct tally){ .key = 0 };
	}
}
