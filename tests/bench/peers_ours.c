// SPDX-License-Identifier: MIT
#include "peers.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <fdguard/resolver.h>

#include "resolver/exchange.h"

static void ours_done(void *cookie, const struct fdg_resolver_result *r)
{
	pending_end(cookie, !r->error && r->addresses);
}

static bool ours_ask(struct fdg_resolver *r)
{
	struct addrinfo hints = { .ai_family = bench.both ? AF_UNSPEC : AF_INET, .ai_socktype = SOCK_STREAM };
	struct pending *p = pending_begin(1);
	char text[64];

	if (!p)
		return false;
	bench_name(p->name, text);
	if (fdg_resolver_submit(r, text, NULL, &hints, ours_done, p, NULL))
		pending_end(p, false);
	return true;
}

void ours(void)
{
	struct sockaddr_in server = { .sin_family = AF_INET,
				      .sin_port = htons(bench.port),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_storage servers = { 0 };
	struct fdg_resolver_options o = {
		.size = sizeof(o),
		.servers = &servers,
		.server_count = 1,
		.inflight = bench.window,
		.timeout_ms = TIMEOUT_S * 1000,
		.tries = ATTEMPTS,
	};
	struct fdg_resolver *r;

	memcpy(&servers, &server, sizeof(server));
	pending_start();
	if (fdg_resolver_create(&o, &r))
		return;
	for (;;) {
		while (ours_ask(r))
			;
		if (!pending_running())
			break;
		fdg_resolver_wait(r, -1);
	}
	fdg_resolver_destroy(r);
}

static void exchange_done(void *cookie, const struct fdg_exchange_answer *a)
{
	pending_end(cookie, a->status == FDG_EXCHANGE_ANSWERED);
}

static void exchange_ask(struct fdg_exchange *x)
{
	struct fdg_dns_name name;
	struct pending *p;
	char text[64];

	while ((p = pending_begin(bench.both ? 2 : 1)) != NULL) {
		fdg_dns_name_from_text(text, bench_name(p->name, text), &name);
		fdg_exchange_ask(x, &name, FDG_DNS_A, exchange_done, p, NULL);
		if (bench.both)
			fdg_exchange_ask(x, &name, FDG_DNS_AAAA, exchange_done, p, NULL);
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

void exchange(void)
{
	struct fdg_exchange_settings s = {
		.server = { { { .family = AF_INET, .bytes = { 127, 0, 0, 1 } }, bench.port } },
		.server_count = 1,
		.timeout_ms = TIMEOUT_S * 1000,
		.attempts = ATTEMPTS,
		.questions = bench.window * 2,
		.ports = 64,
	};
	struct fdg_exchange *x;

	pending_start();
	if (fdg_exchange_make(&s, &x))
		return;
	exchange_ask(x);
	while (pending_running()) {
		fdg_exchange_wait(x, -1);
		exchange_ask(x);
	}
	say_counts(x);
	fdg_exchange_free(x);
}
