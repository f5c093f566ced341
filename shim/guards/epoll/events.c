// SPDX-License-Identifier: MIT
#include "guards/epoll/events.h"

#include <linux/if_packet.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/sys.h"

#include "base/poison.h"

#define CLOSED 7 /* TCP_CLOSE of netinet/tcp.h, which does not know of segments */

_Static_assert(EPOLLIN == POLLIN && EPOLLOUT == POLLOUT && EPOLLPRI == POLLPRI && EPOLLERR == POLLERR && EPOLLHUP == POLLHUP && EPOLLRDHUP == POLLRDHUP &&
		       EPOLLRDNORM == POLLRDNORM && EPOLLRDBAND == POLLRDBAND && EPOLLWRNORM == POLLWRNORM && EPOLLWRBAND == POLLWRBAND,
	       "the same bits");

void fdg_put_events(struct fdg_buf *b, const char *prefix, uint32_t events)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} names[] = {
		{ EPOLLIN, "IN" }, { EPOLLPRI, "PRI" }, { EPOLLOUT, "OUT" }, { EPOLLERR, "ERR" }, { EPOLLHUP, "HUP" }, { POLLNVAL, "NVAL" }, { EPOLLRDNORM, "RDNORM" },
		{ EPOLLRDBAND, "RDBAND" }, { EPOLLWRNORM, "WRNORM" }, { EPOLLWRBAND, "WRBAND" }, { EPOLLMSG, "MSG" }, { EPOLLRDHUP, "RDHUP" },
		{ EPOLLEXCLUSIVE, "EXCLUSIVE" }, { EPOLLWAKEUP, "WAKEUP" }, { EPOLLONESHOT, "ONESHOT" }, { EPOLLET, "ET" },
	};
	bool any = false;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (events & names[i].bit) {
			fdg_fmt(b, any ? "|%s%s" : "%s%s", prefix, names[i].name);
			events &= ~names[i].bit;
			any = true;
		}
	if (events) {
		fdg_put(b, any ? "|" : "");
		fdg_put_hex(b, events);
	} else if (!any) {
		fdg_put(b, "nothing");
	}
}

void fdg_put_last_call(struct fdg_buf *b, const struct fdg_suspect *s)
{
	const char *name = s->error ? strerrorname_np(s->error) : "end of file";

	if (s->call)
		fdg_fmt(b, "%s: %s", s->call, name ? name : "an error");
}

int64_t fdg_queue_bytes(int fd)
{
	uint32_t memory[SK_MEMINFO_VARS] = { 0 };
	unsigned len = sizeof(memory);

	return fdg_sys_getsockopt(fd, SOL_SOCKET, SO_MEMINFO, memory, &len) == 0 ? (int64_t)memory[SK_MEMINFO_RMEM_ALLOC] : -1;
}

/* What ended by a timeout was sent again and again; what was refused never heard of its peer before. */
bool fdg_was_reset(int fd)
{
	struct tcp_info info = { 0 };
	unsigned len = sizeof(info);

	if (fdg_sys_getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0 || len < offsetof(struct tcp_info, tcpi_segs_in) + sizeof(info.tcpi_segs_in))
		return false;
	return info.tcpi_state == CLOSED && !info.tcpi_retransmits && !info.tcpi_probes && info.tcpi_segs_in > 1;
}

bool fdg_kind_is_seen(fdg_kindword kind)
{
	int domain = kind >> 8 & 0xff;

	switch (fdg_kindword_kind(kind)) {
	case FDG_KIND_SOCKET:
		return domain != AF_PACKET && domain != AF_XDP && domain != AF_NETLINK;
	case FDG_KIND_PIPE:
	case FDG_KIND_EVENT:
	case FDG_KIND_TIMER:
	case FDG_KIND_SIGNAL:
	case FDG_KIND_INOTIFY:
	case FDG_KIND_TTY:
	case FDG_KIND_EPOLL:
		return true;
	default:
		return false;
	}
}
