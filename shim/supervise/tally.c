// SPDX-License-Identifier: MIT
#include "supervise/tally.h"

#include <string.h>

#include "base/big.h"
#include "base/exe.h"
#include "base/fmt.h"
#include "supervise/runs.h"

#include "base/poison.h"

#define PROBES 16
#define SITES 4
#define OBJECT 256
#define WORDS 2048 /* of the sources, in bytes */

/* The first of them, as it was told. */
struct kept {
	struct fdg_shared s;
	unsigned sites;
	struct fdg_place site[SITES];
	struct fdg_source source[SITES];
	const char *fix;
	char object[SITES][OBJECT], what[96], peer[160], local[160], words[WORDS];
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

static void copy(char *to, size_t size, const char *from)
{
	struct fdg_buf b = { to, 0, size, false };

	*to = '\0';
	fdg_put(&b, from);
}

/* NULL stays NULL, and so becomes what does not fit. */
static const char *keep_word(struct fdg_buf *words, const char *s)
{
	const char *at = words->text + words->len;
	size_t n = s ? strlen(s) + 1 : 0;

	if (!n || n >= words->cap - words->len)
		return NULL;
	fdg_put_n(words, s, n);
	return at;
}

static void keep_source(struct fdg_source *to, const struct fdg_source *from, struct fdg_buf *words)
{
	*to = (struct fdg_source){
		.symbol = keep_word(words, from->symbol),
		.function = keep_word(words, from->function),
		.file = keep_word(words, from->file),
		.line = from->line,
		.callee = keep_word(words, from->callee),
	};
}

void fdg_tally_keep(struct fdg_process *p, const struct fdg_shared *s, const struct fdg_shared_facts *f)
{
	uint64_t key = key_of(p, f->site, f->sites, s->call);
	struct tally *t = find(key);
	struct kept *k = t ? &kept[t - tallies] : NULL;
	struct fdg_buf words;

	if (!k || t->key != key || t->is_kept)
		return;
	t->is_kept = true;
	k->s = *s;
	k->fix = f->fix;
	k->sites = f->sites < SITES ? f->sites : SITES;
	words = (struct fdg_buf)FDG_BUF(k->words);
	for (unsigned i = 0; i < k->sites; i++) {
		copy(k->object[i], OBJECT, f->site[i].object ? f->site[i].object : "");
		k->site[i] = (struct fdg_place){ f->site[i].object ? k->object[i] : NULL, f->site[i].offset };
		keep_source(&k->source[i], f->source ? &f->source[i] : &(struct fdg_source){ .line = 0 }, &words);
	}
	copy(k->what, sizeof(k->what), f->what);
	copy(k->peer, sizeof(k->peer), f->peer);
	copy(k->local, sizeof(k->local), f->local);
}

static void tell(struct fdg_process *p, const struct tally *t, const struct kept *k)
{
	struct fdg_shared_facts f = { .self = fdg_base_name(fdg_facts_exe(p)), .what = k->what, .peer = k->peer, .local = k->local, .site = k->site, .source = k->source,
				     .sites = k->sites, .count = t->count, .fix = k->fix };

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
