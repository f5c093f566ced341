// SPDX-License-Identifier: MIT
#include "guards/cure.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "base/state.h"
#include "base/sys.h"
#include "guards/keepalive.h"
#include "ledger/ledger.h"
#include "options/options.h"

#include "base/poison.h"

#define TOP 64      /* numbers below the limit, which the kernel gives out last */
#define SPARE 8     /* of them that are to be free */
#define LOW 1024    /* a table of this size is had for 8 KiB */
#define TABLE 128u  /* the kernel sizes a table in powers of two of this */

/* The last duplicates. A fork of another thread copies the descriptors first and this memory later, when a duplicate that it has copied may be closed here. */
#define LAST 64u
static struct {
	_Atomic uint64_t cookie;
	_Atomic int number;
} last[LAST];
static _Atomic unsigned cures;

uint64_t fdg_cure_cookie(int fd)
{
	uint64_t cookie = 0;
	unsigned n = sizeof(cookie);

	return fdg_sys_getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &n) == 0 ? cookie : 0;
}

static int limit_now(void)
{
	struct rlimit limit;

	if (fdg_sys4(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit) < 0)
		return LOW;
	return limit.rlim_cur < FDG_LEDGER_MAX ? (int)limit.rlim_cur : (int)FDG_LEDGER_MAX;
}

/* The kernel gives the least free number, so a program that runs short has used those at the top. */
static bool is_short(int limit)
{
	struct pollfd top[TOP];
	int n = limit < TOP ? limit : TOP, spare = 0;

	for (int i = 0; i < n; i++)
		top[i] = (struct pollfd){ .fd = limit - 1 - i };
	if (fdg_sys_poll(top, (unsigned)n, 0) < 0)
		return true;
	for (int i = 0; i < n; i++)
		spare += (top[i].revents & POLLNVAL) != 0;
	return spare < SPARE;
}

/* As high as the table goes that the number lies in: a table that had to grow for us would never shrink again. */
static int high_number(int fd, int limit)
{
	unsigned table = TABLE;

	while (table <= (unsigned)fd)
		table *= 2;
	if (table < LOW)
		table = LOW;
	if (table > (unsigned)limit)
		table = (unsigned)limit;
	return table > 2 * TOP ? (int)table - TOP : (int)table / 2;
}

static enum fdg_cured take_duplicate(int fd, uint64_t cookie, int *ret)
{
	unsigned mine = atomic_load(&cures) % LAST;
	int limit = limit_now(), copy;

	if (is_short(limit))
		return FDG_CURE_FULL;
	copy = fdg_sys_fcntl(fd, F_DUPFD_CLOEXEC, high_number(fd, limit));
	if (copy < 0)
		return copy == -EMFILE ? FDG_CURE_FULL : FDG_CURE_OTHER;
	atomic_store(&last[mine].cookie, cookie);
	atomic_store(&last[mine].number, copy);
	atomic_fetch_add(&cures, 1);
	*ret = copy;
	return FDG_CURED;
}

static bool was_duplicate(uint64_t cookie)
{
	for (unsigned i = 0; cookie && i < LAST; i++)
		if (atomic_load(&last[i].cookie) == cookie)
			return true;
	return false;
}

void fdg_cure_forked(void)
{
	unsigned n = atomic_load(&cures);

	for (unsigned i = 0; i < n && i < LAST; i++) {
		int copy = atomic_load(&last[i].number);

		if ((i == 0 || copy != atomic_load(&last[i - 1].number)) && !fdg_ledger_state(copy) && was_duplicate(fdg_cure_cookie(copy)))
			fdg_sys_close(copy);
	}
}

static int option(int fd, int level, int name)
{
	int value = -1;
	unsigned n = sizeof(value);

	return fdg_sys_getsockopt(fd, level, name, &value, &n) == 0 ? value : -1;
}

/* FDG_CURED: it is what was found, and as it was found. */
static enum fdg_cured look(int copy, uint64_t cookie)
{
	struct tcp_info info = { 0 };
	unsigned n = sizeof(info);
	int queued = 0;

	if (!cookie || fdg_cure_cookie(copy) != cookie || option(copy, SOL_SOCKET, SO_PROTOCOL) != IPPROTO_TCP)
		return FDG_CURE_OTHER;
	if (fdg_sys_getsockopt(copy, IPPROTO_TCP, TCP_INFO, &info, &n) < 0 || info.tcpi_state != TCP_CLOSE_WAIT)
		return FDG_CURE_STATE;
	if (fdg_sys3(SYS_ioctl, copy, SIOCOUTQ, &queued) < 0 || queued != 0)
		return FDG_CURE_QUEUE;
	if (info.tcpi_last_data_sent < (uint64_t)fdg_options.closewait_age_ms)
		return FDG_CURE_USED;
	return FDG_CURED;
}

/* The timers are those that the socket has: guard keepalive's, the program's or the system's. */
static enum fdg_cured keep_alive(int copy, uint64_t cookie)
{
	int one = 1;

	if (option(copy, SOL_SOCKET, SO_KEEPALIVE) > 0)
		return FDG_CURED_BEFORE;
	if (fdg_keepalive_is_off(cookie))
		return FDG_CURE_OFF;
	return fdg_sys5(SYS_setsockopt, copy, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one)) == 0 ? FDG_CURED : FDG_CURE_REFUSED;
}

static enum fdg_cured act(int copy, uint64_t cookie)
{
	if (fdg_options.closewait_cure == FDG_CURE_KEEPALIVE)
		return keep_alive(copy, cookie);
	return fdg_sys2(SYS_shutdown, copy, SHUT_RDWR) == 0 ? FDG_CURED : FDG_CURE_REFUSED;
}

enum fdg_cured fdg_cure_close_wait(int fd, uint64_t cookie)
{
	enum fdg_cured c;
	int copy;

	if (fdg_phase_now() != FDG_ACTIVE)
		return FDG_CURE_REFUSED;
	c = take_duplicate(fd, cookie, &copy);
	if (c != FDG_CURED)
		return c;
	c = look(copy, cookie);
	if (c == FDG_CURED)
		c = act(copy, cookie);
	fdg_sys_close(copy);
	return c;
}

const char *fdg_cure_why(enum fdg_cured c)
{
	static const char *const why[] = {
		[FDG_CURED] = "",
		[FDG_CURED_BEFORE] = "keepalive is on",
		[FDG_CURE_OTHER] = "the program closed it meanwhile",
		[FDG_CURE_STATE] = "it is not in CLOSE_WAIT any more",
		[FDG_CURE_QUEUE] = "data of the program is still to be sent",
		[FDG_CURE_USED] = "the program has used it meanwhile",
		[FDG_CURE_FULL] = "there are hardly any descriptors left",
		[FDG_CURE_OFF] = "the program turned keepalive off",
		[FDG_CURE_SHARED] = "another process has them, too",
		[FDG_CURE_REFUSED] = "the kernel refused",
	};

	return why[c];
}
