// SPDX-License-Identifier: MIT
#include "guards/closewait/cure.h"

#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/apart.h"
#include "base/state.h"
#include "base/sys.h"
#include "guards/closewait/keepalive.h"
#include "options/options.h"

#include "base/poison.h"

uint64_t fdg_cure_cookie(int fd)
{
	uint64_t cookie = 0;
	unsigned n = sizeof(cookie);

	return fdg_sys_getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &n) == 0 ? cookie : 0;
}

static int option(int fd, int level, int name)
{
	int value = -1;
	unsigned n = sizeof(value);

	return fdg_sys_getsockopt(fd, level, name, &value, &n) == 0 ? value : -1;
}

/* FDG_CURED: it is what was found, and as it was found. */
static enum fdg_cured look(int fd, uint64_t cookie)
{
	struct tcp_info info = { 0 };
	unsigned n = sizeof(info);
	int queued = 0;

	if (!cookie || fdg_cure_cookie(fd) != cookie || option(fd, SOL_SOCKET, SO_PROTOCOL) != IPPROTO_TCP)
		return FDG_CURE_OTHER;
	if (fdg_sys_getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) < 0 || info.tcpi_state != TCP_CLOSE_WAIT)
		return FDG_CURE_STATE;
	if (fdg_sys3(SYS_ioctl, fd, SIOCOUTQ, &queued) < 0 || queued != 0)
		return FDG_CURE_QUEUE;
	if (info.tcpi_last_data_sent < (uint64_t)fdg_options.closewait_age_ms)
		return FDG_CURE_USED;
	return FDG_CURED;
}

/* The timers are those that the socket has: guard keepalive's, the program's or the system's. */
static enum fdg_cured keep_alive(int fd, uint64_t cookie)
{
	int one = 1;

	if (option(fd, SOL_SOCKET, SO_KEEPALIVE) > 0)
		return FDG_CURED_BEFORE;
	if (fdg_keepalive_is_off(cookie))
		return FDG_CURE_OFF;
	return fdg_sys5(SYS_setsockopt, fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one)) == 0 ? FDG_CURED : FDG_CURE_REFUSED;
}

static enum fdg_cured act(int fd, uint64_t cookie)
{
	if (fdg_options.closewait_cure == FDG_CURE_KEEPALIVE)
		return keep_alive(fd, cookie);
	return fdg_sys2(SYS_shutdown, fd, SHUT_RDWR) == 0 ? FDG_CURED : FDG_CURE_REFUSED;
}

struct work {
	struct fdg_cure_job *cure;
	unsigned n;
};

static int cure_them(void *arg)
{
	struct work *w = arg;

	for (unsigned i = 0; i < w->n; i++) {
		struct fdg_cure_job *c = &w->cure[i];

		c->done = look(c->fd, c->cookie);
		if (c->done == FDG_CURED)
			c->done = act(c->fd, c->cookie);
	}
	return 0;
}

void fdg_cure_all(struct fdg_cure_job *cures, unsigned n)
{
	struct work w = { cures, n };
	bool may = n && fdg_phase_now() == FDG_ACTIVE;

	for (unsigned i = 0; i < n; i++)
		cures[i].done = may ? FDG_CURE_ALONE : FDG_CURE_REFUSED;
	if (may)
		fdg_still(cure_them, &w);
}

enum fdg_cured fdg_cure_close_wait(int fd, uint64_t cookie)
{
	struct fdg_cure_job c = { fd, cookie, FDG_CURE_REFUSED };

	fdg_cure_all(&c, 1);
	return c.done;
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
		[FDG_CURE_ALONE] = "the kernel made no short-lived thread or process for it",
		[FDG_CURE_OFF] = "the program turned keepalive off",
		[FDG_CURE_SHARED] = "they came from another process, which may have them, too",
		[FDG_CURE_HALF] = "data was sent on them after the peer had closed its half",
		[FDG_CURE_UNREAD] = "the program may be about to read what the peer has sent",
		[FDG_CURE_STARTED] = "a process was started since they were made, which may have them, too",
		[FDG_CURE_REFUSED] = "the kernel refused",
	};

	return why[c];
}
