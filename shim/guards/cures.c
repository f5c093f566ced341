// SPDX-License-Identifier: MIT
#include "guards/cures.h"

#include <arpa/inet.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#include "base/fmt.h"
#include "base/state.h"
#include "base/sys.h"
#include "guards/rests.h"

#include "base/poison.h"

#define MESSAGES_MAX 4096u /* of one queue, at one time */

static void put_from(struct fdg_drained *d, const struct sock_extended_err *e)
{
	struct fdg_buf b = FDG_BUF(d->from);
	const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)SO_EE_OFFENDER(e);
	const uint8_t *four = (const uint8_t *)&in->sin_addr;

	if (in->sin_family == AF_INET)
		fdg_fmt(&b, "%u.%u.%u.%u", four[0], four[1], four[2], four[3]);
}

static void count(struct fdg_drained *d, const struct sock_extended_err *e)
{
	switch (e->ee_origin) {
	case SO_EE_ORIGIN_TIMESTAMPING:
	case SO_EE_ORIGIN_TXTIME:
		d->stamps++;
		break;
	case SO_EE_ORIGIN_ZEROCOPY:
		d->zerocopy++;
		break;
	case SO_EE_ORIGIN_ICMP:
	case SO_EE_ORIGIN_ICMP6:
		d->icmp++;
		d->type = e->ee_type;
		d->code = e->ee_code;
		d->six = e->ee_origin == SO_EE_ORIGIN_ICMP6;
		put_from(d, e);
		break;
	case SO_EE_ORIGIN_LOCAL:
		d->local++;
		break;
	default:
		d->other++;
	}
}

/* IP_RECVERR, IPV6_RECVERR and PACKET_TX_TIMESTAMP. */
static bool tells_error(const struct cmsghdr *c)
{
	if (c->cmsg_len < CMSG_LEN(sizeof(struct sock_extended_err) + sizeof(struct sockaddr_in)))
		return false;
	return (c->cmsg_level == SOL_IP && c->cmsg_type == IP_RECVERR) || (c->cmsg_level == SOL_IPV6 && c->cmsg_type == IPV6_RECVERR);
}

static bool take_one(int fd, struct fdg_drained *d)
{
	_Alignas(struct cmsghdr) char control[512];
	struct msghdr m = { .msg_control = control, .msg_controllen = sizeof(control) };
	bool told = false;

	if (fdg_sys3(SYS_recvmsg, fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
		return false;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c))
		if (tells_error(c)) {
			count(d, (const struct sock_extended_err *)(const void *)CMSG_DATA(c));
			told = true;
		}
	d->other += !told;
	return true;
}

bool fdg_cure_drain(int fd, struct fdg_drained *ret)
{
	unsigned n = 0;

	memset(ret, 0, sizeof(*ret));
	while (n < MESSAGES_MAX && take_one(fd, ret))
		n++;
	return n > 0;
}

static bool set_mask(const struct fdg_registration *r, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.u64 = r->data };
	int epfd = fdg_interest_epoll(r);

	return epfd >= 0 && fdg_sys4(SYS_epoll_ctl, epfd, EPOLL_CTL_MOD, r->fd, &e) == 0;
}

/* The state comes first: whoever acts in between finds what is to be undone. */
bool fdg_cure_rearm(const struct fdg_registration *r)
{
	if (!fdg_rest_add(r))
		return false;
	fdg_interest_state(r, FDG_INTEREST_REARMED, 0);
	if (set_mask(r, r->events | EPOLLET))
		return true;
	fdg_interest_state(r, 0, FDG_INTEREST_REARMED);
	fdg_rest_drop(r);
	return false;
}

/* The program may change its mask meanwhile: what it asked for last counts. */
bool fdg_cure_restore(const struct fdg_registration *r)
{
	struct fdg_registration now = *r;

	fdg_rest_drop(r);
	for (int i = 0; i < 4; i++) {
		uint32_t events = now.events;

		fdg_interest_state(&now, 0, FDG_INTEREST_REARMED);
		if (!set_mask(&now, events))
			return false;
		if (!fdg_interest_of(fdg_interest_epoll(r), r->fd, &now) || now.events == events)
			return true;
	}
	return true;
}

void fdg_cure_replaced(int epfd, int fd)
{
	struct fdg_registration r;

	if (fdg_foreign_memory() || !fdg_interest_of(epfd, fd, &r) || !(r.state & FDG_INTEREST_REARMED))
		return;
	fdg_interest_state(&r, 0, FDG_INTEREST_REARMED);
	fdg_rest_drop(&r);
}
