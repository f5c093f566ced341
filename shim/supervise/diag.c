// SPDX-License-Identifier: MIT
#include "supervise/diag.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/big.h"
#include "base/files.h"
#include "base/sys.h"

#include "base/poison.h"

#define ROOM 32768 /* what the kernel fills at most in one go */

/* As the kernel numbers them: include/net/tcp_states.h. */
enum { ESTABLISHED = 1, CLOSED = 7, CLOSE_WAIT = 8, LISTENING = 10 };
#define BIT(state) (1u << (state))

static int sock = -1;
static unsigned sequence;
static _Alignas(8) char room[ROOM] FDG_BIG;

typedef bool see_message(void *cookie, const struct inet_diag_msg *m);

/* What is asked for, and a program that picks ports: for each "at least; at most; else go on". */
struct question {
	struct nlmsghdr head;
	struct inet_diag_req_v2 request;
	struct rtattr attribute;
	struct inet_diag_bc_op op[5 * FDG_DIAG_PORTS];
};

static void give_up(void)
{
	if (sock >= 0)
		fdg_sys_close(sock);
	sock = -1;
}

static struct question question(unsigned kind, unsigned states)
{
	struct question q = { .head = { .nlmsg_type = SOCK_DIAG_BY_FAMILY, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP, .nlmsg_seq = ++sequence } };

	q.head.nlmsg_len = sizeof(q.head) + sizeof(q.request);
	q.request.sdiag_family = kind & (FDG_DIAG_TCP6 | FDG_DIAG_UDP6) ? AF_INET6 : AF_INET;
	q.request.sdiag_protocol = kind & (FDG_DIAG_UDP | FDG_DIAG_UDP6) ? IPPROTO_UDP : IPPROTO_TCP;
	q.request.idiag_states = states;
	return q;
}

/* Jumps count bytes from the instruction that makes them; to the end is yes, beyond it no. */
static void put_ports(struct question *q, const uint16_t port[], unsigned n)
{
	const unsigned size = sizeof(q->op[0]), of_one = 5 * size;
	unsigned left = n * of_one - size; /* the last one needs no jump over others */

	q->attribute = (struct rtattr){ (unsigned short)(sizeof(q->attribute) + left), INET_DIAG_REQ_BYTECODE };
	q->head.nlmsg_len += q->attribute.rta_len;
	for (unsigned i = 0; i < n; i++, left -= of_one) {
		struct inet_diag_bc_op *op = &q->op[5 * i];

		op[0] = (struct inet_diag_bc_op){ INET_DIAG_BC_S_GE, (unsigned char)(2 * size), (unsigned short)of_one };
		op[1].no = port[i];
		op[2] = (struct inet_diag_bc_op){ INET_DIAG_BC_S_LE, (unsigned char)(2 * size), (unsigned short)(3 * size) };
		op[3].no = port[i];
		if (i + 1 < n)
			op[4] = (struct inet_diag_bc_op){ INET_DIAG_BC_JMP, (unsigned char)size, (unsigned short)(left - 4 * size) };
	}
}

/* Of one that is asked for by its name. */
static bool is_none(const struct nlmsghdr *h)
{
	return h->nlmsg_type == NLMSG_ERROR && h->nlmsg_len >= NLMSG_LENGTH(sizeof(struct nlmsgerr)) && ((const struct nlmsgerr *)NLMSG_DATA(h))->error == -ENOENT;
}

enum part { MORE, WHOLE, FAILED };

static enum part see_part(long n, see_message *see, void *cookie)
{
	unsigned long left = n > 0 ? (unsigned long)n : 0;

	for (struct nlmsghdr *h = (struct nlmsghdr *)room; NLMSG_OK(h, left); h = NLMSG_NEXT(h, left)) {
		if (h->nlmsg_seq != sequence)
			continue;
		if (h->nlmsg_type == NLMSG_DONE || is_none(h))
			return WHOLE;
		if (h->nlmsg_type != SOCK_DIAG_BY_FAMILY || h->nlmsg_len < NLMSG_LENGTH(sizeof(struct inet_diag_msg)) || !see(cookie, NLMSG_DATA(h)))
			return FAILED;
		if (!(h->nlmsg_flags & NLM_F_MULTI))
			return WHOLE;
	}
	return n > 0 ? MORE : FAILED;
}

/* False: not all was seen. */
static bool ask(const struct question *q, see_message *see, void *cookie)
{
	enum part part = FAILED;

	if (sock < 0)
		sock = (int)fdg_sys3(SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	if (sock < 0)
		return false;
	if (fdg_sys6(SYS_sendto, sock, (long)q, q->head.nlmsg_len, 0, 0, 0) == (long)q->head.nlmsg_len)
		do
			part = see_part(fdg_sys6(SYS_recvfrom, sock, (long)room, ROOM, 0, 0, 0), see, cookie);
		while (part == MORE);
	if (part == FAILED) /* what else it would say is no answer to the next question */
		give_up();
	return part == WHOLE;
}

/* ---- listeners ---- */

static struct fdg_group group_of(const struct inet_diag_msg *m, unsigned char protocol)
{
	struct fdg_group g = { .device = m->id.idiag_if, .uid = m->idiag_uid, .port = ntohs(m->id.idiag_sport), .family = m->idiag_family, .protocol = protocol };

	memcpy(g.address, m->id.idiag_src, m->idiag_family == AF_INET ? 4 : 16);
	return g;
}

struct listing {
	struct fdg_diag_rows *rows;
	unsigned char protocol;
};

static bool see_row(void *cookie, const struct inet_diag_msg *m)
{
	const struct listing *l = cookie;

	if (l->rows->n == FDG_DIAG_ROWS)
		return false;
	if (m->id.idiag_sport)
		l->rows->row[l->rows->n++] = (struct fdg_diag_row){ m->idiag_inode, m->idiag_rqueue, m->idiag_wqueue, group_of(m, l->protocol) };
	return true;
}

bool fdg_diag_look(unsigned kinds, struct fdg_diag_rows *ret)
{
	ret->n = 0;
	for (unsigned kind = 1; kind < FDG_DIAG_ALL; kind <<= 1) {
		bool is_udp = kind & (FDG_DIAG_UDP | FDG_DIAG_UDP6);
		struct listing l = { ret, is_udp ? IPPROTO_UDP : IPPROTO_TCP };
		struct question q = question(kind, is_udp ? BIT(CLOSED) : BIT(LISTENING));

		if ((kinds & kind) && !ask(&q, see_row, &l))
			return false;
	}
	return true;
}

/* ---- connections ---- */

struct walk {
	fdg_diag_see *see;
	void *cookie;
};

static bool see_waiting(void *cookie, const struct inet_diag_msg *m)
{
	const struct walk *w = cookie;
	struct fdg_diag_end e = { .port = ntohs(m->id.idiag_sport), .family = m->idiag_family };

	if (m->idiag_inode) /* accepted */
		return true;
	memcpy(e.name, &m->id, sizeof(e.name));
	memcpy(e.address, m->id.idiag_src, m->idiag_family == AF_INET ? 4 : 16);
	w->see(w->cookie, &e);
	return true;
}

bool fdg_diag_waiting(unsigned kind, const uint16_t port[], unsigned ports, fdg_diag_see *see, void *cookie)
{
	struct question q = question(kind, BIT(ESTABLISHED) | BIT(CLOSE_WAIT));
	struct walk w = { see, cookie };

	if (!ports)
		return true;
	put_ports(&q, port, ports < FDG_DIAG_PORTS ? ports : FDG_DIAG_PORTS);
	return ask(&q, see_waiting, &w);
}

/* Where there is no such connection the kernel finds the listener that it would come to. */
static bool see_one(void *cookie, const struct inet_diag_msg *m)
{
	*(bool *)cookie = m->idiag_state != LISTENING;
	return true;
}

bool fdg_diag_is_there(const struct fdg_diag_end *e)
{
	struct question q = question(e->family == AF_INET6 ? FDG_DIAG_TCP6 : FDG_DIAG_TCP, ~0u);
	bool is_there = false;

	q.head.nlmsg_flags = NLM_F_REQUEST;
	memcpy(&q.request.id, e->name, sizeof(e->name));
	q.request.id.idiag_cookie[0] = q.request.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
	return !ask(&q, see_one, &is_there) || is_there;
}

/* ---- resets ---- */

static const char *next_word(const char *at)
{
	at = at ? strchr(at, ' ') : NULL;
	return at ? at + 1 : NULL;
}

/* "Tcp: RtoAlgorithm … OutRsts InCsumErrors\nTcp: 1 …": the number below a name. */
static uint64_t below(const char *names, const char *values, const char *name)
{
	const char *at = names, *value = values;

	while (at && value && at < values && strncmp(at, name, strlen(name)) != 0) {
		at = next_word(at);
		value = next_word(value);
	}
	return at && value && at < values ? strtoull(value, NULL, 10) : 0;
}

/* Of a file of pairs of lines: the numbers of this kind, whose names are "TITLE A B …". False: it has none. */
static bool read_counters(const char *file, const char *title, const char **ret_names, const char **ret_values)
{
	long n = fdg_read_file(file, room, ROOM - 1);
	const char *names;

	room[n > 0 ? n : 0] = '\0';
	names = strstr(room, title);
	*ret_names = names;
	*ret_values = names ? strstr(names + 1, title) : NULL;
	return *ret_values;
}

static bool read_sent(struct fdg_diag_resets *ret)
{
	const char *names, *values;

	if (!read_counters("/proc/self/net/snmp", "Tcp: ", &names, &values))
		return false;
	ret->sent = below(names, values, "OutRsts ");
	ret->torn = below(names, values, "EstabResets ");
	return true;
}

/* What a listener's end resets is in none of these. */
static bool read_meant(struct fdg_diag_resets *ret)
{
	static const char *const by_programs[] = { "TCPAbortOnData ", "TCPAbortOnClose ", "TCPAbortOnMemory ", "TCPAbortOnTimeout ", "TCPAbortOnLinger " };
	const char *names, *values;

	if (!read_counters("/proc/self/net/netstat", "TcpExt: ", &names, &values))
		return false;
	ret->meant = 0;
	for (unsigned i = 0; i < sizeof(by_programs) / sizeof(by_programs[0]); i++)
		ret->meant += below(names, values, by_programs[i]);
	return true;
}

/* Of what is sent between the two readings, one too many is taken for meant. */
struct fdg_diag_resets fdg_diag_resets(enum fdg_diag_when when)
{
	struct fdg_diag_resets r = { 0 };

	r.is_known = when == FDG_DIAG_BEFORE ? read_meant(&r) && read_sent(&r) : read_sent(&r) && read_meant(&r);
	return r;
}

static unsigned above(uint64_t n, uint64_t least)
{
	return n > least ? (unsigned)(n - least) : 0;
}

struct fdg_diag_resets_between fdg_diag_resets_between(const struct fdg_diag_resets *before, const struct fdg_diag_resets *after)
{
	uint64_t meant = after->meant - before->meant;

	if (!before->is_known || !after->is_known)
		return (struct fdg_diag_resets_between){ 0, 0 };
	return (struct fdg_diag_resets_between){ above(after->sent, before->sent + meant), above(after->torn, before->torn + meant) };
}
