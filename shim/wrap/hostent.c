// SPDX-License-Identifier: MIT
#include "wrap/hostent.h"

#include <stdint.h>
#include <string.h>

#include "base/sys.h"
#include "wrap/lookups.h"

#include "base/poison.h"

enum { TRIES = 1000, FIRST = 8192 };

/* The names, one behind the other, with their ends. */
static size_t names_size(const struct fdg_lookup_host *h)
{
	const char *p = h->aliases;

	for (unsigned i = 0; i < h->alias_count; i++)
		p += strlen(p) + 1;
	return (size_t)(p - h->aliases);
}

static size_t size_of(const struct fdg_lookup_host *h)
{
	size_t pointers = (size_t)h->alias_count + 1 + h->address_count + 1;

	return pointers * sizeof(char *) + (size_t)h->address_count * h->address_len + strlen(h->name) + 1 +
	       names_size(h);
}

/* Pointers first, so that what has an alignment comes before what has none. */
static void carve(const struct fdg_lookup_host *from, struct hostent *to, char *room)
{
	char **aliases = (char **)(void *)room, **addresses = aliases + from->alias_count + 1;
	char *bytes = (char *)(addresses + from->address_count + 1),
	     *text = bytes + (size_t)from->address_count * from->address_len;
	size_t name_size = strlen(from->name) + 1;

	if (from->address_count)
		memcpy(bytes, from->addresses, (size_t)from->address_count * from->address_len);
	for (unsigned i = 0; i < from->address_count; i++)
		addresses[i] = bytes + (size_t)i * from->address_len;
	addresses[from->address_count] = NULL;
	memcpy(text, from->name, name_size);
	*to = (struct hostent){ .h_name = text,
				.h_aliases = aliases,
				.h_addrtype = from->family,
				.h_length = (int)from->address_len,
				.h_addr_list = addresses };
	text += name_size;
	memcpy(text, from->aliases, names_size(from));
	for (unsigned i = 0; i < from->alias_count; i++, text += strlen(text) + 1)
		aliases[i] = text;
	aliases[from->alias_count] = NULL;
}

bool fdg_hostent_fill(const struct fdg_lookup_host *from, struct hostent *to, char *room, size_t n)
{
	size_t pad = -(uintptr_t)room % sizeof(char *);

	if (n < pad || n - pad < size_of(from))
		return false;
	carve(from, to, room + pad);
	return true;
}

static bool take(struct fdg_hostent_own *own)
{
	int me = fdg_lookups_me();

	for (int i = 0; i < TRIES; i++) {
		int writer = 0;

		if (atomic_compare_exchange_strong_explicit(&own->writer, &writer, me, memory_order_acquire,
							    memory_order_relaxed))
			return true;
		if (writer == me)
			return false;
		fdg_sys0(SYS_sched_yield);
	}
	return false;
}

static bool make_room(struct fdg_hostent_own *own, size_t wanted)
{
	size_t size = own->size ? own->size : FIRST;
	char *room;

	if (own->room && own->size >= wanted)
		return true;
	while (size < wanted)
		size *= 2;
	room = fdg_sys_mmap(size, false);
	if (!room)
		return false;
	own->room = room;
	own->size = size;
	return true;
}

struct hostent *fdg_hostent_keep(struct fdg_hostent_own *own, const struct fdg_lookup_host *from)
{
	bool kept;

	if (!take(own))
		return NULL;
	kept = make_room(own, size_of(from)) && fdg_hostent_fill(from, &own->entry, own->room, own->size);
	atomic_store_explicit(&own->writer, 0, memory_order_release);
	return kept ? &own->entry : NULL;
}
