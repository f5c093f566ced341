// SPDX-License-Identifier: MIT
/*
 * A listener that leaves its SO_REUSEPORT group, or a server between two lives, answers some connects with a reset. Its author's advice to clients is to try again, and
 * connect.retry=N does that for clients that do not: after a pause of 1, 2, 4, … ms, N times at most.
 *
 * Linux takes a TCP socket whose connect failed so back to where it was: unconnected, with its options and, if it was bound to one, its address and port (but a port that bind
 * chose is let go by the second attempt: a socket with such a one is left alone). So the call is made again on the same socket, and the program's fd is the number that it
 * was. Whatever else connect says is the program's: that it timed out, that it was interrupted (a
 * signal during a pause ends the trying: the program gets the failure that there was), that a socket that does not block is under way. A reset after connect
 * returned is another call's failure, and no business of ours.
 *
 * Nothing is said of it: it is what was asked for. run.end tells how often it was done, and with what success.
 *
 * Nothing is asked of the kernel before a connect fails, but for the time and the port.
 */
#include "guards/reuseport/retry.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

#include "base/files.h"
#include "base/state.h"
#include "base/sys.h"
#include "ledger/watch.h"
#include "report/run.h"

#include "base/poison.h"

#define TOTAL_NS INT64_C(2000000000) /* no attempt begins later than that after the first */
#define PAUSE_MS 128

static int64_t now(void)
{
	struct timespec t = { 0, 0 };

	fdg_sys_clock(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static uint16_t port_of(int fd)
{
	struct sockaddr_in6 a = { 0 };
	unsigned n = sizeof(a);

	if (fdg_sys3(SYS_getsockname, fd, &a, &n) != 0 || (a.sin6_family != AF_INET && a.sin6_family != AF_INET6))
		return 0;
	return ntohs(a.sin6_port); /* where sockaddr_in has it */
}

/* May bind have chosen it? True where that is not known. */
static bool is_by_chance(unsigned port)
{
	unsigned from, to;

	return !fdg_local_ports(&from, &to) || (port >= from && port <= to);
}

void fdg_retry_begin(struct fdg_retry *t, int fd)
{
	*t = (struct fdg_retry){ .begun = now(), .port = port_of(fd) };
}

static bool cookie_of(int fd, uint64_t *ret)
{
	unsigned n = sizeof(*ret);

	return fdg_sys_getsockopt(fd, SOL_SOCKET, SO_COOKIE, ret, &n) == 0;
}

/* Of the program's own word, too, where only we let it block. */
static bool blocks(int fd)
{
	int flags = fdg_sys_fcntl(fd, F_GETFL, 0);

	return flags >= 0 && (!(flags & O_NONBLOCK) || fdg_watched(fd) & FDG_WATCH_BLOCKS);
}

/* A connect that may take a second is not made to take two: SO_SNDTIMEO is for all attempts together, but for the length of the last. */
static int64_t limit_of(int fd)
{
	struct timeval t = { 0, 0 };
	unsigned n = sizeof(t);
	int64_t ns;

	if (fdg_sys_getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, &n) != 0 || (!t.tv_sec && !t.tv_usec))
		return TOTAL_NS;
	if (t.tv_sec >= TOTAL_NS / 1000000000)
		return TOTAL_NS;
	ns = t.tv_sec * INT64_C(1000000000) + t.tv_usec * INT64_C(1000);
	return ns;
}

static bool is_for_us(struct fdg_retry *t, int fd)
{
	int protocol = 0;
	unsigned n = sizeof(protocol);

	if (fdg_sys_getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &n) != 0 || protocol != IPPROTO_TCP || !blocks(fd) || !cookie_of(fd, &t->cookie))
		return false;
	t->limit = limit_of(fd);
	return !t->port || !is_by_chance(t->port);
}

int fdg_retry_pause(struct fdg_retry *t, int fd, int error)
{
	int64_t ms;

	if ((error != ECONNREFUSED && error != ECONNRESET) || t->made >= fdg_options.connect_retry)
		return -1;
	if (t->made == 0 && !is_for_us(t, fd))
		return -1;
	ms = t->made < 7 ? 1 << t->made : PAUSE_MS;
	if (now() + ms * 1000000 - t->begun > t->limit)
		return -1;
	t->made++;
	return (int)ms;
}

bool fdg_retry_may(struct fdg_retry *t, int fd)
{
	uint64_t cookie;

	if (!cookie_of(fd, &cookie) || cookie != t->cookie || !blocks(fd))
		return false;
	t->is_again = true;
	return true;
}

void fdg_retry_end(const struct fdg_retry *t, bool connected)
{
	if (!t->is_again || fdg_foreign_memory())
		return;
	atomic_fetch_add_explicit(&fdg_run.retried, 1, memory_order_relaxed);
	if (connected)
		atomic_fetch_add_explicit(&fdg_run.connected, 1, memory_order_relaxed);
}
