// SPDX-License-Identifier: MIT
/* What the program sees of its descriptors. */
#include "model.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { ROOM = 64, PAGE = 65536, SIEGE = 36, SIEGE_PAUSE = 10000 };

static bool is_late; /* in a siege: what is wrong was seen often enough */

static struct registration *carrier(int set, uint64_t data, unsigned *ret_count)
{
	struct registration *found = NULL;

	*ret_count = 0;
	for (struct registration *r = common->registration; r < common->registration + REGISTRATIONS; r++)
		if (r->set == set && r->data == data) {
			found = r;
			++*ret_count;
		}
	return found;
}

bool is_live(int set, uint64_t data)
{
	unsigned count;

	return carrier(set, data, &count) != NULL;
}

static bool comes_once(const struct registration *r)
{
	return r->events & (EPOLLET | EPOLLONESHOT);
}

/* As select has it, of what was asked for. */
static uint32_t translation(const struct registration *r, uint32_t events)
{
	const uint32_t both = EPOLLIN | EPOLLOUT;

	if (events & r->events & both)
		return 0;
	return ((events & EPOLLERR ? both : 0) | (events & EPOLLHUP ? (uint32_t)EPOLLIN : 0)) & r->events;
}

/* What comes once and carries an error alone is translated at once, where what came is certain: by its data, as our own, and not from an error queue. */
static uint32_t as_mended(int set, struct epoll_event e)
{
	unsigned count;
	struct registration *r = carrier(set, e.data.u64, &count);

	unsigned ghosts = tame ? ghosts_that_carry(set, e.data.u64) : 0;

	common->count[COUNT_NOBODYS] += !r && !ghosts;
	common->count[COUNT_GHOSTS] += ghosts != 0;
	common->count[COUNT_STAYED] += ghosts && is_late && e.events & (EPOLLERR | EPOLLHUP);
	if (unseen)
		return e.events & (EPOLLERR | EPOLLHUP) ? e.events & ~(uint32_t)(EPOLLIN | EPOLLOUT) : e.events;
	if (r && comes_once(r))
		common->count[r->events & EPOLLET ? COUNT_EDGE : COUNT_ONCE]++;
	if (!tame || !(e.events & (EPOLLERR | EPOLLHUP)))
		return e.events;
	if (count != 1 || ghosts || numbers[r->number].kind == UDP || r->owner != me || e.data.u64 == 0xc)
		return e.events & ~(uint32_t)(EPOLLIN | EPOLLOUT);
	if (!comes_once(r) || !mended)
		return e.events;
	common->count[COUNT_TRANSLATED] += translation(r, e.events) != 0;
	return e.events | translation(r, e.events);
}

/* Each of these was delivered, and nothing was done. */
static void count_told(int set, uint64_t data)
{
	for (struct registration *r = common->registration; r < common->registration + REGISTRATIONS; r++)
		if (r->set == set && r->data == data)
			r->told++;
	haunt(set, data);
}

/* From the eighth delivery on it is a matter of time whether epoll=fix translates: there an act, a MOD that changes nothing. */
static void act_in_time(int epoll)
{
	for (struct registration *r = common->registration; tame && r < common->registration + REGISTRATIONS; r++)
		if (r->set == numbers[epoll].description && r->told >= TOLD_MOST) {
			struct epoll_event event = { r->events, { .u64 = r->data } };
			int op = r->events & EPOLLEXCLUSIVE || (r->owner != me) ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;

			r->told = 0;
			if (is_open(r->number) && numbers[r->number].description == r->description)
				control(epoll, op, r->number, &event);
		}
}

static int by_bytes(const void *a, const void *b)
{
	const struct epoll_event *x = a, *y = b;

	if (x->data.u64 != y->data.u64)
		return x->data.u64 < y->data.u64 ? -1 : 1;
	return x->events < y->events ? -1 : x->events > y->events;
}

/* Returns how many were told. */
static int say_events(int epoll, struct epoll_event *events, int n, bool waits)
{
	int set = numbers[epoll].description, told = 0;

	for (int i = 0; i < n; i++) {
		if (waits && (events[i].events & (EPOLLERR | EPOLLHUP) || ghosts_that_carry(set, events[i].data.u64)))
			count_told(set, events[i].data.u64);
		events[i].events = as_mended(set, events[i]);
	}
	qsort(events, (size_t)n, sizeof(events[0]), by_bytes);
	for (int i = 0; i < n; i++)
		if (!unseen || is_live(set, events[i].data.u64)) {
			say(" ");
			say_data(events[i].data.u64);
			say(":%x", events[i].events);
			told++;
		}
	return told;
}

/* The room ends where a page does, at times sooner than is said. */
static struct epoll_event *room_for(int n)
{
	static char *page;

	if (!page) {
		page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (page == MAP_FAILED || mprotect(page + PAGE, PAGE, PROT_NONE) < 0)
			abort();
	}
	memset(page, 0x5a, PAGE);
	return (struct epoll_event *)(page + PAGE) - n;
}

static int wait_by(unsigned how, int epoll, struct epoll_event *events, int most, int timeout)
{
	struct timespec t = { 0, timeout * 1000000L };

	switch (how) {
	case 0:
		return epoll_pwait(epoll, events, most, timeout, NULL);
	case 1:
		return epoll_pwait2(epoll, events, most, &t, NULL);
	case 2:
		return (int)syscall(SYS_epoll_pwait, epoll, events, most, timeout, NULL, 8);
	case 3:
		return (int)syscall(SYS_epoll_pwait2, epoll, events, most, &t, NULL, 8);
#ifdef SYS_epoll_wait
	case 4:
		return (int)syscall(SYS_epoll_wait, epoll, events, most, timeout);
#endif
	default:
		return epoll_wait(epoll, events, most, timeout);
	}
}

static bool tail_is_kept(const struct epoll_event *events, int from, int room)
{
	for (const unsigned char *at = (const void *)(events + from); at < (const unsigned char *)(events + room); at++)
		if (*at != 0x5a)
			return false;
	return true;
}

static void wait_on(int epoll, int room, int most, int timeout)
{
	struct epoll_event *events = room_for(room);
	int n;

	errno = 0;
	n = wait_by(below(12), epoll, events, most, timeout);
	say("wait(%d, %d/%d, %d)", epoll, most, room, timeout);
	common->count[n > 0             ? COUNT_EVENTS
		      : n == 0          ? COUNT_NO_EVENTS
		      : errno == EFAULT ? COUNT_FAULTS
					: COUNT_FAILED]++;
	if (n > 0 && is_open(epoll)) {
		if (!tail_is_kept(events, n, room))
			say(" and the tail");
		n = say_events(epoll, events, n, timeout != 0);
	}
	say_result(n);
}

static int any_timeout(int epoll)
{
	struct pollfd p = { epoll, POLLIN, 0 };

	if (unseen)
		return in(700);
	if (!in(poll(&p, 1, 0) > 0 ? 700 : 30))
		return 0;
	return !is_open(epoll) || !is_haunted(numbers[epoll].description);
}

void step_wait(void)
{
	int epoll = in(985) ? pick(EPOLL) : any_number();
	int room = unseen || in(700) ? ROOM : in(30) ? 0 : 1 + (int)below(4);
	int most = in(50) ? ROOM : in(15) && !unseen ? 0 : room, timeout;

	if (epoll < 0)
		return;
	timeout = any_timeout(epoll);
	if (timeout && is_open(epoll))
		act_in_time(epoll);
	wait_on(epoll, room, most, timeout);
}

/* Long enough for what should not come any more. */
void besiege(void)
{
	for (int round = 0; round <= SIEGE; round++) {
		is_late = round == SIEGE;
		usleep(SIEGE_PAUSE);
		for (int n = FIRST; n < NUMBERS; n++)
			if (is_open(n) && numbers[n].kind == EPOLL)
				wait_on(n, ROOM, ROOM, 1);
	}
	is_late = false;
}

void step_poll(void)
{
	static const short bits[] = { 0, POLLIN, POLLOUT, POLLIN | POLLOUT, POLLRDHUP, POLLPRI };
	struct pollfd p[6];
	struct timespec t = { 0, 0 };
	unsigned count = below(7);
	int r;

	for (unsigned i = 0; i < count; i++)
		p[i] = (struct pollfd){ in(100)  ? -1
					: unseen ? pick(ANY & ~EPOLL)
						 : any_number(),
					bits[below(6)], 0x5a };
	errno = 0;
	r = in(500) ? poll(p, count, 0) : ppoll(p, count, &t, NULL);
	say("poll");
	for (unsigned i = 0; i < count; i++)
		say(" %d:%x:%x", p[i].fd, p[i].events, p[i].revents);
	say_result(r);
}
