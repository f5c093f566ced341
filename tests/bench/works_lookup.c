// SPDX-License-Identifier: MIT
/* Lookups, at a name server on loopback that answers at once; in namespaces of the worker's own, which is bare or guarded like all others. */
#include "timed.h"

#include <err.h>
#include <netdb.h>
#include <stddef.h>
#include <sys/socket.h>

#include "own_network.h"
#include "responder.h"

enum { TIMEOUT_S = 2, ATTEMPTS = 3 };

static void ready(void)
{
	static struct responder server;
	static bool done;

	if (done)
		return;
	if (!own_network() || !own_etc(TIMEOUT_S, ATTEMPTS) || !responder_start(&server, 53, 0, 0))
		errx(1, "worker: no namespace or no name server of our own");
	done = true;
}

static int look_up(const char *name, int family)
{
	struct addrinfo hints = { .ai_family = family, .ai_socktype = SOCK_STREAM }, *list;

	if (getaddrinfo(name, NULL, &hints, &list))
		return -1;
	freeaddrinfo(list);
	return 0;
}

static int64_t look_up_often(uint64_t n, const char *name, int family)
{
	ready();
	must(look_up(name, family));
	return TIMED(n, look_up(name, family));
}

int64_t getaddrinfo_a_only(uint64_t n) { return look_up_often(n, "www.bench.example", AF_INET); }
int64_t getaddrinfo_both(uint64_t n) { return look_up_often(n, "www.bench.example", AF_UNSPEC); }
int64_t getaddrinfo_hosts(uint64_t n) { return look_up_often(n, "localhost", AF_INET); }
int64_t getaddrinfo_number(uint64_t n) { return look_up_often(n, "192.0.2.1", AF_UNSPEC); }
