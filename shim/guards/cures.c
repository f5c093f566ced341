// SPDX-License-Identifier: MIT
#include "guards/cures.h"

#include <sys/epoll.h>

#include "base/big.h"
#include "base/state.h"
#include "base/sys.h"
#include "guards/rests.h"

#include "base/poison.h"

/*
 * The program may change the registration at the same moment, in another thread: then the kernel may have our mask, and data of before, last. So we look at the record
 * afterwards, which the program's call writes when it is through; and that call looks whether one of ours crossed it.
 */
#define MODS 1024u
#define UNDER_WAY 16u /* at the same time, at most */
FDG_BIG static _Atomic int mods[MODS]; /* the last ones' descriptors */
static _Atomic unsigned begun;
_Atomic unsigned fdg_cure_mods;

void fdg_cures_forked(void)
{
	if (atomic_load(&fdg_cure_mods) != atomic_load(&begun))
		atomic_store(&fdg_cure_mods, atomic_load(&begun));
}

bool fdg_cure_crossed(unsigned since, int fd)
{
	unsigned end = atomic_load(&begun);

	if (end == since)
		return false;
	if (end - since > MODS - UNDER_WAY)
		return true;
	for (unsigned i = since - UNDER_WAY; i != end; i++)
		if (atomic_load(&mods[i % MODS]) == fd)
			return true;
	return false;
}

static bool modify(const struct fdg_registration *r, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.u64 = r->data };
	int epfd = fdg_interest_epoll(r);
	long error;

	if (epfd < 0)
		return false;
	atomic_store(&mods[atomic_fetch_add(&begun, 1) % MODS], r->fd);
	error = fdg_sys4(SYS_epoll_ctl, epfd, EPOLL_CTL_MOD, r->fd, &e);
	atomic_fetch_add(&fdg_cure_mods, 1);
	return error == 0;
}

/* False: the program changed it meanwhile, or did something about it; *ret is what it is now. */
static bool is_as_it_was(const struct fdg_registration *r, unsigned state, struct fdg_registration *ret)
{
	if (!fdg_interest_of(fdg_interest_epoll(r), r->fd, ret))
		return true; /* it is gone, or is being made */
	return ret->data == r->data && ret->events == r->events && (ret->state & FDG_INTEREST_REARMED) == state;
}

/* The program's own, whatever that is by now. */
static bool give_back(struct fdg_registration *r)
{
	struct fdg_registration now = *r;

	for (int i = 0; i < 8; i++) {
		if (!modify(&now, now.events))
			return false;
		if (is_as_it_was(r, 0, &now))
			return true;
		fdg_interest_state(&now, 0, FDG_INTEREST_REARMED);
		*r = now;
	}
	return true;
}

/* The state comes first: whoever acts in between finds what is to be undone. */
bool fdg_cure_rearm(const struct fdg_registration *r)
{
	struct fdg_registration now;

	if (!fdg_rest_add(r))
		return false;
	fdg_interest_state(r, FDG_INTEREST_REARMED, 0);
	if (modify(r, r->events | EPOLLET)) {
		if (is_as_it_was(r, FDG_INTEREST_REARMED, &now))
			return true;
		fdg_interest_state(&now, 0, FDG_INTEREST_REARMED);
		give_back(&now);
	}
	fdg_interest_state(r, 0, FDG_INTEREST_REARMED);
	fdg_rest_drop(r);
	return false;
}

bool fdg_cure_restore(const struct fdg_registration *r)
{
	struct fdg_registration own = *r;

	fdg_rest_drop(r);
	fdg_interest_state(r, 0, FDG_INTEREST_REARMED);
	return give_back(&own);
}

void fdg_cure_put_right(int epfd, int fd, struct epoll_event *e)
{
	fdg_sys4(SYS_epoll_ctl, epfd, EPOLL_CTL_MOD, fd, e);
}

void fdg_cure_replaced(int epfd, int fd)
{
	struct fdg_registration r;

	if (fdg_foreign_memory() || !fdg_interest_of(epfd, fd, &r) || !(r.state & FDG_INTEREST_REARMED))
		return;
	fdg_interest_state(&r, 0, FDG_INTEREST_REARMED);
	fdg_rest_drop(&r);
}
