/* SPDX-License-Identifier: MIT */
/* Questions of a test to servers of its own, and what came of them. */
#ifndef TESTS_RESOLVER_ASKING_H
#define TESTS_RESOLVER_ASKING_H

#include <fcntl.h>
#include <unistd.h>

#include "common.h"
#include "resolver/exchange.h"
#include "server.h"
#include "server_messages.h"

enum { ASKING_MAX = 4096 };

struct asked {
	bool done;
	enum fdg_exchange_status status;
	unsigned calls, server, sent, rcode;
	uint64_t lost; /* of ask_one: transmissions that were repeated, since the machine was slow or the server meant it */
	bool tcp;
	uint32_t address; /* of the first A record; 0: none */
	size_t len;
};

static struct server *servers[FDG_EXCHANGE_SERVERS];
static struct fdg_exchange *x;
static struct fdg_exchange_settings settings;

/* n servers on 127.0.0.1. */
static inline void start_servers(unsigned n)
{
	settings = (struct fdg_exchange_settings){
		.server_count = n, .timeout_ms = 300, .attempts = 2, .questions = 256, .ports = 8
	};
	for (unsigned i = 0; i < n; i++) {
		servers[i] = server_start(AF_INET);
		assert_non_null(servers[i]);
		settings.server[i] = (struct fdg_exchange_server){ ip_of("127.0.0.1"), server_port(servers[i]) };
	}
}

static inline void make(void)
{
	assert_int_equal(fdg_exchange_make(&settings, &x), 0);
}

static inline int end_all(void **state)
{
	(void)state;
	fdg_exchange_free(x);
	x = NULL;
	for (unsigned i = 0; i < FDG_EXCHANGE_SERVERS; i++)
		if (servers[i])
			server_stop(servers[i]);
	memset(servers, 0, sizeof(servers));
	return 0;
}

static inline uint32_t first_address(const uint8_t *packet, size_t len)
{
	struct fdg_dns_message m;
	struct fdg_dns_record r;
	uint8_t bytes[4];

	if (fdg_dns_open(&m, packet, len))
		return 0;
	while (!fdg_dns_next(&m, &r))
		if (!fdg_dns_read_a(&m, &r, bytes))
			return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
	return 0;
}

static inline void note(void *cookie, const struct fdg_exchange_answer *a)
{
	struct asked *to = cookie;

	*to = (struct asked){
		.done = true,
		.status = a->status,
		.calls = to->calls + 1,
		.server = a->server,
		.sent = a->sent,
		.tcp = a->tcp,
		.len = a->len,
		.rcode = a->packet ? a->packet[3] & 0xf : 0,
		.address = a->packet ? first_address(a->packet, a->len) : 0,
	};
}

static inline fdg_exchange_handle ask(const char *text, uint16_t type, struct asked *ret)
{
	struct fdg_dns_name name;
	fdg_exchange_handle h;

	assert_int_equal(fdg_dns_name_from_text(text, strlen(text), &name), 0);
	*ret = (struct asked){ .done = false };
	assert_true(fdg_exchange_ask(x, &name, type, note, ret, &h));
	return h;
}

static inline void run(void)
{
	while (fdg_exchange_running(x))
		fdg_exchange_wait(x, -1);
}

static inline struct asked ask_one(const char *text)
{
	uint64_t lost = fdg_exchange_counts(x)->lost;
	struct asked a;

	ask(text, FDG_DNS_A, &a);
	run();
	a.lost = fdg_exchange_counts(x)->lost - lost;
	assert_true(a.done);
	assert_int_equal(a.calls, 1);
	return a;
}

#define GOOD 0xc0000201u /* 192.0.2.1 */

static inline void is_good(struct asked a)
{
	assert_string_equal(fdg_exchange_sentence(a.status), fdg_exchange_sentence(FDG_EXCHANGE_ANSWERED));
	assert_int_equal(a.address, GOOD);
}

static inline void is_failed(struct asked a, enum fdg_exchange_status status)
{
	assert_string_equal(fdg_exchange_sentence(a.status), fdg_exchange_sentence(status));
	assert_int_equal(a.len, 0);
}

/* Descriptors of this process. */
static inline unsigned count_fds(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 4096; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

#endif
