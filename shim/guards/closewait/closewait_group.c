// SPDX-License-Identifier: MIT
/* Which leaks belong together. Addresses are kept as IPv6 has them. */
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/address.h"
#include "base/big.h"
#include "base/fmt.h"
#include "base/sys.h"
#include "guards/closewait/closewait.h"

#include "base/poison.h"

#define INDEX_BITS 8 /* FDG_CLOSEWAIT_GROUPS */

struct name {
	unsigned char address[16];
	uint16_t port; /* in the host's order */
};

struct key {
	struct name whose, peer;
	bool accepted;
	const void *site;
	uint32_t origin;
	uint16_t own_port;
};

FDG_BIG static struct fdg_closewait_group groups[FDG_CLOSEWAIT_GROUPS];
static uint32_t serials;
unsigned fdg_closewait_groups_end;

#define GET(field) atomic_load_explicit(&c->field, memory_order_relaxed)
#define PUT(field, value) atomic_store_explicit(&c->field, (value), memory_order_relaxed)

struct fdg_closewait_group *fdg_closewait_group_at(unsigned i)
{
	return &groups[i];
}

uint32_t fdg_closewait_group_id(const struct fdg_closewait_group *g)
{
	return g->serial << INDEX_BITS | (uint32_t)(g - groups);
}

static void ask_name(long call, int fd, struct name *ret)
{
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} u;
	unsigned len = sizeof(u);

	memset(ret, 0, sizeof(*ret));
	memset(&u, 0, sizeof(u));
	if (fdg_sys3(call, fd, &u, &len) < 0)
		return;
	if (u.any.sa_family == AF_INET6) {
		memcpy(ret->address, &u.in6.sin6_addr, sizeof(ret->address));
		ret->port = ntohs(u.in6.sin6_port);
	} else if (u.any.sa_family == AF_INET) {
		memset(ret->address + 10, 0xff, 2);
		memcpy(ret->address + 12, &u.in.sin_addr, 4);
		ret->port = ntohs(u.in.sin_port);
	}
}

static void find_key(int fd, const struct fdg_connection *c, struct key *ret)
{
	struct name own;
	struct fdg_known k = { 0 };

	fdg_ledger_look(fd, &k);
	ask_name(SYS_getpeername, fd, &ret->peer);
	ask_name(SYS_getsockname, fd, &own);
	ret->accepted = GET(bits) & FDG_CONNECTION_ACCEPTED;
	ret->whose = ret->accepted ? own : ret->peer;
	ret->site = GET(site) ? (const void *)GET(site) : k.site;
	ret->origin = k.origin;
	ret->own_port = own.port;
}

static bool is_of_site(const struct fdg_closewait_group *g, const struct key *k)
{
	return g->serial && !g->is_rest && g->accepted == k->accepted && g->site == k->site;
}

static bool is_of(const struct fdg_closewait_group *g, const struct key *k)
{
	return is_of_site(g, k) && !g->is_many && g->port == k->whose.port && memcmp(g->address, k->whose.address, sizeof(g->address)) == 0;
}

static void begin(struct fdg_closewait_group *g, int fd, const struct key *k)
{
	struct fdg_buf peer, local;

	memset(g, 0, sizeof(*g));
	peer = (struct fdg_buf)FDG_BUF(g->peer);
	local = (struct fdg_buf)FDG_BUF(g->local);
	if ((unsigned)(g - groups) >= fdg_closewait_groups_end)
		fdg_closewait_groups_end = (unsigned)(g - groups) + 1;
	serials = (serials + 1) & (~0u >> INDEX_BITS);
	g->serial = serials ? serials : ++serials;
	g->is_rest = g == &groups[FDG_CLOSEWAIT_GROUPS - 1];
	g->accepted = k->accepted;
	memcpy(g->address, k->whose.address, sizeof(g->address));
	memcpy(g->host, k->peer.address, sizeof(g->host));
	g->port = k->whose.port;
	g->site = g->is_rest ? NULL : k->site;
	g->origin = g->is_rest ? 0 : k->origin;
	if (g->is_rest)
		return;
	fdg_put_peer(&peer, fd);
	fdg_put_local(&local, fd);
}

/* A free one, or the one that has had no leaks for the longest time; the last one has those for whom there is none. */
static struct fdg_closewait_group *room(fdg_moment now)
{
	struct fdg_closewait_group *best = &groups[FDG_CLOSEWAIT_GROUPS - 1];

	for (unsigned i = 0; i < FDG_CLOSEWAIT_GROUPS - 1; i++) {
		struct fdg_closewait_group *g = &groups[i];

		if (!g->serial)
			return g;
		if (!g->count && !g->ended.sockets && g->last != now && (best == &groups[FDG_CLOSEWAIT_GROUPS - 1] || g->last < best->last))
			best = g;
	}
	return best;
}

static struct fdg_closewait_group *find(const struct key *k, bool *ret_is_many)
{
	struct fdg_closewait_group *many = NULL;
	unsigned n = 0;

	for (unsigned i = 0; i < FDG_CLOSEWAIT_GROUPS - 1; i++) {
		if (is_of(&groups[i], k))
			return &groups[i];
		if (!is_of_site(&groups[i], k))
			continue;
		n++;
		many = groups[i].is_many ? &groups[i] : many;
	}
	*ret_is_many = n >= FDG_CLOSEWAIT_PEERS;
	return *ret_is_many ? many : NULL;
}

/* A crawler that forgets one connection to each of a thousand hosts has one bug, not a thousand. */
static struct fdg_closewait_group *find_or_begin(int fd, const struct key *k, fdg_moment now)
{
	bool is_many = false;
	struct fdg_closewait_group *g = find(k, &is_many);

	if (g)
		return g;
	g = room(now);
	if (g != &groups[FDG_CLOSEWAIT_GROUPS - 1] || !g->serial) {
		begin(g, fd, k);
		g->is_many = is_many && !g->is_rest;
	}
	return g;
}

static bool is_ephemeral(uint16_t port)
{
	uint32_t from, to;

	fdg_closewait_ports(&from, &to);
	return port >= from && port <= to;
}

struct fdg_closewait_group *fdg_closewait_group_of(int fd, struct fdg_connection *c, fdg_moment now)
{
	uint32_t id = GET(group);
	struct fdg_closewait_group *g = &groups[id & (FDG_CLOSEWAIT_GROUPS - 1)];
	struct key k;

	if (id && g->serial == id >> INDEX_BITS)
		return g;
	find_key(fd, c, &k);
	g = find_or_begin(fd, &k, now);
	g->hosts_differ |= memcmp(g->host, k.peer.address, sizeof(g->host)) != 0;
	g->last = now;
	PUT(group, fdg_closewait_group_id(g));
	if (!k.accepted && is_ephemeral(k.own_port))
		PUT(bits, GET(bits) | FDG_CONNECTION_EPHEMERAL);
	return g;
}

/*
 * Threads: pairs of a group and a thread, counted once each, in a table that lives as long as it takes.
 */

#define PAIRS 65536u

static bool is_new_pair(uint64_t *table, uint64_t pair)
{
	uint32_t at = (uint32_t)((pair * UINT64_C(0x9e3779b97f4a7c15)) >> 48);

	for (; table[at % PAIRS]; at++)
		if (table[at % PAIRS] == pair)
			return false;
	table[at % PAIRS] = pair;
	return true;
}

static void count_pairs(uint64_t *table)
{
	uint32_t room_left = PAIRS / 4 * 3;

	for (int fd = fdg_ledger_next(0); fd >= 0 && room_left; fd = fdg_ledger_next(fd + 1)) {
		struct fdg_connection *c = fdg_connection_find(fd);
		struct fdg_closewait_group *g = c ? &groups[GET(group) & (FDG_CLOSEWAIT_GROUPS - 1)] : NULL;

		if (!c || !(GET(bits) & (FDG_CONNECTION_LEAK | FDG_CONNECTION_CURED)) || !GET(thread) || g->serial != GET(group) >> INDEX_BITS)
			continue;
		if (is_new_pair(table, (uint64_t)GET(group) << 32 | GET(thread))) {
			g->threads++;
			room_left--;
		}
	}
}

void fdg_closewait_count_threads(void)
{
	uint64_t *table = fdg_sys_mmap(PAIRS * sizeof(*table), false);
	uint32_t were[FDG_CLOSEWAIT_GROUPS];

	if (!table)
		return;
	for (unsigned i = 0; i < FDG_CLOSEWAIT_GROUPS; i++) {
		were[i] = groups[i].cured ? groups[i].threads : 0;
		groups[i].threads = 0;
	}
	count_pairs(table);
	for (unsigned i = 0; i < FDG_CLOSEWAIT_GROUPS; i++)
		if (groups[i].threads < were[i])
			groups[i].threads = were[i];
	fdg_sys_munmap(table, PAIRS * sizeof(*table));
}

struct fdg_closewait_tally fdg_closewait_sum(const struct fdg_closewait_group *g)
{
	const struct fdg_closewait_tally *a = &g->there, *b = &g->ended;
	const struct fdg_closewait_tally *oldest = b->sockets && (!a->sockets || b->age > a->age) ? b : a;
	const struct fdg_closewait_tally *latest = b->sockets && (!a->sockets || b->idle < a->idle) ? b : a;

	return (struct fdg_closewait_tally){ a->sockets + b->sockets, a->ephemeral + b->ephemeral, a->unread + b->unread, oldest->age, latest->idle, oldest->fd };
}

uint64_t fdg_closewait_all(void)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < FDG_CLOSEWAIT_GROUPS; i++)
		if (groups[i].serial)
			n += fdg_closewait_total(&groups[i]);
	return n;
}
