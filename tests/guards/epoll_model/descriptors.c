// SPDX-License-Identifier: MIT
/* Descriptors come, are duplicated and go. */
#include "model.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static int limit; /* of new numbers */

static long result(long r)
{
	if (r < 0 && errno == EMFILE)
		common->count[COUNT_FULL]++;
	say_result(r);
	return r;
}

/*
 * What comes
 */

static void make_epoll(void)
{
	int flags = in(500) ? EPOLL_CLOEXEC : 0, n;

	errno = 0;
	n = in(300) ? epoll_create(7) : epoll_create1(flags);
	say("epoll_create");
	if (result(n) >= 0)
		arrive(n, EPOLL, false);
}

static void make_sockets(void)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
	static const enum kind kinds[] = { STREAM, DATAGRAM, PACKETS };
	unsigned i = below(3);
	bool blocks = !tame && in(300);
	int flags = (blocks ? 0 : SOCK_NONBLOCK) | (in(300) ? SOCK_CLOEXEC : 0), n[2];

	errno = 0;
	say("socketpair(%u)", i);
	if (result(socketpair(AF_UNIX, types[i] | flags, 0, n)) < 0)
		return;
	arrive(n[0], kinds[i], blocks);
	arrive(n[1], kinds[i], blocks);
}

static void make_pipe(void)
{
	int n[2];

	errno = 0;
	say("pipe2");
	if (result(pipe2(n, O_NONBLOCK | (in(300) ? O_CLOEXEC : 0))) < 0)
		return;
	arrive(n[0], PIPE_OUT, false);
	arrive(n[1], PIPE_IN, false);
}

/* Nobody is there. */
static void make_udp(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(1) };
	int one = 1, n;

	to.sin_addr.s_addr = htonl(0x7f4d5863);
	errno = 0;
	n = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	say("socket");
	if (result(n) < 0)
		return;
	arrive(n, UDP, false);
	errno = 0;
	say("connect(%d)", n);
	result(connect(n, (struct sockaddr *)&to, sizeof(to)));
	if (in(500))
		setsockopt(n, IPPROTO_IP, IP_RECVERR, &one, sizeof(one));
}

void step_make(void)
{
	unsigned what = below(100);
	int n;

	if (unseen && number_count() > NUMBERS - 12) /* with a full table nobody can look into /proc */
		return step_close();
	if (what < 15 || pick(EPOLL) < 0)
		return make_epoll();
	if (what < 50)
		return make_sockets();
	if (what < 80)
		return make_pipe();
	if (what < 83)
		return make_udp();
	errno = 0;
	n = what < 95 ? eventfd(0, EFD_NONBLOCK) : open("/dev/null", O_RDWR);
	say(what < 95 ? "eventfd" : "open");
	if (result(n) >= 0)
		arrive(n, what < 95 ? EVENT : PLAIN, false);
}

/* The same description comes to the number that it has: what is registered stays. */
static bool replaces(int from, int to)
{
	return !is_open(to) || numbers[from].description != numbers[to].description;
}

static void duplicate_over(int from, int to)
{
	bool three = in(400);
	int flags = !three ? 0 : in(100) ? 12345 : in(500) ? O_CLOEXEC : 0, r;
	bool works = is_open(from) && to >= FIRST && to < limit && (from != to || !three) && !(flags & ~O_CLOEXEC);

	if (works && replaces(from, to))
		leaving(to, to);
	errno = 0;
	if (unseen && in(400))
		r = unseen_dup3(from, to, flags);
	else if (in(200))
		r = (int)syscall(SYS_dup3, from, to, three || from != to ? flags : O_RDONLY);
	else
		r = three ? dup3(from, to, flags) : dup2(from, to);
	say("dup%d(%d, %d, %x)", three ? 3 : 2, from, to, (unsigned)flags);
	if (result(r) < 0)
		common->count[COUNT_NOT_DUPLICATED]++;
	else if (replaces(from, to)) {
		left(to, to);
		arrive_copy(from, to);
	}
}

void step_duplicate(void)
{
	int from = any_number(), to = in(600) ? any_number() : FIRST + (int)below(NUMBERS + 2), n;
	struct registration *r = in(500) ? any_registration() : NULL, *over = in(250) ? any_registration() : NULL;

	if (over)
		to = over->number;
	if (r && number_of(r->description) >= 0)
		from = number_of(r->description);
	if (from < 0 || to < 0)
		return;
	common->count[COUNT_DUPLICATED]++;
	if (in(500))
		return duplicate_over(from, to);
	errno = 0;
	n = in(400) ? dup(from) : fcntl(from, in(500) ? F_DUPFD : F_DUPFD_CLOEXEC, to);
	say("dup(%d, %d)", from, to);
	if (result(n) >= 0)
		arrive_copy(from, n);
}

/* To itself through a socket: as if it came from elsewhere. An epoll that comes so is a stranger to everybody. */
static int send_number(int socket, int n)
{
	char byte = 'x';
	struct iovec iov = { &byte, 1 };
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = { 0 };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	*c = (struct cmsghdr){ .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int)) };
	memcpy(CMSG_DATA(c), &n, sizeof(n));
	return (int)sendmsg(socket, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static int receive_number(int socket)
{
	char byte;
	struct iovec iov = { &byte, 1 };
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
	};
	struct cmsghdr *c;
	int n = -1;

	if (recvmsg(socket, &m, MSG_DONTWAIT) >= 0 && (c = CMSG_FIRSTHDR(&m)) && c->cmsg_type == SCM_RIGHTS)
		memcpy(&n, CMSG_DATA(c), sizeof(n));
	return n;
}

static void has_travelled(int description)
{
	for (int n = FIRST; n < NUMBERS; n++)
		if (numbers[n].description == description)
			numbers[n].has_travelled = true;
}

/* Now and then the number is closed while its copy is under way, and all that there is of it. */
void step_pass(void)
{
	int n = pick(tame ? ANY & ~EPOLL : ANY), back, pair[2];
	struct descriptor was;

	if (n < 0 || socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) < 0)
		return;
	arrive(pair[0], DATAGRAM, true);
	arrive(pair[1], DATAGRAM, true);
	has_travelled(numbers[n].description);
	was = numbers[n];
	say("send %d", n);
	errno = 0;
	result(send_number(pair[0], n));
	if (in(500)) {
		leaving(n, n);
		errno = 0;
		say("close(%d)", n);
		result(close(n));
		left(n, n);
	}
	errno = 0;
	back = receive_number(pair[1]);
	say("receive");
	if (result(back) >= 0 && !is_open(back)) {
		numbers[back] = was;
		come_back(back);
		common->count[COUNT_PASSED]++;
	}
	close(pair[0]);
	close(pair[1]);
	left(pair[0], pair[0]);
	left(pair[1], pair[1]);
}

/*
 * What goes
 */

static void close_stream(int n)
{
	bool works = is_open(n);
	FILE *f;

	errno = 0;
	f = fdopen(n, "r");
	say("fdopen(%d)", n);
	result(f ? 0 : -1);
	if (!f)
		return;
	if (works)
		leaving(n, n);
	errno = 0;
	say("fclose");
	result(fclose(f));
	left(n, n);
}

/* What is registered goes with its only copies: whether one of these counts as a copy is left open. */
static bool is_torn(int first, int last)
{
	for (int n = first; n <= last; n++)
		for (int m = first; m <= last; m++)
			if (m != n && is_open(n) && is_open(m) && numbers[n].description == numbers[m].description &&
			    !has_copy(numbers[n].description, first, last))
				return true;
	return false;
}

/* 40 numbers are soon gone if a range is long. */
static void close_some(int n)
{
	int last = in(100) ? n - 1 : n + (int)below(3);
	unsigned flags = in(200) ? CLOSE_RANGE_CLOEXEC : in(50) ? 1u << 7 : 0;
	bool works = last >= n && !flags;

	if (works && tame && is_torn(n, last))
		return;
	if (works)
		leaving(n, last);
	errno = 0;
	say("close_range(%d, %d, %x)", n, last, flags);
	result(in(200) ? syscall(SYS_close_range, n, last, flags)
		       : close_range((unsigned)n, (unsigned)last, (int)flags));
	if (works)
		left(n, last);
}

static void close_from(void)
{
	int n = NUMBERS - 1;

	for (int count = 1 + (int)below(6); n > FIRST && count > 0; n--)
		count -= is_open(n);
	if (tame && is_torn(n, NUMBERS - 1))
		return;
	leaving(n, NUMBERS - 1);
	errno = 0;
	say("closefrom(%d)\n", n);
	if (in(500))
		closefrom(n);
	else
		close_range((unsigned)n, ~0u, 0);
	left(n, NUMBERS - 1);
}

void step_close(void)
{
	struct registration *r = in(400) ? any_registration() : NULL;
	int n = r ? r->number : any_number();
	unsigned how = below(100);

	if (n < 0)
		return;
	common->count[COUNT_CLOSED]++;
	if (how < 10 && me != VFORKED)
		return close_stream(n);
	if (how < 22)
		return close_some(n);
	if (how < 25)
		return close_from();
	if (is_open(n))
		leaving(n, n);
	errno = 0;
	say("close(%d)", n);
	result(unseen && how < 70 ? unseen_close(n) : how < 40 ? (int)syscall(SYS_close, n) : close(n));
	left(n, n);
}

void limit_to(int n)
{
	struct rlimit r = { (rlim_t)n, NUMBERS };

	limit = n;
	if (setrlimit(RLIMIT_NOFILE, &r) < 0)
		abort();
}

/* What is open above it stays open. */
void step_limit(void)
{
	if (unseen)
		return;
	limit_to(in(600) ? NUMBERS : FIRST + 1 + (int)below(30));
	say("limit %d\n", limit);
}
