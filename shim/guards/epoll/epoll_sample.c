// SPDX-License-Identifier: MIT
/* Which events come again and again, of a loop that is busy: a look at 64 wake-ups in a row, and then none for a while; longer each time nothing came of it. */
#include "guards/epoll/epoll.h"

#include "base/poison.h"

#define PERIOD_LEAST 1024u
#define PERIOD_MOST 65536u
#define BATCHES 64u
#define KEPT 16u

struct sample {
	int64_t since;
	unsigned period;
	unsigned left; /* batches to look at; 0: none */
	unsigned vain; /* batches of other epolls meanwhile */
	int epfd;
	unsigned count;
	struct epoll_event kept[KEPT];
};

_Thread_local unsigned fdg_epoll_turns, fdg_epoll_next = PERIOD_LEAST;
static _Thread_local struct sample sample;

static void rest(bool longer, int64_t now)
{
	sample.period = !longer || !sample.period ? PERIOD_LEAST : sample.period < PERIOD_MOST ? sample.period * 2 : PERIOD_MOST;
	sample.left = 0;
	sample.since = now;
	fdg_epoll_next = fdg_epoll_turns + sample.period;
}

/* `period` turns are over: were they epoll.spin a second? */
static void begin(int epfd, const struct epoll_event *e, int n, int64_t now)
{
	int64_t took = now - sample.since;

	if (!sample.since || (uint64_t)took * fdg_options.epoll_spin > (uint64_t)sample.period * 1000) {
		rest(false, now);
		return;
	}
	sample.epfd = epfd;
	sample.vain = sample.count = 0;
	for (int i = 0; i < n && sample.count < KEPT; i++)
		if (!(e[i].events & (EPOLLERR | EPOLLHUP)))
			sample.kept[sample.count++] = e[i];
	sample.left = BATCHES;
	fdg_epoll_next = fdg_epoll_turns + 1;
}

static bool has(const struct epoll_event *e, int n, const struct epoll_event *one)
{
	for (int i = 0; i < n; i++)
		if (e[i].data.u64 == one->data.u64)
			return true;
	return false;
}

static void filter(const struct epoll_event *e, int n)
{
	unsigned left = 0;

	for (unsigned i = 0; i < sample.count; i++)
		if (has(e, n, &sample.kept[i]))
			sample.kept[left++] = sample.kept[i];
	sample.count = left;
	sample.left--;
}

void fdg_epoll_sample(int epfd, const struct epoll_event *e, int n, int64_t now, void (*f)(int epfd, const struct epoll_event *e, int64_t now))
{
	if (!sample.left) {
		begin(epfd, e, n, now);
		return;
	}
	if (sample.epfd == epfd)
		filter(e, n);
	else
		sample.vain++;
	fdg_epoll_next = fdg_epoll_turns + 1;
	if (sample.left && sample.count && sample.vain < BATCHES)
		return;
	for (unsigned i = 0; !sample.left && i < sample.count; i++)
		f(sample.epfd, &sample.kept[i], now);
	rest(true, now);
}
