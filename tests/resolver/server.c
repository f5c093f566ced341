// SPDX-License-Identifier: MIT
#include "server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "server_messages.h"

enum { STREAMS = 32, LATER = 16384, FLOOD = 5000 };

struct stream {
	int fd; /* 0: none */
	size_t len;
	uint8_t in[8192];
	struct message swapped; /* the answer that waits for the next one */
};

/* An answer on its way. */
struct later {
	uint64_t when;
	struct sockaddr_storage to;
	struct message m;
};

struct server {
	struct server_settings set;
	struct server_counts counts;
	pthread_t thread;
	_Atomic bool ends;
	int udp, other, listener; /* `other`: the same address, another port */
	uint16_t port;
	socklen_t address_len;
	struct stream streams[STREAMS];
	struct later *later; /* a ring: the delay is the same for all */
	uint32_t first, count;
	uint64_t random;
	uint16_t last_id;
	uint64_t ports_seen[65536 / 64];
};

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static uint32_t any(struct server *s, uint32_t below)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	return (uint32_t)(s->random >> 32) % below;
}

static bool is_lost(struct server *s)
{
	return any(s, 1000) < s->set.loss;
}

static void send_now(struct server *s, int fd, const struct message *m, const struct sockaddr_storage *to)
{
	if (is_lost(s))
		return;
	s->counts.answers++;
	sendto(fd, m->data, m->len, 0, (const struct sockaddr *)to, s->address_len);
}

static void send_out(struct server *s, const struct message *m, const struct sockaddr_storage *to)
{
	struct later *l;

	if (!s->set.delay_us) {
		send_now(s, s->udp, m, to);
		return;
	}
	if (s->count == LATER)
		return;
	l = &s->later[(s->first + s->count++) % LATER];
	l->when = now_us() + s->set.delay_us;
	l->to = *to;
	l->m = *m;
}

static void flood(struct server *s, const struct message *answer, const struct sockaddr_storage *to)
{
	struct message m = *answer;

	for (int i = 0; i < FLOOD; i++) {
		m.data[0] = (uint8_t)any(s, 256);
		m.data[1] = (uint8_t)any(s, 256);
		m.data[m.len - 1] = 66; /* what must not get in: 192.0.2.66 */
		sendto(s->udp, m.data, m.len, MSG_DONTWAIT, (const struct sockaddr *)to, s->address_len);
	}
}

static void answer_udp(struct server *s, const struct message *query, const struct sockaddr_storage *from)
{
	struct message m[2];
	enum act act = s->set.only ? (enum act)s->set.only : message_act(query);
	int n = message_answer(query, act, m);

	if (message_has_opt(query))
		s->counts.with_opt++;
	if (act == ACT_FLOOD)
		flood(s, &m[0], from);
	if (act == ACT_WRONGPORT && n)
		send_now(s, s->other, &m[0], from);
	for (int i = act == ACT_WRONGPORT && n ? 1 : 0; i < n; i++)
		send_out(s, &m[i], from);
}

static void look_at_source(struct server *s, const struct message *query, const struct sockaddr_storage *from)
{
	uint16_t port = ntohs(((const struct sockaddr_in6 *)from)->sin6_port),
		 id = (uint16_t)(query->data[0] << 8 | query->data[1]);

	s->counts.ports += !(s->ports_seen[port / 64] >> port % 64 & 1);
	s->ports_seen[port / 64] |= UINT64_C(1) << port % 64;
	s->counts.near += (uint16_t)(id - s->last_id + 16) <= 32;
	s->last_id = id;
}

static void take_udp(struct server *s)
{
	struct sockaddr_storage from;
	struct message query;

	for (int i = 0; i < 256; i++) {
		socklen_t len = sizeof(from);
		ssize_t n =
			recvfrom(s->udp, query.data, MESSAGE_QUERY_MAX, MSG_DONTWAIT, (struct sockaddr *)&from, &len);

		if (n < 0)
			return;
		query.len = (size_t)n;
		s->counts.queries++;
		look_at_source(s, &query, &from);
		if (!s->set.dead && !is_lost(s) && n > 16)
			answer_udp(s, &query, &from);
	}
}

static void send_due(struct server *s)
{
	uint64_t now = now_us();

	for (; s->count && s->later[s->first].when <= now; s->count--) {
		send_now(s, s->udp, &s->later[s->first].m, &s->later[s->first].to);
		s->first = (s->first + 1) % LATER;
	}
}

static void take_connection(struct server *s)
{
	int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);

	for (int i = 0; i < STREAMS && fd >= 0; i++)
		if (!s->streams[i].fd) {
			s->counts.tcp_made++;
			s->streams[i].fd = fd;
			s->streams[i].len = 0;
			s->streams[i].swapped.len = 0;
			return;
		}
	if (fd >= 0)
		close(fd);
}

static void end_stream(struct stream *t)
{
	close(t->fd);
	t->fd = 0;
}

static void send_frame(struct stream *t, const struct message *m, bool slowly)
{
	uint8_t frame[2 + MESSAGE_MAX];
	size_t n = m->len + 2, part = slowly ? 1 : n;

	frame[0] = (uint8_t)(m->len >> 8);
	frame[1] = (uint8_t)m->len;
	memcpy(frame + 2, m->data, m->len);
	for (size_t at = 0; at < n; at += part) {
		if (send(t->fd, frame + at, part, MSG_NOSIGNAL) < 0)
			return;
		if (slowly)
			usleep(500);
	}
}

static void answer_stream(struct server *s, struct stream *t, const struct message *query)
{
	struct message m[2];
	enum act act = s->set.only ? (enum act)s->set.only : message_act(query);
	int n = message_answer_tcp(query, act, m);

	s->counts.tcp_queries++;
	if (act == ACT_TCCUT) {
		end_stream(t);
		return;
	}
	if (act == ACT_TCSWAP && n && !t->swapped.len) {
		t->swapped = m[0];
		return;
	}
	for (int i = 0; i < n; i++)
		send_frame(t, &m[i], act == ACT_TCSLOW);
	if (t->swapped.len)
		send_frame(t, &t->swapped, false);
	t->swapped.len = 0;
	if (act == ACT_TCONE)
		end_stream(t);
}

static void take_stream(struct server *s, struct stream *t)
{
	ssize_t n = recv(t->fd, t->in + t->len, sizeof(t->in) - t->len, MSG_DONTWAIT);
	struct message query;

	if (n <= 0) {
		end_stream(t);
		return;
	}
	t->len += (size_t)n;
	while (t->fd && t->len > 2) {
		size_t len = (size_t)t->in[0] << 8 | t->in[1];

		if (len > MESSAGE_QUERY_MAX || t->len < len + 2)
			return;
		memcpy(query.data, t->in + 2, len);
		query.len = len;
		t->len -= len + 2;
		memmove(t->in, t->in + 2 + len, t->len);
		if (!s->set.dead)
			answer_stream(s, t, &query);
	}
}

static void *serve(void *cookie)
{
	struct server *s = cookie;

	while (!s->ends) {
		struct pollfd fds[2 + STREAMS] = { { .fd = s->udp, .events = POLLIN },
						   { .fd = s->listener, .events = POLLIN } };

		for (int i = 0; i < STREAMS; i++)
			fds[2 + i] =
				(struct pollfd){ .fd = s->streams[i].fd ? s->streams[i].fd : -1, .events = POLLIN };
		poll(fds, 2 + STREAMS, s->count ? 1 : 5);
		if (fds[0].revents)
			take_udp(s);
		send_due(s);
		if (fds[1].revents && !s->set.dead)
			take_connection(s);
		for (int i = 0; i < STREAMS; i++)
			if (fds[2 + i].revents && s->streams[i].fd)
				take_stream(s, &s->streams[i]);
	}
	return NULL;
}

static int make_socket(int family, int type, uint16_t port)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6,
				    .sin6_addr = IN6ADDR_LOOPBACK_INIT,
				    .sin6_port = htons(port) };
	struct sockaddr_in four = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				    .sin_port = htons(port) };
	int fd = socket(family, type | SOCK_CLOEXEC, 0), size = 4 << 20, yes = 1;

	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(fd, family == AF_INET ? (void *)&four : (void *)&six, family == AF_INET ? sizeof(four) : sizeof(six)) <
		    0 ||
	    (type == SOCK_STREAM && listen(fd, 64) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

static uint16_t port_of(int fd)
{
	struct sockaddr_in6 a; /* the port is at the same place in both */
	socklen_t len = sizeof(a);

	return getsockname(fd, (struct sockaddr *)&a, &len) < 0 ? 0 : ntohs(a.sin6_port);
}

/* A port that is free for both. */
static bool make_sockets(struct server *s, int family, uint16_t port)
{
	for (int i = 0; i < 20; i++) {
		s->udp = make_socket(family, SOCK_DGRAM, port);
		s->port = port_of(s->udp);
		s->listener = make_socket(family, SOCK_STREAM, s->port);
		if (s->listener >= 0) {
			s->other = make_socket(family, SOCK_DGRAM, 0);
			return true;
		}
		close(s->udp);
	}
	return false;
}

struct server *server_start(int family)
{
	return server_start_at(family, 0);
}

struct server *server_start_at(int family, uint16_t port)
{
	struct server *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->random = 0x9e3779b97f4a7c15;
	s->address_len = family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
	s->later = calloc(LATER, sizeof(*s->later));
	if (s->later && make_sockets(s, family, port) && !pthread_create(&s->thread, NULL, serve, s))
		return s;
	free(s->later);
	free(s);
	return NULL;
}

void server_stop(struct server *s)
{
	s->ends = true;
	pthread_join(s->thread, NULL);
	for (int i = 0; i < STREAMS; i++)
		if (s->streams[i].fd)
			close(s->streams[i].fd);
	close(s->udp);
	close(s->other);
	close(s->listener);
	free(s->later);
	free(s);
}

uint16_t server_port(const struct server *s)
{
	return s->port;
}

struct server_settings *server_set(struct server *s)
{
	return &s->set;
}

struct server_counts *server_counts(struct server *s)
{
	return &s->counts;
}
