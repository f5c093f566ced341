// SPDX-License-Identifier: MIT
#include "guards/epoll/ghosts.h"

#include "base/big.h"
#include "base/state.h"
#include "ledger/ledger.h"

#include "base/poison.h"

/* Words, so that a reader that meets a writer reads atomics; `number` tells whether it did. */
struct slot {
	_Atomic uint64_t number; /* the how manieth, from 1; 0: being written */
	_Atomic uint64_t set, data, description;
	_Atomic uintptr_t site, closed_at, made_at;
	_Atomic uint32_t events, generation;
	_Atomic int epfd, fd, owner;
};

FDG_BIG static struct slot slots[FDG_GHOSTS];
static _Atomic uint64_t count;

#define PUT(field, value) atomic_store_explicit(&s->field, (value), memory_order_relaxed)
#define GET(field) atomic_load_explicit(&s->field, memory_order_acquire)

static const void *made_at(int fd)
{
	struct fdg_known k;

	return fdg_ledger_look(fd, &k) ? k.site : NULL;
}

static bool look(const struct slot *s, struct fdg_ghost *ret);

/* Its close was seen. */
static bool is_kept(const struct fdg_registration *r)
{
	struct fdg_ghost g;

	for (unsigned i = 0; i < FDG_GHOSTS; i++)
		if (look(&slots[i], &g) && g.r.set == r->set && g.r.fd == r->fd && g.r.data == r->data &&
		    g.r.description == r->description)
			return true;
	return false;
}

void fdg_ghost_keep(const struct fdg_registration *r, const void *closed_at)
{
	uint64_t number;
	struct slot *s;

	if (fdg_foreign_memory() || (!closed_at && is_kept(r)))
		return;
	number = atomic_fetch_add(&count, 1) + 1;
	s = &slots[number % FDG_GHOSTS];
	atomic_exchange(&s->number, 0);
	PUT(set, r->set);
	PUT(data, r->data);
	PUT(description, r->description);
	PUT(site, (uintptr_t)r->site);
	PUT(closed_at, (uintptr_t)closed_at);
	PUT(made_at, closed_at ? (uintptr_t)made_at(r->fd) : 0);
	PUT(events, r->events);
	PUT(generation, r->generation);
	PUT(epfd, r->epfd);
	PUT(fd, r->fd);
	PUT(owner, r->owner);
	atomic_store_explicit(&s->number, number, memory_order_release);
}

static bool look(const struct slot *s, struct fdg_ghost *ret)
{
	uint64_t number = GET(number);

	ret->r = (struct fdg_registration){ .set = GET(set),
					    .data = GET(data),
					    .description = GET(description),
					    .site = (const void *)GET(site),
					    .events = GET(events),
					    .generation = GET(generation),
					    .epfd = GET(epfd),
					    .fd = GET(fd),
					    .owner = GET(owner) };
	ret->closed_at = (const void *)GET(closed_at);
	ret->made_at = (const void *)GET(made_at);
	return number && GET(number) == number;
}

bool fdg_ghost_find(int epfd, int fd, uint64_t data, struct fdg_ghost *ret)
{
	uint64_t end = atomic_load_explicit(&count, memory_order_acquire);
	struct fdg_ghost g;

	for (uint64_t n = end; n > 0 && n + FDG_GHOSTS > end; n--)
		if (look(&slots[n % FDG_GHOSTS], &g) && g.r.fd == fd && g.r.data == data &&
		    fdg_interest_is_of(&g.r, epfd)) {
			*ret = g;
			return true;
		}
	return false;
}
