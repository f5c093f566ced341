// SPDX-License-Identifier: MIT
/* The kernel's lists of sockets, and what is picked from them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "supervise/diag.h"

static struct fdg_diag_rows *rows;

static int room(void **state)
{
	(void)state;
	rows = malloc(sizeof(*rows));
	return rows ? 0 : -1;
}

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

static socklen_t length(int family)
{
	return family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
}

/* On loopback, at a port of the kernel's choice. */
static int bound(int family, int type, union address *ret)
{
	socklen_t n = length(family);
	int fd = socket(family, type | SOCK_CLOEXEC, 0);

	memset(ret, 0, sizeof(*ret));
	ret->any.sa_family = (sa_family_t)family;
	if (family == AF_INET)
		ret->in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		ret->in6.sin6_addr = in6addr_loopback;
	assert_int_equal(bind(fd, &ret->any, n), 0);
	assert_int_equal(getsockname(fd, &ret->any, &n), 0);
	return fd;
}

static int listening(int family, union address *ret)
{
	int fd = bound(family, SOCK_STREAM, ret);

	assert_int_equal(listen(fd, 7), 0);
	return fd;
}

static int connected(const union address *to)
{
	int fd = socket(to->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, &to->any, length(to->any.sa_family)), 0);
	return fd;
}

/* NULL: it is not among them. */
static const struct fdg_diag_row *row_of(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	for (unsigned i = 0; i < rows->n; i++)
		if (rows->row[i].inode == st.st_ino)
			return &rows->row[i];
	return NULL;
}

static uint16_t port(const union address *a)
{
	return ntohs(a->in.sin_port); /* in both at the same place */
}

static void check_listener(int family, unsigned kind)
{
	union address at;
	int fd = listening(family, &at), a = connected(&at), b = connected(&at);
	const struct fdg_diag_row *row;

	assert_true(fdg_diag_look(kind, rows));
	row = row_of(fd);
	assert_non_null(row);
	assert_int_equal(row->queued, 2);
	assert_int_equal(row->backlog, 7);
	assert_int_equal(row->group.port, port(&at));
	assert_int_equal(row->group.family, family);
	assert_int_equal(row->group.protocol, IPPROTO_TCP);
	assert_int_equal(row->group.uid, geteuid());
	if (family == AF_INET)
		assert_memory_equal(row->group.address, &at.in.sin_addr, 4);
	else
		assert_memory_equal(row->group.address, &at.in6.sin6_addr, 16);
	assert_true(fdg_diag_look(FDG_DIAG_ALL & ~kind, rows));
	assert_null(row_of(fd));
	close(fd), close(a), close(b);
}

static void test_a_listener_is_listed_with_its_queue(void **state)
{
	(void)state;
	check_listener(AF_INET, FDG_DIAG_TCP);
	check_listener(AF_INET6, FDG_DIAG_TCP6);
}

static void test_a_bound_socket_is_listed_if_it_is_udp_and_not_connected(void **state)
{
	union address tcp_at, udp_at, peer_at;
	int tcp = bound(AF_INET, SOCK_STREAM, &tcp_at), udp = bound(AF_INET, SOCK_DGRAM, &udp_at), peer = bound(AF_INET, SOCK_DGRAM, &peer_at);

	(void)state;
	assert_true(fdg_diag_look(FDG_DIAG_ALL, rows));
	assert_null(row_of(tcp));
	assert_non_null(row_of(udp));
	assert_int_equal(row_of(udp)->group.protocol, IPPROTO_UDP);
	assert_int_equal(connect(udp, &peer_at.any, length(AF_INET)), 0);
	assert_true(fdg_diag_look(FDG_DIAG_UDP, rows));
	assert_null(row_of(udp));
	assert_non_null(row_of(peer));
	close(tcp), close(udp), close(peer);
}

/* ---- connections ---- */

struct seen {
	unsigned n;
	struct fdg_diag_end end[64];
};

static void see(void *cookie, const struct fdg_diag_end *e)
{
	struct seen *s = cookie;

	if (s->n < 64)
		s->end[s->n] = *e;
	s->n++;
}

static struct seen look_at(unsigned kind, const uint16_t *ports, unsigned n)
{
	struct seen s = { 0 };

	assert_true(fdg_diag_waiting(kind, ports, n, see, &s));
	return s;
}

static void check_waiting(int family, unsigned kind)
{
	union address at;
	int fd = listening(family, &at), a = connected(&at), b = connected(&at), got;
	uint16_t of = port(&at);
	struct seen both = look_at(kind, &of, 1), one;

	assert_int_equal(both.n, 2);
	assert_int_equal(both.end[0].port, of);
	assert_int_equal(both.end[0].family, family);
	got = accept(fd, NULL, NULL);
	one = look_at(kind, &of, 1);
	assert_int_equal(one.n, 1);
	assert_true(fdg_diag_is_there(&both.end[0]) && fdg_diag_is_there(&both.end[1])); /* one waits, one is accepted */
	close(got); /* the first to close: it is not forgotten for a minute */
	close(a);
	assert_true(fdg_diag_is_there(&both.end[0]) && fdg_diag_is_there(&both.end[1]));
	close(fd);
	assert_int_equal(look_at(kind, &of, 1).n, 0);
	assert_false(fdg_diag_is_there(&one.end[0])); /* it waited, and was reset */
	assert_int_equal(fdg_diag_is_there(&both.end[0]) + fdg_diag_is_there(&both.end[1]), 1);
	close(b);
}

static void test_who_waits_is_told_from_who_was_accepted_and_from_who_is_gone(void **state)
{
	(void)state;
	check_waiting(AF_INET, FDG_DIAG_TCP);
	check_waiting(AF_INET6, FDG_DIAG_TCP6);
}

/* In their place the kernel finds the listener that they came to. */
static void test_a_connection_that_is_gone_is_not_its_listener(void **state)
{
	union address at;
	int fd = listening(AF_INET, &at), a = connected(&at), got;
	uint16_t of = port(&at);
	struct seen one = look_at(FDG_DIAG_TCP, &of, 1);

	(void)state;
	assert_int_equal(one.n, 1);
	got = accept(fd, NULL, NULL);
	close(a); /* the client first: nothing is left of it here */
	close(got);
	assert_false(fdg_diag_is_there(&one.end[0]));
	close(fd);
}

/* A client by IPv4 of a listener of both. */
static void test_a_connection_of_both_kinds(void **state)
{
	union address at = { .in6 = { .sin6_family = AF_INET6 } }, to;
	socklen_t n = sizeof(at.in6);
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), a, got;
	struct seen one;
	uint16_t of;

	(void)state;
	assert_int_equal(bind(fd, &at.any, n), 0);
	assert_int_equal(listen(fd, 4), 0);
	assert_int_equal(getsockname(fd, &at.any, &n), 0);
	to = (union address){ .in = { .sin_family = AF_INET, .sin_port = at.in6.sin6_port, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) } };
	of = port(&at);
	a = connected(&to);
	one = look_at(FDG_DIAG_TCP6, &of, 1);
	assert_int_equal(one.n, 1);
	assert_true(fdg_diag_is_there(&one.end[0]));
	got = accept(fd, NULL, NULL);
	assert_true(fdg_diag_is_there(&one.end[0]));
	close(a), close(got), close(fd);
	assert_false(fdg_diag_is_there(&one.end[0]));
}

/* All ports that are asked for, first and last, and no other. */
static void test_ports_are_picked(void **state)
{
	union address at[FDG_DIAG_PORTS + 1];
	int fd[FDG_DIAG_PORTS + 1], end[FDG_DIAG_PORTS + 1];
	uint16_t ports[FDG_DIAG_PORTS + 1];
	const unsigned all = FDG_DIAG_PORTS + 1;

	(void)state;
	for (unsigned i = 0; i < all; i++) {
		fd[i] = listening(AF_INET, &at[i]);
		end[i] = connected(&at[i]);
		ports[i] = port(&at[i]);
	}
	for (unsigned n = 1; n <= FDG_DIAG_PORTS; n++) {
		struct seen s = look_at(FDG_DIAG_TCP, ports, n);

		assert_int_equal(s.n, n);
		for (unsigned i = 0; i < n; i++) {
			bool found = false;

			for (unsigned k = 0; k < n; k++)
				found |= s.end[k].port == ports[i];
			assert_true(found);
		}
	}
	assert_int_equal(look_at(FDG_DIAG_TCP, ports, all).n, FDG_DIAG_PORTS); /* cut */
	assert_int_equal(look_at(FDG_DIAG_TCP, ports, 0).n, 0);
	assert_int_equal(look_at(FDG_DIAG_TCP6, ports, 1).n, 0);
	for (unsigned i = 0; i < all; i++)
		close(fd[i]), close(end[i]);
}

/* ---- resets ---- */

static struct fdg_diag_resets_between since(const struct fdg_diag_resets *before)
{
	struct fdg_diag_resets after = fdg_diag_resets(FDG_DIAG_AFTER);

	assert_true(before->is_known && after.is_known);
	return fdg_diag_resets_between(before, &after);
}

static void test_resets_are_counted(void **state)
{
	union address at;
	struct fdg_diag_resets before;
	int fd = listening(AF_INET, &at), end = connected(&at), refused;

	(void)state;
	before = fdg_diag_resets(FDG_DIAG_BEFORE);
	close(fd); /* with one in its queue */
	assert_true(since(&before).sent > 0);
	assert_true(since(&before).torn > 0);
	refused = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	before = fdg_diag_resets(FDG_DIAG_BEFORE);
	assert_int_equal(connect(refused, &at.any, length(AF_INET)), -1);
	assert_true(since(&before).sent > 0);
	close(end), close(refused);
}

static void check_meant(bool by_linger)
{
	const struct linger at_once = { 1, 0 };
	union address at;
	int fd = listening(AF_INET, &at), a = connected(&at), got = accept(fd, NULL, NULL);
	struct fdg_diag_resets before = fdg_diag_resets(FDG_DIAG_BEFORE), after;

	if (by_linger)
		setsockopt(got, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	else
		assert_int_equal(write(a, "x", 1), 1); /* and nobody reads it */
	close(got);
	after = fdg_diag_resets(FDG_DIAG_AFTER);
	assert_true(after.sent > before.sent);
	assert_true(after.meant > before.meant);
	close(a), close(fd);
}

static void test_resets_by_a_close_are_meant(void **state)
{
	(void)state;
	check_meant(true);
	check_meant(false);
}

static void test_what_is_meant_does_not_count(void **state)
{
	const struct fdg_diag_resets before = { true, 10, 20, 5 }, after = { true, 20, 40, 13 }, less = { true, 12, 24, 13 }, none = { 0 };

	(void)state;
	assert_int_equal(fdg_diag_resets_between(&before, &after).sent, 2);
	assert_int_equal(fdg_diag_resets_between(&before, &after).torn, 12);
	assert_int_equal(fdg_diag_resets_between(&before, &less).sent, 0);
	assert_int_equal(fdg_diag_resets_between(&before, &less).torn, 0);
	assert_int_equal(fdg_diag_resets_between(&none, &after).sent, 0);
	assert_int_equal(fdg_diag_resets_between(&before, &none).torn, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_listener_is_listed_with_its_queue),
		cmocka_unit_test(test_a_bound_socket_is_listed_if_it_is_udp_and_not_connected),
		cmocka_unit_test(test_who_waits_is_told_from_who_was_accepted_and_from_who_is_gone),
		cmocka_unit_test(test_a_connection_that_is_gone_is_not_its_listener),
		cmocka_unit_test(test_a_connection_of_both_kinds),
		cmocka_unit_test(test_ports_are_picked),
		cmocka_unit_test(test_resets_are_counted),
		cmocka_unit_test(test_resets_by_a_close_are_meant),
		cmocka_unit_test(test_what_is_meant_does_not_count),
	};

	return cmocka_run_group_tests(tests, room, NULL);
}
