// SPDX-License-Identifier: MIT
#include "supervise/hints.h"

#include <stddef.h>

#include "base/big.h"

#include "base/poison.h"

#define PROBES 32

/* Of the program that was given this number when it began, and of those that it forked (fdg_process.family): another one's are of no use. */
static struct hint {
	struct fdg_identity what;
	uint64_t family, when;
	int pid, fd;
} hints[FDG_HINTS] FDG_BIG;
static uint64_t clock_of_adds;

static struct hint *place(const struct fdg_identity *what, unsigned i)
{
	uint64_t h = (what->ino ^ what->dev << 32) * UINT64_C(0x9e3779b97f4a7c15);

	return &hints[((h >> 40) + i) % FDG_HINTS];
}

static bool is_of(const struct hint *h, const struct fdg_process *p, const struct fdg_identity *what)
{
	return h->family == p->family && fdg_identity_same(&h->what, what);
}

/* It could be asked for still: the process is that, and has it there. */
static struct fdg_process *owner_of(const struct hint *h)
{
	struct fdg_process *p = fdg_facts_find(h->pid);
	struct fdg_identity what;

	return h->family && p && p->family == h->family && fdg_stream_of(h->pid, h->fd, &what) && fdg_identity_same(&what, &h->what) ? p : NULL;
}

/* Its own place, a free one, or the one that was not used for longest. */
static struct hint *place_for(const struct fdg_process *p, const struct fdg_identity *what, int fd)
{
	struct hint *oldest = place(what, 0);

	for (unsigned i = 0; i < PROBES; i++) {
		struct hint *h = place(what, i);

		if (!h->family || (h->fd == fd && is_of(h, p, what)))
			return h;
		if (h->when < oldest->when)
			oldest = h;
	}
	return oldest;
}

void fdg_hint_add(struct fdg_process *p, int fd)
{
	struct fdg_identity what;
	struct fdg_process *loser;
	struct hint *h;

	if (!fdg_stream_of(p->pid, fd, &what))
		return;
	h = place_for(p, &what, fd);
	if (!is_of(h, p, &what) && (loser = owner_of(h)))
		loser->is_hint_lost = true;
	*h = (struct hint){ what, p->family, ++clock_of_adds, p->pid, fd };
}

unsigned fdg_hint_find(const struct fdg_process *p, const struct fdg_identity *what, int *ret, unsigned max)
{
	uint64_t before = UINT64_MAX;
	unsigned n = 0;

	while (n < max) {
		const struct hint *last = NULL;

		for (unsigned i = 0; i < PROBES; i++) {
			const struct hint *h = place(what, i);

			if (is_of(h, p, what) && h->when < before && (!last || h->when > last->when))
				last = h;
		}
		if (!last)
			break;
		before = last->when;
		ret[n++] = last->fd;
	}
	return n;
}
