// SPDX-License-Identifier: MIT
#include "guards/uring.h"

#include <fcntl.h>
#include <stdatomic.h>

#include "base/sys.h"

#include "base/poison.h"

#define PIECE 1024u

static _Atomic bool is_used;

/* "anon_inode:[io_uring]" in /proc/self/maps. No character of it comes twice before it is whole, but the first begins it anew. */
static bool is_mapped(int fd)
{
	static const char name[] = "[io_uring]";
	char piece[PIECE];
	unsigned at = 0;
	long n;

	while ((n = fdg_sys_read(fd, piece, sizeof(piece))) > 0)
		for (long i = 0; i < n; i++) {
			at = piece[i] == name[at] ? at + 1 : piece[i] == name[0];
			if (at == sizeof(name) - 1)
				return true;
		}
	return n < 0;
}

bool fdg_uring_is_used(void)
{
	bool found;
	int fd;

	if (atomic_load_explicit(&is_used, memory_order_relaxed))
		return true;
	fd = fdg_sys_open("/proc/self/maps", O_RDONLY | O_CLOEXEC, 0);
	found = fd < 0 || is_mapped(fd);
	if (fd >= 0)
		fdg_sys_close(fd);
	if (found && fd >= 0)
		atomic_store_explicit(&is_used, true, memory_order_relaxed);
	return found;
}
