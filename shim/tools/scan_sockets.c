// SPDX-License-Identifier: MIT
/*
 * By sock_diag, as ss does, which tells the ages as well: in the process's own namespace, where we may enter it. Else by /proc/PID/net, which tells all but those.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/address.h"
#include "tools/scan.h"

#define PROC_BYTES (256u << 20)

static struct scan_socket *add(struct scan_sockets *s)
{
	s->socket = pool_grow(s->socket, s->count, &s->room, sizeof(*s->socket));
	s->socket[s->count] = (struct scan_socket){ .ino = 0 };
	return &s->socket[s->count++];
}

/* ---- netlink ---- */

static void set_address(struct sockaddr_storage *a, int family, uint16_t port, const uint32_t word[4])
{
	struct sockaddr_in *in = (struct sockaddr_in *)a;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)a;

	a->ss_family = (sa_family_t)family;
	if (family == AF_INET) {
		in->sin_port = port;
		memcpy(&in->sin_addr, word, sizeof(in->sin_addr));
	} else {
		in6->sin6_port = port;
		memcpy(&in6->sin6_addr, word, sizeof(in6->sin6_addr));
	}
}

static void take_info(struct scan_socket *s, const void *data, size_t n)
{
	struct tcp_info info = { 0 };

	if (n < offsetof(struct tcp_info, tcpi_pmtu))
		return;
	memcpy(&info, data, n < sizeof(info) ? n : sizeof(info));
	s->last_sent = info.tcpi_last_data_sent;
	s->last_received = info.tcpi_last_data_recv;
	s->last_heard = info.tcpi_last_ack_recv;
	s->has_ages = true;
}

static void take_message(struct scan_sockets *all, const struct nlmsghdr *h)
{
	const struct inet_diag_msg *m = NLMSG_DATA(h);
	int left = (int)h->nlmsg_len - (int)NLMSG_LENGTH(sizeof(*m));
	struct scan_socket *s;

	if (left < 0 || m->idiag_inode == 0)
		return;
	s = add(all);
	s->ino = m->idiag_inode;
	s->cookie = (uint64_t)m->id.idiag_cookie[1] << 32 | m->id.idiag_cookie[0];
	s->state = m->idiag_state;
	s->waiting = m->idiag_rqueue;
	s->sending = m->idiag_wqueue;
	set_address(&s->local, m->idiag_family, m->id.idiag_sport, m->id.idiag_src);
	set_address(&s->peer, m->idiag_family, m->id.idiag_dport, m->id.idiag_dst);
	for (const struct rtattr *a = (const struct rtattr *)(m + 1); RTA_OK(a, left); a = RTA_NEXT(a, left))
		if (a->rta_type == INET_DIAG_INFO)
			take_info(s, RTA_DATA(a), RTA_PAYLOAD(a));
}

/* 1: there is more; 0: that was the last; -1: an error. */
static int take_batch(struct scan_sockets *s, const void *batch, size_t n)
{
	for (const struct nlmsghdr *h = batch; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
		if (h->nlmsg_type == NLMSG_DONE)
			return 0;
		if (h->nlmsg_type == NLMSG_ERROR)
			return -1;
		if (h->nlmsg_type == SOCK_DIAG_BY_FAMILY)
			take_message(s, h);
	}
	return 1;
}

static bool dump(struct scan_sockets *s, int netlink, uint8_t family)
{
	struct {
		struct nlmsghdr head;
		struct inet_diag_req_v2 request;
	} ask = {
		{ .nlmsg_len = sizeof(ask), .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		{ .sdiag_family = family, .sdiag_protocol = IPPROTO_TCP, .idiag_ext = 1 << (INET_DIAG_INFO - 1), .idiag_states = ~0u },
	};
	_Alignas(struct nlmsghdr) char batch[65536];
	ssize_t n;
	int more = 1;

	if (send(netlink, &ask, sizeof(ask), 0) != (ssize_t)sizeof(ask))
		return false;
	while (more > 0 && (n = recv(netlink, batch, sizeof(batch), 0)) > 0)
		more = take_batch(s, batch, (size_t)n);
	return more == 0;
}

static bool read_netlink(struct scan_sockets *s)
{
	struct timeval patience = { .tv_sec = 2 };
	int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	bool is_good;

	if (netlink < 0)
		return false;
	setsockopt(netlink, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	is_good = dump(s, netlink, AF_INET);
	if (is_good && !dump(s, netlink, AF_INET6))
		s->by_proc = errno == EAGAIN; /* a kernel without IPv6 has none */
	close(netlink);
	return is_good;
}

/* ---- /proc ---- */

static void read_table(struct scan_sockets *s, const struct scan_process *p, const char *name, bool six)
{
	size_t n;
	char *text = scan_read_file(p->dir, name, PROC_BYTES, &n), *next;
	struct scan_tcp t;

	for (char *line = text; line && *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (!scan_read_tcp(line, six, &t) || !t.ino)
			continue;
		*add(s) = (struct scan_socket){ .ino = t.ino, .state = t.state, .sending = t.sending, .waiting = t.waiting, .local = t.local, .peer = t.peer };
	}
	free(text);
}

static int migrates(void)
{
	size_t n;
	char *text = scan_read_file(AT_FDCWD, "/proc/sys/net/ipv4/tcp_migrate_req", 16, &n);
	int r = text ? atoi(text) : -1;

	free(text);
	return r;
}

/* ---- both ---- */

static int by_ino(const void *a, const void *b)
{
	const struct scan_socket *x = a, *y = b;

	return (x->ino > y->ino) - (x->ino < y->ino);
}

const struct scan_socket *scan_socket_find(const struct scan_sockets *s, uint64_t ino)
{
	struct scan_socket key = { .ino = ino };

	return s && s->count ? bsearch(&key, s->socket, s->count, sizeof(key), by_ino) : NULL;
}

/* Ours, to come back to: -1: we are in it already; -2: we may not enter it. */
static int enter(const struct scan_process *p)
{
	int ours, theirs, r;
	struct stat st;

	if (stat("/proc/self/ns/net", &st) == 0 && st.st_ino == p->net)
		return -1;
	ours = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	theirs = openat(p->dir, "ns/net", O_RDONLY | O_CLOEXEC);
	r = ours >= 0 && theirs >= 0 ? setns(theirs, CLONE_NEWNET) : -1;
	if (theirs >= 0)
		close(theirs);
	if (r == 0)
		return ours;
	if (ours >= 0)
		close(ours);
	return -2;
}

void scan_sockets_read(struct scan_sockets *s, const struct scan_process *p)
{
	int ours = enter(p);

	s->net = p->net;
	s->migrates = ours == -2 ? -1 : migrates();
	if (ours == -2 || !read_netlink(s)) {
		s->count = 0;
		s->by_proc = true;
		read_table(s, p, "net/tcp", false);
		read_table(s, p, "net/tcp6", true);
	}
	if (ours >= 0) {
		if (setns(ours, CLONE_NEWNET) < 0) {
			fputs("fdguard: the way back from the process's network namespace is closed\n", stderr);
			exit(2);
		}
		close(ours);
	}
	if (s->count)
		qsort(s->socket, s->count, sizeof(*s->socket), by_ino);
}

void scan_sockets_free(struct scan_sockets *s)
{
	free(s->socket);
	s->socket = NULL;
	s->count = s->room = 0;
}

bool scan_socket_ask(int fd, struct scan_socket *s)
{
	struct tcp_info info = { 0 };
	socklen_t n = sizeof(info);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) < 0)
		return false;
	s->state = info.tcpi_state;
	take_info(s, &info, n);
	return s->has_ages;
}

void scan_put_address(struct fdg_buf *b, const struct sockaddr_storage *a)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)a;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)a;

	if (a->ss_family == AF_INET) {
		fdg_put_host(b, AF_INET, &in->sin_addr);
		fdg_fmt(b, ":%u", ntohs(in->sin_port));
	} else if (a->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
		fdg_put_host(b, AF_INET, in6->sin6_addr.s6_addr + 12);
		fdg_fmt(b, ":%u", ntohs(in6->sin6_port));
	} else if (a->ss_family == AF_INET6) {
		fdg_put_char(b, '[');
		fdg_put_host(b, AF_INET6, &in6->sin6_addr);
		fdg_fmt(b, "]:%u", ntohs(in6->sin6_port));
	}
}
