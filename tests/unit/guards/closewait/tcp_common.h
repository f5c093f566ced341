/* SPDX-License-Identifier: MIT */
/* TCP connections over loopback, and the states that they are in. */
#ifndef TCP_COMMON_H
#define TCP_COMMON_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

struct tcp_pair {
	int here, there;
};

static inline struct tcp_pair tcp_pair(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	static int listener = -1;
	socklen_t n = sizeof(at);
	struct tcp_pair p;

	if (listener < 0) {
		listener = socket(AF_INET, SOCK_STREAM, 0);
		assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof(at)), 0);
		assert_int_equal(listen(listener, 16), 0);
	}
	assert_int_equal(getsockname(listener, (struct sockaddr *)&at, &n), 0);
	p.here = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(p.here, (struct sockaddr *)&at, sizeof(at)), 0);
	p.there = accept(listener, NULL, NULL);
	assert_true(p.there >= 0);
	return p;
}

static inline int tcp_state(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t n = sizeof(info);

	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n), 0);
	return info.tcpi_state;
}

static inline void wait_for_state(int fd, int state)
{
	for (int i = 0; tcp_state(fd) != state && i < 2000; i++)
		poll(NULL, 0, 1);
	assert_int_equal(tcp_state(fd), state);
}

/* A connection whose peer has closed. */
static inline int in_close_wait(void)
{
	struct tcp_pair p = tcp_pair();
	struct pollfd end = { p.here, POLLRDHUP, 0 };

	close(p.there);
	assert_int_equal(poll(&end, 1, 5000), 1);
	assert_int_equal(tcp_state(p.here), TCP_CLOSE_WAIT);
	return p.here;
}

#endif
