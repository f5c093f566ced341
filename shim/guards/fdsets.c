// SPDX-License-Identifier: MIT
/*
 * Who owns a bit?
 *
 * FD_SET(1045, &w) writes a bit 130 bytes after the start of w, a set of 128. Memory that lies behind a set has an owner of its own (its home): another set of
 * the call, the timeout, the signal mask, the stack protector's canary, or something that we do not know. So each bit from 1,024 on that is found set, seen
 * from set x, is either fd's, or its home's. The rules, in the order of certainty:
 *
 *  1. fd nfds-1 is in a set: programs pass the greatest number plus one.
 *  2. In the canary's word, what the canary does not have is an fd.
 *  3. In another set, the bit is that set's, unless the fd there is less likely (closed; or inherited by a program that never asked for it) than ours.
 *  4. In the timeout, high bits (36 hours and more, a fraction above one) are fds; low bits are the timeout's.
 *  5. Elsewhere the program's own open fds count, unless so many numbers are open that any bit would name one, or nfds is not the greatest plus one.
 *
 * A timeout or a set that the program wrote after the FD_SET has wiped the bit of nfds-1 out: then it is put back where it must have been.
 */
#include "guards/fdsets.h"

#include <fcntl.h>
#include <string.h>

#include "base/sys.h"
#include "ledger/ledger.h"
#include "report/symbol.h"

#include "base/poison.h"

#define CANARY_CHANGED 4      /* so many bits of a canary may have become fds */
#define SECONDS_HIGH_BIT 17   /* a timeout of 36 hours */
#define FOREVER_BITS 10       /* more high bits than this are a very long timeout (INT_MAX), not fds */
#define SET_WORDS (FDG_SET_FDS / 64)

enum home_kind { HOME_UNKNOWN, HOME_SET, HOME_TIME, HOME_MASK, HOME_CANARY };

struct home {
	enum home_kind kind;
	unsigned set, bit; /* HOME_SET: which, and the fd there; HOME_TIME: the bit of its 128 */
};

/* How likely it is that the program means this number. */
enum rank { CLOSED, OPEN, OWN };

struct decoding {
	struct fdg_select *s;
	uint64_t canary;
	bool last_open;                      /* nfds-1 is open: it is the greatest number plus one, as it should be */
	int dense;                           /* -1: not asked */
	uint64_t dropped[FDG_SETS][SET_WORDS]; /* bits of a home that turned out to be somebody else's */
	uint64_t taken[2];                   /* bits of the timeout that are fds */
	uint64_t sure[2];                    /* those of them that are certain */
	bool last_found;                     /* nfds-1 is in some set, without a doubt */
	bool last_maybe[FDG_SETS];           /* or in these: its bit is set, and its home could have set it as well */
};

const char *fdg_fdsets_name(unsigned x)
{
	static const char *const names[FDG_SETS] = { "readfds", "writefds", "exceptfds" };

	return names[x];
}

/* The value that gcc and clang place behind arrays: at a fixed offset from the thread pointer on x86-64, a variable of the loader elsewhere. */
static uint64_t canary_of_thread(void)
{
#if defined(__x86_64__)
	uint64_t value;

	__asm__("mov %%fs:0x28, %0" : "=r"(value));
	return value;
#else
	extern uintptr_t __stack_chk_guard __attribute__((weak));

	return &__stack_chk_guard ? __stack_chk_guard : 0;
#endif
}

static bool is_canary(uint64_t word, uint64_t canary)
{
	return canary && (word & canary) == canary && __builtin_popcountll(word ^ canary) <= CANARY_CHANGED;
}

bool fdg_fdsets_fetch(struct fdg_select *s)
{
	unsigned bytes = fdg_select_bytes(s->n);

	for (unsigned x = 0; x < FDG_SETS; x++) {
		if (!s->set[x])
			memset(s->want[x], 0, bytes);
		else if (!fdg_sys_peek(s->set[x], s->want[x], bytes))
			return false;
		memcpy(s->got[x], s->want[x], bytes); /* whole words: the canary is one */
		if (s->n % 64)
			s->want[x][s->n / 64] &= (UINT64_C(1) << s->n % 64) - 1;
	}
	if (s->timeout && !fdg_sys_peek(s->timeout, s->raw_time, sizeof(s->raw_time)))
		return false;
	memcpy(s->time, s->raw_time, sizeof(s->time));
	return true;
}

/* Code in front of the address ends with a call. */
static bool follows_call(const unsigned char before[8])
{
#if defined(__x86_64__)
	if (before[3] == 0xe8)
		return true;
	for (unsigned n = 2; n <= 7; n++) /* ff /2, with its operand */
		if (before[8 - n] == 0xff && (before[9 - n] >> 3 & 7) == 2)
			return true;
	return false;
#else
	uint32_t instruction;

	memcpy(&instruction, before + 4, sizeof(instruction));
	return (instruction & 0xfc000000) == 0x94000000 || (instruction & 0xfffff800) == 0xd63f0000 || (instruction & 0xfffff800) == 0xd73f0800;
#endif
}

static bool is_return_address(uint64_t word)
{
	struct fdg_place place;
	unsigned char before[8];

	return fdg_place_of((const void *)(uintptr_t)word, &place) && fdg_sys_peek((const char *)(uintptr_t)word - 8, before, sizeof(before)) &&
	       follows_call(before);
}

bool fdg_fdsets_hit_frame(const void *set, unsigned bytes)
{
	uint64_t canary = canary_of_thread(), word;

	for (unsigned at = FDG_SET_BYTES; at < bytes; at += sizeof(word)) {
		memcpy(&word, (const char *)set + at, sizeof(word));
		if (word && (is_canary(word, canary) || is_return_address(word)))
			return true;
	}
	return false;
}

static enum rank rank_of(unsigned fd)
{
	uint32_t state = fdg_ledger_state((int)fd);

	if (fdg_sys_fcntl((int)fd, F_GETFD, 0) < 0)
		return CLOSED;
	return fd <= 2 || (state & FDG_KNOWN && !(state & FDG_INHERITED)) ? OWN : OPEN;
}

static bool lies_in(const void *p, const void *object, unsigned size, unsigned *ret_offset)
{
	*ret_offset = (unsigned)((uintptr_t)p - (uintptr_t)object);
	return object && (uintptr_t)p >= (uintptr_t)object && (uintptr_t)p - (uintptr_t)object < size;
}

static const unsigned char *address_of(const struct fdg_select *s, unsigned x, unsigned fd)
{
	return (const unsigned char *)s->set[x] + fd / 8;
}

static struct home home_of(const struct fdg_select *s, unsigned x, unsigned fd)
{
	const unsigned char *p = address_of(s, x, fd);
	unsigned at;

	for (unsigned y = 0; y < FDG_SETS; y++)
		if (s->set[y] != s->set[x] && lies_in(p, s->set[y], FDG_SET_BYTES, &at))
			return (struct home){ HOME_SET, y, at * 8 + fd % 8 };
	if (lies_in(p, s->timeout, sizeof(s->raw_time), &at))
		return (struct home){ HOME_TIME, 0, at * 8 + fd % 8 };
	if (lies_in(p, s->mask, sizeof(uint64_t), &at))
		return (struct home){ HOME_MASK, 0, 0 };
	return (struct home){ fdg_bit(s->canaries[x], fd / 64) ? HOME_CANARY : HOME_UNKNOWN, 0, 0 };
}

const char *fdg_fdsets_neighbour(const struct fdg_select *s, unsigned x, unsigned fd)
{
	struct home h = home_of(s, x, fd);

	switch (h.kind) {
	case HOME_SET: return fdg_fdsets_name(h.set);
	case HOME_TIME: return "the timeout";
	case HOME_MASK: return "the signal mask";
	case HOME_CANARY: return "the stack protector's canary";
	default: return NULL;
	}
}

/* So many numbers from 1,024 on are open, by the program itself, that any bit in memory would name one. */
static bool is_dense(struct decoding *d)
{
	unsigned own = 0;

	if (d->dense < 0) {
		for (unsigned fd = FDG_SET_FDS; fd < d->s->n; fd++)
			own += (fdg_ledger_state((int)fd) & (FDG_KNOWN | FDG_INHERITED)) == FDG_KNOWN;
		d->dense = own > 8 && own * 2 > d->s->n - FDG_SET_FDS;
	}
	return d->dense;
}

/* A bit of the timeout that no sensible timeout has. */
static bool is_odd_time(const struct fdg_select *s, unsigned bit)
{
	uint64_t high = (uint64_t)s->raw_time[0] >> SECONDS_HIGH_BIT;

	if (bit >= 64)
		return bit - 64 >= (s->fraction == 1000000 ? 20 : 30);
	return bit >= SECONDS_HIGH_BIT && __builtin_popcountll(high) <= FOREVER_BITS;
}

/* Is the bit that is set at fd's place in set x the fd's? */
static bool is_meant(struct decoding *d, unsigned x, unsigned fd, const struct home *h)
{
	bool greatest = fd == (unsigned)d->s->nfds - 1;
	enum rank rank = rank_of(fd), there;
	bool last = greatest && rank != CLOSED;

	switch (h->kind) {
	case HOME_SET:
		there = fdg_bit(d->s->got[h->set], h->bit) ? rank_of(h->bit) : CLOSED;
		if (last && rank == there)
			d->last_maybe[x] = true;
		return rank > there;
	case HOME_TIME:
		/* A greatest fd that is closed, where nfds is no round number that all calls have, was closed under the program's hands: EBADF is its answer. */
		return last || (greatest && d->s->nfds % 64) || is_odd_time(d->s, h->bit);
	case HOME_CANARY:
		return last || !(d->canary >> fd % 64 & 1);
	case HOME_MASK:
		return last;
	default:
		return last || (rank == OWN && d->last_open && !is_dense(d));
	}
}

static void take(struct decoding *d, unsigned x, unsigned fd, const struct home *h)
{
	bool last = fd == (unsigned)d->s->nfds - 1;

	d->s->want[x][fd / 64] |= UINT64_C(1) << fd % 64;
	if (h->kind == HOME_SET)
		d->dropped[h->set][h->bit / 64] |= UINT64_C(1) << h->bit % 64;
	if (h->kind == HOME_TIME) {
		d->taken[h->bit / 64] |= UINT64_C(1) << h->bit % 64;
		if (last)
			d->sure[h->bit / 64] |= UINT64_C(1) << h->bit % 64;
	}
	d->last_found |= last;
}

static void sort_word(struct decoding *d, unsigned x, unsigned word)
{
	uint64_t bits = d->s->want[x][word];

	d->s->want[x][word] = 0;
	for (; bits; bits &= bits - 1) {
		unsigned fd = word * 64 + (unsigned)__builtin_ctzll(bits);
		struct home h = home_of(d->s, x, fd);

		if (is_meant(d, x, fd, &h))
			take(d, x, fd, &h);
	}
}

static void take_if(struct decoding *d, bool maybe, unsigned x, unsigned fd)
{
	struct home h;

	if (!maybe || !d->s->set[x])
		return;
	h = home_of(d->s, x, fd);
	take(d, x, fd, &h);
}

/* A neighbour that was written after the FD_SET wiped the bit out: in the only set there is, or in the one that has the timeout behind it. */
static void take_wiped_out(struct decoding *d, unsigned fd)
{
	const struct fdg_select *s = d->s;
	int sets = (s->set[0] != NULL) + (s->set[1] != NULL) + (s->set[2] != NULL), found = -1;

	for (unsigned x = 0; x < FDG_SETS; x++) {
		struct home h;

		if (!s->set[x])
			continue;
		h = home_of(s, x, fd);
		if (h.kind == HOME_TIME || (h.kind == HOME_SET && sets == 1))
			found = (int)x;
	}
	if (found >= 0)
		take_if(d, true, (unsigned)found, fd);
}

static void find_last(struct decoding *d)
{
	unsigned fd = (unsigned)d->s->nfds - 1;

	if (d->last_found || !d->last_open)
		return;
	for (unsigned x = 0; x < FDG_SETS; x++)
		take_if(d, d->last_maybe[x], x, fd);
	if (!d->last_found)
		take_wiped_out(d, fd);
}

static bool is_time(const struct fdg_select *s, const int64_t time[2])
{
	return time[0] >= 0 && time[1] >= 0 && time[1] < s->fraction;
}

/* Every bit of the timeout that an open fd of some set explains. */
static void take_all_of_time(struct decoding *d)
{
	for (unsigned x = 0; x < FDG_SETS; x++)
		for (unsigned fd = FDG_SET_FDS; d->s->set[x] && fd < d->s->n; fd++) {
			struct home h;

			if (!fdg_bit(d->s->got[x], fd))
				continue;
			h = home_of(d->s, x, fd);
			if (h.kind == HOME_TIME && rank_of(fd) != CLOSED)
				take(d, x, fd, &h);
		}
}

static void clean_time(struct decoding *d)
{
	struct fdg_select *s = d->s;

	if (!s->timeout)
		return;
	if (s->raw_time[0] < 0 || s->raw_time[1] < 0)
		take_all_of_time(d);
	for (unsigned pass = 0; pass < 2; pass++) {
		for (unsigned i = 0; i < 2; i++)
			s->time[i] = (int64_t)((uint64_t)s->raw_time[i] & ~d->taken[i]);
		if (is_time(s, s->time))
			break;
		take_all_of_time(d);
	}
	/* Nothing is left of it: neither never nor at once would be right. */
	if ((d->taken[0] & ~d->sure[0]) && s->time[0] == 0 && s->time[1] == 0) {
		s->time[0] = 1;
		s->lost_timeout = true;
	}
}

void fdg_fdsets_decode(struct fdg_select *s)
{
	struct decoding d = { .s = s, .canary = canary_of_thread(), .dense = -1 };

	d.last_open = (unsigned)s->nfds <= s->n && rank_of((unsigned)s->nfds - 1) != CLOSED;
	s->lost_timeout = false;
	memset(s->canaries, 0, sizeof(s->canaries));
	for (unsigned x = 0; x < FDG_SETS; x++)
		for (unsigned i = SET_WORDS; s->set[x] && i < fdg_select_bytes(s->n) / 8; i++) {
			if (is_canary(s->got[x][i], d.canary))
				s->canaries[x][i / 64] |= UINT64_C(1) << i % 64;
			sort_word(&d, x, i);
		}
	find_last(&d);
	clean_time(&d);
	for (unsigned x = 0; x < FDG_SETS; x++)
		for (unsigned i = 0; i < SET_WORDS; i++)
			s->want[x][i] &= ~d.dropped[x][i];
}

static void write_bit(const struct fdg_select *s, unsigned x, unsigned fd, bool on)
{
	unsigned char *p = (unsigned char *)s->set[x] + fd / 8, bit = (unsigned char)(1u << fd % 8);

	*p = on ? *p | bit : *p & (unsigned char)~bit;
}

/* Not ready: the home gets its memory back. A set has it already; a canary has bits of its own. */
static void take_back(const struct fdg_select *s, unsigned x, unsigned fd)
{
	struct home h = home_of(s, x, fd);

	if (h.kind == HOME_CANARY)
		write_bit(s, x, fd, canary_of_thread() >> fd % 64 & 1);
	else if (h.kind != HOME_SET)
		write_bit(s, x, fd, false);
}

static void set_all(const struct fdg_select *s, unsigned x, unsigned fd)
{
	write_bit(s, x, fd, true);
}

static void clear_idle(const struct fdg_select *s, unsigned x, unsigned fd)
{
	if (!fdg_bit(s->got[x], fd))
		take_back(s, x, fd);
}

static void set_ready(const struct fdg_select *s, unsigned x, unsigned fd)
{
	if (fdg_bit(s->got[x], fd))
		write_bit(s, x, fd, true);
}

static void each_high(const struct fdg_select *s, void (*f)(const struct fdg_select *s, unsigned x, unsigned fd))
{
	for (unsigned x = 0; x < FDG_SETS; x++)
		for (unsigned i = SET_WORDS; s->set[x] && i < fdg_select_bytes(s->n) / 8; i++)
			for (uint64_t bits = s->want[x][i]; bits; bits &= bits - 1)
				f(s, x, i * 64 + (unsigned)__builtin_ctzll(bits));
}

/* The order decides who wins where memory has two owners: a ready fd, then the set or timeout that lies there, then an fd that is not ready. */
void fdg_fdsets_leave(const struct fdg_select *s, int result, const int64_t left[2])
{
	for (unsigned x = 0; x < FDG_SETS; x++)
		if (s->set[x] && result >= 0)
			memcpy(s->set[x], s->got[x], FDG_SET_BYTES);
	if (s->timeout && s->updates)
		memcpy(s->timeout, left, sizeof(s->time));
	if (result < 0) {
		each_high(s, set_all); /* an error leaves the sets as they were */
		return;
	}
	each_high(s, clear_idle);
	each_high(s, set_ready);
}
