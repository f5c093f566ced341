// SPDX-License-Identifier: MIT
/*
 * The least that can be done: one socket, queries of a fixed shape, messages by the batch, an answer known by its id alone; nothing is checked, parsed, sent
 * again or kept. What is lost has failed a second after the last answer. Nobody should use it: it shows what of the others' time is the kernel's.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "peers.h"

enum { BATCH = 64, MESSAGE = 512, IDS = 65536 };

static struct pending *by_id[IDS];
static uint8_t out[BATCH][MESSAGE], in[BATCH][MESSAGE];
static struct iovec out_parts[BATCH], in_parts[BATCH];
static struct mmsghdr outs[BATCH], ins[BATCH];
static uint16_t next_id;

static int floor_open(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(bench.port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), size = 4 << 20;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	for (int i = 0; i < BATCH; i++) {
		in_parts[i] = (struct iovec){ in[i], MESSAGE };
		outs[i].msg_hdr = (struct msghdr){ .msg_iov = &out_parts[i], .msg_iovlen = 1 };
		ins[i].msg_hdr = (struct msghdr){ .msg_iov = &in_parts[i], .msg_iovlen = 1 };
	}
	return connect(fd, (struct sockaddr *)&a, sizeof(a)) ? -1 : fd;
}

static size_t query(uint8_t *to, const char *text, unsigned n, struct pending *p, uint8_t type)
{
	static const uint8_t header[12] = { [2] = 1, [5] = 1 };
	uint8_t *length = to + 12, *at = length + 1;

	while (by_id[next_id])
		next_id++;
	by_id[next_id] = p;
	memcpy(to, header, sizeof(header));
	to[0] = (uint8_t)(next_id >> 8);
	to[1] = (uint8_t)next_id++;
	for (unsigned i = 0; i < n; i++, at++) {
		*at = (uint8_t)text[i];
		if (text[i] != '.')
			continue;
		*length = (uint8_t)(at - length - 1);
		length = at;
	}
	*length = (uint8_t)(at - length - 1);
	memcpy(at, (uint8_t[]){ 0, 0, type, 0, 1 }, 5);
	return (size_t)(at + 5 - to);
}

static bool ask(int fd)
{
	unsigned n = 0;
	struct pending *p;
	char text[64];

	while (n + 2 <= BATCH && (p = pending_begin(bench.both ? 2 : 1)) != NULL) {
		unsigned len = bench_name(p->name, text);

		for (int i = 0; i <= bench.both; i++, n++)
			out_parts[n] = (struct iovec){ out[n], query(out[n], text, len, p, i ? 28 : 1) };
	}
	for (unsigned sent = 0; sent < n;) {
		int r = sendmmsg(fd, outs + sent, n - sent, 0);

		sent += r > 0 ? (unsigned)r : 1;
	}
	return n;
}

static void take(int fd)
{
	int n = recvmmsg(fd, ins, BATCH, MSG_DONTWAIT, NULL);

	for (int i = 0; i < n; i++) {
		unsigned id = (unsigned)in[i][0] << 8 | in[i][1];

		if (by_id[id])
			pending_end(by_id[id], true);
		by_id[id] = NULL;
	}
}

static void give_up_all(void)
{
	for (unsigned id = 0; id < IDS; id++) {
		if (by_id[id])
			pending_end(by_id[id], false);
		by_id[id] = NULL;
	}
}

void floor_one_socket(void)
{
	struct pollfd p = { .fd = floor_open(), .events = POLLIN };

	pending_start();
	for (;;) {
		while (ask(p.fd))
			;
		if (!pending_running())
			break;
		if (poll(&p, 1, TIMEOUT_S * 1000) > 0)
			take(p.fd);
		else
			give_up_all();
	}
	close(p.fd);
}
