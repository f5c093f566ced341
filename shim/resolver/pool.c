// SPDX-License-Identifier: MIT
/*
 * The ports that questions go out from: connected UDP sockets, opened as there is traffic, each for a number of transmissions. A fresh one for every question
 * would cost more than the question.
 */
#include "resolver/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/sys.h"
#include "resolver/modest.h"

#include "base/poison.h"

#ifndef SO_COOKIE
#define SO_COOKIE 57
#endif

_Atomic bool fdg_modest;

enum { HIGH = 960, RECEIVE_BUFFER = 1 << 20, LEFT_BEHIND = 16 };

/*
 * Out of the low numbers, which programs count on open() to return and select() can hold; not higher than need be, for the kernel sizes a process's table by
 * its highest number, and a select(getdtablesize(), …) has the kernel read as many bits as that has: an fd_set's 1024 do no harm.
 */
int fdg_pool_floor(void)
{
	struct rlimit limit;

	if (fdg_sys4(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit) < 0)
		return 0;
	return limit.rlim_cur > 2 * HIGH ? HIGH : (int)(limit.rlim_cur / 2);
}

int fdg_pool_high_noted(int fd, volatile int *loose)
{
	int high;

	*loose = fd < 0 ? -1 : fd;
	if (fdg_is_modest())
		return fd;
	high = fd < 0 ? fd : fdg_sys_fcntl(fd, F_DUPFD_CLOEXEC, fdg_pool_floor());
	if (high < 0)
		return fd;
	*loose = high;
	fdg_sys_close(fd);
	return high;
}

int fdg_pool_high(int fd)
{
	volatile int loose;

	return fdg_pool_high_noted(fd, &loose);
}

uint64_t fdg_pool_cookie(int fd)
{
	uint64_t cookie = 0;
	unsigned len = sizeof(cookie);

	return fdg_is_modest() || fdg_sys_getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) < 0 ? 0 : cookie;
}

bool fdg_pool_is_ours(int fd, uint64_t cookie)
{
	return fdg_pool_cookie(fd) == cookie;
}

static void set_option(int fd, int level, int name, int value)
{
	fdg_sys5(SYS_setsockopt, fd, level, name, &value, sizeof(value));
}

/* What came before the socket was connected may be anybody's. False: there is no end to it. */
static bool drop_all(int fd)
{
	uint8_t byte;

	for (int i = 0; i < LEFT_BEHIND; i++)
		if (fdg_sys6(SYS_recvfrom, fd, (long)&byte, 1, MSG_DONTWAIT, 0, 0) == -EAGAIN)
			return true;
	return false;
}

static int prepare(struct fdg_exchange *x, int fd, unsigned server, int type, uint64_t number, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.u64 = number };
	const struct fdg_target *t = &x->targets[server];
	long error;

	if (type == SOCK_STREAM)
		set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	else if (!x->set.brief)
		set_option(fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER);
	error = fdg_sys3(SYS_connect, fd, &t->address, t->address_len);
	if (error < 0 && error != -EINPROGRESS)
		return (int)error;
	if (type == SOCK_DGRAM)
		drop_all(fd);
	return x->epoll < 0 ? 0 : (int)fdg_sys4(SYS_epoll_ctl, x->epoll, EPOLL_CTL_ADD, fd, &event);
}

/* Each call says MSG_DONTWAIT, but for fdg_udp_wait's. */
static bool may_wait(const struct fdg_exchange *x, int type)
{
	return type == SOCK_DGRAM && x->set.receive;
}

int fdg_pool_open(struct fdg_exchange *x, unsigned server, int type, uint64_t number, uint32_t events)
{
	int fd, error;

	fd = (int)fdg_sys3(SYS_socket, x->targets[server].address.ss_family,
			   type | SOCK_CLOEXEC | (may_wait(x, type) ? 0 : SOCK_NONBLOCK), 0);
	if (fd < 0)
		return fd;
	fd = fdg_pool_high_noted(fd, &x->loose);
	error = prepare(x, fd, server, type, number, events);
	if (error >= 0)
		return fd;
	x->loose = -1;
	fdg_sys_close(fd);
	return error;
}

/* A child that was forked may hold the socket too, and then closing it does not take it out of the epoll. */
static void put_away(struct fdg_exchange *x, unsigned port)
{
	struct fdg_port *p = &x->ports[port];

	if (x->epoll >= 0)
		fdg_sys4(SYS_epoll_ctl, x->epoll, EPOLL_CTL_DEL, p->fd, NULL);
	fdg_sys_close(p->fd);
	p->fd = -1;
}

/* A kernel that does not know it would send several messages as one. */
static bool knows_segments(int fd)
{
	int value;
	unsigned len = sizeof(value);

	return !fdg_is_modest() && !fdg_sys_getsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &value, &len);
}

/*
 * What many lookups at a time need, a port for thousands of questions, would make a forger's work easy where a stranger may cause lookups one after the
 * other, as a mail server's peers do: one that he has found (by ICMP's limits, say) would leave him the id alone to guess, for the next lookups too. libc has
 * a socket for each lookup. A few questions, nobody knows how many, and 100 ms are no time to find one; the lookups in between save most of what a socket costs.
 */
static uint32_t life_of_one(struct fdg_exchange *x)
{
	uint16_t more;

	if (!x->set.brief)
		return FDG_PORT_LIFE;
	return fdg_random_16(&x->random, &more) ? FDG_PORT_BRIEF + more % (FDG_PORT_BRIEF + 1) : FDG_PORT_BRIEF;
}

static void begin(struct fdg_exchange *x, unsigned port, const struct fdg_port *as)
{
	bool used = x->ports[port].opened;

	x->ports[port] = (struct fdg_port){
		.fd = as->fd, .cookie = as->cookie, .life = life_of_one(x), .opened = as->opened, .wait_ms = as->wait_ms
	};
	for (unsigned i = 0; used && i < FDG_PORT_IDS; i++)
		x->used_ids[port][i] = 0;
	x->targets[fdg_port_server(x, port)].ports++;
}

/*
 * A socket that was not bound by bind() loses its number when it is disconnected, and gets another one, by chance, when it is connected again (ip(7): udp_disconnect,
 * inet_autobind): that costs less than a new socket.
 */
static bool gets_another_number(struct fdg_exchange *x, unsigned port)
{
	const struct fdg_target *t = &x->targets[fdg_port_server(x, port)];
	struct sockaddr none = { .sa_family = AF_UNSPEC };
	struct fdg_port *p = &x->ports[port];

	if (!fdg_pool_is_ours(p->fd, p->cookie)) {
		p->fd = -1;
		return false;
	}
	if (fdg_sys3(SYS_connect, p->fd, &none, sizeof(none)) >= 0 &&
	    fdg_sys3(SYS_connect, p->fd, &t->address, t->address_len) >= 0 && drop_all(p->fd)) {
		begin(x, port,
		      &(struct fdg_port){
			      .fd = p->fd, .cookie = p->cookie, .opened = p->opened, .wait_ms = p->wait_ms });
		return true;
	}
	put_away(x, port);
	return false;
}

static int open_port(struct fdg_exchange *x, unsigned port)
{
	int fd = fdg_pool_open(x, fdg_port_server(x, port), SOCK_DGRAM, port, EPOLLIN);

	if (fd < 0)
		return fd;
	begin(x, port, &(struct fdg_port){ .fd = fd, .cookie = fdg_pool_cookie(fd), .opened = x->now });
	x->loose = -1;
	if (!x->counts.ports_made++)
		x->segments = knows_segments(fd);
	return 0;
}

/* While there may be more, one more is opened each time: a little traffic needs few, much of it soon has all. */
static int open_one_more(struct fdg_exchange *x, unsigned server)
{
	unsigned first = server * x->slots_each;

	if (x->targets[server].ports >= x->set.ports)
		return 0;
	for (unsigned port = first; port < first + x->slots_each; port++) {
		const struct fdg_port *p = &x->ports[port];

		if (p->worn && !p->flying && p->fd >= 0 && gets_another_number(x, port))
			return 0;
		if (p->fd < 0)
			return open_port(x, port);
	}
	return 0;
}

static bool has_room(const struct fdg_port *p, bool even_leaving)
{
	if (p->fd < 0 || p->flying >= FDG_PORT_FLYING)
		return false;
	return !p->leaving || (even_leaving && p->forged < FDG_PORT_FORGED && p->used < FDG_PORT_END);
}

static unsigned find(const struct fdg_exchange *x, unsigned server, unsigned start, bool even_leaving)
{
	for (unsigned i = 0; i < x->slots_each; i++) {
		unsigned port = server * x->slots_each + (start + i) % x->slots_each;

		if (has_room(&x->ports[port], even_leaving))
			return port;
	}
	return FDG_NONE;
}

/* Where nothing can be opened, a port that has served its time serves on. */
unsigned fdg_pool_pick(struct fdg_exchange *x, unsigned server, int *ret_error)
{
	int error = open_one_more(x, server);
	uint16_t start;
	unsigned port;

	*ret_error = 0;
	if (!fdg_random_16(&x->random, &start)) {
		*ret_error = -EIO;
		return FDG_NONE;
	}
	port = find(x, server, start, false);
	if (port == FDG_NONE && !x->targets[server].ports)
		port = find(x, server, start, true);
	if (port == FDG_NONE && !x->targets[server].ports)
		*ret_error = error;
	return port;
}

bool fdg_pool_used(const struct fdg_exchange *x, unsigned port, uint16_t id)
{
	return x->used_ids[port][id / 64] >> id % 64 & 1;
}

bool fdg_pool_id(struct fdg_exchange *x, unsigned port, uint16_t *ret)
{
	struct fdg_port *p = &x->ports[port];
	uint16_t next;

	do
		if (!fdg_random_16(&x->random, ret))
			return false;
	while (fdg_pool_used(x, port, *ret));
	if (fdg_random_next(&x->random, &next)) /* of a batch, all go out from one port */
		__builtin_prefetch(&x->used_ids[port][next / 64], 1);
	x->used_ids[port][*ret / 64] |= UINT64_C(1) << *ret % 64;
	p->flying++;
	if (++p->used == p->life) {
		fdg_pool_retire(x, port);
		p->worn = x->set.brief;
	}
	return true;
}

void fdg_pool_landed(struct fdg_exchange *x, unsigned port)
{
	struct fdg_port *p = &x->ports[port];

	p->flying--;
	if (!p->flying && p->leaving && !p->worn && p->fd >= 0)
		put_away(x, port);
}

void fdg_pool_retire(struct fdg_exchange *x, unsigned port)
{
	struct fdg_port *p = &x->ports[port];

	if (!p->leaving)
		x->targets[fdg_port_server(x, port)].ports--;
	p->leaving = true;
	p->worn = false;
	if (!p->flying && p->fd >= 0)
		put_away(x, port);
}

void fdg_pool_forget(struct fdg_exchange *x, unsigned port)
{
	x->ports[port].fd = -1;
	if (!x->ports[port].leaving)
		x->targets[fdg_port_server(x, port)].ports--;
	x->ports[port].leaving = true;
}
