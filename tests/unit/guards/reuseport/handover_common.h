/* SPDX-License-Identifier: MIT */
/* For the tests of the hand-over: a group, clients of it, and what the wrappers do. Include it after cmocka.h. */
#ifndef HANDOVER_COMMON_H
#define HANDOVER_COMMON_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guards/reuseport/groups.h"
#include "guards/reuseport/handover.h"
#include "guards/reuseport/order.h"
#include "guards/reuseport/standins.h"
#include "guards/reuseport/turn.h"
#include "ledger/ledger.h"

enum { MEMBERS = 4, CLIENTS = 40 };

static struct sockaddr_storage where;
static socklen_t where_len;
static int member[MEMBERS], client[CLIENTS];

/* As the wrapper of listen does. */
static inline void note_place(int fd)
{
	static struct fdg_group_rows rows;
	struct fdg_group g;
	struct stat st;

	assert_true(fdg_group_ask(fd, &g) && fdg_group_list(&g, &rows));
	assert_int_equal(fstat(fd, &st), 0);
	fdg_order_joined(&g, st.st_ino, &rows);
}

static inline int make_member(void)
{
	int fd = socket(where.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;

	assert_true(fd >= 0);
	fdg_ledger_learn(fd, fdg_kindword_of(FDG_KIND_SOCKET, where.ss_family, SOCK_STREAM), 0, NULL);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)), 0);
	fdg_groups_noted(fd, SOL_SOCKET, SO_REUSEPORT);
	assert_int_equal(bind(fd, (struct sockaddr *)&where, where_len), 0);
	assert_true(fdg_turn_take());
	assert_int_equal(listen(fd, 100), 0);
	assert_true(fdg_groups_learn(fd));
	note_place(fd);
	fdg_turn_end();
	return fd;
}

static inline void open_group(int family, int members)
{
	memset(&where, 0, sizeof(where));
	where.ss_family = (sa_family_t)family;
	where_len = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
	if (family == AF_INET)
		((struct sockaddr_in *)&where)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		((struct sockaddr_in6 *)&where)->sin6_addr = in6addr_loopback;
	for (int i = 0; i < MEMBERS; i++) {
		member[i] = i < members ? make_member() : -1;
		if (i == 0)
			assert_int_equal(getsockname(member[0], (struct sockaddr *)&where, &where_len), 0);
	}
}

static const char *why_lost, *gap, *gap_after;
static unsigned moved;

static inline unsigned close_member(int i)
{
	struct fdg_handover_end e;

	close(member[i]);
	fdg_groups_forget(member[i]);
	fdg_ledger_forget(member[i]);
	fdg_handover_closed(true, &e);
	why_lost = e.why;
	gap_after = e.gap;
	moved = e.moved;
	member[i] = -1;
	return e.lost;
}

static inline unsigned forget_member(int i)
{
	if (member[i] < 0)
		return 0;
	fdg_handover_last(member[i]);
	return close_member(i);
}

static inline void close_group(void)
{
	for (int i = 0; i < MEMBERS; i++)
		forget_member(i);
	for (int i = 0; i < CLIENTS; i++) {
		close(client[i]);
		client[i] = -1;
	}
}

static inline void connect_clients(void)
{
	for (int i = 0; i < CLIENTS; i++) {
		client[i] = socket(where.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_int_equal(connect(client[i], (struct sockaddr *)&where, where_len), 0);
		assert_int_equal(send(client[i], &i, sizeof(i), 0), sizeof(i));
	}
}

static inline unsigned queue_of(int fd)
{
	struct tcp_info info;
	socklen_t n = sizeof(info);

	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n), 0);
	return info.tcpi_unacked;
}

static inline unsigned hand_over(int i, const char **why)
{
	struct fdg_group g;

	assert_true(fdg_group_ask(member[i], &g));
	return fdg_handover(member[i], &g, why, &gap);
}

/* What the accept of wrap/ does. */
static inline int accept_one(int listener, int flags)
{
	int fd = accept4(listener, NULL, NULL, flags);

	if (fd < 0 || !fdg_handover_any())
		return fd;
	switch (fdg_handover_accepted(fd, flags)) {
	case FDG_HANDED_GONE:
		return accept_one(listener, flags);
	default:
		return fd;
	}
}

static inline bool is_client(int fd, int i)
{
	struct sockaddr_storage peer, own;
	socklen_t n = sizeof(peer), m = sizeof(own);

	memset(&peer, 0, sizeof(peer));
	memset(&own, 0, sizeof(own));
	return getpeername(fd, (struct sockaddr *)&peer, &n) == 0 && getsockname(client[i], (struct sockaddr *)&own, &m) == 0 && n == m && memcmp(&peer, &own, n) == 0;
}

/* Everybody comes once, with his own address and what he sent. Returns how many. */
static inline int accept_all(int flags)
{
	bool came[CLIENTS] = { false };
	int n = 0, fd, who;

	for (int i = 0; i < MEMBERS; i++)
		while (member[i] >= 0 && (fd = accept_one(member[i], flags)) >= 0) {
			assert_int_equal(recv(fd, &who, sizeof(who), MSG_DONTWAIT), sizeof(who));
			assert_in_range(who, 0, CLIENTS - 1);
			assert_false(came[who]);
			assert_true(is_client(fd, who));
			assert_int_equal(!!(fcntl(fd, F_GETFL) & O_NONBLOCK), !!(flags & SOCK_NONBLOCK));
			assert_int_equal(!!(fcntl(fd, F_GETFD) & FD_CLOEXEC), !!(flags & SOCK_CLOEXEC));
			came[who] = true;
			close(fd);
			n++;
		}
	assert_int_equal(fdg_handover_count(), 0);
	return n;
}

static inline int open_numbers(void)
{
	int n = 0;

	for (int fd = 0; fd < 1200; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* What is held is above 900 then. */
static inline int many_numbers(void **state)
{
	struct rlimit limit = { 2048, 2048 }, now;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &now), 0);
	limit.rlim_max = now.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &limit);
}

#endif
