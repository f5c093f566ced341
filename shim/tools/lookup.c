// SPDX-License-Identifier: MIT
#include "tools/lookup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/report.h"

static struct lookup_slot *free_slot(const struct lookup *x, uint64_t hash)
{
	size_t at = (size_t)hash;

	while (x->slot[at & (x->slots - 1)].entry)
		at++;
	return &x->slot[at & (x->slots - 1)];
}

static void more_slots(struct lookup *x)
{
	struct lookup_slot *old = x->slot;
	size_t n = x->slots;

	x->slots = n ? n * 2 : 256;
	x->slot = calloc(x->slots, sizeof(*x->slot));
	if (!x->slot) {
		fputs("fdguard: out of memory\n", stderr);
		exit(2);
	}
	for (size_t i = 0; i < n; i++)
		if (old[i].entry)
			*free_slot(x, old[i].hash) = old[i];
	free(old);
}

uint32_t *lookup_find(struct lookup *x, uint64_t hash, lookup_same *same, const void *owner, const void *key)
{
	struct lookup_slot *s;
	size_t at = (size_t)hash;

	if (x->used * 2 >= x->slots)
		more_slots(x);
	for (;; at++) {
		s = &x->slot[at & (x->slots - 1)];
		if (!s->entry)
			break;
		if (s->hash == hash && same(owner, s->entry - 1, key))
			return &s->entry;
	}
	s->hash = hash;
	x->used++; /* a little too many where the caller leaves it free */
	return &s->entry;
}

void lookup_free(struct lookup *x)
{
	free(x->slot);
	*x = (struct lookup){ 0 };
}

static bool same_text(const void *owner, uint32_t i, const void *key)
{
	return strcmp(((const struct strings *)owner)->text[i], key) == 0;
}

uint32_t strings_number(struct strings *s, struct pool *pool, const char *text)
{
	uint32_t *entry = lookup_find(&s->lookup, fdg_hash(0, text, strlen(text)), same_text, s, text);

	if (*entry)
		return *entry - 1;
	s->text = pool_grow(s->text, s->count, &s->room, sizeof(*s->text));
	s->text[s->count++] = pool_copy(pool, text);
	*entry = (uint32_t)s->count;
	return *entry - 1;
}

void strings_free(struct strings *s)
{
	lookup_free(&s->lookup);
	free(s->text);
	*s = (struct strings){ 0 };
}
