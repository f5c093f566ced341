// SPDX-License-Identifier: MIT
/*
 * Guard select: a descriptor that an fd_set has no bit for.
 *
 * The bug. An fd_set has 1,024 bits, and FD_SET does not look. With fd 1045 it writes into whatever lies behind the set: the timeout, the next set, the stack
 * protector's canary, a return address. The kernel believes nfds, so select reads the neighbour as more bits of the set, watches descriptors that nobody
 * named, answers at once, and writes its answer over the neighbour.
 *
 *     wrong:  fd_set w; FD_ZERO(&w); FD_SET(fd, &w); select(fd + 1, NULL, &w, NULL, &timeout);
 *     right:  struct pollfd p = { .fd = fd, .events = POLLOUT }; poll(&p, 1, 5000);
 *
 * In a program built with _FORTIFY_SOURCE, FD_SET aborts instead ("bit out of range 0 - FD_SETSIZE on fd_set").
 *
 * What we do.
 *  1. nfds up to 1,024: nothing.
 *  2. Above, clamp it to the size of the descriptor table, as the kernel does: select(getdtablesize(), …) is right while the table is small.
 *  3. Sets can really be that long (heap, `fd_set s[16]`, alloca): the program's own pointers go to the kernel. Only on evidence do we step in: another argument
 *     of the call lies where the kernel would read the set; or, behind a set on the stack or a static one, a canary or a return address does, or other addresses
 *     and text whose bits name closed descriptors; or the program's symbols say how short a static set is.
 *  4. Then (fdsets.c) find out which descriptors were meant, and what the timeout was; wait for those (wrap/select.c); write back single bits.
 *  5. Say so: select.overflow. FD_SET's abort stays, but select.fortify says first which descriptor it was, and where that came from.
 *  6. A warning before it happens: a program that has used select gets its first descriptor above 1,023.
 *
 * What cannot be helped: a program that compares with FD_SETSIZE itself; memory that FD_SET broke before select is called, where nobody knows what was there (a
 * pointer behind the set); a ready descriptor whose bit lies in the canary: the program sees it, and is ended when the function returns, as without us.
 */
#include "guards/select/select.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/big.h"
#include "base/exe.h"
#include "base/fmt.h"
#include "base/state.h"
#include "base/sys.h"
#include "guards/origin.h"
#include "guards/self.h"
#include "ledger/ledger.h"
#include "options/options.h"
#include "report/report.h"
#include "report/symbol.h"

#include "base/poison.h"

#define STACK_REACH (64ul << 20) /* further above our frame than this is not on this stack */
#define PAGE 4096u               /* or a multiple of it */
#define STACK_NEEDED (10u << 10) /* for a report and a repair */
#define LISTED 12                /* fds that a report lists of a set */
#define CROWDS 16
#define CROWDED (FDG_SET_FDS / 2)

_Atomic unsigned char fdg_select_use;
_Atomic bool fdg_select_table_is_small;
uintptr_t fdg_select_main_stack;

static bool is_open(unsigned fd)
{
	return fdg_sys_fcntl((int)fd, F_GETFD, 0) >= 0;
}

/*
 * Has the descriptor table room for fd? It is asked with a set that holds a closed fd: EBADF if the table reaches so far; where it ends before, the kernel does
 * not look at the bit, and leaves it alone.
 */
static bool table_holds(unsigned fd)
{
	uint64_t set[FDG_SELECT_WORDS + 1];
	struct timespec now = { 0, 0 };
	long r;

	memset(set, 0, fdg_select_bytes(fd + 1));
	set[fd / 64] = UINT64_C(1) << fd % 64;
	r = fdg_sys6(SYS_pselect6, fd + 1, (long)set, 0, 0, (long)&now, 0);
	return r != 0 || !fdg_bit(set, fd);
}

/* Where the table ends, if that is in (low, high]: both are multiples of 64, low is inside. */
static unsigned search(unsigned low, unsigned high)
{
	while (high - low > 64) {
		unsigned middle = (low + (high - low) / 2) & ~63u;

		if (table_holds(middle))
			low = middle;
		else
			high = middle;
	}
	return high;
}

/*
 * nfds as the kernel takes it: but no more than FDG_SELECT_MAX. Tables end at multiples of 64. Where it ended the last time is where it ends mostly; it is asked again
 * all the same.
 */
static unsigned clamp(struct fdg_select_call *c)
{
	static _Atomic unsigned last_end;
	unsigned nfds = (unsigned)c->nfds, end = atomic_load_explicit(&last_end, memory_order_relaxed);

	c->is_cut = false;
	if (atomic_load_explicit(&fdg_select_table_is_small, memory_order_relaxed))
		return FDG_SET_FDS;
	if (is_open(nfds - 1)) {
		c->is_cut = nfds > FDG_SELECT_MAX;
		return c->is_cut ? FDG_SELECT_MAX : nfds;
	}
	if (!table_holds(FDG_SET_FDS)) {
		if (!fdg_foreign_memory())
			atomic_store_explicit(&fdg_select_table_is_small, true, memory_order_relaxed);
		return FDG_SET_FDS;
	}
	if (nfds > FDG_SELECT_MAX && table_holds(FDG_SELECT_MAX)) {
		c->is_cut = true;
		return FDG_SELECT_MAX;
	}
	if (nfds > FDG_SELECT_MAX)
		nfds = FDG_SELECT_MAX;
	if (table_holds(nfds - 1))
		return nfds;
	if (end <= FDG_SET_FDS || end >= nfds || !table_holds(end - 1) || table_holds(end)) {
		end = search(FDG_SET_FDS, (nfds + 63) & ~63u);
		atomic_store_explicit(&last_end, end, memory_order_relaxed);
	}
	return end < nfds ? end : nfds;
}

/* Does `p` lie where the kernel would read set x, behind the 128 bytes of an fd_set? */
static bool is_overrun(const struct fdg_select_call *c, unsigned x, const void *p, unsigned bytes)
{
	uintptr_t offset = (uintptr_t)p - (uintptr_t)c->set[x];

	return c->set[x] && p && offset >= FDG_SET_BYTES && offset < bytes;
}

static bool hits_argument(const struct fdg_select_call *c, unsigned bytes)
{
	for (unsigned x = 0; x < FDG_SETS; x++)
		for (unsigned y = 0; y < FDG_SETS; y++)
			if (is_overrun(c, x, c->set[y], bytes) || is_overrun(c, x, c->timeout, bytes) || is_overrun(c, x, c->mask, bytes))
				return true;
	return false;
}

/* On the main thread's stack, and not beyond the page that a set of 1,024 bits ends in: there it can be read without asking. */
static bool is_surely_there(const struct fdg_select_call *c, unsigned x)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0), start = (uintptr_t)c->set[x], end = start + fdg_select_bytes(c->n);

	return start > here && end <= fdg_select_main_stack && fdg_select_main_stack - here < STACK_REACH && (end - 1) / PAGE == (start + FDG_SET_BYTES - 1) / PAGE;
}

/* Looked up once per address: reading a large file's symbols takes milliseconds. */
static const void *variable_end(const void *p)
{
	FDG_BIG static struct { const void *_Atomic at, *_Atomic end; } known[64];
	unsigned slot = (unsigned)((uintptr_t)p * UINT64_C(0x9e3779b97f4a7c15) >> 58);
	const void *end = atomic_load(&known[slot].end);

	/* Read between two looks at the key, written under no key. */
	if (atomic_load(&known[slot].at) == p && atomic_load(&known[slot].end) == end)
		return end;
	if (!fdg_variable_end(p, &end) || fdg_foreign_memory())
		return end;
	atomic_store(&known[slot].at, NULL);
	atomic_store(&known[slot].end, end);
	atomic_store(&known[slot].at, p);
	return end;
}

enum memory { HEAP, STACK, STATIC };

/* What a set is made of. Sets on the heap were given a size at run time. */
static enum memory memory_of(const void *set)
{
	struct fdg_place place;

	if ((uintptr_t)set - (uintptr_t)__builtin_frame_address(0) < STACK_REACH)
		return STACK;
	return fdg_place_of((const char *)set + 1, &place) ? STATIC : HEAP;
}

static bool hits_variable_end(const struct fdg_select_call *c, unsigned x)
{
	uintptr_t start = (uintptr_t)c->set[x], end = (uintptr_t)variable_end(c->set[x]);

	return end >= start + FDG_SET_BYTES && end < start + fdg_select_bytes(c->n);
}

/* Evidence, the cheapest first. */
static bool has_evidence(struct fdg_select_call *c)
{
	c->is_sure = true;
	if (hits_argument(c, fdg_select_bytes(c->n)))
		return true;
	for (unsigned x = 0; x < FDG_SETS; x++) {
		enum memory memory = c->set[x] ? memory_of(c->set[x]) : HEAP;

		if (memory != HEAP && fdg_fdsets_hit_something(c, x, is_surely_there(c, x)))
			return true;
	}
	c->is_sure = false;
	for (unsigned x = 0; x < FDG_SETS; x++)
		if (c->set[x] && memory_of(c->set[x]) == STATIC && hits_variable_end(c, x))
			return true;
	return false;
}

/* A set on the heap can have been made for any number of fds. */
void fdg_select_first_used(const void *r, const void *w, const void *e)
{
	const void *set = r ? r : w ? w : e;

	if (!fdg_foreign_memory())
		atomic_store_explicit(&fdg_select_use, memory_of(set) == HEAP ? FDG_SELECT_BIG : FDG_SELECT_SMALL, memory_order_relaxed);
}

/* It waited on a set that has a bit for this number: it knows what it does, and needs no warning. */
static void note_big(const struct fdg_select_call *c)
{
	if (atomic_load_explicit(&fdg_select_use, memory_order_relaxed) != FDG_SELECT_BIG && is_open((unsigned)c->nfds - 1) && !fdg_foreign_memory())
		atomic_store_explicit(&fdg_select_use, FDG_SELECT_BIG, memory_order_relaxed);
}

/* A signal stack has no guard page, and can be small; the rest of the library is content with less. */
static bool has_room(void)
{
	stack_t stack;

	return fdg_sys2(SYS_sigaltstack, NULL, &stack) < 0 || !(stack.ss_flags & SS_ONSTACK) ||
	       (uintptr_t)__builtin_frame_address(0) - (uintptr_t)stack.ss_sp > STACK_NEEDED;
}

bool fdg_select_overran(struct fdg_select_call *c)
{
	if (fdg_options.select_mode == FDG_OFF || !(c->set[0] || c->set[1] || c->set[2]))
		return false;
	c->n = clamp(c);
	if (c->n <= FDG_SET_FDS)
		return false;
	if (has_evidence(c))
		return has_room();
	note_big(c);
	return false;
}

/* What the low numbers are taken by: the largest group of one kind from one place. */
struct crowd {
	fdg_kindword kind;
	const void *site;
	uint32_t origin;
	bool inherited;
	unsigned count;
};

static void count_in(struct crowd *c, unsigned *groups, const struct fdg_known *k)
{
	bool inherited = k->flags & FDG_INHERITED;
	unsigned i = 0;

	while (i < *groups && (c[i].kind != k->kind || c[i].site != k->site || c[i].inherited != inherited))
		i++;
	if (i == CROWDS)
		return;
	if (i == *groups)
		c[(*groups)++] = (struct crowd){ k->kind, k->site, k->origin, inherited, 0 };
	c[i].count++;
}

static struct crowd crowd_below(void)
{
	struct crowd c[CROWDS], most = { .count = 0 };
	unsigned groups = 0;

	for (int fd = fdg_ledger_next(0); fd >= 0 && fd < (int)FDG_SET_FDS; fd = fdg_ledger_next(fd + 1)) {
		struct fdg_known k;

		if (fdg_ledger_look(fd, &k))
			count_in(c, &groups, &k);
	}
	for (unsigned i = 0; i < groups; i++)
		if (c[i].count > most.count)
			most = c[i];
	return most;
}

/* "1,020 UDP sockets made at pool_open+0x12 (monitor)". "" if no group has most of the numbers. */
static void put_crowd(struct fdg_buf *b, const struct crowd *c)
{
	struct fdg_place made;

	if (c->count <= CROWDED)
		return;
	fdg_put_kind(b, c->kind, c->count);
	if (c->inherited) {
		fdg_put(b, " that this program inherited");
	} else if (fdg_place_of(c->site, &made)) {
		fdg_put(b, " made at ");
		if (!fdg_symbol_of(&made, b)) {
			fdg_put(b, "offset ");
			fdg_put_hex(b, made.offset);
		}
		fdg_fmt(b, " of %s", fdg_base_name(made.object));
	}
}

/* What every finding of this guard says about a descriptor. In a mapping of its own: select and socket are called on small stacks, too. */
struct subject {
	struct fdg_finding f;
	struct fdg_place site[FDG_FRAMES_MAX], created[FDG_FRAMES_MAX];
	struct fdg_fact fact[4];
	char message[512], crowd[320], kind[48], asked[320], meant[320];
	struct fdg_buf text; /* over message */
};

static void add_fact(struct subject *u, const char *name, const char *label, const char *text)
{
	if (*text)
		u->fact[u->f.facts++] = (struct fdg_fact){ name, label, text, 0 };
}

static void put_name_of_kind(struct fdg_buf *b, fdg_kindword kind)
{
	char text[48];
	struct fdg_buf t = FDG_BUF(text);

	fdg_put_kind(&t, kind, 1); /* "1 TCP socket" */
	fdg_put(b, text + 2);
}

/* What to do in the source, and, where a crowd has the low numbers, about that. */
static const char *advice(const struct crowd *below)
{
#define USE_POLL "wait with poll(2) or epoll(7), which know any number"
	if (below->count <= CROWDED)
		return USE_POLL;
	if (!below->inherited)
		return USE_POLL "; or keep the low numbers free: close what most of the numbers below 1,024 are taken by";
	return USE_POLL "; or keep the low numbers free: close-on-exec in the program that made what this one inherited, or fdguard run --close-inherited around this one";
}

/* `fd` may be anything, -1 for none. NULL: there is no memory. */
static struct subject *begin(enum fdg_finding_id id, long fd, const void *site)
{
	struct subject *u = fdg_sys_mmap(sizeof(*u), false);
	struct crowd below = crowd_below();
	struct fdg_buf crowd, kind;
	struct fdg_known k;

	if (!u)
		return NULL;
	crowd = (struct fdg_buf)FDG_BUF(u->crowd);
	kind = (struct fdg_buf)FDG_BUF(u->kind);
	u->f = (struct fdg_finding)FDG_FINDING_INIT(id);
	u->text = (struct fdg_buf)FDG_BUF(u->message);
	u->f.message = u->message;
	u->f.site = u->site;
	u->f.sites = fdg_options.stacks > 1 && fdg_vfork_depth == 0 ? fdg_stack(u->site, fdg_options.stacks) : fdg_options.stacks > 0 && fdg_place_of(site, u->site);
	u->f.site_label = "called at";
	u->f.created = u->created;
	if (fd >= 0 && fd <= INT32_MAX) {
		u->f.fd = (int)fd;
		if (fdg_ledger_look((int)fd, &k)) {
			u->f.createds = fdg_origin_places(k.origin, k.site, u->created, fdg_options.stacks);
			put_name_of_kind(&kind, k.kind);
		}
	}
	u->f.fact = u->fact;
	put_crowd(&crowd, &below);
	add_fact(u, "kind", "kind", u->kind);
	add_fact(u, "below", "most of the numbers below 1,024", u->crowd);
	u->f.fix = advice(&below);
	return u;
}

static void finish(struct subject *u)
{
	fdg_report(&u->f);
	fdg_sys_munmap(u, sizeof(*u));
}

static void put_set(struct fdg_buf *b, const uint64_t *words, unsigned n)
{
	unsigned listed = 0;

	fdg_put_char(b, '[');
	for (unsigned fd = 0; fd < n; fd++) {
		if (!fdg_bit(words, fd))
			continue;
		if (listed++ == LISTED) {
			fdg_put(b, " …");
			break;
		}
		fdg_fmt(b, listed > 1 ? " %u" : "%u", fd);
	}
	fdg_put_char(b, ']');
}

/* As strace would print it. */
static void put_call(struct fdg_buf *b, const struct fdg_select *s, const uint64_t sets[FDG_SETS][FDG_SELECT_WORDS], const int64_t time[2])
{
	fdg_fmt(b, "%s(%d", s->call.fraction == 1000000 ? "select" : "pselect", s->call.nfds);
	for (unsigned x = 0; x < FDG_SETS; x++) {
		fdg_put(b, ", ");
		if (s->call.set[x])
			put_set(b, sets[x], s->call.n);
		else
			fdg_put(b, "NULL");
	}
	if (s->call.timeout)
		fdg_fmt(b, ", {%ld, %ld})", (long)time[0], (long)time[1]);
	else
		fdg_put(b, ", NULL)");
}

/* The greatest fd beyond an fd_set that was meant, and in which set; -1 if none was. */
static int greatest(const struct fdg_select *s, unsigned *ret_set)
{
	for (unsigned fd = s->call.n; fd-- > FDG_SET_FDS;)
		for (unsigned x = 0; x < FDG_SETS; x++)
			if (s->call.set[x] && fdg_bit(s->want[x], fd)) {
				*ret_set = x;
				return (int)fd;
			}
	return -1;
}

static void put_overflow(struct fdg_buf *b, const struct fdg_select *s, int fd, unsigned x)
{
	const char *neighbour;

	if (fd < 0) {
		fdg_put_self(b);
		fdg_fmt(b, " called select(%d), which makes the kernel read and write ", s->call.nfds);
		fdg_fmt(b, s->call.is_cut ? "more than %u bytes of an fd_set of %u" : "%u bytes of an fd_set of %u", fdg_select_bytes(s->call.n), FDG_SET_BYTES);
		return;
	}
	neighbour = fdg_fdsets_neighbour(s, x, (unsigned)fd);
	fdg_put_self(b);
	fdg_fmt(b, " called select on fd %d: %s has 1,024 bits, and ", fd, fdg_fdsets_name(x));
	fdg_put(b, fdg_bit(s->got[x], (unsigned)fd) ? "the bit was written into " : "the bit was lost in ");
	fdg_fmt(b, neighbour ? "%s behind it" : "what lies behind it%s", neighbour ? neighbour : "");
	if (s->lost_timeout)
		fdg_put(b, "; the timeout could not be recovered, and 1 s was taken");
}

/* One site is one finding for each place that the descriptors come from: known without making the report, since this can be every call of a busy loop. */
static bool was_told(const struct fdg_select *s, int fd, unsigned x)
{
	struct fdg_known k = { .site = NULL };
	uint64_t hash = fdg_hash(FDG_SELECT_OVERFLOW + 1, &s->call.site, sizeof(s->call.site));

	if (fd >= 0)
		fdg_ledger_look(fd, &k);
	return fdg_told_mark(fdg_hash(fdg_hash(hash, &x, sizeof(x)), &k.site, sizeof(k.site)));
}

/* Before the wait: s->got is what the kernel would have read. */
static void report_overflow(const struct fdg_select *s, bool repairs)
{
	struct subject *u;
	struct fdg_buf asked, meant;
	unsigned x = 0;
	int fd = greatest(s, &x);

	if (fdg_foreign_memory() || !fdg_report_wants(fdg_finding_level(FDG_SELECT_OVERFLOW)) || was_told(s, fd, x))
		return;
	u = begin(FDG_SELECT_OVERFLOW, fd, s->call.site);
	if (!u)
		return;
	asked = (struct fdg_buf)FDG_BUF(u->asked);
	meant = (struct fdg_buf)FDG_BUF(u->meant);
	put_overflow(&u->text, s, fd, x);
	put_call(&asked, s, s->got, s->raw_time);
	put_call(&meant, s, s->want, s->time);
	add_fact(u, "asked", "the kernel would read", u->asked);
	add_fact(u, "meant", "meant", u->meant);
	u->f.fixed = repairs;
	finish(u);
}

bool fdg_select_before(struct fdg_select *s)
{
	bool repairs;

	if (!fdg_fdsets_fetch(s))
		return false;
	fdg_fdsets_decode(s);
	/* To wait for nothing, or for a part, would be worse than whatever the kernel does. */
	repairs = fdg_options.select_mode == FDG_FIX && !s->call.is_cut && !fdg_fdsets_is_empty(s);
	report_overflow(s, repairs);
	return repairs;
}

bool fdg_select_after(const struct fdg_select *s, int result, const int64_t left[2])
{
	return fdg_fdsets_leave(s, result, left);
}

void fdg_select_fortify(long fd, const void *site)
{
	struct subject *u;

	if (fdg_options.select_mode == FDG_OFF || fdg_foreign_memory() || !fdg_report_wants(fdg_finding_level(FDG_SELECT_FORTIFY)))
		return;
	u = begin(FDG_SELECT_FORTIFY, fd, site);
	if (!u)
		return;
	fdg_put(&u->text, "FD_SET is about to abort ");
	fdg_put_self(&u->text);
	if (fd < 0) {
		fdg_fmt(&u->text, ": %ld is no descriptor", fd);
		u->f.fix = "check what the call that should have made the descriptor returned";
		u->f.facts = 0;
	} else {
		fdg_fmt(&u->text, ": fd %ld has no bit in an fd_set, which ends at 1,023", fd);
	}
	finish(u);
}

void fdg_select_warn(int fd)
{
	struct subject *u;
	unsigned char small = FDG_SELECT_SMALL;

	if (fdg_options.select_mode == FDG_OFF || fdg_foreign_memory() || !fdg_report_wants(FDG_LEVEL_WARNING) ||
	    !atomic_compare_exchange_strong(&fdg_select_use, &small, FDG_SELECT_BIG))
		return;
	u = begin(FDG_SELECT_OVERFLOW, fd, NULL);
	if (!u)
		return;
	fdg_put_self(&u->text);
	fdg_fmt(&u->text, " waits with select, and has obtained fd %d: an fd_set has no bit for it, and FD_SET would write past its end", fd);
	u->f.level = FDG_LEVEL_WARNING;
	u->f.key = "obtained";
	finish(u);
}
