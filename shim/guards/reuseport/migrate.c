// SPDX-License-Identifier: MIT
/*
 * Which program a group has, the kernel does not tell. Ours has a name that is made of the group, and lives as long as it is attached: so it can be looked for, by who may.
 */
#include "guards/reuseport/migrate.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include "base/big.h"
#include "base/state.h"
#include "base/sys.h"
#include "guards/reuseport/handover.h"
#include "guards/reuseport/kept.h"
#include "guards/reuseport/migrate_bpf.h"
#include "guards/reuseport/migrate_parts.h"
#include "guards/reuseport/order.h"
#include "guards/reuseport/resize.h"
#include "guards/reuseport/turn.h"
#include "options/options.h"

#include "base/poison.h"

#ifndef SO_ATTACH_REUSEPORT_EBPF
#define SO_ATTACH_REUSEPORT_EBPF 52
#endif

/* ---- what is remembered of groups ---- */

#define GROUPS 128
#define WITNESSES 6

FDG_BIG static struct group {
	_Atomic uint64_t hash; /* 0: free */
	_Atomic unsigned state;
	_Atomic unsigned id; /* of our program, once it was found; 0: not known */
	_Atomic int64_t gave; /* when a queue was given to others, in s of CLOCK_MONOTONIC; 0: never */
	_Atomic uint64_t witness[WITNESSES]; /* inodes of members that were there when this process left it; 0: none */
} groups[GROUPS];
static _Atomic unsigned next_out;

/* NULL: it is not there. A new one takes the place of an old one where there is no other: those that come and go are many, and those that stay few. */
static struct group *find(const struct fdg_group *g, bool makes)
{
	uint64_t hash = fdg_group_hash(g) | 1;
	struct group *at;

	for (unsigned i = 0; i < GROUPS; i++) {
		uint64_t has;

		at = &groups[(hash + i) % GROUPS];
		has = atomic_load_explicit(&at->hash, memory_order_relaxed);
		if (has == 0 && (!makes || atomic_compare_exchange_strong(&at->hash, &has, hash)))
			return makes ? at : NULL;
		if (has == hash)
			return at;
	}
	if (!makes)
		return NULL;
	at = &groups[atomic_fetch_add_explicit(&next_out, 1, memory_order_relaxed) % GROUPS];
	for (unsigned i = 0; i < WITNESSES; i++)
		atomic_store_explicit(&at->witness[i], 0, memory_order_relaxed);
	atomic_store_explicit(&at->hash, hash, memory_order_relaxed);
	atomic_store_explicit(&at->state, FDG_MIGRATE_UNKNOWN, memory_order_relaxed);
	atomic_store_explicit(&at->id, 0, memory_order_relaxed);
	atomic_store_explicit(&at->gave, 0, memory_order_relaxed);
	return at;
}

static unsigned id_of(const struct fdg_group *g)
{
	struct group *at = find(g, false);

	return at ? atomic_load_explicit(&at->id, memory_order_relaxed) : 0;
}

static void put_id(const struct fdg_group *g, unsigned id)
{
	struct group *at = find(g, false);

	if (at)
		atomic_store_explicit(&at->id, id, memory_order_relaxed);
}

unsigned fdg_migrate_state_of(const struct fdg_group *g)
{
	struct group *at = find(g, false);

	return at ? atomic_load_explicit(&at->state, memory_order_relaxed) : FDG_MIGRATE_UNKNOWN;
}

static void set_state(const struct fdg_group *g, unsigned state)
{
	struct group *at = find(g, true);

	if (at)
		atomic_store_explicit(&at->state, state, memory_order_relaxed);
	if (state >= FDG_MIGRATE_REFUSED)
		atomic_store_explicit(&fdg_handover_ready, true, memory_order_relaxed);
}

int fdg_migrate_look(const struct fdg_group *g)
{
	unsigned id = id_of(g), was = id;
	int r = fdg_bpf_find(g, &id);

	if (r == 1 && id != was)
		put_id(g, id);
	return r;
}

bool fdg_migrate_has(const struct fdg_group *g)
{
	unsigned state = fdg_migrate_state_of(g);
	int r = fdg_migrate_look(g);

	if (r < 0)
		return state == FDG_MIGRATE_ATTACHED;
	if (r == 1)
		set_state(g, FDG_MIGRATE_ATTACHED);
	else if (state == FDG_MIGRATE_ATTACHED)
		set_state(g, FDG_MIGRATE_STEERED);
	return r == 1;
}

static _Atomic bool moves; /* an eBPF program of the program's is on a group that is not known */

bool fdg_migrate_is_the_programs(const struct fdg_group *g)
{
	return fdg_migrate_state_of(g) == FDG_MIGRATE_MOVED || (atomic_load_explicit(&moves, memory_order_relaxed) && fdg_migrate_state_of(g) != FDG_MIGRATE_ATTACHED);
}

static int64_t seconds(void)
{
	struct timespec now = { 0, 0 };

	fdg_sys_clock(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

void fdg_migrate_gives(const struct fdg_group *g)
{
	struct group *at = find(g, true);

	if (at)
		atomic_store_explicit(&at->gave, seconds(), memory_order_relaxed);
}

bool fdg_migrate_gave(const struct fdg_group *g)
{
	struct group *at = find(g, false);
	int64_t gave = at ? atomic_load_explicit(&at->gave, memory_order_relaxed) : 0;

	return gave && seconds() - gave <= 1;
}

bool fdg_migrate_is_refused(const struct fdg_group *g)
{
	return fdg_migrate_state_of(g) >= FDG_MIGRATE_REFUSED;
}

/* ---- listening ---- */

/* Set on a socket that does not listen yet, whose group is not known: it is that of a listener to come. */
static _Atomic bool steers;

void fdg_migrate_noted_slow(int fd, int name)
{
	struct fdg_group g;

	if (fdg_phase_now() != FDG_ACTIVE || fdg_options.reuseport == FDG_OFF || fdg_foreign_memory())
		return;
	if (!fdg_group_ask(fd, &g)) {
		atomic_store_explicit(&steers, true, memory_order_relaxed);
		if (name == SO_ATTACH_REUSEPORT_EBPF)
			atomic_store_explicit(&moves, true, memory_order_relaxed);
		fdg_resize_steered();
	} else if (g.protocol == IPPROTO_UDP) {
		fdg_resize_steered();
		return;
	} else
		set_state(&g, name == SO_ATTACH_REUSEPORT_EBPF ? FDG_MIGRATE_MOVED : FDG_MIGRATE_STEERED);
	fdg_handover_leave_alone();
}

bool fdg_migrate_hides_slow(int fd)
{
	struct fdg_group g;

	return fdg_options.reuseport == FDG_FIX && fdg_phase_now() == FDG_ACTIVE && !fdg_foreign_memory() && fdg_group_ask(fd, &g) && fdg_migrate_state_of(&g) == FDG_MIGRATE_ATTACHED;
}

#define LOCKS 16
#define LOCK_TRIES 50 /* of 1 ms */

/* A child that is forked meanwhile has it, too, and is not to keep it. */
static struct fdg_kept locks[LOCKS];

static void remember_lock(int lock)
{
	for (unsigned i = 0; i < LOCKS && lock >= 0; i++) {
		int none = 0;

		if (!atomic_compare_exchange_strong(&locks[i].fd, &none, lock + 1))
			continue;
		atomic_store(&locks[i].cookie, fdg_socket_cookie(lock));
		return;
	}
}

/* Of two processes that make a group at the same moment each would see the other. A name in the network namespace, which goes with the descriptor. */
static int take_lock(const struct fdg_group *g)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	struct fdg_buf b = { name.sun_path + 1, 0, sizeof(name.sun_path) - 1, false };
	struct timespec pause = { 0, 1000000 };
	int lock = (int)fdg_sys3(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	remember_lock(lock); /* before it has the name */
	fdg_fmt(&b, "fdguard.reuseport.%lx", (unsigned long)fdg_group_hash(g));
	for (int i = 0; lock >= 0 && i < LOCK_TRIES; i++) {
		if (fdg_sys3(SYS_bind, lock, &name, offsetof(struct sockaddr_un, sun_path) + 1 + b.len) != -EADDRINUSE)
			break;
		fdg_sys2(SYS_nanosleep, &pause, 0);
	}
	return lock;
}

static void give_lock(int lock)
{
	for (unsigned i = 0; i < LOCKS; i++)
		if (fdg_kept_fd(&locks[i]) == lock && fdg_kept_take(&locks[i]) == lock)
			break;
	fdg_sys_close(lock);
}

void fdg_migrate_forked(void)
{
	for (unsigned i = 0; i < LOCKS; i++)
		fdg_kept_close(&locks[i]);
}

static bool is_from_elsewhere(int fd)
{
	uint32_t state = fdg_ledger_state(fd);

	return !state || state & (FDG_INHERITED | FDG_PASSED);
}

void fdg_migrate_before(struct fdg_migrate_listen *l, int fd)
{
	struct fdg_group g;

	*l = (struct fdg_migrate_listen){ .lock = -1, .is_first = true };
	if (fdg_options.reuseport != FDG_FIX || fdg_foreign_memory() || fdg_group_ask(fd, &g))
		return;
	l->tries = true;
	if (!fdg_group_ask_bound(fd, &g) || fdg_migrate_in_filter())
		return;
	l->lock = take_lock(&g);
	l->turn = fdg_turn_take();
	l->is_first = fdg_group_look(&g, 0).members == 0;
}

static unsigned attach(int fd, const struct fdg_group *g)
{
	int r = fdg_migrate_attach(fd, g);

	return r < 0 ? FDG_MIGRATE_REFUSED + (unsigned)-r : FDG_MIGRATE_ATTACHED;
}

/* fd listens, and is the only one that anybody sees. */
static unsigned made(int fd, const struct fdg_group *g)
{
	if (is_from_elsewhere(fd))
		return FDG_MIGRATE_PASSED;
	return atomic_load_explicit(&steers, memory_order_relaxed) ? FDG_MIGRATE_STEERED : attach(fd, g);
}

static bool is_ours(const struct fdg_group *g)
{
	unsigned state = fdg_migrate_state_of(g);

	return state == FDG_MIGRATE_ATTACHED || state >= FDG_MIGRATE_REFUSED;
}

/* What is known of a group without a listener of this process is true as long as one stays that was there when this process had one. */
void fdg_migrate_leaving(int fd, const struct fdg_group *g)
{
	uint64_t inode[WITNESSES] = { 0 };
	struct group *at;

	if (!is_ours(g) || fdg_groups_sibling(g, fd, -1) >= 0 || fdg_migrate_look(g) >= 0 || !(at = find(g, false)))
		return;
	fdg_group_look_rows(g, inode, WITNESSES);
	for (unsigned i = 0; i < WITNESSES; i++)
		atomic_store_explicit(&at->witness[i], inode[i], memory_order_relaxed);
}

static bool is_witness(const struct group *at, uint64_t inode)
{
	for (unsigned i = 0; i < WITNESSES; i++)
		if (atomic_load_explicit(&at->witness[i], memory_order_relaxed) == inode)
			return true;
	return false;
}

/* Else it may have ended, and been made anew by somebody else. */
static bool goes_on(int fd, const struct fdg_group *g, const struct fdg_group_rows *rows)
{
	const struct group *at = find(g, false);

	if (fdg_groups_sibling(g, fd, -1) >= 0)
		return true;
	for (unsigned i = 0; at && rows && i < rows->n; i++)
		if (is_witness(at, rows->inode[i]))
			return true;
	return false;
}

/* … joined others. What is known of the group is known already. */
static void joined(int fd, const struct fdg_group *g, const struct fdg_group_rows *rows)
{
	if (is_ours(g) && !goes_on(fd, g, rows))
		set_state(g, FDG_MIGRATE_UNKNOWN);
	if (!fdg_migrate_has(g) && fdg_migrate_state_of(g) == FDG_MIGRATE_UNKNOWN)
		set_state(g, FDG_MIGRATE_OLDER);
}

static void settle(int fd, const struct fdg_group *g, bool is_first, bool turn)
{
	static FDG_BIG struct fdg_group_rows rows; /* whose turn it is */
	struct fdg_group_sight sight;
	struct stat st;

	if (fdg_sys_fstat(fd, &st) < 0)
		return;
	sight = turn ? fdg_group_look_list(g, st.st_ino, &rows) : fdg_group_look(g, st.st_ino);
	/* Those that were there before may have gone, and the group with them, before this one listened; our program is seen for some moments after. */
	if (sight.members == 1 && !is_first)
		is_first = fdg_migrate_has(g);
	if (!sight.has_it)
		set_state(g, FDG_MIGRATE_UNSEEN);
	else if (is_first && sight.members == 1)
		set_state(g, made(fd, g));
	else
		joined(fd, g, turn ? &rows : NULL);
	if (turn && sight.seen && fdg_migrate_is_refused(g))
		fdg_order_joined(g, st.st_ino, &rows);
}

void fdg_migrate_after(struct fdg_migrate_listen *l, int fd, bool listens)
{
	struct fdg_group g;

	if (l->tries && listens && fdg_group_ask(fd, &g) && g.protocol != IPPROTO_UDP)
		settle(fd, &g, l->is_first, l->turn);
	if (l->turn)
		fdg_turn_end();
	if (l->lock >= 0)
		give_lock(l->lock);
}
