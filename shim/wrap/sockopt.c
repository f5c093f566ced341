// SPDX-License-Identifier: MIT
/* What a program sets on a socket: straight through, and what guards need to know of it is noted. getsockopt, which may take a pending error, is in data.c. */
#include "wrap/wrap.h"

#include <errno.h>
#include <sys/socket.h>

#include "guards/closewait/keepalive.h"
#include "guards/reuseport/migrate.h"

WRAP(int, setsockopt, (int fd, int level, int name, const void *value, socklen_t len))
{
	int r;

	if (fdg_migrate_hides(fd, level, name)) {
		errno = ENOENT;
		return -1;
	}
	r = real_setsockopt(fd, level, name, value, len);
	if (r == 0) {
		fdg_keepalive_noted(fd, level, name, value);
		fdg_groups_noted(fd, level, name);
		fdg_migrate_noted(fd, level, name);
	}
	return r;
}
