// SPDX-License-Identifier: MIT
/* Several registrations of one list carry the same data, as in loops that have one handler. */
#include "guards/epoll/epoll.h"
#include "guards/epoll/fdinfo.h"

#include "base/poison.h"

#define STAYS (EPOLLERR | EPOLLHUP)

bool fdg_epoll_which(int epfd, uint64_t data, uint32_t events, struct fdg_registration *ret)
{
	uint32_t told = events & STAYS ? events & STAYS : events;
	struct fdg_registration r;
	unsigned count = 0;

	for (int fd = fdg_interest_next_fd(0); fd >= 0 && count < 2; fd = fdg_interest_next_fd(fd + 1)) {
		if (!fdg_interest_of(epfd, fd, &r) || r.data != data || r.events & (EPOLLET | EPOLLONESHOT) || !(fdg_epoll_ask(fd, r.events) & told))
			continue;
		*ret = r;
		count++;
	}
	if (count == 1)
		fdg_interest_guess(ret);
	return count == 1;
}

struct count {
	uint64_t data;
	unsigned n;
};

static bool add(void *cookie, const struct fdg_fdinfo *line)
{
	struct count *c = cookie;

	c->n += line->data == c->data;
	return true;
}

bool fdg_epoll_is_all(int epfd, uint64_t data, unsigned n)
{
	struct count c = { data, 0 };

	return fdg_fdinfo_each(epfd, add, &c) && c.n == n;
}
