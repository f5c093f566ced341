// SPDX-License-Identifier: MIT
#include "responder.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, MESSAGE = 512, RING = 1 << 15, HEADER = 12, SEEN = 65536 / 64 };

/* A question that has come; a slot of the ring, which batches are received into as they are. */
struct slot {
	uint64_t when;
	struct sockaddr_in from;
	size_t len; /* 0: not answered */
	uint8_t data[MESSAGE];
};

static struct slot ring[RING];
static uint32_t first, count;
static struct mmsghdr messages[BATCH];
static struct iovec parts[BATCH];
static uint64_t state = 0x9e3779b97f4a7c15;

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static int is_lost(unsigned loss)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 32) % 1000 < loss;
}

/* The question becomes its answer. */
static size_t answer(uint8_t *m, size_t n)
{
	static const uint8_t four[] = "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\300\0\2\1";
	static const uint8_t six[] = "\xc0\x0c\0\x1c\0\1\0\0\0\x3c\0\x10\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1";
	size_t at = HEADER;
	int is_six;

	while (at < n && m[at])
		at += m[at] + 1u;
	at += 5;
	if (at > n)
		return 0;
	is_six = m[at - 3] == 28;
	m[2] = 0x81;
	m[3] = 0x80;
	memset(m + 6, 0, 6);
	m[7] = 1;
	memcpy(m + at, is_six ? six : four, is_six ? sizeof(six) - 1 : sizeof(four) - 1);
	return at + (is_six ? sizeof(six) - 1 : sizeof(four) - 1);
}

static void point(struct slot *s, unsigned i, size_t n)
{
	parts[i] = (struct iovec){ s->data, n };
	messages[i].msg_hdr = (struct msghdr){
		.msg_name = &s->from, .msg_namelen = sizeof(s->from), .msg_iov = &parts[i], .msg_iovlen = 1
	};
}

static void look_at_source(_Atomic uint64_t *seen, uint16_t port)
{
	uint64_t bit = UINT64_C(1) << port % 64;

	if (!(seen[port / 64] & bit))
		seen[port / 64] |= bit;
}

static void take(int fd, unsigned delay_us, unsigned loss, _Atomic uint64_t *seen)
{
	unsigned room = RING - count < BATCH ? RING - count : BATCH;
	uint64_t now;
	int n;

	for (unsigned i = 0; i < room; i++)
		point(&ring[(first + count + i) % RING], i, MESSAGE - 64);
	n = recvmmsg(fd, messages, room, MSG_DONTWAIT, NULL);
	now = now_us();
	for (int i = 0; i < n; i++) {
		struct slot *s = &ring[(first + count++) % RING];

		look_at_source(seen, ntohs(s->from.sin_port));
		s->when = now + delay_us;
		s->len = is_lost(loss) ? 0 : answer(s->data, messages[i].msg_len);
	}
}

static void give(int fd)
{
	uint64_t now = now_us();
	unsigned n = 0, sent = 0;

	for (; n < BATCH && count && ring[first].when <= now; first = (first + 1) % RING, count--)
		if (ring[first].len)
			point(&ring[first], n, ring[first].len), n++;
	while (sent < n) {
		int r = sendmmsg(fd, messages + sent, n - sent, 0);

		sent += r > 0 ? (unsigned)r : 1; /* who asked is gone */
	}
}

static void serve(int fd, unsigned delay_us, unsigned loss, _Atomic uint64_t *seen)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		struct timespec wait = { .tv_nsec = 200000 };

		if (count && ring[first].when <= now_us())
			give(fd);
		else
			ppoll(&p, 1, count ? &wait : NULL, NULL);
		if (count < RING)
			take(fd, delay_us, loss, seen);
	}
}

bool responder_start(struct responder *r, uint16_t port, unsigned delay_us, unsigned loss)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), size = 8 << 20;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	r->seen = mmap(NULL, SEEN * sizeof(*r->seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (r->seen == MAP_FAILED || bind(fd, (struct sockaddr *)&a, len) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		return false;
	r->port = ntohs(a.sin_port);
	r->pid = fork();
	if (!r->pid)
		serve(fd, delay_us, loss, r->seen);
	close(fd);
	return r->pid > 0;
}

void responder_stop(struct responder *r)
{
	kill(r->pid, SIGKILL);
	waitpid(r->pid, NULL, 0);
	munmap((void *)r->seen, SEEN * sizeof(*r->seen));
}

unsigned responder_ports(const struct responder *r)
{
	unsigned n = 0;

	for (unsigned i = 0; i < SEEN; i++)
		n += (unsigned)__builtin_popcountll(r->seen[i]);
	return n;
}

void responder_forget(struct responder *r)
{
	for (unsigned i = 0; i < SEEN; i++)
		r->seen[i] = 0;
}
