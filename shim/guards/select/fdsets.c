// SPDX-License-Identifier: MIT
/*
 * Who owns a bit?
 *
 * FD_SET(1045, &w) writes a bit 130 bytes after the start of w, a set of 128. Memory that lies behind a set has an owner of its own (its home): another set of
 * the call, the timeout, the signal mask, the stack protector's canary, or something that we do not know. So each bit from 1,024 on that is found set, seen
 * from set x, is either fd's, or its home's. The rules, in the order of certainty:
 *
 *  1. fd nfds-1 (the last) is in a set: programs pass the greatest number plus one. Where nfds is a round number that all calls have, the greatest fd that the
 *     program opened takes its place. A bit at its place is its own, unless the word looks like something else and another set has it as well.
 *  2. In the canary's word, what the canary does not have is an fd.
 *  3. In another set, the bit is that set's, unless the fd there is less likely (closed; or inherited by a program that never asked for it) than ours.
 *  4. In the timeout, high bits (36 hours and more, a fraction above one) are fds; low bits are the timeout's.
 *  5. Elsewhere, a word whose bits are all open fds is what it seems to be, unless so many numbers are open that any bit would name one. Of others, the
 *     program's own fds count where there are few around to be named.
 *
 * A timeout or a set that the program wrote after the FD_SET has wiped the last one's bit out. It is put back where it must have been, unless another set has fds.
 */
#include "guards/select/fdsets.h"

#include <fcntl.h>
#include <string.h>

#include "base/sys.h"
#include "guards/select/word.h"
#include "ledger/ledger.h"

#include "base/poison.h"

#define SECONDS_HIGH_BIT 17   /* a timeout of 36 hours */
#define FOREVER_BITS 10       /* more high bits than this are a very long timeout (INT_MAX), not fds */
#define FEW_OWN 2             /* open fds among the 64 of a word */
#define FEW_BITS_OF_HALF 3    /* of 32 bits around the last fd, in memory that we know nothing of */
#define STRAYS_MIN 2          /* bits of an address or a text that cannot be fds */
#define SET_WORDS (FDG_SET_FDS / 64)

enum home_kind { HOME_UNKNOWN, HOME_SET, HOME_TIME, HOME_MASK, HOME_CANARY };

struct home {
	enum home_kind kind;
	unsigned set, bit; /* HOME_SET: which, and the fd there; HOME_TIME: the bit of its 128 */
};

/* How likely it is that the program means this number. */
enum rank { CLOSED, OPEN, OWN };

enum meant { NO, PERHAPS, YES };

struct decoding {
	struct fdg_select *s;
	uint64_t canary;
	int last;                            /* -1: there is none that we could know */
	bool last_is_greatest;               /* and it is nfds-1 */
	int dense;                           /* see is_dense; -1: not asked */
	struct { bool asked, is_bits; unsigned strays, own; } word; /* the one that is being sorted */
	uint64_t dropped[FDG_SETS][SET_WORDS]; /* bits of a home that turned out to be somebody else's */
	uint64_t taken[2];                   /* bits of the timeout that are fds */
	uint64_t sure[2];                    /* those of them that are the last's */
	bool last_found;
	bool last_maybe[FDG_SETS];           /* in words that look like something else */
};

const char *fdg_fdsets_name(unsigned x)
{
	static const char *const names[FDG_SETS] = { "readfds", "writefds", "exceptfds" };

	return names[x];
}

static bool is_empty_set(const uint64_t *set, unsigned n)
{
	for (unsigned i = 0; i < (n + 63) / 64; i++)
		if (set[i])
			return false;
	return true;
}

bool fdg_fdsets_is_empty(const struct fdg_select *s)
{
	return is_empty_set(s->want[0], s->call.n) && is_empty_set(s->want[1], s->call.n) && is_empty_set(s->want[2], s->call.n);
}

bool fdg_fdsets_fetch(struct fdg_select *s)
{
	unsigned bytes = fdg_select_bytes(s->call.n);

	for (unsigned x = 0; x < FDG_SETS; x++) {
		if (!s->call.set[x])
			memset(s->want[x], 0, bytes);
		else if (!fdg_sys_peek(s->call.set[x], s->want[x], bytes))
			return false;
		memcpy(s->got[x], s->want[x], bytes); /* whole words: what they look like is judged by them */
		if (s->call.n % 64)
			s->want[x][s->call.n / 64] &= (UINT64_C(1) << s->call.n % 64) - 1;
	}
	memset(s->raw_time, 0, sizeof(s->raw_time));
	if (s->call.timeout && !fdg_sys_peek(s->call.timeout, s->raw_time, sizeof(s->raw_time)))
		return false;
	memcpy(s->time, s->raw_time, sizeof(s->time));
	return true;
}

/* Bits of the word that begins with fd `first`, below n, which no set of a program that is right has: of closed fds. What stands from n on is nobody's business. */
static unsigned strays(uint64_t word, unsigned first, unsigned n)
{
	unsigned count = 0;

	for (; word && first + (unsigned)__builtin_ctzll(word) < n; word &= word - 1)
		count += fdg_sys_fcntl((int)(first + (unsigned)__builtin_ctzll(word)), F_GETFD, 0) < 0;
	return count;
}

/*
 * A canary and a return address have 40 bits and more that chance would have to meet. Of other addresses there are many (a sanitizer's shadow is terabytes), and
 * text is anything: they count only if some of their bits cannot be descriptors.
 */
static bool is_something_else(uint64_t word, unsigned first, unsigned n)
{
	switch (fdg_word_look(word)) {
	case FDG_WORD_CANARY:
	case FDG_WORD_RETURN:
		return true;
	case FDG_WORD_POINTER:
	case FDG_WORD_TEXT:
		return strays(word, first, n) >= STRAYS_MIN;
	default:
		return false;
	}
}

bool fdg_fdsets_hit_something(const struct fdg_select_call *c, unsigned x, bool is_there)
{
	unsigned bytes = fdg_select_bytes(c->n), n;
	uint64_t words[32];

	for (unsigned at = FDG_SET_BYTES; at < bytes; at += n) {
		const char *p = (const char *)c->set[x] + at;

		n = bytes - at < sizeof(words) ? bytes - at : sizeof(words);
		if (is_there)
			memcpy(words, p, n);
		else if (!fdg_sys_peek(p, words, n))
			return false;
		for (unsigned i = 0; i < n / sizeof(*words); i++)
			if (is_something_else(words[i], at * 8 + i * 64, c->n))
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
	return (const unsigned char *)s->call.set[x] + fd / 8;
}

static struct home home_of(const struct fdg_select *s, unsigned x, unsigned fd)
{
	const unsigned char *p = address_of(s, x, fd);
	unsigned at;

	for (unsigned y = 0; y < FDG_SETS; y++)
		if (s->call.set[y] != s->call.set[x] && lies_in(p, s->call.set[y], FDG_SET_BYTES, &at))
			return (struct home){ HOME_SET, y, at * 8 + fd % 8 };
	if (lies_in(p, s->call.timeout, sizeof(s->raw_time), &at))
		return (struct home){ HOME_TIME, 0, at * 8 + fd % 8 };
	if (lies_in(p, s->call.mask, sizeof(uint64_t), &at))
		return (struct home){ HOME_MASK, 0, at * 8 + fd % 8 };
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

static bool is_known_own(unsigned fd)
{
	return (fdg_ledger_state((int)fd) & (FDG_KNOWN | FDG_INHERITED)) == FDG_KNOWN;
}

static void find_greatest(struct decoding *d)
{
	unsigned nfds = (unsigned)d->s->call.nfds;

	d->last_is_greatest = nfds <= d->s->call.n && rank_of(nfds - 1) != CLOSED;
	if (d->last_is_greatest)
		d->last = (int)nfds - 1;
	for (unsigned fd = FDG_SET_FDS; !d->last_is_greatest && fd < d->s->call.n; fd++)
		if (is_known_own(fd))
			d->last = (int)fd;
}

/* A bit of the timeout that no sensible timeout has. */
static bool is_odd_time(const struct fdg_select *s, unsigned bit)
{
	uint64_t high = (uint64_t)s->raw_time[0] >> SECONDS_HIGH_BIT;

	if (bit >= 64)
		return bit - 64 >= (s->call.fraction == 1000000 ? 20 : 30);
	return bit >= SECONDS_HIGH_BIT && __builtin_popcountll(high) <= FOREVER_BITS;
}

static unsigned own_in_word(unsigned first)
{
	unsigned own = 0;

	for (unsigned fd = first; fd < first + 64; fd++)
		own += is_known_own(fd);
	return own;
}

/* The word is an address because of the bit. */
static bool is_of_address(uint64_t word, unsigned bit)
{
	enum fdg_word look = fdg_word_look(word);

	return look == FDG_WORD_RETURN || (look == FDG_WORD_POINTER && fdg_word_look(word & ~(UINT64_C(1) << bit)) != FDG_WORD_POINTER);
}

static unsigned count_below(uint64_t word, unsigned first, unsigned n)
{
	return (unsigned)__builtin_popcountll(n - first < 64 ? word & ((UINT64_C(1) << (n - first)) - 1) : word);
}

/* So many numbers from 1,024 on are open, by the program itself, that any bit in memory would name one. */
static bool is_dense(struct decoding *d)
{
	unsigned own = 0, end = d->last < 0 ? FDG_SET_FDS : (unsigned)d->last + 1;

	for (unsigned fd = FDG_SET_FDS; d->dense < 0 && fd < end; fd++)
		own += is_known_own(fd);
	if (d->dense < 0)
		d->dense = own * 2 > end - FDG_SET_FDS;
	return d->dense;
}

/* Up to 64 system calls: once for all bits of a word. */
static void look_at_word(struct decoding *d, uint64_t word, unsigned first)
{
	if (d->word.asked)
		return;
	d->word.asked = true;
	d->word.is_bits = fdg_word_look(word) == FDG_WORD_BITS;
	d->word.strays = strays(word, first, d->s->call.n);
	d->word.own = own_in_word(first);
}

/* Is what lies behind set x, other than this word, something else than descriptors? */
static bool is_among_others(const struct decoding *d, unsigned x, unsigned word)
{
	for (unsigned i = SET_WORDS; i < fdg_select_bytes(d->s->call.n) / 8; i++)
		if (i != word && d->s->got[x][i] && home_of(d->s, x, i * 64).kind == HOME_UNKNOWN &&
		    (fdg_word_look(d->s->got[x][i]) != FDG_WORD_BITS || strays(d->s->got[x][i], i * 64, d->s->call.n) > 0))
			return true;
	return false;
}

/* In memory that we know nothing of. Where nothing was seen there but that the set ends, a bit is an fd, as the kernel takes it. */
static enum meant is_meant_there(struct decoding *d, unsigned x, unsigned fd)
{
	uint64_t word = d->s->got[x][fd / 64], half = word >> (fd % 64 & 32) & UINT32_MAX;
	bool is_bits;

	look_at_word(d, word, fd & ~63u);
	is_bits = d->word.is_bits;
	if (is_bits && d->word.strays == 0 &&
	    (!d->s->call.is_sure || (rank_of(fd) == OWN && !is_dense(d) && count_below(word, fd & ~63u, d->s->call.n) == (unsigned)__builtin_popcountll(word))))
		return YES;
	/* Nearly every program waits to read. */
	if ((int)fd == d->last && d->last_is_greatest)
		return x == FDG_READ_SET || (is_bits && __builtin_popcountll(half) <= FEW_BITS_OF_HALF && !is_among_others(d, x, fd / 64)) ? YES : PERHAPS;
	if (is_bits && fd == (unsigned)d->s->call.nfds - 1 && d->s->call.nfds % 64 && count_below(word, fd & ~63u, d->s->call.n) <= 2)
		return YES; /* closed: see HOME_TIME below */
	if (rank_of(fd) != OWN || is_of_address(word, fd % 64))
		return NO;
	/* Where there are few to be named, chance rarely names one. */
	return d->word.own <= FEW_OWN ? YES : NO;
}

/* Is the bit that is set at fd's place in set x the fd's? */
static enum meant is_meant(struct decoding *d, unsigned x, unsigned fd, const struct home *h)
{
	bool last = (int)fd == d->last;
	enum rank rank = rank_of(fd), there;

	switch (h->kind) {
	case HOME_SET:
		there = fdg_bit(d->s->got[h->set], h->bit) ? rank_of(h->bit) : CLOSED;
		return rank > there || (last && rank == there) ? YES : NO;
	case HOME_TIME:
		/* A greatest fd that is closed, where nfds is no round number that all calls have, was closed under the program's hands: EBADF is its answer. */
		return last || (fd == (unsigned)d->s->call.nfds - 1 && d->s->call.nfds % 64) || is_odd_time(d->s, h->bit) ? YES : NO;
	case HOME_CANARY:
		if (!(d->canary >> fd % 64 & 1))
			return YES;
		return last && d->last_is_greatest ? PERHAPS : NO;
	case HOME_MASK:
		return last ? YES : NO;
	default:
		return is_meant_there(d, x, fd);
	}
}

static void take(struct decoding *d, unsigned x, unsigned fd, const struct home *h)
{
	bool last = (int)fd == d->last;

	d->s->want[x][fd / 64] |= UINT64_C(1) << fd % 64;
	if (h->kind == HOME_SET)
		d->dropped[h->set][h->bit / 64] |= UINT64_C(1) << h->bit % 64;
	if (h->kind == HOME_MASK)
		d->s->mask_taken |= UINT64_C(1) << h->bit;
	if (h->kind == HOME_TIME) {
		d->taken[h->bit / 64] |= UINT64_C(1) << h->bit % 64;
		if (last || fd == (unsigned)d->s->call.nfds - 1)
			d->sure[h->bit / 64] |= UINT64_C(1) << h->bit % 64;
	}
	d->last_found |= last;
}

static void sort_word(struct decoding *d, unsigned x, unsigned word)
{
	uint64_t bits = d->s->want[x][word];

	d->s->want[x][word] = 0;
	d->word.asked = false;
	for (; bits; bits &= bits - 1) {
		unsigned fd = word * 64 + (unsigned)__builtin_ctzll(bits);
		struct home h = home_of(d->s, x, fd);
		enum meant meant = is_meant(d, x, fd, &h);

		if (meant == YES)
			take(d, x, fd, &h);
		else if (meant == PERHAPS)
			d->last_maybe[x] = true;
	}
}

static void take_last(struct decoding *d, unsigned x)
{
	unsigned fd = (unsigned)d->last;
	struct home h = home_of(d->s, x, fd);

	take(d, x, fd, &h);
	if (h.kind == HOME_UNKNOWN && is_of_address(d->s->got[x][fd / 64], fd % 64))
		d->s->shared[x] = (int)fd;
}

/* A neighbour that was written after the FD_SET wiped the bit out: the timeout, else another set. */
static int wiped_out(const struct decoding *d)
{
	int found = -1;

	for (int x = FDG_SETS - 1; x >= 0; x--) {
		struct home h;

		if (!d->s->call.set[x])
			continue;
		h = home_of(d->s, (unsigned)x, (unsigned)d->last);
		if (h.kind == HOME_TIME)
			return x;
		if (h.kind == HOME_SET)
			found = x;
	}
	return found;
}

static bool are_others_empty(const struct fdg_select *s, int x)
{
	for (int y = 0; y < FDG_SETS; y++)
		if (y != x && s->call.set[y] && !is_empty_set(s->want[y], s->call.n))
			return false;
	return true;
}

/* Not found where it would be certain. */
static void find_last(struct decoding *d)
{
	int x;

	if (d->last_found || !d->last_is_greatest)
		return;
	/* Programs that keep the greatest of all their fds can have it in no set: where another set has fds, nothing says that it must be in this one. */
	x = wiped_out(d);
	if (x >= 0 && !are_others_empty(d->s, x))
		x = -1;
	if (x == FDG_READ_SET)
		take_last(d, FDG_READ_SET);
	for (unsigned y = 0; y < FDG_SETS && !d->last_found; y++)
		if (d->last_maybe[y])
			take_last(d, y);
	if (!d->last_found && x >= 0)
		take_last(d, (unsigned)x);
}

/* A read set that is left without any fd was not given for nothing: what is in words of one or two bits is meant after all. */
static void fill_read_set(struct decoding *d)
{
	const uint64_t *got = d->s->got[FDG_READ_SET];

	if (!d->s->call.set[FDG_READ_SET] || !is_empty_set(d->s->want[FDG_READ_SET], d->s->call.n))
		return;
	for (unsigned fd = FDG_SET_FDS; fd < d->s->call.n; fd++) {
		struct home h;

		if (!fdg_bit(got, fd) || count_below(got[fd / 64], fd & ~63u, d->s->call.n) > 2 || rank_of(fd) != OWN)
			continue;
		h = home_of(d->s, FDG_READ_SET, fd);
		if (h.kind == HOME_UNKNOWN)
			take(d, FDG_READ_SET, fd, &h);
	}
}

/* select takes a second and more in microseconds; pselect refuses it. */
static bool is_time(const struct fdg_select *s, const int64_t time[2])
{
	return time[0] >= 0 && time[1] >= 0 && time[1] <= (s->call.fraction == 1000000 ? INT32_MAX : s->call.fraction - 1);
}

/* Every bit of the timeout that an open fd of some set explains. */
static void take_all_of_time(struct decoding *d)
{
	for (unsigned x = 0; x < FDG_SETS; x++)
		for (unsigned fd = FDG_SET_FDS; d->s->call.set[x] && fd < d->s->call.n; fd++) {
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

	if (!s->call.timeout)
		return;
	for (unsigned pass = 0; pass < 2; pass++) {
		for (unsigned i = 0; i < 2; i++)
			s->time[i] = (int64_t)((uint64_t)s->raw_time[i] & ~d->taken[i]);
		/* What is left of a negative one without its sign is no "for ever". */
		if (is_time(s, s->time) && !(s->raw_time[0] < 0 && s->time[0] >> 40))
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
	struct decoding d = { .s = s, .canary = fdg_word_canary(), .last = -1, .dense = -1 };

	find_greatest(&d);
	s->mask_taken = 0;
	s->lost_timeout = false;
	memset(s->canaries, 0, sizeof(s->canaries));
	memset(s->shared, -1, sizeof(s->shared));
	for (unsigned x = 0; x < FDG_SETS; x++)
		for (unsigned i = SET_WORDS; s->call.set[x] && i < fdg_select_bytes(s->call.n) / 8; i++) {
			if (fdg_word_look(s->got[x][i]) == FDG_WORD_CANARY)
				s->canaries[x][i / 64] |= UINT64_C(1) << i % 64;
			sort_word(&d, x, i);
		}
	find_last(&d);
	for (unsigned x = 0; x < FDG_SETS; x++)
		for (unsigned i = 0; i < SET_WORDS; i++)
			s->want[x][i] &= ~d.dropped[x][i];
	fill_read_set(&d);
	clean_time(&d);
}

/* The memory was read before; whether it can be written to, only the kernel can say without a fault. */
static bool write_bit(const struct fdg_select *s, unsigned x, unsigned fd, bool on)
{
	unsigned char *p = (unsigned char *)s->call.set[x] + fd / 8, bit = (unsigned char)(1u << fd % 8);
	unsigned char byte = on ? *p | bit : *p & (unsigned char)~bit;

	return byte == *p || fdg_sys_poke(p, &byte, 1);
}

/* Not ready: the home gets its memory back. A set has it already; a canary has bits of its own. */
static bool take_back(const struct fdg_select *s, unsigned x, unsigned fd)
{
	struct home h = home_of(s, x, fd);

	if (h.kind == HOME_CANARY)
		return write_bit(s, x, fd, fdg_word_canary() >> fd % 64 & 1);
	return h.kind == HOME_SET || (int)fd == s->shared[x] || write_bit(s, x, fd, false);
}

static bool clear_idle(const struct fdg_select *s, unsigned x, unsigned fd)
{
	return fdg_bit(s->got[x], fd) || take_back(s, x, fd);
}

static bool set_ready(const struct fdg_select *s, unsigned x, unsigned fd)
{
	return !fdg_bit(s->got[x], fd) || write_bit(s, x, fd, true);
}

/* After an error the sets are as they were: what is left of the timeout was written over the bits in it. */
static bool put_back(const struct fdg_select *s, unsigned x, unsigned fd)
{
	struct home h = home_of(s, x, fd);

	return h.kind != HOME_TIME || !((uint64_t)s->raw_time[h.bit / 64] >> h.bit % 64 & 1) || write_bit(s, x, fd, true);
}

static bool each_high(const struct fdg_select *s, bool (*f)(const struct fdg_select *s, unsigned x, unsigned fd))
{
	bool good = true;

	for (unsigned x = 0; x < FDG_SETS; x++)
		for (unsigned i = SET_WORDS; s->call.set[x] && i < fdg_select_bytes(s->call.n) / 8; i++)
			for (uint64_t bits = s->want[x][i]; bits; bits &= bits - 1)
				good &= f(s, x, i * 64 + (unsigned)__builtin_ctzll(bits));
	return good;
}

/* A set in which the last fd was not found is asked for it all the same; its place must not say by chance that it is ready. A bit of a microsecond is no loss. */
static void leave_last_unset(const struct fdg_select *s, uint64_t left[2])
{
	unsigned fd = (unsigned)s->call.nfds - 1;

	for (unsigned x = 0; x < FDG_SETS; x++) {
		struct home h;

		if (!s->call.set[x] || fd >= s->call.n || fdg_bit(s->want[x], fd))
			continue;
		h = home_of(s, x, fd);
		if (h.kind == HOME_TIME && h.bit >= 64)
			left[1] &= ~(UINT64_C(1) << (h.bit - 64));
	}
}

/* The order decides who wins where memory has two owners: a ready fd, then the set or timeout that lies there, then an fd that is not ready. */
bool fdg_fdsets_leave(const struct fdg_select *s, int result, const int64_t left[2])
{
	uint64_t time[2];
	bool good = true;

	for (unsigned x = 0; x < FDG_SETS; x++)
		if (s->call.set[x] && result >= 0)
			good &= fdg_sys_poke(s->call.set[x], s->got[x], FDG_SET_BYTES);
	if (s->call.timeout && s->call.updates) {
		memcpy(time, left, sizeof(time));
		leave_last_unset(s, time);
		fdg_sys_poke(s->call.timeout, time, sizeof(time)); /* the kernel, too, lets a constant one pass */
	}
	if (result < 0)
		return !s->call.updates || each_high(s, put_back);
	return good && each_high(s, clear_idle) && each_high(s, set_ready);
}
