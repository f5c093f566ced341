// SPDX-License-Identifier: MIT
/* What the kernel says of a descriptor, and which bits an event gets that has an error or a hang-up alone; and of which registrations they are. */
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/sock_diag.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/big.h"
#include "base/sys.h"
#include "guards/epoll/epoll.h"
#include "report/run.h"

#include "base/poison.h"

#define WANTS FDG_EPOLL_WANTS

/*
 * Offenders: registrations that have an FDG_INTEREST_… state. A hash of what their events carry, so that other events are not looked up.
 */
#define OFFENDERS 1024u
#define NEAR 8u
#define ANY 2u /* no tag: in the last of the places near each other, one of them found none */
FDG_BIG static _Atomic uint32_t offender[OFFENDERS];

static uint32_t tag_of(uint64_t set, uint64_t data)
{
	return (uint32_t)(((data ^ set << 7) * UINT64_C(0x9e3779b97f4a7c15)) >> 32) | 1;
}

static _Atomic uint32_t *near(uint32_t tag)
{
	return &offender[(tag >> 8) % (OFFENDERS / NEAR) * NEAR];
}

void fdg_epoll_offends(const struct fdg_registration *r, unsigned state)
{
	uint32_t tag = tag_of(r->set, r->data), seen;

	fdg_interest_state(r, state, 0);
	for (unsigned i = 0; i < NEAR - 1; i++) {
		seen = 0;
		if (atomic_compare_exchange_strong(&near(tag)[i], &seen, tag) || seen == tag)
			return;
	}
	atomic_store_explicit(&near(tag)[NEAR - 1], ANY, memory_order_relaxed);
}

bool fdg_epoll_may_offend(uint64_t set, uint64_t data)
{
	uint32_t tag = tag_of(set, data);

	for (unsigned i = 0; i < NEAR; i++) {
		uint32_t seen = atomic_load_explicit(&near(tag)[i], memory_order_relaxed);

		if (seen == tag || seen == ANY)
			return true;
		if (!seen && i < NEAR - 1)
			i = NEAR - 2;
	}
	return false;
}

uint32_t fdg_epoll_ask(int fd, uint32_t events)
{
	struct pollfd p = { fd, (short)(events & WANTS), 0 };

	return fdg_sys_poll(&p, 1, 0) > 0 && !(p.revents & POLLNVAL) ? (uint32_t)(unsigned short)p.revents : 0;
}

bool fdg_epoll_is_queued(int fd)
{
	uint32_t memory[SK_MEMINFO_VARS] = { 0 };
	unsigned len = sizeof(memory);
	int waiting = 0;

	if (fdg_sys_getsockopt(fd, SOL_SOCKET, SO_MEMINFO, memory, &len) < 0 || !memory[SK_MEMINFO_RMEM_ALLOC])
		return false;
	return fdg_sys3(SYS_ioctl, fd, FIONREAD, &waiting) < 0 || waiting == 0;
}

int fdg_epoll_unread(int fd)
{
	int unread = 0;

	return fdg_sys3(SYS_ioctl, fd, FIONREAD, &unread) < 0 || unread < 0 ? 0 : unread;
}

static bool is_pipe(int fd)
{
	struct stat st;

	return fdg_sys_fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
}

static int socket_number(int fd, int option)
{
	int value = -1;
	unsigned len = sizeof(value);

	return fdg_sys_getsockopt(fd, SOL_SOCKET, option, &value, &len) < 0 ? -1 : value;
}

bool fdg_epoll_is_fresh(int fd)
{
	uint32_t shows = fdg_epoll_ask(fd, EPOLLIN);

	return shows & EPOLLHUP && !(shows & (EPOLLERR | EPOLLIN)) && socket_number(fd, SO_TYPE) >= 0;
}

/* A pipe without a name has no second writer, once it has none. */
static bool is_anonymous(int fd)
{
	struct statfs fs;

	return is_pipe(fd) && fdg_sys3(SYS_fstatfs, fd, &fs, 0) == 0 && fs.f_type == PIPEFS_MAGIC;
}

bool fdg_epoll_may_return(int fd, uint32_t events)
{
	return !(events & EPOLLERR) && !is_anonymous(fd) && (socket_number(fd, SO_TYPE) < 0 || fdg_epoll_is_fresh(fd));
}

/* The kernel's own, up to the mask. */
struct action {
	void (*handler)(int);
	unsigned long flags, restorer, mask;
};

/* Does a write to what has no reader end the program? */
static bool is_fatal(int fd)
{
	struct action a = { SIG_IGN, 0, 0, 0 };
	int type = socket_number(fd, SO_TYPE);

	if (type >= 0 && type != SOCK_STREAM)
		return false;
	return fdg_sys4(SYS_rt_sigaction, SIGPIPE, NULL, &a, 8) < 0 || a.handler == SIG_DFL;
}

static bool blocks(int fd)
{
	int flags = fdg_sys_fcntl(fd, F_GETFL, 0);

	return flags >= 0 && !(flags & O_NONBLOCK);
}

/* As select takes it, of what was asked for and is not there. */
static uint32_t missing_of(uint32_t events, const struct fdg_registration *r)
{
	uint32_t bits = 0;

	if (events & EPOLLERR)
		bits |= EPOLLIN | EPOLLOUT;
	if (events & EPOLLHUP)
		bits |= EPOLLIN;
	return bits & r->events & ~events;
}

/* … without what would make it worse. */
static uint32_t harmless_of(uint32_t bits, const struct fdg_registration *r)
{
	if (bits && fdg_epoll_is_fresh(r->fd))
		return 0;
	if (bits & EPOLLOUT && is_fatal(r->fd))
		bits &= ~(uint32_t)EPOLLOUT;
	if (bits && blocks(r->fd) && !is_pipe(r->fd) && fdg_epoll_is_queued(r->fd))
		return 0;
	return bits;
}

uint32_t fdg_epoll_translation(uint32_t events, const struct fdg_registration *r)
{
	uint32_t bits = missing_of(events, r);

	return bits ? harmless_of(bits, r) : 0;
}

bool fdg_epoll_translate(struct epoll_event *e, const struct fdg_registration *r)
{
	uint32_t bits = fdg_epoll_translation(e->events, r);

	if (!bits)
		return false;
	e->events |= bits;
	atomic_fetch_add_explicit(&fdg_run.translated, 1, memory_order_relaxed);
	return true;
}
