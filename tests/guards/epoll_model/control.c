// SPDX-License-Identifier: MIT
/* Interest lists, and which step comes next. */
#include "model.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void remember(int epoll, int op, int n, const struct epoll_event *event)
{
	int set = numbers[epoll].description;
	struct registration *r = find_registration(set, numbers[n].description, n);

	if (op == EPOLL_CTL_DEL && r)
		r->set = 0;
	if (op == EPOLL_CTL_ADD && !r)
		r = add_registration(set, n, event);
	if (op == EPOLL_CTL_DEL || !r)
		return;
	common->count[COUNT_NESTED] += numbers[n].kind == EPOLL;
	common->count[COUNT_EXCLUSIVE] += event->events & EPOLLEXCLUSIVE ? 1 : 0;
	r->owner = me;
	r->events = event->events;
	r->data = event->data.u64;
	r->told = 0;
}

/* That is not read, or EFAULT. */
#define NOWHERE ((struct epoll_event *)8)

void control(int epoll, int op, int n, struct epoll_event *event)
{
	int r;

	errno = 0;
	r = unseen && in(150) ? unseen_control(epoll, op, n, event)
	    : in(150)         ? (int)syscall(SYS_epoll_ctl, epoll, op, n, event)
			      : epoll_ctl(epoll, op, n, event);
	say("ctl(%d, %d, %d", epoll, op, n);
	if (event && event != NOWHERE) {
		say(", %x, ", event->events);
		say_data(event->data.u64);
	}
	say(")");
	common->count[r == 0 ? COUNT_CTL_DONE : COUNT_CTL_FAILED]++;
	if (say_result(r) == 0)
		remember(epoll, op, n, event);
}

static uint32_t any_events(void)
{
	static const uint32_t bits[] = { EPOLLIN, EPOLLOUT,     EPOLLRDHUP,     EPOLLPRI,
					 EPOLLET, EPOLLONESHOT, EPOLLEXCLUSIVE, EPOLLERR };
	static const unsigned likely[] = { 600, 300, 200, 50, 250, 200, 60, 50 };
	uint32_t events = 0;

	for (unsigned i = 0; i < sizeof(bits) / sizeof(bits[0]); i++)
		events |= in(likely[i]) ? bits[i] : 0;
	return in(50) ? 0 : events;
}

static uint64_t any_data(int n)
{
	switch (unseen ? 1 : below(8)) {
	case 0:
		return 0xc;
	case 1:
		return dice();
	case 2:
	case 3:
		return n >= 0 && n < NUMBERS ? (uintptr_t)&numbers[n] : 0;
	default:
		return (unsigned)n;
	}
}

static bool not_to_be_touched(int epoll, int n)
{
	int set = is_open(epoll) ? numbers[epoll].description : 0,
	    description = is_open(n) ? numbers[n].description : 0;
	struct registration *r = find_registration(set, description, n);

	return tame && me && ((r && r->owner != me) || is_ghost(set, description, n));
}

void step_control(void)
{
	int epoll = in(970) ? pick(EPOLL) : any_number(), n = any_number();
	unsigned what = below(1000);
	int op = what < 600 ? EPOLL_CTL_ADD : what < 800 ? EPOLL_CTL_MOD : what < 990 ? EPOLL_CTL_DEL : 77;
	struct registration *r = op != EPOLL_CTL_ADD && in(800) ? any_registration() : NULL;
	struct epoll_event event = { .events = any_events() };

	if (r) {
		epoll = number_of(r->set);
		n = r->number;
	}
	if (epoll < 0 || n < 0 || (unseen && is_open(n) && numbers[n].kind == EPOLL))
		return;
	event.data.u64 = any_data(n);
	if (op == EPOLL_CTL_MOD && not_to_be_touched(epoll, n))
		op = EPOLL_CTL_DEL;
	control(epoll, op, n, in(op == EPOLL_CTL_DEL ? 600 : 15) ? in(500) ? NULL : NOWHERE : &event);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* What the kernel has in the list, told in an order that is not the kernel's. */
static void say_lines(FILE *f, int set)
{
	static char line[REGISTRATIONS][64];
	unsigned count = 0, number, events;
	unsigned long long data;
	char text[256];

	while (count < REGISTRATIONS && fgets(text, sizeof(text), f))
		if (sscanf(text, "tfd: %u events: %x data: %llx", &number, &events, &data) == 3 &&
		    (!unseen || is_live(set, data))) {
			size_t before = common->used;

			say_data(data);
			snprintf(line[count++], sizeof(line[0]), "%3u:%x:%.40s", number, events,
				 common->transcript + before);
			common->used = before;
		}
	qsort(line, count, sizeof(line[0]), by_text);
	for (unsigned i = 0; i < count; i++)
		say(" %s", line[i]);
}

void say_list(int epoll)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", epoll);
	errno = 0;
	f = fopen(path, "re");
	say("list(%d)", epoll);
	if (f) {
		say_lines(f, is_open(epoll) ? numbers[epoll].description : 0);
		fclose(f);
	}
	errno = 0;
	say_result(f ? 0 : -1);
}

void step_list(void)
{
	int epoll = pick(EPOLL);

	if (epoll >= 0)
		say_list(epoll);
}

void step(void)
{
	static const struct {
		void (*play)(void);
		unsigned share;
	} steps[] = {
		{ step_make, 130 },    { step_duplicate, 70 }, { step_pass, 10 },  { step_close, 75 },
		{ step_control, 250 }, { step_traffic, 150 },  { step_wait, 245 }, { step_poll, 20 },
		{ step_list, 20 },     { step_fork, 10 },      { step_vfork, 10 }, { step_hold, 5 },
		{ step_limit, 5 },
	};
	unsigned what = below(1000), i = 0;

	while (what >= steps[i].share)
		what -= steps[i++].share;
	steps[i].play();
}
