// SPDX-License-Identifier: MIT
#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "calls.h"

const char *const channel_names[CHANNELS] = { "tcp", "unix", "pipe", "seqpacket", "dgram", "udp" };

void die(const char *what)
{
	perror(what);
	abort();
}

static uint64_t dice_state;

void seed_dice(uint64_t seed)
{
	dice_state = seed * 2654435761u + 88172645463325252u;
}

uint64_t dice(uint64_t sides)
{
	dice_state ^= dice_state << 13;
	dice_state ^= dice_state >> 7;
	dice_state ^= dice_state << 17;
	return (dice_state >> 11) % sides;
}

void put_pattern(unsigned char *b, size_t n, size_t from)
{
	for (size_t i = 0; i < n; i++)
		b[i] = (unsigned char)((from + i) * 31 + ((from + i) >> 8) * 7 + 1);
}

uint64_t hash(const void *b, size_t n, uint64_t h)
{
	const unsigned char *p = b;

	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * 1099511628211u;
	return h;
}

/*
 * Channels
 */

static void small_buffers(int fd)
{
	int bytes = 32768;

	MUST(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)));
	MUST(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)));
}

static void bind_here(int fd, struct sockaddr_in *a)
{
	socklen_t len = sizeof(*a);

	*a = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	MUST(bind(fd, (struct sockaddr *)a, sizeof(*a)));
	MUST(getsockname(fd, (struct sockaddr *)a, &len));
}

static void connect_tcp(int pair[2])
{
	int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in a;

	MUST(listener);
	small_buffers(listener);
	bind_here(listener, &a);
	MUST(listen(listener, 1));
	MUST(pair[0] = socket(AF_INET, SOCK_STREAM, 0));
	small_buffers(pair[0]);
	MUST(connect(pair[0], (struct sockaddr *)&a, sizeof(a)));
	MUST(pair[1] = accept(listener, NULL, NULL));
	close(listener);
	for (int i = 0; i < 2; i++)
		MUST(setsockopt(pair[i], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)));
}

static void connect_udp(int pair[2])
{
	struct sockaddr_in a[2];

	for (int i = 0; i < 2; i++) {
		MUST(pair[i] = socket(AF_INET, SOCK_DGRAM, 0));
		bind_here(pair[i], &a[i]);
	}
	for (int i = 0; i < 2; i++)
		MUST(connect(pair[i], (struct sockaddr *)&a[1 - i], sizeof(a[0])));
}

void open_rig(struct rig *rig, enum channel channel, bool gives)
{
	static const int types[CHANNELS] = { [UNIX] = SOCK_STREAM, [SEQPACKET] = SOCK_SEQPACKET, [DGRAM] = SOCK_DGRAM };
	int pair[2];

	*rig = (struct rig){ .channel = channel, .gives = gives };
	if (channel == TCP)
		connect_tcp(pair);
	else if (channel == UDP)
		connect_udp(pair);
	else if (channel == PIPE)
		MUST(pipe(pair));
	else
		MUST(socketpair(AF_UNIX, types[channel], 0, pair));
	if (channel != PIPE && channel != TCP && channel != UDP)
		small_buffers(pair[0]), small_buffers(pair[1]);
	rig->mine = pair[gives];
	rig->theirs = pair[!gives];
}

bool is_nonblocking(int fd)
{
	char path[64], text[256] = "";
	unsigned long flags;
	ssize_t n;
	int info;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	MUST(info = open(path, O_RDONLY | O_CLOEXEC));
	MUST(n = read(info, text, sizeof(text) - 1));
	close(info);
	flags = strtoul(strstr(text, "flags:") + 6, NULL, 8);
	return n > 0 && flags & O_NONBLOCK;
}

bool arm_rig(struct rig *rig, bool marked)
{
	int flags = fcntl(rig->mine, F_GETFL);

	MUST(flags);
	rig->other = rig->mine;
	if (marked)
		MUST(fcntl(rig->other, F_SETFL, flags | O_NONBLOCK));
	MUST(rig->mine = dup(rig->other));
	if (marked)
		mark(rig->mine);
	return is_nonblocking(rig->mine) == marked;
}

void close_rig(struct rig *rig)
{
	unmark(rig->mine);
	close(rig->mine);
	close(rig->other);
	if (rig->theirs >= 0)
		close(rig->theirs);
}

/* What TCP has sent makes room when it is acknowledged. */
static bool is_on_its_way(const struct rig *rig)
{
	int left = 0, unsent = 0;

	if (rig->channel != TCP)
		return false;
	MUST(ioctl(rig->mine, SIOCOUTQ, &left));
	MUST(ioctl(rig->mine, SIOCOUTQNSD, &unsent));
	return left > unsent;
}

void fill_rig(struct rig *rig)
{
	static unsigned char block[4096];
	int flags = fcntl(rig->mine, F_GETFL);
	ssize_t n;

	MUST(fcntl(rig->mine, F_SETFL, flags | O_NONBLOCK));
	do {
		bool was_on_its_way = is_on_its_way(rig);

		n = write(rig->mine, block, sizeof(block));
		rig->full += n > 0 ? (size_t)n : 0;
		if (n < 0 && !was_on_its_way)
			break;
		if (n < 0)
			usleep(500);
	} while (true);
	MUST(fcntl(rig->mine, F_SETFL, flags));
}

/*
 * The thread
 */

_Atomic int handled, pipes_broken;

static void handle(int signal)
{
	(void)signal;
	atomic_fetch_add(&handled, 1);
}

static void handle_pipe(int signal)
{
	(void)signal;
	atomic_fetch_add(&pipes_broken, 1);
}

static void set(int signal, void (*handler)(int), bool restart)
{
	struct sigaction a = { .sa_handler = handler, .sa_flags = restart ? SA_RESTART : 0 };

	MUST(sigaction(signal, &a, NULL));
}

void handle_signals(bool restart)
{
	set(SIGUSR1, handle, restart);
	set(SIGPIPE, handle_pipe, restart);
	atomic_store(&handled, 0);
	atomic_store(&pipes_broken, 0);
}

static void restart_next(int signal);

static void interrupt_next(int signal)
{
	set(signal, restart_next, false);
	handle(signal);
}

static void restart_next(int signal)
{
	set(signal, interrupt_next, true);
	handle(signal);
}

void handle_signals_in_turn(bool restart)
{
	handle_signals(true);
	set(SIGUSR1, restart ? interrupt_next : restart_next, restart);
}

static void *run(void *cookie)
{
	struct caller *c = cookie;

	atomic_store(&c->tid, gettid());
	c->call(c->cookie);
	atomic_store(&c->done, true);
	return NULL;
}

void start_caller(struct caller *c, void (*call)(void *cookie), void *cookie)
{
	c->call = call;
	c->cookie = cookie;
	atomic_store(&c->tid, 0);
	atomic_store(&c->done, false);
	if (pthread_create(&c->thread, NULL, run, c))
		die("pthread_create");
}

bool is_done(struct caller *c)
{
	return atomic_load(&c->done);
}

static bool sleeps(struct caller *c)
{
	char path[64], text[256] = "", *end;
	int tid = atomic_load(&c->tid), stat;

	if (!tid)
		return false;
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	stat = open(path, O_RDONLY | O_CLOEXEC);
	if (stat < 0)
		return false;
	if (read(stat, text, sizeof(text) - 1) < 0)
		text[0] = 0;
	close(stat);
	end = strrchr(text, ')');
	return end && end[2] == 'S';
}

bool settle(struct caller *c, unsigned ms)
{
	struct timespec t = { 0, ms * 1000000L };

	for (unsigned in_a_row = 0; in_a_row < 3;) {
		if (is_done(c))
			return true;
		in_a_row = sleeps(c) ? in_a_row + 1 : 0;
		sched_yield();
		if (in_a_row == 2 && ms)
			nanosleep(&t, NULL);
	}
	return is_done(c);
}

void end_caller(struct caller *c)
{
	if (pthread_join(c->thread, NULL))
		die("pthread_join");
}
