// SPDX-License-Identifier: MIT
/* Which registration an event is of, by the data that it carries. */
#include "base/big.h"
#include "base/state.h"
#include "guards/epoll/acts.h"
#include "guards/epoll/carried.h"
#include "guards/epoll/interest_parts.h"

#include "base/poison.h"

#define GUESSES 1024u
#define SEARCHED_A_MS 200u     /* numbers that are looked at where events name none and the hash has no room … */
#define SEARCHED_MOST 400000u /* … and so many at a time */

FDG_BIG static _Atomic int guesses[GUESSES]; /* (set, data) -> 1 + the fd that it was last time */
static _Atomic int64_t budget = SEARCHED_MOST, budget_of;

static _Atomic int *guess_of(uint64_t set, uint64_t data)
{
	return &guesses[((set * UINT64_C(0x9e3779b97f4a7c15)) ^ (data * UINT64_C(0xff51afd7ed558ccd))) >> 54];
}

void fdg_interest_guess(const struct fdg_registration *r)
{
	if (!fdg_foreign_memory())
		atomic_store_explicit(guess_of(r->set, r->data), r->fd + 1, memory_order_relaxed);
}

static bool carries(int fd, uint64_t set, uint64_t data, struct fdg_registration *ret)
{
	struct fdg_record *r = fdg_record_of_set(fd, set);
	struct fdg_registration g;

	if (!r || !fdg_record_look(r, fd, &g) || g.data != data || !g.current)
		return false;
	*ret = g;
	return true;
}

int fdg_interest_next_fd(int fd)
{
	int end = atomic_load_explicit(&fdg_interest_top, memory_order_relaxed);

	while (fd >= 0 && fd <= end) {
		struct fdg_record *r = fdg_record_of(fd);

		if (!r) /* a chunk that was never mapped */
			fd = (int)(((unsigned)fd / FDG_LEDGER_CHUNK + 1) * FDG_LEDGER_CHUNK);
		else if (fdg_record_set(r) || atomic_load_explicit(&r->more, memory_order_relaxed))
			return fd;
		else
			fd++;
	}
	return -1;
}

bool fdg_interest_may_search(void)
{
	int64_t now = fdg_acts_clock(), since = atomic_load_explicit(&budget_of, memory_order_relaxed), left;

	if (now > since && atomic_compare_exchange_strong(&budget_of, &since, now)) {
		left = atomic_load_explicit(&budget, memory_order_relaxed) + (now - since) * SEARCHED_A_MS;
		atomic_store_explicit(&budget, left < SEARCHED_MOST ? left : SEARCHED_MOST, memory_order_relaxed);
	}
	if (atomic_load_explicit(&budget, memory_order_relaxed) <= 0)
		return false;
	atomic_fetch_sub_explicit(&budget, atomic_load_explicit(&fdg_interest_top, memory_order_relaxed) + 1, memory_order_relaxed);
	return true;
}

static unsigned search(uint64_t set, uint64_t data, struct fdg_registration *ret, unsigned enough)
{
	struct fdg_registration g;
	unsigned same = 0;

	for (int fd = fdg_interest_next_fd(0); fd >= 0 && same < enough; fd = fdg_interest_next_fd(fd + 1))
		if (carries(fd, set, data, &g)) {
			if (same++ == 0)
				*ret = g;
		}
	return same;
}

/* By its data's own number, and by the hash. */
static unsigned look_up(uint64_t set, uint64_t data, struct fdg_registration *ret, unsigned enough)
{
	struct fdg_registration g;
	unsigned at = 0, same = carries((int)(uint32_t)data, set, data, ret);

	while (same < enough) {
		int fd = fdg_carried_next(set, data, &at);

		if (fd < 0)
			break;
		if ((same && fd == ret->fd) || !carries(fd, set, data, &g))
			continue;
		if (same++ == 0)
			*ret = g;
	}
	return same;
}

bool fdg_interest_look(int epfd, uint64_t data, struct fdg_registration *ret, unsigned *ret_same)
{
	unsigned enough = ret_same ? FDG_INTEREST_SAME : 1, same;
	uint64_t set = fdg_list_of(epfd);

	if (!ret_same && (carries((int)(uint32_t)data, set, data, ret) ||
			  carries(atomic_load_explicit(guess_of(set, data), memory_order_relaxed) - 1, set, data, ret)))
		return true;
	same = look_up(set, data, ret, enough);
	if (same < enough && fdg_carried_lacks(set, data)) {
		if (fdg_interest_may_search())
			same = search(set, data, ret, enough);
		else if (ret_same) { /* as many as can be */
			*ret_same = enough;
			return same;
		}
	}
	if (ret_same)
		*ret_same = same;
	return same;
}
