// SPDX-License-Identifier: MIT
/* What a program sets on a socket: straight through, and what guards need to know of it is noted. getsockopt, which may take a pending error, is in data.c. */
#include "wrap/wrap.h"

#include <sys/socket.h>

#include "guards/keepalive.h"
#include "guards/migrate.h"

WRAP(int, setsockopt, (int fd, int level, int name, const void *value, socklen_t len))
{
	int r = real_setsockopt(fd, level, name, value, len);

	if (r == 0) {
		fdg_keepalive_noted(fd, level, name, value);
		fdg_migrate_noted(fd, level, name);
	}
	return r;
}
