/* SPDX-License-Identifier: MIT */
/*
 * For tests of lookups in a namespace with an /etc of the test's own (test_lookup.sh), and a name server of the program's at 127.0.0.1.
 */
#ifndef TESTS_RESOLVER_LOOKUP_H
#define TESTS_RESOLVER_LOOKUP_H

#include "resolver/lookup.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common.h"
#include "../harness/own_etc.h"
#include "server.h"

#define PLAIN "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"

static struct server *server;

static inline int poll_block(struct pollfd *fds, unsigned n, int timeout_ms)
{
	int r = poll(fds, n, timeout_ms);

	return r < 0 ? -errno : r;
}

static const struct fdg_lookup_calls calls = { .block = poll_block };
static const struct addrinfo both = { .ai_socktype = SOCK_STREAM };

static inline void write_etc(const char *name, const char *text)
{
	static long moments;
	long now = 3000000 + ++moments;
	struct timespec times[2] = { { now, 0 }, { now, 0 } };
	FILE *f;

	need_own_etc();
	f = fopen("/etc/new", "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	fflush(f);
	assert_int_equal(futimens(fileno(f), times), 0);
	fclose(f);
	assert_int_equal(rename("/etc/new", name), 0);
}

static inline int setup(void **state)
{
	(void)state;
	write_etc("/etc/resolv.conf", PLAIN);
	write_etc("/etc/hosts", "10.0.0.1 h1\n");
	write_etc("/etc/nsswitch.conf", "hosts: files dns\n");
	server_set(server)->delay_us = 0;
	server_set(server)->loss = 0;
	return 0;
}

static inline struct fdg_lookup *make(void)
{
	struct fdg_lookup *l;

	assert_int_equal(fdg_lookup_make(&calls, &l), 0);
	return l;
}

/* Its error, or how many addresses there were. */
static inline int count(struct fdg_lookup *l, const char *name)
{
	struct fdg_lookup_result r;
	int error, number;

	fdg_lookup_begin(l);
	error = fdg_lookup_addresses(l, name, NULL, &both, &r, &number);
	fdg_lookup_end(l);
	return error ? error : (int)r.address_count;
}

/* The first address as text, or the error. */
static inline const char *first(struct fdg_lookup *l, const char *name)
{
	static char text[INET6_ADDRSTRLEN];
	struct fdg_lookup_result r;
	struct fdg_lookup_entry e;
	int error, number;

	fdg_lookup_begin(l);
	error = fdg_lookup_addresses(l, name, NULL, &both, &r, &number);
	snprintf(text, sizeof(text), "%d", error);
	if (!error && fdg_lookup_entry(&r, 0, &e))
		inet_ntop(e.family,
			  e.family == AF_INET ? (void *)&e.address.four.sin_addr : (void *)&e.address.six.sin6_addr,
			  text, sizeof(text));
	fdg_lookup_end(l);
	return text;
}

/* Those of lookups are high ones; the server's are not. */
static __attribute__((noinline, unused)) unsigned fds(void)
{
	unsigned n = 0;

	for (int fd = 256; fd < 4096; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

#define T(f) cmocka_unit_test_setup(f, setup)

/* The server's thread is not one that a signal takes out of a lookup. */
static inline int run_with_server(const struct CMUnitTest *tests, size_t n)
{
	sigset_t alarm;
	int failed;

	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	pthread_sigmask(SIG_BLOCK, &alarm, NULL);
	server = server_start_at(AF_INET, 53);
	pthread_sigmask(SIG_UNBLOCK, &alarm, NULL);
	if (!server) {
		perror("a server at 127.0.0.1 port 53");
		return 2;
	}
	failed = _cmocka_run_group_tests("lookup", tests, n, NULL, NULL);
	server_stop(server);
	return failed;
}

#endif
