// SPDX-License-Identifier: MIT
#include "guards/interest.h"

#include <sys/epoll.h>

#include "base/big.h"
#include "base/state.h"
#include "base/sys.h"
#include "guards/acts.h"
#include "guards/carried.h"
#include "guards/ghosts.h"
#include "guards/records.h"
#include "ledger/ledger.h"

#include "base/poison.h"

#define BUSY UINT64_MAX           /* a set: the record is being written */
#define NO_ID (UINT64_C(1) << 63) /* a set: the ledger has no description for the epoll, its number has to do */
#define NO_FLAGS UINT32_MAX       /* that an entry could have */
#define LAST UINT32_MAX           /* nothing more in a chain */
#define GUESSES 1024u
#define SEARCHED_A_MS 200u     /* numbers that are looked at where events name none and the hash has no room … */
#define SEARCHED_MOST 400000u /* … and so many at a time */

FDG_BIG static _Atomic int guesses[GUESSES]; /* (set, data) -> 1 + the fd that it was last time */

_Atomic int fdg_interest_owner;
static _Atomic int top = -1;
static _Atomic bool list_copied; /* an epoll has had a duplicate */
_Atomic bool fdg_interest_once;
static _Atomic int64_t budget = SEARCHED_MOST, budget_of;

/* ---- what they hold ---- */

static uint64_t set_of(int epfd)
{
	uint64_t id = fdg_ledger_state(epfd) ? fdg_ledger_description(epfd) : 0;

	return id ? id : NO_ID | (unsigned)epfd;
}

static uint64_t set_in(const struct fdg_record *r)
{
	return atomic_load_explicit(&r->set, memory_order_acquire);
}

/* False: it is free, or changes under our eyes. Acquire, so that what comes last is read last. */
static bool copy(const struct fdg_record *r, int fd, struct fdg_registration *ret)
{
	uint64_t set = set_in(r);
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
	return set_in(r) == set && atomic_load_explicit(&r->version, memory_order_relaxed) == version;
}

/* The number may have come back: what was saved and put back by dup2 is what it was. */
static bool is_current(const struct fdg_registration *g)
{
	bool is_same = g->generation == fdg_ledger_generation(g->fd);

	if (!g->description)
		return is_same;
	return fdg_ledger_state(g->fd) && (is_same || g->description == fdg_ledger_description(g->fd));
}

static bool look(struct fdg_record *r, int fd, struct fdg_registration *ret)
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

static struct fdg_record *of_set(int fd, uint64_t set)
{
	struct fdg_record *r = fdg_record_of(fd);

	while (r && set_in(r) != set)
		r = fdg_record_next(r);
	return r;
}

/* The list is gone, or the descriptor is another one by now. */
static bool claim(struct fdg_record *r, uint64_t seen)
{
	return atomic_compare_exchange_strong(&r->set, &seen, BUSY);
}

/* The list is gone; or the descriptor is closed, or another one by now. */
static bool claim_dead(struct fdg_record *r, int fd)
{
	struct fdg_registration g;
	bool is_gone;

	if (!look(r, fd, &g))
		return false;
	is_gone = fdg_interest_epoll(&g) < 0;
	if ((g.current && !is_gone) || !claim(r, g.set))
		return false;
	fdg_carried_drop(g.set, g.data, fd);
	if (!is_gone)
		fdg_ghost_keep(&g, NULL);
	return true;
}

/* A record to be filled, BUSY. The first is the cheapest; what is dead is looked for where a further one would be needed. */
static struct fdg_record *claim_any(int fd)
{
	struct fdg_record *begin = fdg_record_make(fd), *r;

	for (r = begin; r; r = fdg_record_next(r))
		if (set_in(r) == 0 && claim(r, 0))
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

static _Atomic int *guess_of(uint64_t set, uint64_t data)
{
	return &guesses[((set * UINT64_C(0x9e3779b97f4a7c15)) ^ (data * UINT64_C(0xff51afd7ed558ccd))) >> 54];
}

void fdg_interest_guess(const struct fdg_registration *r)
{
	if (!fdg_foreign_memory())
		atomic_store_explicit(guess_of(r->set, r->data), r->fd + 1, memory_order_relaxed);
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

	if (look(r, fd, &old) && old.set == set) {
		fdg_ghost_keep(&old, NULL);
		fdg_carried_drop(set, old.data, fd);
	}
	return claim(r, set) ? r : NULL;
}

static void raise_top(int fd)
{
	int seen = atomic_load_explicit(&top, memory_order_relaxed);

	while (seen < fd && !atomic_compare_exchange_weak(&top, &seen, fd))
		;
}

static void mark(int fd)
{
	uint32_t state = fdg_ledger_state(fd);

	if (state && !(state & FDG_POLLED))
		fdg_ledger_flag(fd, FDG_POLLED, 0);
	if (atomic_load_explicit(&top, memory_order_relaxed) < fd)
		raise_top(fd);
}

static void add(int epfd, int fd, const struct epoll_event *e, const void *site, int owner)
{
	uint64_t set = set_of(epfd);
	struct fdg_record *r = fdg_record_of(fd);

	if (r && set_in(r) == 0 && !atomic_load_explicit(&r->more, memory_order_relaxed)) /* as nearly always */
		r = claim(r, 0) ? r : claim_any(fd);
	else {
		r = of_set(fd, set);
		r = r ? replace(r, fd, set) : claim_any(fd);
	}
	if (!r)
		return;
	put_changeable(r, e, site);
	fill(r, epfd, fd, set, owner);
	fdg_carried_put(set, e->data.u64, fd);
	mark(fd);
}

/* It proves that fd is what was registered. */
static void modify(struct fdg_record *r, int fd, const struct epoll_event *e, const void *site)
{
	uint32_t generation = fdg_ledger_generation(fd);
	uint64_t data = atomic_load_explicit(&r->data, memory_order_relaxed);

	put_changeable(r, e, site);
	if (data != e->data.u64) {
		fdg_carried_put(set_in(r), e->data.u64, fd);
		fdg_carried_drop(set_in(r), data, fd);
	}
	if (atomic_load_explicit(&r->generation, memory_order_relaxed) == generation)
		return;
	atomic_store_explicit(&r->description, fdg_ledger_description(fd), memory_order_relaxed);
	atomic_store_explicit(&r->generation, generation, memory_order_relaxed);
}

static void drop(int epfd, int fd)
{
	uint64_t set = set_of(epfd);
	struct fdg_record *begin = fdg_record_of(fd), *r = begin ? of_set(fd, set) : NULL;

	if (r) {
		fdg_carried_drop(set, atomic_load_explicit(&r->data, memory_order_relaxed), fd);
		atomic_store_explicit(&r->set, 0, memory_order_release);
	}
	for (r = begin; r; r = fdg_record_next(r))
		if (set_in(r)) { /* guard nonblock counts to one */
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
		r = of_set(fd, set_of(epfd));
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
	struct fdg_record *r = of_set(fd, set_of(epfd));
	struct fdg_registration g;

	if (!r || !look(r, fd, &g) || !g.current)
		return false;
	*ret = g;
	return true;
}

static bool carries(int fd, uint64_t set, uint64_t data, struct fdg_registration *ret)
{
	struct fdg_record *r = of_set(fd, set);
	struct fdg_registration g;

	if (!r || !look(r, fd, &g) || g.data != data || !g.current)
		return false;
	*ret = g;
	return true;
}

int fdg_interest_next_fd(int fd)
{
	int end = atomic_load_explicit(&top, memory_order_relaxed);

	while (fd >= 0 && fd <= end) {
		struct fdg_record *r = fdg_record_of(fd);

		if (!r) /* a chunk that was never mapped */
			fd = (int)(((unsigned)fd / FDG_LEDGER_CHUNK + 1) * FDG_LEDGER_CHUNK);
		else if (set_in(r) || atomic_load_explicit(&r->more, memory_order_relaxed))
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
	atomic_fetch_sub_explicit(&budget, atomic_load_explicit(&top, memory_order_relaxed) + 1, memory_order_relaxed);
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

static bool find(int epfd, uint64_t data, struct fdg_registration *ret, unsigned *ret_same, bool (*may_search)(void))
{
	unsigned enough = ret_same ? FDG_INTEREST_SAME : 1, same;
	uint64_t set = set_of(epfd);

	if (!ret_same && (carries((int)(uint32_t)data, set, data, ret) ||
			  carries(atomic_load_explicit(guess_of(set, data), memory_order_relaxed) - 1, set, data, ret)))
		return true;
	same = look_up(set, data, ret, enough);
	if (same < enough && fdg_carried_lacks(set, data)) {
		if (may_search())
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

static bool always(void)
{
	return true;
}

bool fdg_interest_find(int epfd, uint64_t data, struct fdg_registration *ret, unsigned *ret_same)
{
	return find(epfd, data, ret, ret_same, always);
}

bool fdg_interest_look(int epfd, uint64_t data, struct fdg_registration *ret, unsigned *ret_same)
{
	return find(epfd, data, ret, ret_same, fdg_interest_may_search);
}

bool fdg_interest_next(int fd, unsigned *at, struct fdg_registration *ret)
{
	struct fdg_record *r = NULL;

	while (*at != LAST) {
		r = *at == 0 ? fdg_record_of(fd) : fdg_record_at(*at);
		*at = r ? atomic_load_explicit(&r->more, memory_order_acquire) : 0;
		if (!*at)
			*at = LAST;
		if (r && look(r, fd, ret))
			return true;
	}
	return false;
}

bool fdg_interest_is_of(const struct fdg_registration *r, int epfd)
{
	return set_of(epfd) == r->set;
}

int fdg_interest_epoll(const struct fdg_registration *r)
{
	if (set_of(r->epfd) == r->set)
		return r->epfd;
	if (r->set & NO_ID || !atomic_load_explicit(&list_copied, memory_order_relaxed))
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
	struct fdg_record *record = of_set(r->fd, r->set);
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
		uint64_t set = set_in(r), data = atomic_load_explicit(&r->data, memory_order_relaxed);

		if (set != 0 && set != BUSY && atomic_load_explicit(&r->owner, memory_order_relaxed) == owner &&
		    atomic_compare_exchange_strong(&r->set, &set, 0))
			fdg_carried_drop(set, data, fd);
	}
}

void fdg_interest_forked(void)
{
	if (fdg_interest_has_own())
		atomic_store_explicit(&fdg_interest_owner, 0, memory_order_relaxed);
}
