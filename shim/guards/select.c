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
 *     of the call lies where the kernel would read the set; or a canary, a return address, other addresses or text do, whose bits cannot be descriptors; or the
 *     symbols of the file say how short a static set is.
 *  4. Then (fdsets.c) find out which descriptors were meant, and what the timeout was; wait for those (wrap/select.c); write back single bits.
 *  5. Say so: select.overflow. FD_SET's abort stays, but select.fortify says first which descriptor it was, and where that came from.
 *  6. A warning before it happens: a program that has used select gets its first descriptor above 1,023.
 *
 * What cannot be helped: a program that compares with FD_SETSIZE itself; memory that FD_SET broke before select is called, where nobody knows what was there (a
 * pointer behind the set); a ready descriptor whose bit lies in the canary: the program sees it, and is ended when the function returns, as without us.
 */
#include "guards/select.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/exe.h"
#include "base/fmt.h"
#include "base/state.h"
#include "base/sys.h"
#include "guards/origin.h"
#include "ledger/ledger.h"
#include "options/options.h"
#include "report/report.h"
#include "report/symbol.h"

#include "base/poison.h"

#define STACK_REACH (64ul << 20) /* further above our frame than this is not on this stack */
#define PAGE 4096u               /* or a multiple of it */
#define LISTED 12                /* fds that a report lists of a set */
#define CROWDS 16

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
	uint64_t set[FDG_SELECT_WORDS];
	struct timespec now = { 0, 0 };
	long r;

	memset(set, 0, fdg_select_bytes(fd + 1));
	set[fd / 64] = UINT64_C(1) << fd % 64;
	r = fdg_sys6(SYS_pselect6, fd + 1, (long)set, 0, 0, (long)&now, 0);
	return r != 0 || !fdg_bit(set, fd);
}

/* nfds as the kernel takes it, but no more than FDG_SELECT_MAX. Tables end at multiples of 64. */
static unsigned clamp(unsigned nfds)
{
	unsigned low = FDG_SET_FDS, high = nfds < FDG_SELECT_MAX ? nfds : FDG_SELECT_MAX;

	if (atomic_load_explicit(&fdg_select_table_is_small, memory_order_relaxed))
		return low;
	if (is_open(nfds - 1))
		return high;
	if (!table_holds(low)) {
		atomic_store_explicit(&fdg_select_table_is_small, true, memory_order_relaxed);
		return low;
	}
	if (table_holds(high - 1))
		return high;
	while (high - low > 64) {
		unsigned middle = (low + (high - low) / 2) & ~63u;

		if (table_holds(middle))
			low = middle;
		else
			high = middle;
	}
	return low + 64 < high ? low + 64 : high;
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

/* On the main thread's stack, which ends where the kernel put the environment, and has no neighbour for 128 MiB below: there it can be read without asking. */
static bool is_on_main_stack(const struct fdg_select_call *c, unsigned x)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0), start = (uintptr_t)c->set[x];

	return start > here && start + fdg_select_bytes(c->n) <= fdg_select_main_stack && fdg_select_main_stack - here < STACK_REACH;
}

/* Looked up once per address: reading a large file's symbols takes milliseconds. */
static const void *variable_end(const void *p)
{
	static struct { const void *_Atomic at, *_Atomic end; } known[16];
	unsigned slot = (unsigned)((uintptr_t)p / 8 % 16);
	const void *end = atomic_load(&known[slot].end);

	/* Read between two looks at the key, written under no key. */
	if (atomic_load(&known[slot].at) == p && atomic_load(&known[slot].end) == end)
		return end;
	end = fdg_variable_end(p);
	atomic_store(&known[slot].at, NULL);
	atomic_store(&known[slot].end, end);
	atomic_store(&known[slot].at, p);
	return end;
}

static bool hits_variable_end(const struct fdg_select_call *c, unsigned x)
{
	struct fdg_place place;
	uintptr_t start = (uintptr_t)c->set[x], end;

	if (!fdg_place_of((const char *)c->set[x] + 1, &place))
		return false; /* heap, stack */
	end = (uintptr_t)variable_end(c->set[x]);
	return end >= start + FDG_SET_BYTES && end < start + fdg_select_bytes(c->n);
}

/* Evidence, the cheapest first. */
static bool has_evidence(const struct fdg_select_call *c)
{
	if (hits_argument(c, fdg_select_bytes(c->n)))
		return true;
	for (unsigned x = 0; x < FDG_SETS; x++)
		if (c->set[x] && (fdg_fdsets_hit_something(c, x, is_on_main_stack(c, x)) || hits_variable_end(c, x)))
			return true;
	return false;
}

/* It waited on a set that has a bit for this number: it knows what it does, and needs no warning. */
static void note_big(const struct fdg_select_call *c)
{
	if (atomic_load_explicit(&fdg_select_use, memory_order_relaxed) != FDG_SELECT_BIG && is_open((unsigned)c->nfds - 1) && !fdg_foreign_memory())
		atomic_store_explicit(&fdg_select_use, FDG_SELECT_BIG, memory_order_relaxed);
}

bool fdg_select_overran(struct fdg_select_call *c)
{
	if (fdg_options.select_mode == FDG_OFF || !(c->set[0] || c->set[1] || c->set[2]))
		return false;
	c->n = clamp((unsigned)c->nfds);
	if (c->n <= FDG_SET_FDS) {
		fdg_select_used();
		return false;
	}
	if (has_evidence(c))
		return true;
	note_big(c);
	return false;
}

/* Each page down to there can be written to: a guard page would end it. A signal stack can have no guard page, but says how large it is. */
bool fdg_select_has_room(void)
{
	uintptr_t here = (uintptr_t)__builtin_frame_address(0);
	stack_t signal_stack;
	char byte;

	if (fdg_sys2(SYS_sigaltstack, NULL, &signal_stack) == 0 && signal_stack.ss_flags & SS_ONSTACK)
		return here - (uintptr_t)signal_stack.ss_sp > FDG_SELECT_STACK;
	if (here < fdg_select_main_stack && fdg_select_main_stack - here < STACK_REACH)
		return true; /* grows */
	for (unsigned down = PAGE; down <= FDG_SELECT_STACK; down += PAGE)
		if (!fdg_sys_peek((const char *)here - down, &byte, 1))
			return false;
	return true;
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

/* "1,020 UDP sockets made at pool_open+0x12 (monitor)". "" if nothing is known. */
static void put_crowd(struct fdg_buf *b, const struct crowd *c)
{
	struct fdg_place made;

	if (!c->count)
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

/* What every finding of this guard says about a descriptor. */
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

/* `fd` may be anything, -1 for none. */
static void begin(struct subject *u, enum fdg_finding_id id, long fd, const void *site)
{
	struct fdg_buf crowd = FDG_BUF(u->crowd), kind = FDG_BUF(u->kind);
	struct crowd below = crowd_below();
	struct fdg_known k;

	u->f = (struct fdg_finding)FDG_FINDING_INIT(id);
	u->text = (struct fdg_buf)FDG_BUF(u->message);
	u->f.message = u->message;
	u->f.site = u->site;
	u->f.sites = fdg_options.stacks > 1 && fdg_vfork_depth == 0 ? fdg_stack(u->site, fdg_options.stacks) : fdg_options.stacks > 0 && fdg_place_of(site, u->site);
	u->f.created = u->created;
	u->f.createds = 0;
	if (fd >= 0 && fd <= INT32_MAX) {
		u->f.fd = (int)fd;
		if (fdg_ledger_look((int)fd, &k)) {
			u->f.createds = fdg_origin_places(k.origin, k.site, u->created, fdg_options.stacks);
			put_name_of_kind(&kind, k.kind);
		}
	}
	u->f.fact = u->fact;
	u->f.facts = 0;
	put_crowd(&crowd, &below);
	add_fact(u, "kind", "kind", u->kind);
	add_fact(u, "below", "most of the numbers below 1,024", u->crowd);
}

#define USE_POLL "wait with poll(2) or epoll(7), which know any number"
#define FREE_NUMBERS "; or keep the low numbers free: close-on-exec where the crowd below is made, fdguard run --close-inherited here"

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
		fdg_fmt(b, "%s called select(%d), which makes the kernel read and write %u bytes of an fd_set of %u", fdg_base_name(fdg_exe()), s->call.nfds,
			fdg_select_bytes(s->call.n), FDG_SET_BYTES);
		return;
	}
	neighbour = fdg_fdsets_neighbour(s, x, (unsigned)fd);
	fdg_fmt(b, "%s called select on fd %d: %s has 1,024 bits, and the bit was written ", fdg_base_name(fdg_exe()), fd, fdg_fdsets_name(x));
	fdg_fmt(b, neighbour ? "into %s behind it" : "into what lies behind it%s", neighbour ? neighbour : "");
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
	struct subject u;
	struct fdg_buf asked = FDG_BUF(u.asked), meant = FDG_BUF(u.meant);
	unsigned x = 0;
	int fd = greatest(s, &x);

	if (fdg_foreign_memory() || !fdg_report_wants(fdg_finding_level(FDG_SELECT_OVERFLOW)) || was_told(s, fd, x))
		return;
	begin(&u, FDG_SELECT_OVERFLOW, fd, s->call.site);
	put_overflow(&u.text, s, fd, x);
	put_call(&asked, s, s->got, s->raw_time);
	put_call(&meant, s, s->want, s->time);
	add_fact(&u, "asked", "the kernel would read", u.asked);
	add_fact(&u, "meant", "meant", u.meant);
	u.f.site_label = "called at";
	u.f.fixed = repairs;
	u.f.fix = USE_POLL FREE_NUMBERS;
	fdg_report(&u.f);
}

bool fdg_select_before(struct fdg_select *s)
{
	bool repairs;

	if (!fdg_fdsets_fetch(s))
		return false;
	fdg_fdsets_decode(s);
	/* To wait for nothing would be worse than whatever the kernel does. */
	repairs = fdg_options.select_mode == FDG_FIX && !fdg_fdsets_is_empty(s);
	report_overflow(s, repairs);
	return repairs;
}

void fdg_select_after(const struct fdg_select *s, int result, const int64_t left[2])
{
	fdg_fdsets_leave(s, result, left);
}

void fdg_select_fortify(long fd, const void *site)
{
	struct subject u;
	const char *program = fdg_base_name(fdg_exe());

	if (fdg_options.select_mode == FDG_OFF || fdg_foreign_memory() || !fdg_report_wants(fdg_finding_level(FDG_SELECT_FORTIFY)))
		return;
	begin(&u, FDG_SELECT_FORTIFY, fd, site);
	if (fd < 0) {
		fdg_fmt(&u.text, "FD_SET is about to abort %s: %ld is no descriptor", program, fd);
		u.f.fix = "check what the call that should have made the descriptor returned";
		u.f.facts = 0;
	} else {
		fdg_fmt(&u.text, "FD_SET is about to abort %s: fd %ld has no bit in an fd_set, which ends at 1,023", program, fd);
		u.f.fix = USE_POLL FREE_NUMBERS;
	}
	u.f.site_label = "called at";
	fdg_report(&u.f);
}

void fdg_select_warn(int fd)
{
	struct subject u;
	unsigned char small = FDG_SELECT_SMALL;

	if (fdg_options.select_mode == FDG_OFF || fdg_foreign_memory() || !fdg_report_wants(FDG_LEVEL_WARNING) ||
	    !atomic_compare_exchange_strong(&fdg_select_use, &small, FDG_SELECT_BIG))
		return;
	begin(&u, FDG_SELECT_OVERFLOW, fd, NULL);
	fdg_fmt(&u.text, "%s waits with select, and has obtained fd %d: an fd_set has no bit for it, and FD_SET would write past its end", fdg_base_name(fdg_exe()), fd);
	u.f.level = FDG_LEVEL_WARNING;
	u.f.key = "obtained";
	u.f.fix = "before it happens: " USE_POLL FREE_NUMBERS;
	fdg_report(&u.f);
}
