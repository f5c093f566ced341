// SPDX-License-Identifier: MIT
#include "resolver/sources.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "base/sys.h"
#include "resolver/engine.h"
#include "resolver/netlink.h"

#include "base/poison.h"

enum { PROBE_PORT = 53 };

void fdg_sources_start(struct fdg_sources *s)
{
	*s = (struct fdg_sources){ .changes = 1 };
	s->told.fd = s->four_fd.fd = s->six_fd.fd = s->loose = -1;
	s->pid = fdg_sys_getpid();
}

static void put_away(struct fdg_kept_fd *k)
{
	if (k->fd >= 0 && fdg_pool_cookie(k->fd) == k->cookie)
		fdg_sys_close(k->fd);
	k->fd = -1;
}

void fdg_sources_scrap(struct fdg_sources *s)
{
	int loose = s->loose;

	if (loose >= 0 && loose != s->told.fd && loose != s->four_fd.fd && loose != s->six_fd.fd)
		fdg_sys_close(loose);
	s->loose = -1;
	put_away(&s->told);
	put_away(&s->four_fd);
	put_away(&s->six_fd);
}

void fdg_sources_end(struct fdg_sources *s)
{
	fdg_sources_scrap(s);
	if (s->mapped)
		fdg_sys_munmap(s->own, s->mapped);
	s->mapped = 0;
	s->own = NULL;
}

static bool is_there(struct fdg_kept_fd *k)
{
	if (k->fd >= 0 && fdg_pool_cookie(k->fd) != k->cookie)
		k->fd = -1; /* somebody has closed it; the number is not ours */
	return k->fd >= 0;
}

static bool keep(struct fdg_sources *s, struct fdg_kept_fd *k, int fd)
{
	int high = fdg_pool_high_noted(fd, &s->loose);

	if (high >= 0)
		k->cookie = fdg_pool_cookie(high);
	k->fd = high;
	s->loose = -1;
	return high >= 0;
}

static void forget(struct fdg_sources *s)
{
	s->own_known = false;
	s->changes++;
}

/* What is told is not read for what it says: something has changed. */
static bool has_changed(int fd)
{
	uint8_t byte;
	bool any = false;
	long n;

	while ((n = fdg_sys6(SYS_recvfrom, fd, (long)&byte, 1, MSG_DONTWAIT | MSG_TRUNC, 0, 0)) != -EAGAIN) {
		any = true;
		if (n < 0 && n != -ENOBUFS && n != -EINTR)
			return true;
	}
	return any;
}

static bool map(struct fdg_sources *s)
{
	size_t own = FDG_SOURCES_ADDRESSES * sizeof(*s->own), all = own + FDG_SOURCES_KEPT * sizeof(*s->kept);

	if (s->own)
		return true;
	s->own = fdg_sys_mmap(all, false);
	if (!s->own)
		return false;
	s->kept = (struct fdg_kept_source *)((uint8_t *)s->own + own);
	s->mapped = all;
	return true;
}

/* A forked child has its parent's descriptors: what it takes from them its parent would miss. */
static void leave_parents(struct fdg_sources *s)
{
	int pid = fdg_sys_getpid();

	if (pid == s->pid)
		return;
	s->pid = pid;
	fdg_sources_scrap(s);
	forget(s);
}

void fdg_sources_refresh(struct fdg_sources *s, bool may_keep, uint64_t now)
{
	if (s->told.fd >= 0 && now - s->looked < FDG_SOURCES_BELIEVE)
		return;
	s->looked = now;
	leave_parents(s);
	if (!map(s))
		return;
	if (is_there(&s->told)) {
		if (has_changed(s->told.fd))
			forget(s);
		return;
	}
	forget(s);
	if (may_keep)
		keep(s, &s->told, fdg_netlink_told(&s->loose));
}

static void learn(void *cookie, const struct fdg_netlink_address *a)
{
	struct fdg_sources *s = cookie;
	static const uint8_t one[16] = { [15] = 1 };
	static const uint8_t loopback[4] = { 127, 0, 0, 1 };
	struct fdg_own_address *own;

	if (a->ip.family == AF_INET)
		s->four = s->four || memcmp(a->ip.bytes, loopback, 4) != 0;
	else
		s->six = s->six || memcmp(a->ip.bytes, one, 16) != 0;
	if (s->own_count == FDG_SOURCES_ADDRESSES)
		return;
	own = &s->own[s->own_count++];
	fdg_ip_to_six(&a->ip, own->six);
	own->prefix_len = a->prefix_len;
	own->interface = a->interface;
	own->deprecated = a->flags & IFA_F_DEPRECATED;
	own->home = a->flags & IFA_F_HOMEADDRESS;
}

/* Without a descriptor left, nothing is kept any more. */
static void make_room(struct fdg_sources *s)
{
	fdg_sources_scrap(s);
	if (s->let_go)
		s->let_go(s->cookie);
}

void fdg_sources_read(struct fdg_sources *s)
{
	int error;

	if (s->own_known && s->told.fd >= 0)
		return;
	s->four = s->six = false;
	s->own_count = 0;
	error = map(s) ? fdg_netlink_addresses(learn, s, &s->loose) : -ENOMEM;
	if (fdg_pool_is_full(error) && s->own) {
		make_room(s);
		error = fdg_netlink_addresses(learn, s, &s->loose);
	}
	s->lost = error < 0;
	if (s->lost)
		s->four = s->six = true;
	s->own_known = true;
}

/* Which of ours it is: its subnet, and what rules 3 and 4 want to know. */
static void describe(const struct fdg_sources *s, struct fdg_sort_source *from)
{
	uint8_t six[16];

	from->interface = UINT32_MAX;
	fdg_ip_to_six(&from->ip, six);
	for (unsigned i = 0; i < s->own_count; i++) {
		const struct fdg_own_address *own = &s->own[i];

		if (memcmp(own->six, six, sizeof(six)) != 0)
			continue;
		from->prefix_len = own->prefix_len;
		from->deprecated = own->deprecated;
		from->home = own->home;
		from->interface = own->interface;
		return;
	}
}

static bool probe(int fd, const struct fdg_ip *to, struct fdg_sort_source *ret)
{
	struct sockaddr_storage a;
	struct sockaddr nothing = { .sa_family = AF_UNSPEC };
	socklen_t len = fdg_ip_to_socket(to, PROBE_PORT, &a);

	fdg_sys3(SYS_connect, fd, &nothing, sizeof(nothing));
	if (fdg_sys3(SYS_connect, fd, &a, len) < 0)
		return false;
	len = sizeof(a);
	return fdg_sys3(SYS_getsockname, fd, &a, &len) >= 0 && fdg_ip_from_socket(&a, &ret->ip);
}

static int open_probe(struct fdg_sources *s, int family)
{
	int fd = s->loose = (int)fdg_sys3(SYS_socket, family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 || !fdg_pool_is_full(fd))
		return fd;
	make_room(s);
	return s->loose = (int)fdg_sys3(SYS_socket, family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

static bool ask_kernel(struct fdg_sources *s, const struct fdg_ip *to, struct fdg_sort_source *ret)
{
	struct fdg_kept_fd *k = to->family == AF_INET ? &s->four_fd : &s->six_fd;
	bool kept, ok;
	int fd;

	leave_parents(s);
	kept = is_there(k);
	fd = kept ? k->fd : open_probe(s, to->family);

	if (fd < 0)
		return false;
	if (!kept && s->told.fd >= 0 && keep(s, k, fd)) {
		fd = k->fd;
		kept = true;
	}
	ok = probe(fd, to, ret);
	if (!kept) {
		s->loose = -1;
		fdg_sys_close(fd);
	}
	if (ok) {
		fdg_sources_read(s);
		describe(s, ret);
	}
	return ok;
}

static struct fdg_kept_source *slot_of(const struct fdg_sources *s, const struct fdg_ip *to)
{
	uint32_t h = to->scope + to->family;

	for (unsigned i = 0; i < sizeof(to->bytes); i++)
		h = h * 31 + to->bytes[i];
	return &s->kept[(h ^ h >> 16) % FDG_SOURCES_KEPT];
}

bool fdg_sources_ask(void *cookie, const struct fdg_ip *to, struct fdg_sort_source *ret)
{
	struct fdg_sources *s = cookie;
	struct fdg_kept_source *slot;

	if (!s->own || s->told.fd < 0)
		return ask_kernel(s, to, ret);
	slot = slot_of(s, to);
	if (slot->time != s->changes || memcmp(&slot->to, to, sizeof(*to)) != 0) {
		*slot = (struct fdg_kept_source){ .to = *to, .time = s->changes, .from.interface = UINT32_MAX };
		slot->reachable = ask_kernel(s, to, &slot->from);
	}
	*ret = slot->from;
	return slot->reachable;
}
