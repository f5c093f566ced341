// SPDX-License-Identifier: MIT
/*
 * Waiting as the kernel's blocking calls wait, by poll. What poll does not do as they do:
 *
 *   SO_RCVTIMEO, SO_SNDTIMEO   one deadline for the whole call; then EAGAIN, or what was moved
 *   SA_RESTART                 poll ends at every signal that has a handler: blocking_signals.c says what a blocking call would have done
 *   a signal after a part      ends the call, whatever the handler's flags
 *   a signal before the wait   a blocking call sleeps from its beginning on; here there is a moment before poll does, in which signals are held back
 *   close and reuse of the fd  a blocked call holds its file; a new call would find another one under the number
 *
 * libc's ppoll is a cancellation point, as the call is. Nothing here is locked or needs undoing, so a handler may also jump out.
 */
#include "wrap/blocking_wait.h"

#include "wrap/wrap.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>

#include "guards/epoll/acts.h"
#include "guards/nonblock/nonblock.h"
#include "guards/nonblock/stall.h"
#include "ledger/watch.h"

enum { VAIN = 3, DOZE_LEAST = 50000, DOZE_MOST = 4000000, SEND_SLICE = 20 }; /* waits; ns; ms */

bool fdg_call_is_ready(const struct fdg_call *c)
{
	struct pollfd p = { c->fd, c->way == FDG_TAKES ? POLLIN : POLLOUT, 0 };

	return fdg_sys_poll(&p, 1, 0) > 0;
}

/* Of a descriptor that was made blocking behind the program: what is ready does not wait. A socket that is not connected is ready for anything. */
static bool is_about_to_wait(const struct fdg_call *c)
{
	int flags = fdg_sys_fcntl(c->fd, F_GETFL, 0);

	return flags >= 0 && !(flags & O_NONBLOCK) && (strcmp(c->name, "connect") == 0 || !fdg_call_is_ready(c));
}

static bool failed_to_wait(const struct fdg_call *c, long r)
{
	return c->looked || c->cut || (r < 0 && (errno == EAGAIN || errno == EINPROGRESS));
}

void fdg_call_begin_with(struct fdg_call *c, int fd, enum fdg_way way, const char *name, bool raw, const void *site, bool never_waits)
{
	unsigned watch;

	fdg_nonblock_news();
	watch = fdg_out() ? 0 : fdg_watched(fd);
	*c = (struct fdg_call){ .fd = fd, .way = way, .name = name, .raw = raw, .site = site, .error = errno };
	c->blocks = watch & FDG_WATCH_BLOCKS && !never_waits;
	c->acts = watch & FDG_WATCH_ACT;
	if (!(watch & (FDG_WATCH_SETTLE | FDG_WATCH_STALL)) || never_waits || fdg_foreign_memory())
		return;
	c->settles = watch & FDG_WATCH_SETTLE;
	if (watch & FDG_WATCH_WAITS && is_about_to_wait(c))
		fdg_nonblock_settle(fd);
	if (watch & FDG_WATCH_STALL)
		c->begun = fdg_stall_begin();
}

bool fdg_call_found_end(const struct fdg_call *c, long r)
{
	return c->shut && r < 0 && errno == EAGAIN;
}

/* The end: nothing is left to be taken, and nothing was. accept may return 0, and so may a datagram. */
static enum fdg_deed deed_of(const struct fdg_call *c, long r)
{
	if (c->queue)
		return FDG_DEED_QUEUE;
	if (c->way == FDG_GIVES)
		return strcmp(c->name, "connect") == 0 ? FDG_DEED_ANY : FDG_DEED_GIVE;
	return r == 0 && strncmp(c->name, "accept", 6) != 0 && fdg_call_is_stream(c) ? FDG_DEED_END : FDG_DEED_ANY;
}

long fdg_call_end(struct fdg_call *c, long r)
{
	if (c->settles && failed_to_wait(c, r))
		fdg_nonblock_settle(c->fd);
	if (c->blocks && c->moved)
		r = (long)c->moved;
	if (fdg_call_found_end(c, r) || (c->terminal && r < 0 && errno == EAGAIN))
		r = 0;
	if (c->blocks && r >= 0)
		errno = c->error;
	if (c->begun)
		fdg_stall_end(c->begun, c->fd, c->name, c->site);
	if (c->acts)
		fdg_act(c->fd, c->name, r, r < 0 ? errno : 0, deed_of(c, r));
	return r;
}

int fdg_call_socket(const struct fdg_call *c, int option)
{
	int value = -1;
	unsigned len = sizeof(value);

	return fdg_sys_getsockopt(c->fd, SOL_SOCKET, option, &value, &len) < 0 ? -1 : value;
}

bool fdg_call_is_stream(const struct fdg_call *c)
{
	int type = fdg_call_socket(c, SO_TYPE);
	char termios[64];
	struct stat st;

	if (type >= 0)
		return type == SOCK_STREAM;
	if (fdg_sys_fstat(c->fd, &st) < 0)
		return false;
	return S_ISFIFO(st.st_mode) || (S_ISCHR(st.st_mode) && fdg_sys3(SYS_ioctl, c->fd, TCGETS, termios) == 0);
}

/*
 * The wait
 */

/* A handler finds errno as it was before the call. */
static int call_poll(const struct fdg_call *c, struct pollfd *p, const struct timespec *t)
{
	errno = c->error;
	if (c->raw)
		return (int)real_syscall(SYS_ppoll, p, p ? 1L : 0L, t, &c->signals.opened, sizeof(uint64_t));
	return real_ppoll(p, p ? 1 : 0, t, &c->signals.opened.libc);
}

static bool still_blocks(const struct fdg_call *c)
{
	return c->unmarked ? !(fdg_sys_fcntl(c->fd, F_GETFL, 0) & O_NONBLOCK) : fdg_watched(c->fd) & FDG_WATCH_BLOCKS;
}

/* A call that goes on begins anew: the handler may have made the descriptor non-blocking to end it. */
static int interrupted(struct fdg_call *c)
{
	c->signalled = true;
	if (c->moved || (c->limited && !c->terminal) || !fdg_signals_restart(&c->signals))
		return EINTR;
	if (!still_blocks(c))
		c->last = EAGAIN;
	return 0;
}

/* Is the number still what the call was made on? */
static bool is_same(const struct fdg_call *c)
{
	struct stat st;

	return fdg_sys_fstat(c->fd, &st) == 0 && st.st_dev == c->device && st.st_ino == c->inode && fdg_ledger_generation(c->fd) == c->generation;
}

/* The other end can stop reading without poll's telling. */
static void ask_local(struct fdg_call *c)
{
	int type = fdg_call_socket(c, SO_TYPE);

	c->stream = type == SOCK_STREAM;
	if (type != SOCK_DGRAM)
		c->slice = SEND_SLICE;
}

static bool look(struct fdg_call *c)
{
	unsigned min, tenths;
	struct stat st;

	if (c->looked)
		return true;
	if ((!c->unmarked && !fdg_nonblock_still(c->fd)) || fdg_sys_fstat(c->fd, &st) < 0)
		return false;
	c->looked = true;
	c->device = st.st_dev;
	c->inode = st.st_ino;
	c->generation = fdg_ledger_generation(c->fd); /* all eventfds are one inode */
	if (c->way == FDG_GIVES && fdg_call_socket(c, SO_DOMAIN) == AF_UNIX)
		ask_local(c);
	if (!c->terminal)
		fdg_call_ask_limit(c);
	if (S_ISCHR(st.st_mode) && c->way == FDG_TAKES && fdg_terminal_rule(c->fd, &min, &tenths) && !min)
		fdg_call_terminal_limit(c, tenths);
	return true;
}

static int doze_once(struct fdg_call *c)
{
	int64_t ns = (int64_t)DOZE_LEAST << (c->vain < 10 ? c->vain : 10);
	struct timespec t = { 0, ns < DOZE_MOST ? ns : DOZE_MOST };

	if (!fdg_call_cut_to_limit(c, &t))
		return EAGAIN;
	c->vain++;
	if (call_poll(c, NULL, &t) < 0)
		return interrupted(c);
	return is_same(c) ? 0 : EBADF;
}

/* poll said ready, and the call found nothing, several times: another reader was faster, or poll means something else (a datagram to a full queue, an eventfd's last
 * units, an error queue that nobody reads). */
static int doze_off(struct fdg_call *c)
{
	return c->vain > VAIN ? doze_once(c) : 0;
}

/*
 * A sender that sleeps in a full AF_UNIX stream is woken when the other end stops reading, and fails without SIGPIPE. poll does not tell of a stream that is shut in one
 * direction, and a call that is made then does send SIGPIPE; one of no bytes asks.
 */
static int fate_of_sender(const struct fdg_call *c)
{
	int error;

	if (!c->stream || fdg_sys6(SYS_sendto, c->fd, (long)"", 0, MSG_DONTWAIT | MSG_NOSIGNAL, 0, 0) != -EPIPE)
		return 0;
	error = fdg_call_socket(c, SO_ERROR);
	return error > 0 ? error : EPIPE;
}

static short events_of(const struct fdg_call *c)
{
	if (c->way == FDG_GIVES)
		return POLLOUT;
	if (c->peeks)
		return POLLRDHUP;
	return c->moved ? POLLIN | POLLPRI | POLLRDHUP : POLLIN | POLLRDHUP;
}

static int wait_once(struct fdg_call *c)
{
	struct pollfd p = { c->fd, events_of(c), 0 };
	int e, r;

	e = doze_off(c);
	if (e)
		return e;
	do {
		struct timespec t = { c->slice ? 0 : INT32_MAX, c->slice * 1000000L };

		if (!fdg_call_cut_to_limit(c, &t))
			return EAGAIN;
		c->hung_up = c->shut = false;
		r = call_poll(c, &p, c->slice || c->limited ? &t : NULL);
		if (r < 0)
			return errno == EINTR ? interrupted(c) : doze_once(c); /* RLIMIT_NOFILE may be 0 */
		if (r == 0 && !c->slice)
			return EAGAIN;
		if (!is_same(c))
			return EBADF;
		e = fate_of_sender(c);
	} while (r == 0 && !e && c->stream);
	c->vain += r > 0;
	c->shut = p.revents & POLLRDHUP && c->way == FDG_TAKES;
	c->hung_up = p.revents & (c->peeks ? POLLRDHUP | POLLHUP | POLLERR : POLLHUP);
	return e;
}

/* A thread that is cancelled in the wait, or whose handler jumps out, has its own mask there. */
static int in_wait(struct fdg_call *c, int (*once)(struct fdg_call *c))
{
	int e;

	fdg_signals_hold(&c->signals);
	e = look(c) ? once(c) : EAGAIN;
	fdg_signals_let(&c->signals);
	return e;
}

/* What ended the wait, time or signal, may have come with what was waited for: the kernel looks once more, and only then gives up. */
static int look_again(struct fdg_call *c, int (*once)(struct fdg_call *c))
{
	int e;

	if (c->last)
		return c->last;
	if (c->signalled && c->moved)
		return EINTR;
	c->signalled = false;
	e = in_wait(c, once);
	if (!c->looked || (e != EAGAIN && e != EINTR))
		return e;
	c->last = e;
	return 0;
}

int fdg_call_wait(struct fdg_call *c)
{
	return look_again(c, wait_once);
}

int fdg_call_doze(struct fdg_call *c)
{
	return look_again(c, doze_once);
}

bool fdg_call_again(struct fdg_call *c, long r)
{
	int e;

	if (!c->blocks || r >= 0 || errno != EAGAIN || c->shut)
		return false;
	e = fdg_call_wait(c);
	if (e)
		errno = e;
	return !e;
}

static bool has_data(const struct fdg_call *c)
{
	int waiting = 0;

	return fdg_sys3(SYS_ioctl, c->fd, FIONREAD, &waiting) == 0 && waiting > 0;
}

bool fdg_call_leaves_error(const struct fdg_call *c)
{
	struct pollfd p = { c->fd, 0, 0 };

	return fdg_sys_poll(&p, 1, 0) > 0 && p.revents & POLLERR && !has_data(c);
}

bool fdg_call_opens(struct fdg_call *c, long r, int *flags)
{
	int e;

	if (!c->blocks || r >= 0 || errno != EINPROGRESS || !(*flags & MSG_FASTOPEN))
		return false;
	e = fdg_call_wait(c);
	if (e && e != EAGAIN)
		errno = e;
	*flags &= ~MSG_FASTOPEN;
	return !e;
}

/*
 * What a blocking call that has moved a part does with an error that comes then: TCP leaves it for the next call. So it must not be fetched by one of ours; AF_UNIX
 * and pipes do fetch it. Data that came before the error is taken first.
 */
static bool ends_with_part(const struct fdg_call *c)
{
	int domain;

	if (!c->hung_up)
		return false;
	domain = fdg_call_socket(c, SO_DOMAIN);
	if (domain < 0 || domain == AF_UNIX)
		return false;
	return c->way == FDG_GIVES || !has_data(c);
}

/* A read that has something stops where urgent data is. */
static bool is_at_mark(const struct fdg_call *c)
{
	int at = 0;

	return c->way == FDG_TAKES && fdg_sys3(SYS_ioctl, c->fd, SIOCATMARK, &at) == 0 && at;
}

bool fdg_call_more(struct fdg_call *c, long r, size_t asked, size_t want)
{
	if (!c->blocks || (r < 0 && !c->moved))
		return fdg_call_again(c, r);
	if (r < 0 && errno != EAGAIN)
		return false;
	if (r >= 0) {
		c->moved += (size_t)r;
		c->vain = 0;
		if (r == 0 || c->moved >= want || is_at_mark(c))
			return false;
		if ((size_t)r == asked)
			return true;
	}
	return fdg_call_wait(c) == 0 && !is_at_mark(c) && !ends_with_part(c);
}
