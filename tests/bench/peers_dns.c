// SPDX-License-Identifier: MIT
/* c-ares, udns and adns, as far as their development packages are there. */
#include "peers.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>

static inline struct pending *begin(char *text)
{
	struct pending *p = pending_begin(bench.both ? 2 : 1);

	if (p)
		bench_name(p->name, text);
	return p;
}

#ifdef HAVE_CARES
#include <ares.h>

static void ares_answered(void *cookie, int status, int timeouts, unsigned char *packet, int len)
{
	(void)timeouts;
	(void)packet;
	(void)len;
	pending_end(cookie, status == ARES_SUCCESS);
}

static bool ares_ask(ares_channel channel)
{
	char text[64];
	struct pending *p = begin(text);

	if (!p)
		return false;
	ares_query(channel, text, 1, 1, ares_answered, p);
	if (bench.both)
		ares_query(channel, text, 1, 28, ares_answered, p);
	return true;
}

static void ares_listed(void *cookie, int status, int timeouts, struct ares_addrinfo *list)
{
	(void)timeouts;
	if (status == ARES_SUCCESS)
		ares_freeaddrinfo(list);
	pending_end(cookie, status == ARES_SUCCESS);
}

static bool ares_ask_sorted(ares_channel channel)
{
	struct ares_addrinfo_hints hints = { .ai_family = bench.both ? AF_UNSPEC : AF_INET,
					     .ai_socktype = SOCK_STREAM };
	struct pending *p = pending_begin(1);
	char text[64];

	if (!p)
		return false;
	bench_name(p->name, text);
	ares_getaddrinfo(channel, text, NULL, &hints, ares_listed, p);
	return true;
}

static void ares_all(bool (*ask)(ares_channel))
{
	struct ares_options o = { .timeout = TIMEOUT_S * 1000,
				  .tries = ATTEMPTS,
				  .socket_receive_buffer_size = 4 << 20,
				  .flags = ARES_FLAG_NOSEARCH | ARES_FLAG_STAYOPEN };
	ares_channel channel;
	char server[32];

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

		while (ask(channel))
			;
		if (!pending_running())
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

void cares(void)
{
	pending_start();
	ares_all(ares_ask);
}

void cares_sorted(void)
{
	pending_start();
	ares_all(ares_ask_sorted);
}
#endif

#ifdef HAVE_UDNS
#include <udns.h>

static void udns_four(struct dns_ctx *c, struct dns_rr_a4 *r, void *cookie)
{
	(void)c;
	free(r);
	pending_end(cookie, r != NULL);
}

static void udns_six(struct dns_ctx *c, struct dns_rr_a6 *r, void *cookie)
{
	(void)c;
	free(r);
	pending_end(cookie, r != NULL);
}

static struct dns_ctx *udns_open(int *ret_fd)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(bench.port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int size = 4 << 20;
	struct dns_ctx *c;

	dns_init(NULL, 0);
	c = dns_new(NULL);
	dns_add_serv(c, NULL);
	dns_add_serv_s(c, (struct sockaddr *)&a);
	dns_set_opt(c, DNS_OPT_TIMEOUT, TIMEOUT_S);
	dns_set_opt(c, DNS_OPT_NTRIES, ATTEMPTS);
	*ret_fd = dns_open(c);
	setsockopt(*ret_fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return c;
}

void udns(void)
{
	struct pollfd fd = { .events = POLLIN };
	struct dns_ctx *c = udns_open(&fd.fd);
	struct pending *p;
	char text[64];
	int wait;

	pending_start();
	for (;;) {
		while ((p = begin(text)) != NULL) {
			dns_submit_a4(c, text, DNS_NOSRCH, udns_four, p);
			if (bench.both)
				dns_submit_a6(c, text, DNS_NOSRCH, udns_six, p);
		}
		wait = dns_timeouts(c, -1, 0); /* which may end some */
		if (!pending_running())
			break;
		poll(&fd, 1, wait < 0 ? 0 : wait * 1000);
		dns_ioevent(c, 0);
	}
}
#endif

#ifdef HAVE_ADNS
#include <adns.h>

static void adns_ask(adns_state ads)
{
	struct pending *p;
	adns_query q;
	char text[64];

	while ((p = begin(text)) != NULL) {
		adns_submit(ads, text, adns_r_a, adns_qf_cname_loose, p, &q);
		if (bench.both)
			adns_submit(ads, text, (adns_rrtype)(adns_r_unknown | 28), adns_qf_cname_loose, p, &q);
	}
}

void adns_all(void)
{
	adns_state ads;

	pending_start();
	if (adns_init_strcfg(&ads, adns_if_noautosys | adns_if_noenv | adns_if_noerrprint, NULL,
			     "nameserver 127.0.0.1\n"))
		return;
	for (adns_ask(ads); pending_running(); adns_ask(ads)) {
		adns_query q = NULL;
		adns_answer *a;
		void *cookie;

		if (!adns_wait(ads, &q, &a, &cookie)) {
			pending_end(cookie, a->status == adns_s_ok);
			free(a);
		}
		for (q = NULL; !adns_check(ads, &q, &a, &cookie); q = NULL) {
			pending_end(cookie, a->status == adns_s_ok);
			free(a);
		}
	}
}
#endif
