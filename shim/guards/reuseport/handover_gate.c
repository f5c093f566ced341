// SPDX-License-Identifier: MIT
#include "guards/reuseport/handover_gate.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/sys.h"
#include "guards/holders.h"
#include "guards/reuseport/handover.h"
#include "guards/reuseport/lent.h"
#include "guards/reuseport/migrate.h"
#include "guards/uring.h"
#include "ledger/ledger.h"

#include "base/poison.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

enum { MEMBERS = 256 };

static _Atomic bool left_alone;

void fdg_handover_leave_alone(void)
{
	atomic_store(&left_alone, true);
}

static bool is_of_this_namespace(const struct fdg_group *g)
{
	int own = (int)fdg_sys3(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	uint64_t cookie = 0;
	unsigned n = sizeof(cookie);

	if (own < 0)
		return false;
	if (fdg_sys_getsockopt(own, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &n) < 0)
		cookie = 0;
	fdg_sys_close(own);
	return cookie && cookie == g->netns;
}

/* What was made here, after the last process was started, and neither came nor went by SCM_RIGHTS. */
static bool is_mine(int fd)
{
	uint32_t state = fdg_ledger_state(fd);

	return state && !(state & FDG_PASSED) && !fdg_ledger_is_inherited(fd) && fdg_lent_never(fd);
}

static bool blocks(int fd)
{
	int flags = fdg_sys_fcntl(fd, F_GETFL, 0);

	return flags < 0 || !(flags & O_NONBLOCK);
}

/* Each socket once. */
static const char *ask_siblings(int fd, const struct fdg_group *g, unsigned *ret_n)
{
	uint64_t seen[MEMBERS];
	unsigned n = 0, i;

	for (int at = fdg_groups_sibling(g, fd, -1); at >= 0; at = fdg_groups_sibling(g, fd, at)) {
		unsigned len = sizeof(*seen);

		if (n == MEMBERS)
			return "the group has too many listeners";
		if (!is_mine(at))
			return "another process may have another listener of the group: it came from elsewhere, or one was started since it was made";
		if (blocks(at))
			return "another listener of the group blocks";
		if (fdg_sys_getsockopt(at, SOL_SOCKET, SO_COOKIE, &seen[n], &len) != 0)
			return "the kernel does not tell which listeners there are";
		for (i = 0; seen[i] != seen[n]; i++)
			;
		n += i == n;
	}
	*ret_n = n;
	return n ? NULL : "no other listener of the group is in this process";
}

/* All that the kernel has of the group are ours. */
static bool is_all(int fd, const struct fdg_group *g, unsigned here)
{
	struct fdg_group_sight sight;
	struct stat st;

	if (fdg_sys_fstat(fd, &st) < 0)
		return false;
	sight = fdg_group_look(g, st.st_ino);
	return sight.seen && sight.has_it && sight.members == here + 1;
}

static const char *ask_listener(int fd, const struct fdg_group *g)
{
	if (g->protocol != IPPROTO_TCP)
		return "it is no TCP listener";
	if (g->device)
		return "it is bound to a device";
	if (blocks(fd))
		return "it blocks";
	if (!is_mine(fd))
		return "another process may have the listener: it came from elsewhere, or one was started since it was made";
	if (fdg_holders_next(fd, -1) >= 0)
		return "it has another number in this process";
	if (!is_of_this_namespace(g))
		return "it is not seen to be in this network namespace";
	return NULL;
}

const char *fdg_handover_why_not(int fd, const struct fdg_group *g)
{
	unsigned here = 0;
	const char *why;

	if (atomic_load(&left_alone))
		return "this program has a BPF program of its own on its groups";
	if ((why = ask_listener(fd, g)) || (why = ask_siblings(fd, g, &here)))
		return why;
	if (fdg_migrate_in_filter())
		return "the process runs in a seccomp filter, which may not allow what that takes";
	if (!is_all(fd, g, here))
		return "other processes have listeners of the group";
	if (fdg_group_is_hidden(g))
		return "another listener has one of the group's addresses for itself";
	if (fdg_uring_is_used())
		return "the program may accept by io_uring";
	return NULL;
}
