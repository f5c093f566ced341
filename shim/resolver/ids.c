// SPDX-License-Identifier: MIT
#include "resolver/ids.h"

#include "base/poison.h"

/* Heads hold a number + 1, so that zeroed memory is an empty table, and touched page by page. */
void fdg_ids_start(struct fdg_ids *ids, uint32_t *heads, uint32_t mask, struct fdg_try *tries)
{
	*ids = (struct fdg_ids){ heads, mask, tries };
}

/* Ids are random already; the port is spread over them. */
static uint32_t *head_of(const struct fdg_ids *ids, uint32_t key)
{
	return &ids->heads[((key >> 16) * 0x9e3779b1u ^ key) & ids->mask];
}

void fdg_ids_put(struct fdg_ids *ids, uint32_t n, uint32_t key)
{
	struct fdg_try *t = &ids->tries[n];
	uint32_t *head = head_of(ids, key);

	t->key = key;
	t->out = true;
	t->next = *head;
	*head = n + 1;
}

void fdg_ids_take_out(struct fdg_ids *ids, uint32_t n)
{
	uint32_t *at = head_of(ids, ids->tries[n].key);

	while (*at != n + 1)
		at = &ids->tries[*at - 1].next;
	*at = ids->tries[n].next;
	ids->tries[n].out = false;
}

uint32_t fdg_ids_find(const struct fdg_ids *ids, uint32_t key)
{
	for (uint32_t n = *head_of(ids, key); n; n = ids->tries[n - 1].next)
		if (ids->tries[n - 1].key == key)
			return n - 1;
	return FDG_IDS_NONE;
}
