// SPDX-License-Identifier: MIT
/* Those that libevent drives: its own evdns, and libunbound. */
#include "peers.h"

#include <stdio.h>
#include <stdlib.h>

#ifdef HAVE_EVDNS
#include <event2/dns.h>
#include <event2/event.h>

static void evdns_answered(int error, char type, int count, int ttl, void *addresses, void *cookie)
{
	(void)type;
	(void)ttl;
	(void)addresses;
	pending_end(cookie, error == DNS_ERR_NONE && count > 0);
}

static void be_quiet(int severity, const char *text)
{
	(void)severity;
	(void)text;
}

static struct evdns_base *evdns_open(struct event_base *loop)
{
	struct evdns_base *dns = evdns_base_new(loop, 0);
	char text[32];

	event_set_log_callback(be_quiet);
	snprintf(text, sizeof(text), "%u", bench.window * 2);
	evdns_base_set_option(dns, "max-inflight:", text);
	snprintf(text, sizeof(text), "%d", TIMEOUT_S);
	evdns_base_set_option(dns, "timeout:", text);
	snprintf(text, sizeof(text), "%d", ATTEMPTS);
	evdns_base_set_option(dns, "attempts:", text);
	evdns_base_set_option(dns, "max-timeouts:", "255"); /* else it gives the server up */
	evdns_base_set_option(dns, "randomize-case:", "0");
	evdns_base_set_option(dns, "so-rcvbuf:", "4194304");
	snprintf(text, sizeof(text), "127.0.0.1:%u", bench.port);
	evdns_base_nameserver_ip_add(dns, text);
	return dns;
}

void evdns(void)
{
	struct event_base *loop = event_base_new();
	struct evdns_base *dns = evdns_open(loop);
	struct pending *p;
	char text[64];

	pending_start();
	for (;;) {
		while ((p = pending_begin(bench.both ? 2 : 1)) != NULL) {
			bench_name(p->name, text);
			evdns_base_resolve_ipv4(dns, text, DNS_QUERY_NO_SEARCH, evdns_answered, p);
			if (bench.both)
				evdns_base_resolve_ipv6(dns, text, DNS_QUERY_NO_SEARCH, evdns_answered, p);
		}
		if (!pending_running())
			break;
		event_base_loop(loop, EVLOOP_ONCE);
	}
}
#endif

#ifdef HAVE_UNBOUND
#include <event2/event.h>
#include <unbound-event.h>
#include <unbound.h>

static void unbound_answered(void *cookie, int rcode, void *packet, int len, int sec, char *why, int limited)
{
	(void)sec;
	(void)why;
	(void)limited;
	pending_end(cookie, !rcode && len > 12 && ((const unsigned char *)packet)[7]);
}

static struct ub_ctx *unbound_open(struct event_base *loop)
{
	struct ub_ctx *c = ub_ctx_create_event(loop);
	char text[32];

	snprintf(text, sizeof(text), "127.0.0.1@%u", bench.port);
	ub_ctx_set_option(c, "do-not-query-localhost:", "no");
	ub_ctx_set_option(c, "module-config:", "iterator");
	ub_ctx_set_option(c, "use-syslog:", "no");
	ub_ctx_set_option(c, "outgoing-range:", "8192");
	ub_ctx_set_option(c, "num-queries-per-thread:", "4096");
	ub_ctx_set_fwd(c, text);
	return c;
}

static void unbound_ask(struct ub_ctx *c, struct pending *p, const char *text, int type)
{
	int id;

	if (ub_resolve_event(c, text, type, 1, p, unbound_answered, &id))
		pending_end(p, false);
}

void libunbound(void)
{
	struct event_base *loop = event_base_new();
	struct ub_ctx *c = unbound_open(loop);
	struct pending *p;
	char text[64];

	pending_start();
	for (;;) {
		while ((p = pending_begin(bench.both ? 2 : 1)) != NULL) {
			bench_name(p->name, text);
			unbound_ask(c, p, text, 1);
			if (bench.both)
				unbound_ask(c, p, text, 28);
		}
		if (!pending_running())
			break;
		event_base_loop(loop, EVLOOP_ONCE);
	}
}
#endif
