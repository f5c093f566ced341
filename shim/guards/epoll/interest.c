// SPDX-License-Identifier: MIT
#include "guards/epoll/interest.h"

#include <sys/epoll.h>

#include "base/big.h"
#include "base/state.h"
#include "base/sys.h"
#include "guards/epoll/acts.h"
#include "guards/epoll/carried.h"
#include "guards/epoll/ghosts.h"
#include "guards/epoll/interest_parts.h"
#include "ledger/ledger.h"

#include "base/poison.h"

#define BUSY UINT64_MAX           /* a set: the record is being written */
#define NO_FLAGS UINT32_MAX       /* that an entry could have */
#define LAST UINT32_MAX           /* nothing more in a chain */

_Atomic int fdg_interest_owner;
_Atomic int fdg_interest_top = -1;
static _Atomic bool list_copied; /* an epoll has had a duplicate */
_Atomic bool fdg_interest_once;

/* ---- what they hold ---- */

/* False: it is free, or changes under our eyes. Acquire, so that what comes last is read last. */
static bool copy(const struct fdg_record *r, int fd, struct fdg_registration *ret)
{
	uint64_t set = fdg_record_set(r);
	uint32_t version = atomic_load_explicit(&r->version, memory_order_acquire);

	if (set == 0 || set == BUSY)
		return false;
	*ret = (struct fdg_registration){ .fd = fd, .set = set };
	ret->epfd = atomic_load_explicit(&r->epfd, memory_order_acquire);
	ret->data = atomic_load_explicit(&r->data, memory_order_acquire);
	ret->events = atomic_load_explicit(&r->events, memory_order_acquire);
	ret->description = atomic_load_explicit(&r->description, memory_order_acquire);
	ret->generation = atomic_load_explicit(&r->generation, memory_order_acquire);
	ret->owner = atomic_load_explicit(&r->owner, memory_order_acquire);
	ret->site = (const void *)atomic_load_explicit(&r->site, memory_order_acquire);
	ret->state = atomic_load_explicit(&r->state, memory_order_acquire);
	return fdg_record_set(r) == set && atomic_load_explicit(&r->version, memory_order_relaxed) == version;
}

/* The number may have come back: what was saved and put back by dup2 is what it was. */
static bool is_current(const struct fdg_registration *g)
{
	bool is_same = g->generation == fdg_ledger_generation(g->fd);

	if (!g->description)
		return is_same;
	return fdg_ledger_state(g->fd) && (is_same || g->description == fdg_ledger_description(g->fd));
}

bool fdg_record_look(struct fdg_record *r, int fd, struct fdg_registration *ret)
{
	if (!copy(r, fd, ret))
		return false;
	ret->current = !(ret->state & FDG_INTEREST_TAKEN) && is_current(ret);
	if (ret->current && ret->generation != fdg_ledger_generation(fd) && !fdg_foreign_memory()) {
		ret->generation = fdg_ledger_generation(fd);
		atomic_store_explicit(&r->generation, ret->generation, memory_order_relaxed);
	}
	return true;
}

/* The list is gone, or the descriptor is another one by now. */
static bool claim(struct fdg_record *r, uint64_t seen)
{
	return atomic_compare_exchange_strong(&r->set, &seen, BUSY);
}

static void uncarry(struct fdg_record *r, int fd)
{
	fdg_carried_drop(atomic_load_explicit(&r->carried, memory_order_relaxed), fd);
}

/* The list is gone; or the descriptor is closed, or another one by now. */
static bool claim_dead(struct fdg_record *r, int fd)
{
	struct fdg_registration g;
	bool is_gone;

	if (!fdg_record_look(r, fd, &g))
		return false;
	is_gone = fdg_interest_epoll(&g) < 0;
	if ((g.current && !is_gone) || !claim(r, g.set))
		return false;
	uncarry(r, fd);
	if (!is_gone)
		fdg_ghost_keep(&g, NULL);
	return true;
}

/* A record to be filled, BUSY. The first is the cheapest; what is dead is looked for where a further one would be needed. */
static struct fdg_record *claim_any(int fd)
{
	struct fdg_record *begin = fdg_record_make(fd), *r;

	for (r = begin; r; r = fdg_record_next(r))
		if (fdg_record_set(r) == 0 && claim(r, 0))
			return r;
	for (r = begin; r; r = fdg_record_next(r))
		if (claim_dead(r, fd))
			return r;
	r = begin ? fdg_record_lengthen(begin) : NULL;
	return r && claim(r, 0) ? r : NULL;
}

/* ---- epoll_ctl ---- */

static int own_pid(void)
{
	int pid = atomic_load_explicit(&fdg_interest_owner, memory_order_relaxed);

	if (__builtin_expect(!pid, 0)) {
		pid = fdg_sys_getpid();
		atomic_store_explicit(&fdg_interest_owner, pid, memory_order_relaxed);
	}
	return pid;
}

static void put_changeable(struct fdg_record *r, const struct epoll_event *e, const void *site)
{
	atomic_store_explicit(&r->data, e->data.u64, memory_order_relaxed);
	atomic_store_explicit(&r->events, e->events, memory_order_relaxed);
	atomic_store_explicit(&r->site, (uintptr_t)site, memory_order_relaxed);
	if (e->events & (EPOLLET | EPOLLONESHOT) && !atomic_load_explicit(&fdg_interest_once, memory_order_relaxed))
		atomic_store_explicit(&fdg_interest_once, true, memory_order_relaxed);
}

/* r is BUSY. */
static void fill(struct fdg_record *r, int epfd, int fd, uint64_t set, int owner)
{
	atomic_store_explicit(&r->version, atomic_load_explicit(&r->version, memory_order_relaxed) + 1,
			      memory_order_relaxed);
	atomic_store_explicit(&r->description, fdg_ledger_description(fd), memory_order_relaxed);
	atomic_store_explicit(&r->generation, fdg_ledger_generation(fd), memory_order_relaxed);
	atomic_store_explicit(&r->epfd, epfd, memory_order_relaxed);
	atomic_store_explicit(&r->owner, owner, memory_order_relaxed);
	atomic_store_explicit(&r->state, 0, memory_order_relaxed);
	atomic_store_explicit(&r->set, set, memory_order_release);
}

/* The kernel took it, so what we had under this number is closed, and nobody saw it. */
static struct fdg_record *replace(struct fdg_record *r, int fd, uint64_t set)
{
	struct fdg_registration old;

	if (fdg_record_look(r, fd, &old) && old.set == set) {
		fdg_ghost_keep(&old, NULL);
		uncarry(r, fd);
	}
	return claim(r, set) ? r : NULL;
}

static void raise_top(int fd)
{
	int seen = atomic_load_explicit(&fdg_interest_top, memory_order_relaxed);

	while (seen < fd && !atomic_compare_exchange_weak(&fdg_interest_top, &seen, fd))
		;
}

static void mark(int fd)
{
	uint32_t state = fdg_ledger_state(fd);

	if (state && !(state & FDG_POLLED))
		fdg_ledger_flag(fd, FDG_POLLED, 0);
	if (atomic_load_explicit(&fdg_interest_top, memory_order_relaxed) < fd)
		raise_top(fd);
}

static void add(int epfd, int fd, const struct epoll_event *e, const void *site, int owner)
{
	uint64_t set = fdg_list_of(epfd);
	struct fdg_record *r = fdg_record_of(fd);

	if (r && fdg_record_set(r) == 0 && !atomic_load_explicit(&r->more, memory_order_relaxed)) /* as nearly always */
		r = claim(r, 0) ? r : claim_any(fd);
	else {
		r = fdg_record_of_set(fd, set);
		r = r ? replace(r, fd, set) : claim_any(fd);
	}
	if (!r)
		return;
	put_changeable(r, e, site);
	fill(r, epfd, fd, set, owner);
	atomic_store_explicit(&r->carried, fdg_carried_put(set, e->data.u64, fd), memory_order_relaxed);
	mark(fd);
}

/* It proves that fd is what was registered. */
static void modify(struct fdg_record *r, int fd, const struct epoll_event *e, const void *site)
{
	uint32_t generation = fdg_ledger_generation(fd);
	uint64_t data = atomic_load_explicit(&r->data, memory_order_relaxed);

	put_changeable(r, e, site);
	if (data != e->data.u64) {
		uint32_t place = fdg_carried_put(fdg_record_set(r), e->data.u64, fd);

		if (place != atomic_load_explicit(&r->carried, memory_order_relaxed))
			uncarry(r, fd);
		atomic_store_explicit(&r->carried, place, memory_order_relaxed);
	}
	if (atomic_load_explicit(&r->generation, memory_order_relaxed) == generation)
		return;
	atomic_store_explicit(&r->description, fdg_ledger_description(fd), memory_order_relaxed);
	atomic_store_explicit(&r->generation, generation, memory_order_relaxed);
}

static void drop(int epfd, int fd)
{
	uint64_t set = fdg_list_of(epfd);
	struct fdg_record *begin = fdg_record_of(fd), *r = begin ? fdg_record_of_set(fd, set) : NULL;

	if (r) {
		uncarry(r, fd);
		atomic_store_explicit(&r->set, 0, memory_order_release);
	}
	for (r = begin; r; r = fdg_record_next(r))
		if (fdg_record_set(r)) { /* guard nonblock counts to one */
			mark(fd);
			return;
		}
}

void fdg_interest_changed(int epfd, int op, int fd, const struct epoll_event *e, const void *site)
{
	struct fdg_record *r;

	if ((unsigned)fd >= FDG_LEDGER_MAX || fdg_foreign_memory())
		return;
	switch (op) {
	case EPOLL_CTL_ADD:
		add(epfd, fd, e, site, own_pid());
		break;
	case EPOLL_CTL_MOD:
		r = fdg_record_of_set(fd, fdg_list_of(epfd));
		if (r)
			modify(r, fd, e, site);
		else if (own_pid())
			add(epfd, fd, e, site, 0);
		break;
	case EPOLL_CTL_DEL:
		drop(epfd, fd);
		break;
	default:
		break;
	}
}

/* ---- questions ---- */

bool fdg_interest_of(int epfd, int fd, struct fdg_registration *ret)
{
	struct fdg_record *r = fdg_record_of_set(fd, fdg_list_of(epfd));
	struct fdg_registration g;

	if (!r || !fdg_record_look(r, fd, &g) || !g.current)
		return false;
	*ret = g;
	return true;
}

bool fdg_interest_next(int fd, unsigned *at, struct fdg_registration *ret)
{
	struct fdg_record *r = NULL;

	while (*at != LAST) {
		r = *at == 0 ? fdg_record_of(fd) : fdg_record_at(*at);
		*at = r ? atomic_load_explicit(&r->more, memory_order_acquire) : 0;
		if (!*at)
			*at = LAST;
		if (r && fdg_record_look(r, fd, ret))
			return true;
	}
	return false;
}

uint64_t fdg_interest_set(int epfd)
{
	return fdg_list_of(epfd);
}

bool fdg_interest_is_of(const struct fdg_registration *r, int epfd)
{
	return fdg_list_of(epfd) == r->set;
}

int fdg_interest_epoll(const struct fdg_registration *r)
{
	if (fdg_list_of(r->epfd) == r->set)
		return r->epfd;
	if (r->set & FDG_LIST_NO_ID || !atomic_load_explicit(&list_copied, memory_order_relaxed))
		return -1;
	return fdg_ledger_next_of(0, r->set, NO_FLAGS);
}

void fdg_interest_list_copied(void)
{
	if (!atomic_load_explicit(&list_copied, memory_order_relaxed) && !fdg_foreign_memory())
		atomic_store_explicit(&list_copied, true, memory_order_relaxed);
}

void fdg_interest_state(const struct fdg_registration *r, unsigned set, unsigned clear)
{
	struct fdg_record *record = fdg_record_of_set(r->fd, r->set);
	uint32_t seen;

	if (!record || fdg_foreign_memory() ||
	    atomic_load_explicit(&record->generation, memory_order_relaxed) != r->generation)
		return;
	seen = atomic_load_explicit(&record->state, memory_order_relaxed);
	while (!atomic_compare_exchange_weak(&record->state, &seen, (seen & ~clear) | set))
		;
}

/* ---- closing, forking ---- */

void fdg_interest_closing(int fd, int owner)
{
	if (fdg_foreign_memory())
		return;
	for (struct fdg_record *r = fdg_record_of(fd); r; r = fdg_record_next(r)) {
		uint64_t set = fdg_record_set(r);
		uint32_t place = atomic_load_explicit(&r->carried, memory_order_relaxed);

		if (set != 0 && set != BUSY && atomic_load_explicit(&r->owner, memory_order_relaxed) == owner &&
		    atomic_compare_exchange_strong(&r->set, &set, 0))
			fdg_carried_drop(place, fd);
	}
}

void fdg_interest_forked(void)
{
	if (fdg_interest_has_own())
		atomic_store_explicit(&fdg_interest_owner, 0, memory_order_relaxed);
}
