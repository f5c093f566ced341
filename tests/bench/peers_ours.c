// SPDX-License-Identifier: MIT
#include "peers.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resolver/exchange.h"

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
