// SPDX-License-Identifier: MIT
#include "guards/reuseport/handover_gate.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/sys.h"
#include "guards/holders.h"
#include "guards/reuseport/handover.h"
#include "guards/reuseport/lent.h"
#include "guards/reuseport/migrate.h"
#include "guards/reuseport/order.h"
#include "guards/reuseport/reuseport.h"
#include "guards/uring.h"
#include "ledger/ledger.h"

#include "base/poison.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

static _Atomic bool left_alone;

/* What can be mended. */
static const char lent[] = "another process may have the listener: it came from elsewhere, or one was started since it was made",
		  other_lent[] = "another process may have another listener of the group: it came from elsewhere, or one was started since it was made",
		  no_nonblock[] = "the listener blocks (it has no O_NONBLOCK)", other_no_nonblock[] = "another listener of the group blocks (it has no O_NONBLOCK)",
		  number[] = "the listener has another number in this process";

const char *fdg_handover_mend(const char *why)
{
	if (why == lent || why == other_lent)
		return "make the group's listeners after the last process was started";
	if (why == no_nonblock)
		return "make the listener non-blocking";
	if (why == other_no_nonblock)
		return "make all listeners of the group non-blocking";
	return why == number ? "close its other number before this one" : NULL;
}

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

/* Of the kernel's listeners of the group. */
static struct rows {
	struct fdg_group_rows row;
	bool is_here[FDG_ROWS];
	bool is_busy; /* connections wait at one of them */
} *rows; /* only whose turn it is has to do with it */

static const char *ask_member(int fd, unsigned at)
{
	unsigned queued, backlog;

	if (!is_mine(fd))
		return other_lent;
	if (blocks(fd))
		return other_no_nonblock;
	rows->is_here[at] = true;
	rows->is_busy |= fdg_reuseport_queue(fd, &queued, &backlog) && queued;
	return NULL;
}

/* The row of a number's socket; rows->row.n: it is none of the group's. */
static unsigned row_of(int fd)
{
	struct stat st;
	unsigned i = 0;

	if (fdg_sys_fstat(fd, &st) < 0)
		return rows->row.n;
	while (i < rows->row.n && rows->row.inode[i] != st.st_ino)
		i++;
	return i;
}

/* All that the kernel has of the group are this process's. */
static const char *ask_all(int fd, const struct fdg_group *g)
{
	unsigned at, own, here = 0;
	const char *why;

	if (!rows)
		rows = fdg_sys_mmap(sizeof(*rows), false);
	if (!rows || !fdg_group_list(g, &rows->row))
		return "fdguard does not see which listeners the group has, or they are too many";
	memset(rows->is_here, 0, sizeof(rows->is_here));
	rows->is_busy = false;
	own = row_of(fd);
	for (int other = fdg_groups_next(-1); other >= 0; other = fdg_groups_next(other))
		if (other != fd && (at = row_of(other)) < rows->row.n && (why = ask_member(other, at)))
			return why;
	for (unsigned i = 0; i < rows->row.n; i++)
		here += rows->is_here[i];
	if (here == 0)
		return "no other listener of the group is in this process";
	fdg_order_agree(g, &rows->row);
	return own < rows->row.n && here + 1 == rows->row.n ? NULL : "other processes have listeners of the group";
}

static const char *ask_listener(int fd, const struct fdg_group *g)
{
	if (g->protocol != IPPROTO_TCP)
		return "the listener is no TCP listener";
	if (g->device)
		return "the listener is bound to a device";
	if (blocks(fd))
		return no_nonblock;
	if (!is_mine(fd))
		return lent;
	if (fdg_holders_next(fd, -1) >= 0)
		return number;
	if (!is_of_this_namespace(g))
		return "the listener is not seen to be in this network namespace";
	return NULL;
}

const char *fdg_handover_why_not(int fd, const struct fdg_group *g, bool *ret_busy)
{
	const char *why;

	if (atomic_load(&left_alone))
		return "this program has a BPF program of its own on its groups";
	if ((why = ask_listener(fd, g)) || (why = ask_all(fd, g)))
		return why;
	if (fdg_migrate_in_filter())
		return "the process runs in a seccomp filter, which may not allow what that takes";
	if (fdg_group_is_hidden(g))
		return "another listener has one of the group's addresses for itself";
	if (fdg_uring_is_used())
		return "the program may accept by io_uring";
	*ret_busy = rows->is_busy;
	return NULL;
}
