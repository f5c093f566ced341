/* SPDX-License-Identifier: MIT */
/* For the tests of guard reuseport: listeners as the wrappers tell of them. Include it after cmocka.h. */
#ifndef REUSEPORT_COMMON_H
#define REUSEPORT_COMMON_H

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guards/reuseport/groups.h"
#include "guards/reuseport/reuseport.h"
#include "ledger/ledger.h"
#include "options/options.h"

static struct sockaddr_in6 address; /* of the group; port 0 until it has a member */
static socklen_t address_len;

static inline void new_group(int family)
{
	memset(&address, 0, sizeof(address));
	address.sin6_family = (sa_family_t)family;
	address_len = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(address);
	if (family == AF_INET6)
		address.sin6_addr = in6addr_loopback;
	else
		((struct sockaddr_in *)&address)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
}

static inline int made(int type)
{
	int fd = socket(address.sin6_family, type | SOCK_CLOEXEC, 0), one = 1;

	assert_true(fd > 2);
	fdg_ledger_learn(fd, fdg_kindword_of(FDG_KIND_SOCKET, address.sin6_family, type & 0xf), FDG_CLOEXEC, &address);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)), 0);
	fdg_groups_noted(fd, SOL_SOCKET, SO_REUSEPORT);
	return fd;
}

static inline int bound(int type)
{
	int fd = made(type);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, address_len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &address_len), 0);
	return fd;
}

static inline void listens(int fd)
{
	struct fdg_migrate_listen l;

	fdg_reuseport_listening(&l, fd);
	fdg_reuseport_listened(&l, fd, listen(fd, 512));
}

static inline int member(void)
{
	int fd = bound(SOCK_STREAM | SOCK_NONBLOCK);

	listens(fd);
	assert_true(fdg_groups_has(fd));
	return fd;
}

/* As the wrapper does. */
static inline void closes(int fd)
{
	fdg_reuseport_closing(fd, (char *)closes + 1);
	fdg_ledger_forget(fd);
	close(fd);
	fdg_reuseport_closed(fd);
}

#define CLIENTS 40
static int client[CLIENTS];

static inline void connect_clients(void)
{
	for (int i = 0; i < CLIENTS; i++) {
		client[i] = socket(address.sin6_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_int_equal(connect(client[i], (struct sockaddr *)&address, address_len), 0);
	}
}

static inline int resets(void)
{
	int n = 0;

	for (int i = 0; i < CLIENTS; i++) {
		struct pollfd p = { client[i], POLLIN, 0 };

		poll(&p, 1, 0);
		n += (p.revents & POLLERR) != 0;
		close(client[i]);
	}
	return n;
}

static inline int queued(int fd)
{
	unsigned n = 0, backlog;

	assert_true(fdg_reuseport_queue(fd, &n, &backlog));
	return (int)n;
}

static inline uint64_t inode_of(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return st.st_ino;
}

/* In a child of fork, which ends with what `body` returns. */
static inline int in_child(int (*body)(void))
{
	int status, child = fork();

	if (child == 0)
		_exit(body());
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#endif
