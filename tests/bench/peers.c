// SPDX-License-Identifier: MIT
#include "peers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>

#include "resolver/exchange.h"

static unsigned next, running;

struct pending {
	unsigned name, left;
	bool good;
};

static struct pending *pendings, *free_pending[65536];
static unsigned free_count;

static struct pending *begin(void)
{
	struct pending *p = free_pending[--free_count];

	*p = (struct pending){ .name = next++, .left = bench.both ? 2 : 1, .good = true };
	running++;
	bench_begin(p->name);
	return p;
}

static void end(struct pending *p, bool good)
{
	p->good = p->good && good;
	if (--p->left)
		return;
	bench_end(p->name, p->good);
	running--;
	free_pending[free_count++] = p;
}

static void start(void)
{
	next = running = free_count = 0;
	pendings = calloc(bench.window, sizeof(*pendings));
	for (unsigned i = 0; i < bench.window; i++)
		free_pending[free_count++] = &pendings[i];
}

static bool may_begin(void)
{
	return next < bench.names && free_count;
}

static void ours_done(void *cookie, const struct fdg_exchange_answer *a)
{
	end(cookie, a->status == FDG_EXCHANGE_ANSWERED);
}

static void ours_ask(struct fdg_exchange *x)
{
	char text[64];
	struct fdg_dns_name name;

	while (may_begin()) {
		struct pending *p = begin();

		fdg_dns_name_from_text(text, bench_name(p->name, text), &name);
		fdg_exchange_ask(x, &name, FDG_DNS_A, ours_done, p, NULL);
		if (bench.both)
			fdg_exchange_ask(x, &name, FDG_DNS_AAAA, ours_done, p, NULL);
	}
}

static void say_counts(const struct fdg_exchange *x)
{
	const struct fdg_exchange_counts *c = fdg_exchange_counts(x);

	if (getenv("BENCH_COUNTS"))
		fprintf(stderr, "# asked %llu sent %llu again %llu late %llu wrong %llu ports %llu refused %llu\n",
			(unsigned long long)c->asked, (unsigned long long)c->sent, (unsigned long long)c->again,
			(unsigned long long)c->late, (unsigned long long)c->wrong_id, (unsigned long long)c->ports_made,
			(unsigned long long)c->refused);
}

static void ours(void)
{
	struct fdg_exchange_settings s = {
		.server = { { { .family = AF_INET, .bytes = { 127, 0, 0, 1 } }, bench.port } },
		.server_count = 1,
		.timeout_ms = 5000,
		.attempts = 2,
		.questions = bench.window * 2,
		.ports = 64,
	};
	struct fdg_exchange *x;

	start();
	if (fdg_exchange_make(&s, &x))
		return;
	ours_ask(x);
	while (running) {
		fdg_exchange_wait(x, -1);
		ours_ask(x);
	}
	say_counts(x);
	fdg_exchange_free(x);
}

#ifdef HAVE_CARES
#include <ares.h>

static void ares_answered(void *cookie, int status, int timeouts, unsigned char *packet, int len)
{
	(void)timeouts;
	(void)packet;
	(void)len;
	end(cookie, status == ARES_SUCCESS);
}

static void cares(void)
{
	struct ares_options o = { .timeout = 5000,
				  .tries = 2,
				  .socket_receive_buffer_size = 4 << 20,
				  .flags = ARES_FLAG_NOSEARCH | ARES_FLAG_STAYOPEN };
	ares_channel channel;
	char server[32], text[64];

	start();
	ares_library_init(ARES_LIB_INIT_ALL);
	if (ares_init_options(&channel, &o,
			      ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_RCVBUF | ARES_OPT_FLAGS))
		return;
	snprintf(server, sizeof(server), "127.0.0.1:%u", bench.port);
	ares_set_servers_ports_csv(channel, server);
	for (;;) {
		struct timeval tv, *wait;
		fd_set in, out;
		int n;

		while (may_begin()) {
			struct pending *p = begin();

			bench_name(p->name, text);
			ares_query(channel, text, 1, 1, ares_answered, p);
			if (bench.both)
				ares_query(channel, text, 1, 28, ares_answered, p);
		}
		if (!running)
			break;
		FD_ZERO(&in);
		FD_ZERO(&out);
		n = ares_fds(channel, &in, &out);
		wait = ares_timeout(channel, NULL, &tv);
		select(n, &in, &out, NULL, wait);
		ares_process(channel, &in, &out);
	}
	ares_destroy(channel);
}
#endif

#ifdef HAVE_UDNS
#include <udns.h>

static void udns_four(struct dns_ctx *c, struct dns_rr_a4 *r, void *cookie)
{
	(void)c;
	free(r);
	end(cookie, r != NULL);
}

static void udns_six(struct dns_ctx *c, struct dns_rr_a6 *r, void *cookie)
{
	(void)c;
	free(r);
	end(cookie, r != NULL);
}

static void udns(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(bench.port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct dns_ctx *c;
	char text[64];
	int fd, size = 4 << 20;

	start();
	dns_init(NULL, 0);
	c = dns_new(NULL);
	dns_add_serv(c, NULL);
	dns_add_serv_s(c, (struct sockaddr *)&a);
	fd = dns_open(c);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		while (may_begin()) {
			struct pending *q = begin();

			bench_name(q->name, text);
			dns_submit_a4(c, text, DNS_NOSRCH, udns_four, q);
			if (bench.both)
				dns_submit_a6(c, text, DNS_NOSRCH, udns_six, q);
		}
		if (!running)
			break;
		poll(&p, 1, dns_timeouts(c, -1, 0) * 1000);
		dns_ioevent(c, 0);
	}
}
#endif

#ifdef HAVE_ADNS
#include <adns.h>

static void adns_ask(adns_state ads)
{
	char text[64];

	while (may_begin()) {
		struct pending *p = begin();
		adns_query q;

		bench_name(p->name, text);
		adns_submit(ads, text, adns_r_a, adns_qf_cname_loose, p, &q);
		if (bench.both)
			adns_submit(ads, text, (adns_rrtype)(adns_r_unknown | 28), adns_qf_cname_loose, p, &q);
	}
}

static void adns_all(void)
{
	adns_state ads;

	start();
	if (adns_init_strcfg(&ads, adns_if_noautosys | adns_if_noenv | adns_if_noerrprint, NULL,
			     "nameserver 127.0.0.1\n"))
		return;
	for (adns_ask(ads); running; adns_ask(ads)) {
		adns_query q = NULL;
		adns_answer *a;
		void *cookie;

		if (!adns_wait(ads, &q, &a, &cookie)) {
			end(cookie, a->status == adns_s_ok);
			free(a);
		}
		for (q = NULL; !adns_check(ads, &q, &a, &cookie); q = NULL) {
			end(cookie, a->status == adns_s_ok);
			free(a);
		}
	}
}
#endif

const struct peer peers[] = {
	{ "fdguard", ours, false, 0 },
#ifdef HAVE_ADNS
	{ "adns", adns_all, true, 100 },
#endif
#ifdef HAVE_UDNS
	{ "udns", udns, false, 100 },
#endif
#ifdef HAVE_CARES
	{ "c-ares", cares, false, 0 },
#endif
	{ NULL, NULL, false, 0 },
};
