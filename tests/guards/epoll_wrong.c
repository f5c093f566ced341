// SPDX-License-Identifier: MIT
/*
 * epoll-wrong WAY [MS]: a loop as libevent 1.1 had it (an event that is neither IN nor OUT is passed over) with one descriptor of which the kernel tells for ever; or a
 * loop that does nothing about what it asked for. For MS ms it goes on; in the last 300, and until a timer has come six times in them, it counts. Prints "spins" or
 * "rests", or what the handler got when it was called in the end ("read 0", "read ECONNREFUSED"); and whether the program's own epoll_ctl calls work then.
 */
#include "epoll_twin.h"

static int loop, timer, bad = -1;
static int (*handler)(int fd); /* of bad: 1 when it is done with it */
static int64_t ends, counts_from;
static unsigned counted, ticked;
static int done, longer;
static enum { ORDINARILY, BY_NUMBER, BY_PRECISE_NUMBER, PRECISELY } way_to_wait;

static void result(const char *call, ssize_t n)
{
	if (n < 0)
		printf("%s %s\n", call, strerrorname_np(errno));
	else
		printf("%s %zd\n", call, n);
}

NAMED static int take(int fd)
{
	char c;
	ssize_t n = read(fd, &c, 1);

	if (n < 0 && errno == EAGAIN)
		return 0;
	result("read", n);
	return 1;
}

NAMED static int give(int fd)
{
	ssize_t n = write(fd, "x", 1);

	if (n < 0 && errno == EAGAIN)
		return 0;
	result("write", n);
	return 1;
}

/* Goes on whatever it gets. */
static int take_on(int fd)
{
	char c;
	ssize_t n = read(fd, &c, 1);

	return n > 1;
}

static int look_away(int fd)
{
	(void)fd;
	return 0;
}

static int welcome(int fd)
{
	return accept(fd, NULL, NULL) >= 0;
}

/* ---- the loop ---- */

static int wait_for(struct epoll_event *e, int room)
{
	static const struct timespec tenth = { 0, 100000000 };

	switch (way_to_wait) {
	case BY_NUMBER: return (int)syscall(SYS_epoll_pwait, loop, e, room, 100, NULL, 8L);
	case BY_PRECISE_NUMBER: return (int)syscall(SYS_epoll_pwait2, loop, e, room, &tenth, NULL, 8L);
	case PRECISELY: return epoll_pwait2(loop, e, room, &tenth, NULL);
	default: break;
	}
	return epoll_wait(loop, e, room, 100);
}

static void turn(void)
{
	struct epoll_event e[8];
	int n = wait_for(e, 8);

	for (int i = 0; i < n; i++) {
		uint64_t ticks;

		if (e[i].data.fd == timer)
			must(read(timer, &ticks, sizeof ticks) == sizeof ticks, "timer"), ticked += now_ms() > counts_from;
		else if (!(e[i].events & (EPOLLIN | EPOLLOUT)))
			counted += now_ms() > counts_from;
		else {
			counted += now_ms() > counts_from;
			done = handler(bad);
		}
	}
}

static void turn_for(int ms)
{
	ends = now_ms() + ms + longer;
	counts_from = ends - 300;
	counted = ticked = 0;
	while (!done && (now_ms() < ends || ticked < 6))
		turn();
	if (!done)
		printf("%s\n", counted > 20 ? "spins" : "rests");
}

NAMED static void put(uint32_t events)
{
	add(loop, bad, events, (uint64_t)(unsigned)bad);
	__asm__ volatile("");
}

/* ---- ways ---- */

NAMED static void udp(void)
{
	bad = udp_to_nobody(0);
	put(EPOLLIN);
	must(send(bad, "x", 1, 0) == 1, "send");
}

static void number(void)
{
	way_to_wait = BY_NUMBER;
	udp();
}

static void edge(void)
{
	bad = udp_to_nobody(0);
	put(EPOLLIN | EPOLLET);
	must(send(bad, "x", 1, 0) == 1, "send");
}

static void oneshot(void)
{
	bad = udp_to_nobody(0);
	put(EPOLLIN | EPOLLONESHOT);
	must(send(bad, "x", 1, 0) == 1, "send");
}

static void writer_left(void)
{
	int p[2];

	must(pipe2(p, O_NONBLOCK) == 0, "pipe2");
	bad = p[0];
	put(EPOLLIN);
	close(p[1]);
}

static void reader_left(void)
{
	int p[2];

	full_pipe(p);
	handler = give;
	bad = p[1];
	put(EPOLLOUT);
	close(p[0]);
}

static void ignoring(void)
{
	signal(SIGPIPE, SIG_IGN);
	reader_left();
}

static void paused(void)
{
	int pair[2];

	tcp_pair(pair);
	bad = pair[0];
	put(0);
	reset(pair[1]);
}

static void paused_by_number(void)
{
	way_to_wait = BY_PRECISE_NUMBER;
	paused();
}

static void paused_precisely(void)
{
	way_to_wait = PRECISELY;
	paused();
}

static void recverr(void)
{
	int on = 1;

	bad = udp_to_nobody(0);
	must(setsockopt(bad, SOL_IP, IP_RECVERR, &on, sizeof on) == 0, "IP_RECVERR");
	handler = take_on;
	put(EPOLLIN);
	must(send(bad, "x", 1, 0) == 1, "send");
}

static void stamps(void)
{
	handler = take;
	bad = stamped(3);
	put(EPOLLIN);
}

/* The other end of the terminal is closed. */
static void hangup(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK), slave;

	must(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0, "posix_openpt");
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	must(slave >= 0, "slave");
	bad = master;
	put(EPOLLIN);
	close(slave);
}

static void full_table(void)
{
	struct sockaddr_in a = loopback();
	socklen_t len = sizeof a;
	struct rlimit r;
	int visitor = socket(AF_INET, SOCK_STREAM, 0);

	bad = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	must(bind(bad, (struct sockaddr *)&a, len) == 0 && listen(bad, 1) == 0 && getsockname(bad, (struct sockaddr *)&a, &len) == 0, "listen");
	must(connect(visitor, (struct sockaddr *)&a, len) == 0, "connect");
	handler = welcome;
	put(EPOLLIN);
	getrlimit(RLIMIT_NOFILE, &r);
	r.rlim_cur = (rlim_t)(visitor + 1);
	must(setrlimit(RLIMIT_NOFILE, &r) == 0, "setrlimit");
}

static void pair_with(uint32_t events, int (*h)(int fd))
{
	int p[2];

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, p) == 0, "socketpair");
	must(write(p[1], "x", 1) == 1, "write");
	handler = h;
	bad = p[0];
	put(events);
	if (h == take_on)
		shutdown(p[1], SHUT_WR);
}

static void unread(void)
{
	pair_with(EPOLLIN, look_away);
}

static void unneeded(void)
{
	pair_with(EPOLLOUT, look_away);
}

static void stays(void)
{
	pair_with(EPOLLIN, take_on);
}

static void nested(void)
{
	int event = eventfd(1, EFD_NONBLOCK);

	bad = epoll_create1(EPOLL_CLOEXEC);
	add(bad, event, EPOLLIN, 0);
	handler = look_away;
	put(EPOLLIN);
}

static void unconnected(void)
{
	bad = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	put(EPOLLIN);
}

static void pointer(void)
{
	int p[2];

	must(pipe2(p, O_NONBLOCK) == 0, "pipe2");
	bad = p[0];
	add(loop, bad, EPOLLIN, (uint64_t)(uintptr_t)&bad);
	close(p[1]);
}

/* All are known by the same data. */
static void same(void)
{
	int p[2];

	for (int i = 0; i < 3; i++) {
		must(pipe2(p, O_NONBLOCK) == 0, "pipe2");
		bad = p[0];
		add(loop, bad, EPOLLIN, 0);
	}
	close(p[1]);
}

/* In a loop of its own, which is asked without waiting. */
static int take_inner(int fd)
{
	struct epoll_event e;

	while (epoll_wait(fd, &e, 1, 0) == 1 && e.events & EPOLLIN)
		if (take(e.data.fd))
			return 1;
	return 0;
}

static void inner(void)
{
	int p[2];

	must(pipe2(p, O_NONBLOCK) == 0, "pipe2");
	bad = epoll_create1(EPOLL_CLOEXEC);
	add(bad, p[0], EPOLLIN, (uint64_t)(unsigned)p[0]);
	handler = take_inner;
	put(EPOLLIN);
	close(p[1]);
}

static void *turn_too(void *nothing)
{
	struct epoll_event e;

	while (now_ms() < ends)
		epoll_wait(loop, &e, 1, 100);
	return nothing;
}

static void threads(void)
{
	pthread_t t[3];

	writer_left();
	longer = 1500; /* more patience is had with threads */
	ends = now_ms() + 20000;
	for (int i = 0; i < 3; i++)
		must(pthread_create(&t[i], NULL, turn_too, NULL) == 0, "pthread_create");
}

static const struct {
	const char *name;
	void (*begin)(void);
} ways[] = {
	{ "udp", udp }, { "number", number }, { "edge", edge }, { "oneshot", oneshot }, { "writer-left", writer_left }, { "reader-left", ignoring },
	{ "reader-left-fatal", reader_left }, { "paused", paused }, { "paused-by-number", paused_by_number }, { "paused-precisely", paused_precisely },
	{ "recverr", recverr }, { "stamps", stamps }, { "hangup", hangup }, { "emfile", full_table }, { "unread", unread },
	{ "unneeded", unneeded }, { "stays", stays }, { "nested", nested }, { "pointer", pointer }, { "threads", threads }, { "one-of-three", same }, { "in-inner", inner }, { "unconnected", unconnected },
};

static void control(void)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLOUT, .data.fd = bad };
	struct epoll_event got[8];
	int mod, told = 0, n, del;

	mod = epoll_ctl(loop, EPOLL_CTL_MOD, bad, &e);
	n = epoll_wait(loop, got, 8, 0);
	for (int i = 0; i < n; i++)
		told += got[i].data.fd == bad;
	del = epoll_ctl(loop, EPOLL_CTL_DEL, bad, &e);
	printf("MOD %d told %d DEL %d again %d\n", mod, told, del, epoll_ctl(loop, EPOLL_CTL_DEL, bad, &e));
}

int main(int argc, char **argv)
{
	struct itimerspec often = { { 0, 50000000 }, { 0, 50000000 } };
	int ms = argc > 2 ? atoi(argv[2]) : 2000;

	loop = epoll_create1(EPOLL_CLOEXEC);
	timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	timerfd_settime(timer, 0, &often, NULL);
	add(loop, timer, EPOLLIN, (uint64_t)(unsigned)timer);
	handler = take;
	for (size_t i = 0; argc > 1 && i < sizeof ways / sizeof *ways; i++)
		if (strcmp(argv[1], ways[i].name) == 0) {
			ways[i].begin();
			turn_for(ms);
			control();
			return 0;
		}
	fprintf(stderr, "no such way\n");
	return 99;
}
