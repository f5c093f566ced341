// SPDX-License-Identifier: MIT
#include "supervise/tally.h"

#include <string.h>

#include "base/poison.h"

static struct tally {
	uint64_t key, count, next;
} tallies[FDG_TALLIES];

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

bool fdg_tally_is_due(struct fdg_process *p, const struct fdg_place *site, unsigned sites, const char *call, uint64_t *ret_count)
{
	uint64_t key = key_of(p, site, sites, call);
	struct tally *t = NULL;

	for (unsigned i = 0; i < 16; i++) {
		struct tally *at = &tallies[(key + i) % FDG_TALLIES];

		if (at->key == key || (!t && !at->key)) {
			t = at;
			if (at->key == key)
				break;
		}
	}
	*ret_count = 1;
	if (!t)
		return true;
	if (!t->key)
		*t = (struct tally){ key, 0, 1 };
	*ret_count = ++t->count;
	if (t->count < t->next)
		return false;
	t->next *= 10;
	return true;
}
