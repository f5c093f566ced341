// SPDX-License-Identifier: MIT
#include "guards/epoll/acts.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/big.h"
#include "guards/epoll/spin.h"

#include "base/poison.h"

/* state: FREE, BUSY or LIVE in the lowest bits, above them a number that is another one for each suspect that the slot holds. */
enum { FREE, BUSY, LIVE, SERIAL = 4 };

#define PLAIN (1u << 31) /* in `tried`: nothing but what comes and goes was told of it, when it became one */

struct slot {
	_Atomic uint32_t state;
	_Atomic uint32_t generation; /* of fd; with its lowest bit: the ledger knows it */
	_Atomic uint64_t set, data;
	_Atomic int epfd, fd, error, unread;
	_Atomic uint32_t events, deliveries, ticks, tried;
	_Atomic int64_t first, last;
	const char *_Atomic call;
};

FDG_BIG static struct slot slots[FDG_SUSPECTS];
FDG_BIG static _Atomic uint32_t tags[FDG_SUSPECTS]; /* a hash of who told of it: most searches end here */
_Atomic unsigned fdg_suspects, fdg_suspects_plain;
_Atomic uint64_t fdg_suspects_slow;
_Static_assert(FDG_SUSPECTS == 64, "a bit each");
static _Atomic unsigned left_out;
static _Atomic int64_t full_at = -1; /* no place was found at that tick of the clock: others that come at once need not look */

#define IDLE_MS 50
#define NEAR 8u /* a suspect is found this far from where its search begins */

#define GET(member) atomic_load_explicit(&(member), memory_order_relaxed)
#define SET(member, value) atomic_store_explicit(&(member), (value), memory_order_relaxed)

/* By libc, which asks no kernel. */
int64_t fdg_acts_clock(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_MONOTONIC_COARSE, &t) < 0)
		return 0;
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static uint32_t generation_of(int fd)
{
	return fdg_ledger_generation(fd) << 1 | (fdg_ledger_state(fd) != 0);
}

static uint32_t tag_of(const struct fdg_told *t)
{
	uint64_t h = (t->data ^ t->set << 7) * UINT64_C(0x9e3779b97f4a7c15);

	return (uint32_t)(h >> 32) | 1;
}

/* Where a search begins. */
static unsigned start_of(uint32_t tag)
{
	return tag >> 26;
}

static bool is_of(const struct slot *s, const struct fdg_told *t)
{
	return GET(s->data) == t->data && GET(s->set) == t->set;
}

/* Is the number still what was told of? */
static bool is_current(const struct slot *s)
{
	int fd = GET(s->fd);

	return fd < 0 || GET(s->generation) == generation_of(fd);
}

static void copy(const struct slot *s, struct fdg_suspect *ret)
{
	*ret = (struct fdg_suspect){
		.told = { GET(s->set), GET(s->data), GET(s->epfd), GET(s->fd) },
		.slot = (unsigned)(s - slots),
		.serial = GET(s->state),
		.events = GET(s->events),
		.deliveries = GET(s->deliveries),
		.ticks = GET(s->ticks),
		.tried = GET(s->tried),
		.first = GET(s->first),
		.last = GET(s->last),
		.error = GET(s->error),
		.call = GET(s->call),
	};
}

/* A copy of one suspect, and not the half of two. */
static bool copy_whole(const struct slot *s, struct fdg_suspect *ret)
{
	uint32_t state = atomic_load_explicit(&s->state, memory_order_acquire);

	if (state % SERIAL != LIVE)
		return false;
	copy(s, ret);
	atomic_thread_fence(memory_order_acquire);
	return GET(s->state) == state && ret->serial == state;
}

static void hasten(unsigned slot)
{
	uint64_t bit = UINT64_C(1) << slot;

	if (GET(fdg_suspects_slow) & bit)
		atomic_fetch_and(&fdg_suspects_slow, ~bit);
}

static bool end(struct slot *s, uint32_t state)
{
	if (state % SERIAL != LIVE || !atomic_compare_exchange_strong(&s->state, &state, state - LIVE + BUSY))
		return false;
	hasten((unsigned)(s - slots));
	SET(tags[s - slots], 0);
	SET(full_at, -1);
	atomic_fetch_sub(&fdg_suspects, 1);
	if (GET(s->tried) & PLAIN)
		atomic_fetch_sub(&fdg_suspects_plain, 1);
	atomic_store(&s->state, state - LIVE + FREE);
	return true;
}

static struct slot *find(const struct fdg_told *t)
{
	uint32_t tag = tag_of(t);

	for (unsigned i = 0; i < NEAR; i++) {
		unsigned at = (start_of(tag) + i) % FDG_SUSPECTS;

		if (GET(tags[at]) == tag && atomic_load_explicit(&slots[at].state, memory_order_acquire) % SERIAL == LIVE && is_of(&slots[at], t))
			return &slots[at];
	}
	return NULL;
}

static void fill(struct slot *s, const struct fdg_told *t, bool plain, int64_t now)
{
	SET(s->set, t->set);
	SET(s->data, t->data);
	SET(s->epfd, t->epfd);
	SET(s->fd, t->fd);
	SET(s->generation, t->fd < 0 ? 0 : generation_of(t->fd));
	SET(s->events, 0);
	SET(s->deliveries, 0);
	SET(s->ticks, 1);
	SET(s->tried, plain ? PLAIN : 0);
	SET(s->error, 0);
	SET(s->unread, -1);
	SET(s->call, NULL);
	SET(s->first, now);
	SET(s->last, now);
}

static bool take(struct slot *s, uint32_t state, const struct fdg_told *t, bool plain, int64_t now)
{
	uint32_t busy = (state & ~(uint32_t)(SERIAL - 1)) + SERIAL + BUSY;

	if (!atomic_compare_exchange_strong(&s->state, &state, busy))
		return false;
	fill(s, t, plain, now);
	SET(tags[s - slots], tag_of(t));
	atomic_fetch_add(&fdg_suspects, 1);
	if (plain)
		atomic_fetch_add(&fdg_suspects_plain, 1);
	atomic_store(&s->state, busy - BUSY + LIVE);
	return true;
}

/* Nobody looked up yet what it is, and it does not come any more. */
static bool is_idle(const struct slot *s, int64_t now)
{
	return GET(s->fd) < 0 && now - GET(s->last) > IDLE_MS;
}

/* One whose number is another descriptor's by now gives its place. */
static struct slot *make(const struct fdg_told *t, bool plain, int64_t now)
{
	unsigned at = start_of(tag_of(t));

	for (unsigned i = 0; i < NEAR; i++) {
		struct slot *s = &slots[(at + i) % FDG_SUSPECTS];
		uint32_t state = atomic_load_explicit(&s->state, memory_order_acquire);

		if (state % SERIAL == LIVE && (!is_current(s) || is_idle(s, now)) && end(s, state))
			state = state - LIVE + FREE;
		if (state % SERIAL == FREE && take(s, state, t, plain, now))
			return s;
	}
	SET(full_at, now);
	return NULL;
}

static void watch(int fd)
{
	if (fd >= 0 && !(fdg_watched(fd) & FDG_WATCH_ACT))
		fdg_watch_change(fd, FDG_WATCH_ACT, 0);
}

bool fdg_suspect_delivered(const struct fdg_told *t, uint32_t events, int64_t now, struct fdg_suspect *ret)
{
	struct slot *s = find(t);

	if (s && (!is_current(s) || (t->fd >= 0 && GET(s->fd) != t->fd))) {
		end(s, GET(s->state));
		s = NULL;
	}
	if (!s && GET(full_at) != now)
		s = make(t, !(events & FDG_ACT_STAYS), now);
	if (!s) {
		atomic_fetch_add_explicit(&left_out, 1, memory_order_relaxed);
		return false;
	}
	atomic_fetch_or_explicit(&s->events, events, memory_order_relaxed);
	atomic_fetch_add_explicit(&s->deliveries, 1, memory_order_relaxed);
	if (GET(s->last) != now) {
		atomic_fetch_add_explicit(&s->ticks, 1, memory_order_relaxed);
		SET(s->last, now);
	}
	watch(GET(s->fd));
	return copy_whole(s, ret);
}

bool fdg_suspect_look(const struct fdg_told *t, struct fdg_suspect *ret)
{
	struct slot *s = find(t);

	return s && is_current(s) && copy_whole(s, ret);
}

void fdg_suspect_resolve(const struct fdg_suspect *s, int fd, int64_t now)
{
	struct slot *slot = &slots[s->slot];

	if (GET(slot->state) != s->serial)
		return;
	SET(slot->generation, generation_of(fd));
	SET(slot->fd, fd);
	fdg_suspect_restart(s, now);
	watch(fd);
}

void fdg_suspect_restart(const struct fdg_suspect *s, int64_t now)
{
	struct slot *slot = &slots[s->slot];

	if (GET(slot->state) != s->serial)
		return;
	SET(slot->deliveries, 0);
	SET(slot->ticks, 0);
	SET(slot->first, now);
}

bool fdg_suspect_holds(const struct fdg_suspect *s, int unread)
{
	struct slot *slot = &slots[s->slot];

	return GET(slot->state) == s->serial && atomic_exchange_explicit(&slot->unread, unread, memory_order_relaxed) == unread;
}

bool fdg_suspect_mark(const struct fdg_suspect *s, uint32_t bits)
{
	struct slot *slot = &slots[s->slot];

	return GET(slot->state) == s->serial && !(atomic_fetch_or_explicit(&slot->tried, bits, memory_order_relaxed) & bits);
}

bool fdg_suspect_is_over(const struct fdg_suspect *s)
{
	return atomic_load(&slots[s->slot].state) != s->serial;
}

unsigned fdg_suspects_left_out(void)
{
	return atomic_exchange_explicit(&left_out, 0, memory_order_relaxed);
}

bool fdg_suspects_are_full(int64_t now)
{
	int64_t at = GET(full_at);

	return at >= 0 && now - at < 1000;
}

void fdg_suspect_end(const struct fdg_suspect *s)
{
	end(&slots[s->slot], s->serial);
}

bool fdg_suspect_next(unsigned *at, struct fdg_suspect *ret)
{
	while (*at < FDG_SUSPECTS) {
		struct slot *s = &slots[(*at)++];
		uint32_t state = atomic_load_explicit(&s->state, memory_order_acquire);

		if (state % SERIAL == LIVE && !is_current(s))
			end(s, state);
		else if (copy_whole(s, ret))
			return true;
	}
	return false;
}

/*
 * Acts
 */

/* What a call came to: 0, or FDG_TRIED… */
static uint32_t vain(const char *call, long r, int error, enum fdg_deed deed)
{
	bool accepts = strncmp(call, "accept", 6) == 0;

	if (r >= 0)
		return deed == FDG_DEED_END ? FDG_TRIED_END : deed == FDG_DEED_GIVE ? FDG_TRIED_GAVE : 0;
	switch (error) {
	case EAGAIN:
	case EINTR:
	case EALREADY:
		return FDG_TRIED;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		return accepts ? FDG_TRIED_ROOM : 0;
	case EIO:
	case EPIPE:
	case EINVAL:
	case ENOTCONN:
	case EBADF:
	case EFAULT:
		return FDG_TRIED_END;
	default:
		return 0;
	}
}

/* That nothing was there ends what was told of something to be had, or of room: somebody else took it. An error stays, whoever asks, and whatever is sent. */
static bool ends(const struct slot *s, uint32_t tried, int error)
{
	return !tried || ((error == EAGAIN || tried == FDG_TRIED_GAVE) && !(GET(s->events) & FDG_ACT_STAYS));
}

static void note(struct slot *s, const char *call, int error, uint32_t tried)
{
	atomic_fetch_or_explicit(&s->tried, tried, memory_order_relaxed);
	if (tried == FDG_TRIED_GAVE) {
		hasten((unsigned)(s - slots)); /* it may be all that it waits for */
		return;
	}
	SET(s->error, error);
	SET(s->call, strncmp(call, "accept", 6) == 0 ? "accept" : call); /* accept4 may be ours */
}

static bool is_suspected(int fd)
{
	for (unsigned i = 0; i < FDG_SUSPECTS; i++)
		if (atomic_load(&slots[i].state) % SERIAL == LIVE && GET(slots[i].fd) == fd)
			return true;
	return false;
}

void fdg_act_slow(int fd, const char *call, long r, int error, enum fdg_deed deed)
{
	uint32_t tried = vain(call, r, error, deed);

	if (fdg_foreign_memory())
		return;
	if (deed == FDG_DEED_QUEUE && r >= 0)
		fdg_spin_reads_queue(fd);
	for (unsigned i = 0; i < FDG_SUSPECTS; i++) {
		uint32_t state = atomic_load(&slots[i].state);

		if (state % SERIAL != LIVE || GET(slots[i].fd) != fd)
			continue;
		if (ends(&slots[i], tried, error))
			end(&slots[i], state);
		else
			note(&slots[i], call, r < 0 ? error : 0, tried);
	}
	if (is_suspected(fd))
		return;
	fdg_watch_change(fd, 0, FDG_WATCH_ACT);
	if (is_suspected(fd)) /* by another thread, in between */
		watch(fd);
}

void fdg_acts_forked(void)
{
	for (unsigned i = 0; fdg_suspects_any() && i < FDG_SUSPECTS; i++) {
		uint32_t state = GET(slots[i].state);

		if (state % SERIAL == BUSY) { /* by a thread that is not here */
			SET(tags[i], 0);
			SET(slots[i].state, state - BUSY + FREE);
		} else if (end(&slots[i], state)) {
			int fd = GET(slots[i].fd);

			if (fd >= 0)
				fdg_watch_change(fd, 0, FDG_WATCH_ACT);
		}
	}
	SET(fdg_suspects, 0);
	SET(fdg_suspects_plain, 0);
	SET(fdg_suspects_slow, 0);
}
