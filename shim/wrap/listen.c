// SPDX-License-Identifier: MIT
/* Sockets that get an address: it is then that they are in a SO_REUSEPORT group. */
#include "wrap/wrap.h"

#include "guards/reuseport/resize.h"
#include "guards/reuseport/reuseport.h"

int fdg_listen(int fd, int backlog)
{
	struct fdg_migrate_listen l;
	int r;

	fdg_reuseport_listening(&l, fd);
	r = real_listen(fd, backlog);
	fdg_reuseport_listened(&l, fd, r);
	return r;
}

WRAP(int, listen, (int fd, int backlog))
{
	bool was;
	int r;

	FDG_PASS(listen, fd, backlog);
	was = fdg_groups_has(fd);
	r = fdg_listen(fd, backlog);
	if (!was)
		fdg_resize_joined(fd, FDG_SITE);
	return r;
}

int fdg_bind_socket(int fd, const struct sockaddr *address, socklen_t len)
{
	int r = real_bind(fd, address, len);

	if (r == 0)
		fdg_reuseport_bound(fd);
	return r;
}

WRAP(int, bind, (int fd, const struct sockaddr *address, socklen_t len))
{
	int r;

	FDG_PASS(bind, fd, address, len);
	r = fdg_bind_socket(fd, address, len);
	fdg_resize_joined(fd, FDG_SITE);
	return r;
}
