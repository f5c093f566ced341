/* SPDX-License-Identifier: MIT */
/* For tests of the public library, against a server in a thread (server.h). */
#ifndef TESTS_RESOLVER_API_H
#define TESTS_RESOLVER_API_H

#include <fdguard/resolver.h>

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common.h"
#include "server.h"

struct outcome {
	unsigned calls;
	int error;
	unsigned count; /* addresses */
	char first[INET6_ADDRSTRLEN], host[300], service[64], reason[128];
	enum fdg_resolver_source source;
	uint32_t ttl;
	unsigned sent;
	bool has_server;
};

static struct server *server;
static struct fdg_resolver *r;
static struct fdg_resolver_options options;

static inline void start(unsigned inflight)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	static struct sockaddr_storage servers[1];

	server = server_start(AF_INET);
	assert_non_null(server);
	address.sin_port = htons(server_port(server));
	memcpy(servers, &address, sizeof(address));
	options = (struct fdg_resolver_options){ .size = sizeof(options),
						 .servers = servers,
						 .server_count = 1,
						 .inflight = inflight,
						 .ports = 8,
						 .timeout_ms = 300,
						 .tries = 1,
						 .flags = FDG_RESOLVER_NO_HOSTS | FDG_RESOLVER_NO_SEARCH };
	assert_int_equal(fdg_resolver_create(&options, &r), 0);
}

static inline int end(void **state)
{
	(void)state;
	fdg_resolver_destroy(r);
	r = NULL;
	if (server)
		server_stop(server);
	server = NULL;
	return 0;
}

static inline void copy(char *to, size_t room, const char *from)
{
	snprintf(to, room, "%s", from ? from : "");
}

static inline void note(void *cookie, const struct fdg_resolver_result *result)
{
	struct outcome *o = cookie;
	unsigned calls = o->calls + 1;

	*o = (struct outcome){ .calls = calls,
			       .error = result->error,
			       .source = result->source,
			       .ttl = result->ttl,
			       .sent = result->sent,
			       .has_server = result->server };
	copy(o->host, sizeof(o->host), result->host);
	copy(o->service, sizeof(o->service), result->service);
	copy(o->reason, sizeof(o->reason), result->reason);
	for (const struct addrinfo *a = result->addresses; a; a = a->ai_next)
		if (!o->count++)
			inet_ntop(a->ai_family,
				  a->ai_family == AF_INET ? (void *)&((struct sockaddr_in *)a->ai_addr)->sin_addr
							  : (void *)&((struct sockaddr_in6 *)a->ai_addr)->sin6_addr,
				  o->first, sizeof(o->first));
}

static const struct addrinfo four = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM };
static const struct addrinfo both = { .ai_socktype = SOCK_STREAM };

static inline fdg_resolver_handle submit(const char *name, const struct addrinfo *hints, struct outcome *o)
{
	fdg_resolver_handle h;

	*o = (struct outcome){ .calls = 0 };
	assert_int_equal(fdg_resolver_submit(r, name, NULL, hints, note, o, &h), 0);
	assert_true(h != 0);
	return h;
}

static inline void run(void)
{
	while (fdg_resolver_running(r))
		assert_true(fdg_resolver_wait(r, -1) >= 0);
}

static inline struct outcome ask(const char *name, const struct addrinfo *hints)
{
	struct outcome o;

	submit(name, hints, &o);
	run();
	assert_int_equal(o.calls, 1);
	return o;
}

static inline uint64_t queries(void)
{
	return server_counts(server)->queries;
}

#define T(f) cmocka_unit_test_teardown(f, end)

#endif
