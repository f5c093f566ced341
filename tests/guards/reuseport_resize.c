// SPDX-License-Identifier: MIT
/*
 * SO_REUSEPORT groups that change. Knows nothing of fdguard.
 *
 *     reuseport-resize HOW
 *
 * HOW: udp (four sockets, of which one is closed: an echo of which each socket knows its own flows alone, as QUIC's do; prints "N of 32 moved"), udp-keep (none is closed),
 * tcp (four listeners, of which one is closed), start (64 are opened, and all closed, one after the other), grow (one more after 2.2 s), connected (one that is connected is
 * closed), steered (a BPF program of its own), single (the only one is closed), copy (one is closed that a duplicate keeps open).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST = 64, FLOWS = 32 };

static struct sockaddr_in where = { .sin_family = AF_INET };
static int member[MOST], flow[FLOWS], owner[FLOWS];

static void die(const char *what)
{
	perror(what);
	exit(9);
}

__attribute__((noinline)) static int join_group(int type)
{
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), one = 1;
	socklen_t n = sizeof(where);

	where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) != 0 || bind(fd, (struct sockaddr *)&where, sizeof(where)) != 0)
		die("bind");
	if (getsockname(fd, (struct sockaddr *)&where, &n) != 0 || (type == SOCK_STREAM && listen(fd, 64) != 0))
		die("listen");
	return fd;
}

__attribute__((noinline)) static void leave_group(int i)
{
	close(member[i]);
	member[i] = -1;
}

/* Which member gets what this flow sends; -1: none. */
static int reaches(int f, int members)
{
	struct pollfd p[MOST];
	char c;

	for (int i = 0; i < members; i++)
		p[i] = (struct pollfd){ member[i], POLLIN, 0 };
	if (send(flow[f], "x", 1, 0) != 1 || poll(p, (nfds_t)members, 1000) < 1)
		return -1;
	for (int i = 0; i < members; i++)
		if (p[i].revents & POLLIN && recv(member[i], &c, 1, 0) == 1)
			return i;
	return -1;
}

static void begin_flows(int members)
{
	for (int f = 0; f < FLOWS; f++) {
		flow[f] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (flow[f] < 0 || connect(flow[f], (struct sockaddr *)&where, sizeof(where)) != 0)
			die("flow");
		owner[f] = reaches(f, members);
	}
}

static void count_moved(int members)
{
	int moved = 0;

	for (int f = 0; f < FLOWS; f++)
		moved += member[owner[f]] >= 0 && reaches(f, members) != owner[f];
	puts(moved ? "flows of sockets that stayed were moved" : "no flow was moved");
}

static void steer(void)
{
	struct sock_filter code[] = { BPF_STMT(BPF_RET | BPF_K, 1) };
	struct sock_fprog program = { 1, code };

	if (setsockopt(member[0], SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof(program)) != 0)
		die("SO_ATTACH_REUSEPORT_CBPF");
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "udp";
	bool is_start = strcmp(how, "start") == 0;
	int members = is_start ? MOST : strcmp(how, "single") == 0 ? 1 : 4;

	for (int i = 0; i < members; i++)
		member[i] = join_group(strcmp(how, "tcp") == 0 ? SOCK_STREAM : SOCK_DGRAM);
	if (strncmp(how, "udp", 3) == 0)
		begin_flows(members);
	if (strcmp(how, "udp") == 0 || strcmp(how, "tcp") == 0 || strcmp(how, "single") == 0)
		leave_group(0);
	if (strncmp(how, "udp", 3) == 0)
		count_moved(members);
	if (strcmp(how, "steered") == 0) {
		steer();
		leave_group(0);
	}
	if (strcmp(how, "connected") == 0) {
		struct sockaddr_in peer = { .sin_family = AF_INET, .sin_port = htons(9) };

		peer.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		if (connect(member[0], (struct sockaddr *)&peer, sizeof(peer)) != 0)
			die("connect");
		leave_group(0);
	}
	if (strcmp(how, "copy") == 0) {
		if (dup(member[0]) < 0)
			die("dup");
		leave_group(0);
	}
	for (int i = 0; is_start && i < MOST; i++)
		leave_group(i);
	if (strcmp(how, "grow") == 0) {
		usleep(2200000);
		join_group(SOCK_DGRAM);
	}
	return 0;
}
