/* SPDX-License-Identifier: MIT */
/* For the tests of guard epoll: an epoll and registrations as the wrappers tell of them. */
#ifndef EPOLL_COMMON_H
#define EPOLL_COMMON_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "guards/epoll/acts.h"
#include "guards/epoll/epoll.h"
#include "guards/epoll/interest.h"
#include "guards/epoll/spin.h"
#include "ledger/ledger.h"
#include "ledger/watch.h"
#include "options/options.h"

static int set = -1;

static inline int known(int fd, fdg_kindword kind)
{
	assert_true(fd >= 0);
	fdg_ledger_learn(fd, kind, 0, NULL);
	return fd;
}

static inline void registers(int fd, uint32_t events, uint64_t data)
{
	struct epoll_event e = { .events = events, .data.u64 = data };

	assert_int_equal(epoll_ctl(set, EPOLL_CTL_ADD, fd, &e), 0);
	fdg_interest_changed(set, EPOLL_CTL_ADD, fd, &e, NULL);
}

/* The program closes it. */
static inline void ends(int fd)
{
	fdg_ledger_forget(fd);
	fdg_interest_closing(fd, getpid());
	close(fd);
}

/* One wait as the wrapper makes it: what the program gets. */
static inline uint32_t waits(int timeout)
{
	struct epoll_event e[8];
	int n = epoll_wait(set, e, 8, timeout);

	fdg_epoll_woken(set, e, n, timeout != 0);
	return n > 0 ? e[0].events : 0;
}

static inline void hung_up_pipe(int p[2])
{
	assert_int_equal(pipe2(p, O_NONBLOCK), 0);
	known(p[0], FDG_KIND_PIPE);
	close(p[1]);
}

static inline int stamped(int flags)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) }, .sin_port = htons(9) };
	int s = socket(AF_INET, SOCK_DGRAM | flags, 0), stamps = SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;

	assert_int_equal(setsockopt(s, SOL_SOCKET, SO_TIMESTAMPING, &stamps, sizeof stamps), 0);
	assert_int_equal(sendto(s, "x", 1, 0, (struct sockaddr *)&a, sizeof a), 1);
	return known(s, fdg_kindword_of(FDG_KIND_SOCKET, AF_INET, SOCK_DGRAM));
}

static inline int begin(void **state)
{
	struct fdg_suspect s;
	unsigned at = 0;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	atomic_store(&fdg_phase, FDG_ACTIVE);
	fdg_options.epoll = FDG_FIX;
	fdg_options.epoll_spin = 1000;
	set = known(epoll_create1(EPOLL_CLOEXEC), FDG_KIND_EPOLL);
	while (fdg_suspect_next(&at, &s))
		fdg_suspect_end(&s);
	return 0;
}

static inline int end(void **state)
{
	(void)state;
	ends(set);
	return 0;
}

#endif
