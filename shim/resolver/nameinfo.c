// SPDX-License-Identifier: MIT
#include "resolver/nameinfo.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/sys.h"
#include "resolver/text.h"

#include "base/poison.h"

enum {
	OLD_IDN = 0xc0, /* NI_IDN_ALLOW_UNASSIGNED, NI_IDN_USE_STD3_ASCII_RULES */
	KNOWN = NI_NUMERICHOST | NI_NUMERICSERV | NI_NOFQDN | NI_NAMEREQD | NI_DGRAM | NI_IDN | OLD_IDN,
};

int fdg_nameinfo_check(const struct sockaddr *address, socklen_t len, int flags, struct fdg_ip *ret, uint16_t *ret_port)
{
	struct sockaddr_storage copy = { .ss_family = AF_UNSPEC };

	if (flags & ~KNOWN)
		return EAI_BADFLAGS;
	if (!address || len < sizeof(sa_family_t))
		return EAI_FAMILY;
	if (address->sa_family == AF_UNIX)
		return FDG_NAMEINFO_NOT_OURS;
	if ((address->sa_family != AF_INET || len < sizeof(struct sockaddr_in)) &&
	    (address->sa_family != AF_INET6 || len < sizeof(struct sockaddr_in6)))
		return EAI_FAMILY;
	if (flags & (NI_NOFQDN | NI_IDN))
		return FDG_NAMEINFO_NOT_OURS;
	memcpy(&copy, address,
	       address->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
	fdg_ip_from_socket(&copy, ret);
	*ret_port = ntohs(((const struct sockaddr_in *)(const void *)&copy)->sin_port);
	return 0;
}

static bool interface_name(uint32_t index, char ret[IFNAMSIZ])
{
	struct ifreq request;
	int fd = (int)fdg_sys3(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	long error;

	if (fd < 0)
		return false;
	memset(&request, 0, sizeof(request));
	request.ifr_ifindex = (int)index;
	error = fdg_sys3(SYS_ioctl, fd, SIOCGIFNAME, &request);
	fdg_sys_close(fd);
	if (error < 0)
		return false;
	memcpy(ret, request.ifr_name, IFNAMSIZ);
	return true;
}

static bool is_link_local(const struct fdg_ip *ip)
{
	const uint8_t *b = ip->bytes;

	return (b[0] == 0xfe && (b[1] & 0xc0) == 0x80) || (b[0] == 0xff && (b[1] & 0xf) == 2);
}

void fdg_nameinfo_number(const struct fdg_ip *ip, char ret[FDG_NAMEINFO_HOST])
{
	char name[IFNAMSIZ + 1] = "";
	size_t n;

	inet_ntop(ip->family, ip->bytes, ret, FDG_NAMEINFO_HOST);
	if (ip->family != AF_INET6 || !ip->scope)
		return;
	n = strlen(ret);
	ret[n++] = '%';
	if (is_link_local(ip) && interface_name(ip->scope, name))
		memcpy(ret + n, name, sizeof(name)); /* the kernel's name may fill its room */
	else
		fdg_text_put_number(ret + n, ip->scope);
}

bool fdg_nameinfo_service(struct fdg_world *w, uint16_t port, int flags, uint64_t now, char ret[FDG_NAMEINFO_SERVICE])
{
	const char *name = NULL;

	if (!(flags & NI_NUMERICSERV)) {
		fdg_world_look(w, FDG_WORLD_SERVICES, now);
		if (!w->services_ours)
			return false;
		name = fdg_services_name(&w->services, port, flags & NI_DGRAM ? "udp" : "tcp");
	}
	if (name && strlen(name) >= FDG_NAMEINFO_SERVICE)
		return false;
	if (name)
		memcpy(ret, name, strlen(name) + 1);
	else
		fdg_text_put_number(ret, port);
	return true;
}
