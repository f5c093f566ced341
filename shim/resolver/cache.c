// SPDX-License-Identifier: MIT
#include "resolver/cache.h"

#include <errno.h>
#include <string.h>

#include "base/sys.h"

#include "base/poison.h"

enum { WAYS = 8 /* a line of the processor's cache */, USUAL = 128 /* bytes of an answer */, TAG_BITS = 16 };

struct entry {
	uint64_t expires; /* µs */
	uint32_t size;
	uint16_t type;
	uint8_t len;
	uint8_t wire[]; /* the name; then, from a multiple of 8 on, the reply */
};

struct __attribute__((aligned(64))) fdg_cache {
	uint8_t *ring;
	/* 1 + where in all that was ever written, and behind it bits of the hash, so that others need not be looked at there; 0: none. */
	uint64_t *places;
	uint64_t end, flushed; /* what was ever written; what of it is void */
	uint64_t lap;          /* where the ring began anew, last */
	size_t size, mask, mapped;
};

int fdg_cache_make(size_t bytes, struct fdg_cache **ret)
{
	size_t size = FDG_CACHE_MIN, sets = 1, all;
	struct fdg_cache *c;

	while (size < bytes / 2)
		size *= 2;
	size = bytes > size ? bytes & ~(size_t)7 : size;
	while (sets * WAYS < size / USUAL)
		sets *= 2;
	all = sizeof(*c) + sets * WAYS * sizeof(*c->places) + size;
	c = fdg_sys_mmap(all, false);
	if (!c)
		return -ENOMEM;
	c->mapped = all;
	c->places = (uint64_t *)(c + 1);
	c->ring = (uint8_t *)(c->places + sets * WAYS);
	c->size = size;
	c->mask = sets - 1;
	*ret = c;
	return 0;
}

void fdg_cache_free(struct fdg_cache *c)
{
	if (c)
		fdg_sys_munmap(c, c->mapped);
}

void fdg_cache_flush(struct fdg_cache *c)
{
	c->flushed = c->end;
}

static struct entry *entry_at(const struct fdg_cache *c, uint64_t place)
{
	uint64_t at = (place >> TAG_BITS) - 1;

	if (!place || at < c->flushed || at + c->size < c->end)
		return NULL;
	return (struct entry *)(c->ring + (at - c->lap + (at < c->lap ? c->size : 0)));
}

/* The name's, with the type mixed in: several types of a name lie side by side. */
static uint16_t tag_of(const struct fdg_hash_key *key)
{
	return (uint16_t)((key->hash >> (64 - TAG_BITS)) + key->type * 0x9e37u);
}

static bool is_of(const struct entry *e, const struct fdg_hash_key *key)
{
	return e->type == key->type && e->len == key->len && !memcmp(e->wire, key->wire, key->len);
}

static uint64_t *set_of(const struct fdg_cache *c, uint64_t hash)
{
	return c->places + (hash & c->mask) * WAYS;
}

void fdg_cache_look_ahead(const struct fdg_cache *c, uint64_t hash)
{
	__builtin_prefetch(set_of(c, hash), 1);
}

static size_t reply_at(unsigned name_len)
{
	return (sizeof(struct entry) + name_len + 7) & ~(size_t)7;
}

const struct fdg_reply *fdg_cache_find(const struct fdg_cache *c, const struct fdg_hash_key *key, uint64_t now,
				       uint32_t *ret_left)
{
	const uint64_t *set = set_of(c, key->hash);

	for (unsigned i = 0; i < WAYS; i++) {
		const struct entry *e;

		if ((uint16_t)set[i] != tag_of(key))
			continue;
		e = entry_at(c, set[i]);
		if (!e || !is_of(e, key) || e->expires <= now)
			continue;
		*ret_left = (uint32_t)((e->expires - now) / 1000000);
		return (const struct fdg_reply *)((const uint8_t *)e + reply_at(e->len));
	}
	return NULL;
}

/* The same name's, a void one, or the oldest. */
static uint64_t *place_for(struct fdg_cache *c, const struct fdg_hash_key *key)
{
	uint64_t *set = set_of(c, key->hash), *oldest = set;

	for (unsigned i = 0; i < WAYS; i++) {
		const struct entry *e = entry_at(c, set[i]);

		if (e && (uint16_t)set[i] == tag_of(key) && is_of(e, key))
			return &set[i];
		if (!e)
			set[i] = 0;
		if (set[i] < *oldest)
			oldest = &set[i];
	}
	return oldest;
}

/* One that does not fit behind the last begins anew; the rest of the ring stays as it is. */
static uint64_t take_room(struct fdg_cache *c, size_t n)
{
	uint64_t at = c->end;

	if (c->size - (at - c->lap) < n)
		at = c->lap += c->size;
	c->end = at + n;
	return at;
}

void fdg_cache_put(struct fdg_cache *c, const struct fdg_hash_key *key, const struct fdg_reply *r, uint64_t now,
		   uint32_t seconds)
{
	size_t head = reply_at(key->len), n = (head + fdg_reply_size(r) + 7) & ~(size_t)7;
	uint64_t *place, at;
	struct entry *e;

	if (n > c->size / 8 || !seconds)
		return;
	place = place_for(c, key);
	at = take_room(c, n);
	e = (struct entry *)(c->ring + (at - c->lap));
	*e = (struct entry){
		.expires = now + (uint64_t)seconds * 1000000, .size = (uint32_t)n, .type = key->type, .len = key->len
	};
	fdg_dns_copy(e->wire, key->wire, key->len);
	fdg_dns_copy((uint8_t *)e + head, r, fdg_reply_size(r));
	*place = (at + 1) << TAG_BITS | tag_of(key);
}
