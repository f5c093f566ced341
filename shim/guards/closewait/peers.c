// SPDX-License-Identifier: MIT
#include "guards/closewait/peers.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/address.h"
#include "base/big.h"
#include "base/sys.h"
#include "options/options.h"

#include "base/poison.h"

#define SLOTS 512u /* a peer that finds none is counted without its name */
#define PROBES 16u
#define TOLD 32u

struct tally {
	struct fdg_peer peer[SLOTS]; /* hashed; count 0: free */
	int64_t all;
};

FDG_BIG static struct tally two[2];
static struct tally *now = &two[0], *last; /* of the sweep under way; of the last one that ended */
FDG_BIG static struct fdg_peer told[TOLD];
static unsigned tolds;

void fdg_peers_begin(void)
{
	if (!fdg_metrics_any())
		return;
	now = last == &two[0] ? &two[1] : &two[0];
	memset(now, 0, sizeof(*now));
}

void fdg_peers_end(void)
{
	if (fdg_metrics_any())
		last = now;
}

void fdg_peers_forked(void)
{
	last = NULL;
	tolds = 0;
}

static bool ask(int fd, bool accepted, struct fdg_peer *ret)
{
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} u = { .in6 = { 0 } };
	unsigned len = sizeof(u);

	*ret = (struct fdg_peer){ .accepted = accepted };
	if (fdg_sys3(SYS_getpeername, fd, &u, &len) < 0)
		return false;
	if (u.any.sa_family == AF_INET6) {
		memcpy(ret->address, &u.in6.sin6_addr, sizeof(ret->address));
		ret->port = accepted ? 0 : ntohs(u.in6.sin6_port);
	} else if (u.any.sa_family == AF_INET) {
		memset(ret->address + 10, 0xff, 2);
		memcpy(ret->address + 12, &u.in.sin_addr, 4);
		ret->port = accepted ? 0 : ntohs(u.in.sin_port);
	}
	return u.any.sa_family == AF_INET6 || u.any.sa_family == AF_INET;
}

static bool is_same(const struct fdg_peer *a, const struct fdg_peer *b)
{
	return a->port == b->port && a->accepted == b->accepted && memcmp(a->address, b->address, sizeof(a->address)) == 0;
}

static unsigned slot_of(const struct fdg_peer *p)
{
	uint32_t h = (uint32_t)p->port * 2 + p->accepted;

	for (unsigned i = 0; i < sizeof(p->address); i++)
		h = (h ^ p->address[i]) * 16777619u;
	return h >> 8;
}

static struct fdg_peer *find(struct tally *t, const struct fdg_peer *p)
{
	for (unsigned i = 0, at = slot_of(p); i < PROBES; i++) {
		struct fdg_peer *slot = &t->peer[(at + i) % SLOTS];

		if (!slot->count || is_same(slot, p))
			return slot;
	}
	return NULL;
}

void fdg_peers_add(int fd, bool accepted)
{
	struct fdg_peer p, *slot;

	if (!fdg_metrics_any())
		return;
	now->all++;
	slot = ask(fd, accepted, &p) ? find(now, &p) : NULL;
	if (!slot)
		return;
	p.count = slot->count + 1;
	*slot = p;
}

/* In its place among those that have more. */
static void insert(struct fdg_peer *list, unsigned *n, unsigned room, const struct fdg_peer *p)
{
	unsigned at = *n;

	while (at && list[at - 1].count < p->count)
		at--;
	if (at == room)
		return;
	if (*n < room)
		++*n;
	memmove(&list[at + 1], &list[at], (*n - 1 - at) * sizeof(*list));
	list[at] = *p;
}

static bool is_in(const struct fdg_peer *list, unsigned n, const struct fdg_peer *p)
{
	for (unsigned i = 0; i < n; i++)
		if (is_same(&list[i], p))
			return true;
	return false;
}

/* Some that were told of have fewer than others now: what they have is told of as nobody's. */
static void add_gone(struct fdg_peer *ret, unsigned room, unsigned *n)
{
	unsigned most = *n;

	for (unsigned i = 0; i < tolds && *n < room; i++) {
		const struct fdg_peer *there = find(last, &told[i]);

		if (is_in(ret, most, &told[i]) || (there && there->count))
			continue;
		ret[*n] = told[i];
		ret[(*n)++].count = 0;
	}
}

static void remember(const struct fdg_peer *list, unsigned n)
{
	for (tolds = 0; tolds < n && tolds < TOLD && list[tolds].count; tolds++)
		told[tolds] = list[tolds];
}

int64_t fdg_peers_tell(struct fdg_peer *ret, unsigned room, unsigned *ret_n)
{
	*ret_n = 0;
	if (!last)
		return -1;
	for (unsigned i = 0; i < SLOTS; i++)
		if (last->peer[i].count)
			insert(ret, ret_n, room, &last->peer[i]);
	add_gone(ret, room, ret_n);
	remember(ret, *ret_n);
	return last->all;
}

static bool is_four(const struct fdg_peer *p)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(p->address, mapped, sizeof(mapped)) == 0;
}

void fdg_peer_put(struct fdg_buf *b, const struct fdg_peer *p)
{
	if (is_four(p)) {
		fdg_put_host(b, AF_INET, p->address + 12);
	} else {
		fdg_put_char(b, '[');
		fdg_put_host(b, AF_INET6, p->address);
		fdg_put_char(b, ']');
	}
	if (p->accepted)
		fdg_put(b, ":*");
	else
		fdg_fmt(b, ":%u", p->port);
}
