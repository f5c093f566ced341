// SPDX-License-Identifier: MIT
/* closewait.leak, in words. */
#include <netinet/in.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>

#include "base/address.h"
#include "base/exe.h"
#include "base/files.h"
#include "base/fmt.h"
#include "base/sys.h"
#include "guards/closewait/closewait.h"
#include "guards/origin.h"
#include "options/options.h"
#include "report/function.h"
#include "report/report.h"
#include "report/symbol.h"

#include "base/poison.h"

/* In a mapping of its own: programs run on small stacks. */
struct report {
	struct fdg_finding f;
	struct fdg_place created[FDG_FRAMES_MAX];
	struct fdg_fact fact[16];
	char message[768], peer[96], key[192], descriptors[64], ports[64], trend[64];
};

void fdg_closewait_ports(uint32_t *ret_from, uint32_t *ret_to)
{
	static _Atomic uint32_t known[2];

	*ret_from = atomic_load_explicit(&known[0], memory_order_relaxed);
	*ret_to = atomic_load_explicit(&known[1], memory_order_relaxed);
	if (*ret_from && *ret_to)
		return;
	if (!fdg_local_ports(ret_from, ret_to)) {
		*ret_from = 32768; /* the kernel's own */
		*ret_to = 60999;
	}
	atomic_store_explicit(&known[0], *ret_from, memory_order_relaxed);
	atomic_store_explicit(&known[1], *ret_to, memory_order_relaxed);
}

/* Of accepted connections each has another port there, and the peer is a host. */
static void put_peer(struct fdg_buf *b, const struct fdg_closewait_group *g)
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	bool is_four = memcmp(g->host, mapped, sizeof(mapped)) == 0;

	if (!g->accepted || fdg_closewait_total(g) == 1) {
		fdg_put(b, g->peer);
		return;
	}
	fdg_put(b, is_four ? "" : "[");
	fdg_put_host(b, is_four ? AF_INET : AF_INET6, g->host + (is_four ? 12 : 0));
	fdg_put(b, is_four ? ":*" : "]:*");
}

static void put_whose(struct fdg_buf *b, uint32_t n, const struct fdg_closewait_group *g, const struct report *r)
{
	fdg_put_count(b, n);
	fdg_put(b, n == 1 ? " socket " : " sockets ");
	if (g->is_rest)
		fdg_put(b, "to further peers");
	else if (g->is_many && n > 1)
		fdg_fmt(b, g->accepted ? "accepted at several addresses, one of them %s," : "to further peers, one of them %s,", g->accepted ? g->local : g->peer);
	else if (g->accepted)
		fdg_fmt(b, "accepted at %s, from %s,", g->local, g->hosts_differ ? "several hosts" : r->peer);
	else
		fdg_fmt(b, "to %s", r->peer);
}

/* "dial+0x4b (client)", "client+0x2399" */
static void put_place(struct fdg_buf *b, const struct fdg_place *p)
{
	const char *object = fdg_base_name(p->object);
	bool named;

	fdg_put(b, ", made at ");
	named = fdg_function_of(p, b);
	fdg_fmt(b, named ? " (%s+" : "%s+", object);
	fdg_put_hex(b, p->offset);
	fdg_put(b, named ? ")" : "");
}

/* What fdguard did about these n; others that it ended may have been told of before. */
static void put_cured(struct fdg_buf *b, uint32_t n, const struct fdg_closewait_group *g)
{
	bool by_keepalive = fdg_options.closewait_cure == FDG_CURE_KEEPALIVE;
	uint32_t cured = by_keepalive ? g->fixed : g->ended.sockets;

	if (fdg_options.closewait != FDG_FIX || (!cured && g->uncured == FDG_CURED))
		return;
	if (cured) {
		fdg_put(b, ": ");
		fdg_put_count(b, cured);
		fdg_put(b, by_keepalive ? " given keepalive" : " ended");
	}
	if (n > cured && g->uncured != FDG_CURED)
		fdg_fmt(b, "%s not ended: %s", cured ? ", others" : ":", fdg_cure_why(g->uncured));
	if (n < fdg_closewait_total(g)) {
		fdg_put(b, " (");
		fdg_put_count(b, fdg_closewait_total(g));
		fdg_put(b, " so far)");
	}
}

static void put_sentence(struct fdg_buf *b, const struct fdg_closewait_tally *t, const struct fdg_closewait_group *g, const struct report *r)
{
	put_whose(b, t->sockets, g, r);
	fdg_put(b, t->sockets == 1 ? " in CLOSE_WAIT for " : " in CLOSE_WAIT, the oldest for ");
	fdg_put_time(b, (uint64_t)t->age);
	if (r->f.createds)
		put_place(b, &r->created[0]);
	fdg_put(b, ", last used ");
	fdg_put_time(b, (uint64_t)t->idle);
	fdg_put(b, " ago");
	if (g->threads > 1 && g->threads == t->sockets)
		fdg_fmt(b, "; %u threads made one each", g->threads);
	else if (g->threads > 1)
		fdg_fmt(b, "; %u threads made them", g->threads);
	put_cured(b, t->sockets, g);
}

static void add(struct report *r, const char *name, const char *label, const char *text, int64_t number)
{
	r->fact[r->f.facts++] = (struct fdg_fact){ name, label, text, number };
}

/* "360 of 28,232 (1 %)" */
static void put_share(struct fdg_buf *b, uint64_t n, uint64_t all)
{
	fdg_put_count(b, n);
	fdg_put(b, " of ");
	fdg_put_count(b, all);
	fdg_fmt(b, " (%lu %%)", (unsigned long)(all ? n * 100 / all : 0));
}

static void add_trend(struct report *r, const struct fdg_closewait *s, const struct fdg_closewait_group *g)
{
	struct fdg_buf b = FDG_BUF(r->trend);

	if (!g->said)
		return;
	fdg_put_count(&b, g->said);
	fdg_put(&b, " were told of ");
	fdg_put_time(&b, (uint64_t)fdg_connection_ms(g->said_at, s->now));
	fdg_put(&b, " ago");
	add(r, "trend", "trend", r->trend, 0);
}

static void fill_facts(struct report *r, const struct fdg_closewait *s, const struct fdg_closewait_tally *t, const struct fdg_closewait_group *g)
{
	struct fdg_buf descriptors = FDG_BUF(r->descriptors), ports = FDG_BUF(r->ports);
	struct rlimit limit;
	uint32_t from, to;

	r->f.fact = r->fact;
	add(r, "total", "in all, to whomever", NULL, (int64_t)fdg_closewait_all());
	add(r, "last_used_ms", NULL, NULL, t->idle);
	if (g->threads)
		add(r, "threads", "threads that made them", NULL, g->threads);
	if (t->unread)
		add(r, "unread", "with unread data", NULL, t->unread);
	add_trend(r, s, g);
	if (fdg_sys4(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit) == 0) {
		put_share(&descriptors, s->known, limit.rlim_cur);
		add(r, "descriptors", "descriptors that are open", r->descriptors, 0);
		add(r, "open", NULL, NULL, (int64_t)s->known);
		add(r, "limit_nofile", NULL, NULL, (int64_t)limit.rlim_cur);
	}
	if (t->ephemeral) {
		fdg_closewait_ports(&from, &to);
		put_share(&ports, t->ephemeral, to - from + 1);
		add(r, "ports", "local ports held", r->ports, 0);
		add(r, "ports_held", NULL, NULL, t->ephemeral);
		add(r, "ports_all", NULL, NULL, to - from + 1);
	}
}

static const char *advice(const struct fdg_closewait_group *g)
{
	if (g->accepted)
		return "close the connection when read returns 0, and on every error path behind accept; keep idle ones registered for reading";
	return "find who owns the connections made there, and let it see their end: keep idle ones registered for reading (a read of 0 is the FIN), close what has been idle for some "
	       "minutes, and close on every error path behind connect";
}

static void fill(struct report *r, const struct fdg_closewait *s, const struct fdg_closewait_group *g)
{
	struct fdg_buf message = FDG_BUF(r->message), peer = FDG_BUF(r->peer), key = FDG_BUF(r->key);
	struct fdg_closewait_tally t = fdg_closewait_sum(g);

	r->f = (struct fdg_finding)FDG_FINDING_INIT(FDG_CLOSEWAIT_LEAK);
	put_peer(&peer, g);
	fdg_fmt(&key, "%s %s", g->accepted ? g->local : "", g->accepted ? "" : g->peer);
	r->f.key = r->key;
	r->f.message = r->message;
	r->f.fix = advice(g);
	r->f.fixed = g->cured && g->uncured == FDG_CURED && g->cured == fdg_closewait_total(g);
	r->f.fd = t.fd;
	r->f.count = fdg_closewait_total(g);
	r->f.peer = g->is_rest || g->is_many || g->hosts_differ ? NULL : r->peer;
	r->f.local = *g->local && !g->is_many ? g->local : NULL;
	r->f.age_ms = t.age;
	r->f.created = r->created;
	if (fdg_options.stacks)
		r->f.createds = fdg_origin_places(g->origin, g->site, r->created, fdg_options.stacks);
	put_sentence(&message, &t, g, r);
	fill_facts(r, s, &t, g);
}

void fdg_closewait_say(const struct fdg_closewait *s, const struct fdg_closewait_group *g)
{
	struct report *r;

	if (!fdg_report_wants(fdg_finding_level(FDG_CLOSEWAIT_LEAK)))
		return;
	r = fdg_sys_mmap(sizeof(*r), false);
	if (!r)
		return;
	fill(r, s, g);
	fdg_report(&r->f);
	fdg_sys_munmap(r, sizeof(*r));
}

void fdg_closewait_answer(const struct fdg_closewait *s)
{
	char line[160];
	struct fdg_buf b = FDG_BUF(line);

	fdg_put(&b, "closewait.signal: ");
	fdg_put_count(&b, s->sockets);
	fdg_put(&b, s->sockets == 1 ? " TCP socket, " : " TCP sockets, ");
	if (s->leaks) {
		fdg_put_count(&b, s->leaks);
		fdg_put(&b, " in CLOSE_WAIT, which was told before");
	} else {
		fdg_put(&b, "none in CLOSE_WAIT for ");
		fdg_put_time(&b, (uint64_t)fdg_options.closewait_age_ms);
	}
	fdg_report_say(line);
}
