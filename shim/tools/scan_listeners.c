// SPDX-License-Identifier: MIT
/* Listeners of one port (SO_REUSEPORT), and what each keeps in its queue: a close resets that, unless the kernel is told to give it to the others. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/scan_facts.h"

struct group {
	const struct scan_socket *any;
	size_t all, ours;
	uint64_t queued; /* of ours, at both looks */
	int fd;          /* the one with most */
	unsigned most;
	char queues[96];
};

static bool is_same_address(const struct scan_socket *a, const struct scan_socket *b)
{
	return memcmp(&a->local, &b->local, sizeof(a->local)) == 0;
}

/* What is still in it; of the moment where it cannot be asked again. */
static unsigned asked_again(struct scan *s, const struct scan_fd *f)
{
	struct tcp_info info = { 0 };
	socklen_t n = sizeof(info);
	int copy = f->tcp->waiting ? scan_fetch(s->p, f) : -1;
	unsigned now = f->tcp->waiting;

	if (copy < 0)
		return now;
	if (getsockopt(copy, IPPROTO_TCP, TCP_INFO, &info, &n) == 0 && info.tcpi_unacked < now)
		now = info.tcpi_unacked;
	close(copy);
	return now;
}

static void count_ours(struct scan *s, struct group *g)
{
	struct fdg_buf queues = FDG_BUF(g->queues);

	for (size_t n = 0; n < s->p->fds; n++) {
		const struct scan_fd *f = &s->p->fd[n];
		unsigned queued;

		if (!f->tcp || f->tcp->state != TCP_LISTEN || !is_same_address(f->tcp, g->any))
			continue;
		queued = asked_again(s, f);
		fdg_fmt(&queues, "%s%u", g->ours++ ? " " : "", queued);
		g->queued += queued;
		if (queued < g->most || (g->fd >= 0 && queued == g->most))
			continue;
		g->most = queued;
		g->fd = f->fd;
	}
}

static void count_all(const struct scan *s, struct group *g)
{
	for (size_t n = 0; n < s->sockets->count; n++)
		g->all += s->sockets->socket[n].state == TCP_LISTEN && is_same_address(&s->sockets->socket[n], g->any);
}

static const char *would_reset(const struct scan *s)
{
	switch (s->sockets->migrates) {
	case 0:
		return "closing one resets what is in its queue (net.ipv4.tcp_migrate_req=0), unless a program of eBPF in the kernel hands it over, which cannot be seen from outside";
	case -1:
		return "whether closing one resets what is in its queue depends on net.ipv4.tcp_migrate_req there, which cannot be read";
	default:
		return "closing one hands its queue to the others (net.ipv4.tcp_migrate_req=1)";
	}
}

static void put_queued(struct fdg_buf *b, uint64_t n)
{
	if (n == 0) {
		fdg_put(b, "nothing in their queues now: ");
		return;
	}
	fdg_put_count(b, n);
	fdg_put(b, n == 1 ? " connection in their queues that nobody accepts: " : " connections in their queues that nobody accepts: ");
}

static void say(struct scan *s, const struct group *g)
{
	struct scan_finding r;
	struct fdg_buf b = FDG_BUF(r.message), local = FDG_BUF(r.what);

	scan_finding_begin(&r, FDG_REUSEPORT_RESET);
	scan_put_address(&local, &g->any->local);
	r.f.level = g->queued && s->sockets->migrates <= 0 ? FDG_LEVEL_WARNING : FDG_LEVEL_NOTE;
	r.f.local = r.what;
	r.f.fd = g->fd;
	r.f.count = g->queued;
	r.f.count_label = "connections in queues";
	fdg_put_count(&b, g->ours);
	fdg_fmt(&b, " of %zu listeners on %s are %s's, with ", g->all, r.what, s->p->name);
	put_queued(&b, g->queued);
	fdg_put(&b, would_reset(s));
	scan_add(s, &r, "queues", "queues", g->queues, 0);
	snprintf(r.key, sizeof(r.key), "%s", r.what);
	r.f.fix = "find the worker that does not accept: what is in its queue waits for it alone; before a listener is closed, sysctl net.ipv4.tcp_migrate_req=1, or fdguard run --set reuseport=fix";
	scan_finding_say(s, &r);
}

static bool was_there(const struct scan *s, const struct scan_fd *until)
{
	for (const struct scan_fd *f = s->p->fd; f < until; f++)
		if (f->tcp && f->tcp->state == TCP_LISTEN && is_same_address(f->tcp, until->tcp))
			return true;
	return false;
}

void scan_listeners(struct scan *s)
{
	for (size_t n = 0; n < s->p->fds; n++) {
		struct group g = { .fd = -1 };

		g.any = s->p->fd[n].tcp;
		if (!g.any || g.any->state != TCP_LISTEN || was_there(s, &s->p->fd[n]))
			continue;
		count_all(s, &g);
		if (g.all < 2)
			continue;
		count_ours(s, &g);
		say(s, &g);
	}
}
