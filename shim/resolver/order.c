// SPDX-License-Identifier: MIT
/* A request's addresses into the order of RFC 6724. */
#include "resolver/core.h"

#include <string.h>

#include "base/sys.h"

#include "base/poison.h"

enum { FEW = 16 };

struct sorting {
	struct fdg_sort_item *items;
	unsigned *order;
	struct fdg_ip *copy;
};

static size_t room_for(unsigned n)
{
	return n * (sizeof(struct fdg_sort_item) + 2 * sizeof(unsigned) + sizeof(struct fdg_ip)) + 64;
}

/* Memory that is kept: for as many as there ever were. */
static bool find_room(struct fdg_core *c, unsigned n, struct sorting *ret)
{
	size_t want = room_for(n < FEW ? FEW : n);

	if (c->items_mapped < want) {
		if (c->items)
			fdg_sys_munmap(c->items, c->items_mapped);
		c->items = fdg_sys_mmap(want, false);
		c->items_mapped = c->items ? want : 0;
	}
	ret->items = c->items;
	ret->copy = (struct fdg_ip *)(c->items + n);
	ret->order = (unsigned *)(ret->copy + n);
	return c->items;
}

void fdg_order(struct fdg_core *c, struct fdg_request *q)
{
	unsigned n = q->ip_count;
	struct sorting s;

	if (n < 2 || (c->set.flags & FDG_CORE_UNSORTED) || !find_room(c, n, &s))
		return;
	fdg_world_look(&c->world, FDG_WORLD_GAICONF, c->now);
	fdg_sources_refresh(&c->sources, true, c->now);
	for (unsigned i = 0; i < n; i++)
		s.items[i].to = q->ips[i];
	fdg_sort(&c->world.gai, s.items, s.order, n, fdg_sources_ask, &c->sources);
	memcpy(s.copy, q->ips, n * sizeof(*s.copy));
	for (unsigned i = 0; i < n; i++)
		q->ips[i] = s.copy[s.order[i]];
}
