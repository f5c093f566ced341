// SPDX-License-Identifier: MIT
#include "resolver/netlink.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "base/sys.h"

#include "base/poison.h"

enum {
	ROOM = 32 << 10, /* the kernel makes messages of this size, at most */
	CHANGES = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE | RTMGRP_LINK |
		  1 << (RTNLGRP_IPV4_RULE - 1) | 1 << (RTNLGRP_IPV6_RULE - 1),
};

static void close_noted(int fd, volatile int *loose)
{
	*loose = -1;
	fdg_sys_close(fd);
}

static int open_socket(unsigned groups, volatile int *loose)
{
	struct sockaddr_nl a = { .nl_family = AF_NETLINK, .nl_groups = groups };
	int fd = (int)fdg_sys3(SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	long error;

	*loose = fd < 0 ? -1 : fd;
	if (fd < 0 || !groups)
		return fd;
	error = fdg_sys3(SYS_bind, fd, &a, sizeof(a));
	if (error >= 0)
		return fd;
	close_noted(fd, loose);
	return (int)error;
}

int fdg_netlink_told(volatile int *loose)
{
	return open_socket(CHANGES, loose);
}

static long ask(int fd)
{
	struct {
		struct nlmsghdr header;
		struct rtgenmsg body;
		uint8_t padding[3];
	} request = { .header = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct rtgenmsg)),
				  .nlmsg_type = RTM_GETADDR,
				  .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		      .body = { .rtgen_family = AF_UNSPEC } };
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	return fdg_sys6(SYS_sendto, fd, (long)&request, request.header.nlmsg_len, 0, (long)&kernel, sizeof(kernel));
}

static void take_attribute(struct fdg_netlink_address *a, const struct rtattr *t, bool *has_local)
{
	size_t n = a->ip.family == AF_INET ? 4 : 16;

	if (t->rta_type == IFA_FLAGS && RTA_PAYLOAD(t) >= sizeof(a->flags)) {
		memcpy(&a->flags, RTA_DATA(t), sizeof(a->flags));
	} else if (RTA_PAYLOAD(t) == n && (t->rta_type == IFA_LOCAL || (t->rta_type == IFA_ADDRESS && !*has_local))) {
		memcpy(a->ip.bytes, RTA_DATA(t), n);
		*has_local = t->rta_type == IFA_LOCAL;
	}
}

static void take_address(struct nlmsghdr *h, fdg_netlink_take *take, void *cookie)
{
	struct ifaddrmsg *m = NLMSG_DATA(h);
	struct fdg_netlink_address a = { .ip.family = m->ifa_family,
					 .prefix_len = m->ifa_prefixlen,
					 .flags = m->ifa_flags,
					 .interface = m->ifa_index };
	size_t left = IFA_PAYLOAD(h);
	bool has_local = false;

	if (m->ifa_family != AF_INET && m->ifa_family != AF_INET6)
		return;
	for (struct rtattr *t = IFA_RTA(m); RTA_OK(t, left); t = RTA_NEXT(t, left))
		take_attribute(&a, t, &has_local);
	take(cookie, &a);
}

/* 1: there is more to come. */
static int take_messages(uint8_t *buf, size_t n, fdg_netlink_take *take, void *cookie)
{
	for (struct nlmsghdr *h = (struct nlmsghdr *)buf; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
		if (h->nlmsg_type == NLMSG_DONE)
			return 0;
		if (h->nlmsg_type == NLMSG_ERROR)
			return -EIO;
		if (h->nlmsg_type == RTM_NEWADDR)
			take_address(h, take, cookie);
	}
	return 1;
}

static int receive(int fd, uint8_t *buf, fdg_netlink_take *take, void *cookie)
{
	int more = 1;

	while (more > 0) {
		long n = fdg_sys6(SYS_recvfrom, fd, (long)buf, ROOM, 0, 0, 0);

		if (n == -EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? (int)n : -EIO;
		more = take_messages(buf, (size_t)n, take, cookie);
	}
	return more;
}

int fdg_netlink_addresses(fdg_netlink_take *take, void *cookie, volatile int *loose)
{
	int fd = open_socket(0, loose), error;
	uint8_t *buf;
	long sent;

	if (fd < 0)
		return fd;
	buf = fdg_sys_mmap(ROOM, false);
	if (!buf) {
		close_noted(fd, loose);
		return -ENOMEM;
	}
	sent = ask(fd);
	error = sent < 0 ? (int)sent : receive(fd, buf, take, cookie);
	fdg_sys_munmap(buf, ROOM);
	close_noted(fd, loose);
	return error;
}
