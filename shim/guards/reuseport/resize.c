// SPDX-License-Identifier: MIT
/*
 * Guard reuseport, its finding reuseport.resize.
 *
 * The bug. The kernel deals packets to the members of a SO_REUSEPORT group by a hash over their number. One member more or less, and for UDP most flows go to another member
 * from one packet to the next, which knows nothing of them:
 *
 *     wrong:  if (busy()) add_udp_worker(port);         every QUIC connection meets a stranger
 *     right:  open_udp_workers(port, MAX_WORKERS);      once; or a BPF program that goes by the connection id
 *
 * What we do. A member that is closed and leaves others behind is a note; so is one that joins a group which had stayed as it was for 2 s. A service that starts, stops or
 * restarts a worker changes its group many times within a moment: that is one note, the first (5 s). What /proc says before and after are the numbers; it is read for a note alone.
 * Silent: sockets that are connected (they have their flow), multicast, UDP groups with a BPF program of the program's own.
 */
#include "guards/reuseport/resize.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#include "base/address.h"
#include "base/big.h"
#include "base/fmt.h"
#include "base/state.h"
#include "base/sys.h"
#include "guards/origin.h"
#include "guards/reuseport/outside.h"
#include "guards/self.h"
#include "options/options.h"
#include "report/report.h"
#include "report/symbol.h"

#include "base/poison.h"

enum { SETTLED_MS = 2000, QUIET_MS = 5000, GROUPS = 128 };

FDG_BIG static struct group {
	_Atomic uint64_t hash; /* 0: free */
	_Atomic int64_t changed, said; /* ms; 0: never */
} groups[GROUPS];

/* The closing that is to be told of. One at a time: notes are few. */
static struct leaving {
	_Atomic int thread; /* 0: none */
	int fd;
	unsigned members;
	uint64_t inode;
	struct fdg_group group;
	const void *site, *made_at;
	uint32_t origin;
	const struct fdg_member_seen *by; /* of a program that is watched from outside; NULL: this one */
} leaving;

static _Atomic bool is_steered;
int64_t fdg_resize_now;

void fdg_resize_steered(void)
{
	atomic_store_explicit(&is_steered, true, memory_order_relaxed);
}

static int64_t now(void)
{
	struct timespec t = { 0, 0 };

	if (fdg_resize_now)
		return fdg_resize_now;
	fdg_sys_clock(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000) + t.tv_nsec / 1000000 + 1;
}

/* One that is new takes the place of another where there is no room. */
static struct group *find(const struct fdg_group *g)
{
	static _Atomic unsigned next_out;
	uint64_t hash = fdg_group_hash(g) | 1;
	struct group *at;

	for (unsigned i = 0; i < GROUPS; i++) {
		uint64_t has = 0;

		at = &groups[(hash + i) % GROUPS];
		if (atomic_compare_exchange_strong(&at->hash, &has, hash) || has == hash)
			return at;
	}
	at = &groups[atomic_fetch_add_explicit(&next_out, 1, memory_order_relaxed) % GROUPS];
	atomic_store_explicit(&at->hash, hash, memory_order_relaxed);
	atomic_store_explicit(&at->changed, 0, memory_order_relaxed);
	atomic_store_explicit(&at->said, 0, memory_order_relaxed);
	return at;
}

static bool is_wanted(void)
{
	return fdg_phase_now() == FDG_ACTIVE && fdg_options.reuseport != FDG_OFF && fdg_report_wants(fdg_finding_level(FDG_REUSEPORT_RESIZE)) && !fdg_foreign_memory();
}

static bool is_connected(int fd)
{
	struct sockaddr_in6 peer;
	unsigned n = sizeof(peer);

	return fdg_sys3(SYS_getpeername, fd, &peer, &n) == 0;
}

static bool is_multicast(const struct fdg_group *g)
{
	return g->family == AF_INET ? g->address[0] >> 4 == 14 : g->address[0] == 0xff;
}

static bool is_spread(int fd, const struct fdg_group *g)
{
	if (g->protocol == IPPROTO_TCP)
		return true;
	return !atomic_load_explicit(&is_steered, memory_order_relaxed) && !is_multicast(g) && !is_connected(fd);
}

/*
 * Words
 */

struct report {
	struct fdg_finding f;
	struct fdg_place site[FDG_FRAMES_MAX], created[FDG_FRAMES_MAX];
	struct fdg_fact fact[2];
	char message[512], local[96];
};

static void put_message(struct fdg_buf *b, const struct leaving *l, unsigned from, unsigned to, const char *local)
{
	fdg_put(b, "the group of SO_REUSEPORT ");
	fdg_put(b, l->group.protocol == IPPROTO_TCP ? "listeners on " : "UDP sockets on ");
	fdg_fmt(b, "%s went from %u to %u members, as ", local, from, to);
	if (l->by)
		fdg_put(b, l->by->self);
	else
		fdg_put_self(b);
	fdg_fmt(b, " %s fd %d: ", to < from ? "closed" : "added", l->fd);
	if (l->group.protocol == IPPROTO_TCP)
		fdg_put(b, "connections that are being made may go to another listener than before");
	else
		fdg_put(b, "the kernel deals the flows out anew, and packets of running exchanges reach sockets that know nothing of them");
}

static void fill(struct report *r, const struct leaving *l, unsigned from, unsigned to)
{
	struct fdg_buf message = FDG_BUF(r->message), local = FDG_BUF(r->local);
	bool is_in6 = l->group.family == AF_INET6;

	fdg_put(&local, is_in6 ? "[" : "");
	fdg_put_host(&local, l->group.family, l->group.address);
	fdg_fmt(&local, "%s:%u", is_in6 ? "]" : "", l->group.port);
	put_message(&message, l, from, to, r->local);
	r->f = (struct fdg_finding)FDG_FINDING_INIT(FDG_REUSEPORT_RESIZE);
	r->f.fd = l->fd;
	r->f.count = to;
	r->f.local = r->local;
	r->f.key = r->local;
	r->f.message = r->message;
	r->f.fix = "open the whole group before traffic comes and keep it, or choose the member by a BPF program from something that lasts, such as a connection id";
	if (l->by) {
		r->f.created = l->by->created;
		r->f.created_source = l->by->source;
		r->f.createds = l->by->createds;
	} else if (fdg_options.stacks) {
		r->f.site = r->site;
		r->f.sites = l->site && fdg_place_of(l->site, r->site);
		r->f.site_label = to < from ? "closed at" : "added at";
		r->f.created = r->created;
		r->f.createds = fdg_origin_places(l->origin, l->made_at, r->created, fdg_options.stacks);
	}
	r->fact[0] = (struct fdg_fact){ "members_before", "members before", NULL, from };
	r->fact[1] = (struct fdg_fact){ "members", "members now", NULL, to };
	r->f.fact = r->fact;
	r->f.facts = 2;
}

static void say(const struct leaving *l, unsigned from, unsigned to)
{
	struct report *r = fdg_sys_mmap(sizeof(*r), false);

	if (!r)
		return;
	fill(r, l, from, to);
	fdg_report(&r->f);
	fdg_sys_munmap(r, sizeof(*r));
}

/*
 * Changes
 */

static bool is_quiet(const struct group *at, int64_t t)
{
	int64_t said = atomic_load_explicit(&at->said, memory_order_relaxed);

	return !said || t - said >= QUIET_MS;
}

static void put_maker(struct leaving *l, int fd)
{
	struct fdg_known k;

	if (!fdg_ledger_look(fd, &k))
		return;
	l->made_at = k.site;
	l->origin = k.origin;
}

void fdg_resize_joined_slow(int fd, const void *site)
{
	struct leaving l = { .fd = fd, .site = site };
	struct fdg_group_sight sight;
	int64_t t, changed;
	struct group *at;

	if (!is_wanted() || !fdg_group_ask(fd, &l.group) || !is_spread(fd, &l.group) || !(at = find(&l.group)))
		return;
	t = now();
	changed = atomic_exchange_explicit(&at->changed, t, memory_order_relaxed);
	if (!changed || t - changed < SETTLED_MS || !is_quiet(at, t))
		return;
	sight = fdg_group_look(&l.group, 0);
	if (!sight.seen || sight.members < 2)
		return;
	put_maker(&l, fd);
	atomic_store_explicit(&at->said, t, memory_order_relaxed);
	say(&l, sight.members - 1, sight.members);
}

void fdg_resize_leaving(int fd, const struct fdg_group *g, const void *site)
{
	struct fdg_group_sight sight;
	struct group *at;
	struct stat st;
	int nobody = 0;

	if (!is_wanted() || atomic_load_explicit(&leaving.thread, memory_order_relaxed) || !is_spread(fd, g) || !(at = find(g)) || !is_quiet(at, now()) || fdg_sys_fstat(fd, &st) < 0)
		return;
	sight = fdg_group_look(g, st.st_ino);
	if (!sight.has_it || sight.members < 2 || !atomic_compare_exchange_strong(&leaving.thread, &nobody, fdg_sys_gettid()))
		return;
	leaving.fd = fd;
	leaving.members = sight.members;
	leaving.inode = st.st_ino;
	leaving.group = *g;
	leaving.site = site;
	leaving.made_at = NULL;
	leaving.origin = 0;
	put_maker(&leaving, fd);
}

/* Did it leave, and did others stay? A description that somebody else holds stays, too. */
void fdg_resize_left(unsigned first, unsigned last)
{
	struct fdg_group_sight sight;
	struct group *at;

	if (__builtin_expect(atomic_load_explicit(&leaving.thread, memory_order_relaxed) == 0, 1) || atomic_load(&leaving.thread) != fdg_sys_gettid())
		return;
	if ((unsigned)leaving.fd < first || (unsigned)leaving.fd > last)
		return;
	sight = fdg_group_look(&leaving.group, leaving.inode);
	at = find(&leaving.group);
	if (at && sight.seen && !sight.has_it && sight.members > 0 && sight.members < leaving.members) {
		int64_t t = now();

		atomic_store_explicit(&at->changed, t, memory_order_relaxed);
		atomic_store_explicit(&at->said, t, memory_order_relaxed);
		say(&leaving, leaving.members, sight.members);
	}
	atomic_store(&leaving.thread, 0);
}

void fdg_resize_seen(const struct fdg_member_seen *by, unsigned from, unsigned to)
{
	const struct leaving l = { .fd = by->fd, .group = by->group, .by = by };
	struct group *at = find(&by->group);
	int64_t t = now(), changed = atomic_exchange_explicit(&at->changed, t, memory_order_relaxed);

	if (from < 1 || to < 1 || from == to || (from < to && (!changed || t - changed < SETTLED_MS)) || !is_quiet(at, t))
		return;
	if (is_multicast(&by->group) || !fdg_report_wants(fdg_finding_level(FDG_REUSEPORT_RESIZE)))
		return;
	atomic_store_explicit(&at->said, t, memory_order_relaxed);
	say(&l, from, to);
}
