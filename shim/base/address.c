// SPDX-License-Identifier: MIT
#include "base/address.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/kind.h"
#include "base/sys.h"

#include "base/poison.h"

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
	char room[sizeof(struct sockaddr_un) + 1];
};

static unsigned port_of(const void *p)
{
	const unsigned char *byte = p;

	return (unsigned)byte[0] << 8 | byte[1];
}

static void put_four(struct fdg_buf *b, const unsigned char *a)
{
	fdg_fmt(b, "%u.%u.%u.%u", a[0], a[1], a[2], a[3]);
}

static void put_in(struct fdg_buf *b, const unsigned char *a, const void *port)
{
	put_four(b, a);
	fdg_fmt(b, ":%u", port_of(port));
}

/* Where the longest run of two or more zero groups begins; 8: nowhere. */
static int longest_zeros(const unsigned char *a, int *ret_count)
{
	int best = 8;

	*ret_count = 1;
	for (int i = 0; i < 8; i++) {
		int n = 0;

		while (i + n < 8 && port_of(a + 2 * (i + n)) == 0)
			n++;
		if (n > *ret_count) {
			best = i;
			*ret_count = n;
		}
	}
	return best;
}

static void put_sixteen(struct fdg_buf *b, const unsigned char *a)
{
	int count, zeros = longest_zeros(a, &count);

	for (int i = 0; i < 8; i++) {
		if (i == zeros) {
			fdg_put(b, "::");
			i += count - 1;
			continue;
		}
		fdg_fmt(b, "%s%x", i && i != zeros + count ? ":" : "", port_of(a + 2 * i));
	}
}

static void put_in6(struct fdg_buf *b, const struct sockaddr_in6 *s)
{
	if (IN6_IS_ADDR_V4MAPPED(&s->sin6_addr)) {
		put_in(b, s->sin6_addr.s6_addr + 12, &s->sin6_port);
		return;
	}
	fdg_put_char(b, '[');
	put_sixteen(b, s->sin6_addr.s6_addr);
	if (s->sin6_scope_id)
		fdg_fmt(b, "%%%u", s->sin6_scope_id);
	fdg_fmt(b, "]:%u", port_of(&s->sin6_port));
}

bool fdg_put_host(struct fdg_buf *b, int family, const void *address)
{
	if (family == AF_INET)
		put_four(b, address);
	else if (family == AF_INET6)
		put_sixteen(b, address);
	return family == AF_INET || family == AF_INET6;
}

static bool put_un(struct fdg_buf *b, const struct sockaddr_un *s, unsigned len)
{
	size_t n = len - offsetof(struct sockaddr_un, sun_path);

	if (len <= offsetof(struct sockaddr_un, sun_path))
		return false;
	if (s->sun_path[0]) {
		fdg_put_printable(b, s->sun_path, strnlen(s->sun_path, n));
		return true;
	}
	while (n > 1 && !s->sun_path[n - 1]) /* a program that gave the whole field as its length */
		n--;
	fdg_put_char(b, '@');
	fdg_put_printable(b, s->sun_path + 1, n - 1);
	return true;
}

static bool put_address(struct fdg_buf *b, int fd, long call)
{
	union address a = { .room = { 0 } };
	unsigned len = sizeof(a.un);

	if (fdg_sys3(call, fd, &a, &len) < 0 || len > sizeof(a.un))
		return false;
	switch (a.any.sa_family) {
	case AF_INET:
		put_in(b, (const unsigned char *)&a.in.sin_addr, &a.in.sin_port);
		return true;
	case AF_INET6:
		put_in6(b, &a.in6);
		return true;
	case AF_UNIX:
		return put_un(b, &a.un, len);
	default:
		return false;
	}
}

bool fdg_put_peer(struct fdg_buf *b, int fd)
{
	return put_address(b, fd, SYS_getpeername);
}

bool fdg_put_local(struct fdg_buf *b, int fd)
{
	return put_address(b, fd, SYS_getsockname);
}

static void put_link(struct fdg_buf *b, int fd)
{
	char path[32], link[128];
	struct fdg_buf p = FDG_BUF(path);
	long n;

	fdg_fmt(&p, "/proc/self/fd/%d", fd);
	n = fdg_sys_readlink(path, link, sizeof(link));
	if (n <= 0 || link[0] != '/')
		return;
	fdg_put_char(b, ' ');
	fdg_put_printable(b, link, (size_t)n);
}

void fdg_put_what(struct fdg_buf *b, int fd)
{
	char text[64];
	struct fdg_buf t = FDG_BUF(text);
	fdg_kindword kind = FDG_KIND_UNKNOWN;

	fdg_kind_ask(fd, &kind);
	fdg_put_kind(&t, kind, 1);
	fdg_put(b, text + 2); /* without "1 " */
	if (fdg_kindword_kind(kind) == FDG_KIND_TTY)
		put_link(b, fd);
}
