// SPDX-License-Identifier: MIT
/* The model: numbers, descriptions, registrations; and the transcript. */
#include "model.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct descriptor numbers[NUMBERS];
struct common *common;
bool tame, mended, unseen;
int me;
static uint64_t state;

uint64_t dice(void)
{
	uint64_t x = state += 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

void dice_from(uint64_t seed)
{
	state = seed;
	state = dice(); /* or the next seed's sequence would be the same, one later */
}

unsigned below(unsigned n)
{
	return (unsigned)((dice() >> 32) * n >> 32);
}

bool in(unsigned thousandths)
{
	return below(1000) < thousandths;
}

/*
 * The transcript
 */

void say(const char *format, ...)
{
	size_t room = sizeof(common->transcript) - common->used;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(common->transcript + common->used, room, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= room)
		abort();
	common->used += (size_t)n;
}

long say_result(long r)
{
	int error = errno;

	say(" = %ld", r);
	if (error)
		say(" %s", strerrorname_np(error));
	say("\n");
	errno = error;
	return r;
}

/* Addresses are others in each run. */
void say_data(uint64_t data)
{
	uintptr_t at = (uintptr_t)data - (uintptr_t)numbers;

	if (at < sizeof(numbers))
		say("p%zu", at / sizeof(numbers[0]));
	else
		say("%llx", (unsigned long long)data);
}

/*
 * Numbers
 */

bool is_open(int n)
{
	return n >= 0 && n < NUMBERS && numbers[n].description;
}

int pick(enum kind kinds)
{
	int found = -1, count = 0;

	for (int n = FIRST; n < NUMBERS; n++)
		if (numbers[n].description && numbers[n].kind & kinds && below((unsigned)++count) == 0)
			found = n;
	return found;
}

int number_count(void)
{
	int count = 0;

	for (int n = FIRST; n < NUMBERS; n++)
		count += numbers[n].description != 0;
	return count;
}

int any_number(void)
{
	int n = in(960) ? pick(ANY) : FIRST + (int)below(NUMBERS + 2);

	return n >= 0 || in(500) ? n : FIRST;
}

void arrive(int n, enum kind kind, bool blocks)
{
	if (n < FIRST || n >= NUMBERS || numbers[n].description)
		abort();
	numbers[n] = (struct descriptor){ ++common->descriptions, kind, me, blocks, false };
}

void arrive_copy(int from, int n)
{
	if (n < FIRST || n >= NUMBERS || numbers[n].description)
		abort();
	numbers[n] = numbers[from];
	come_back(n);
}

int number_of(int description)
{
	int n = FIRST;

	while (n < NUMBERS && numbers[n].description != description)
		n++;
	return n < NUMBERS ? n : -1;
}

/*
 * Registrations
 */

struct registration *find_registration(int set, int description, int number)
{
	struct registration *r = common->registration;

	for (; r < common->registration + REGISTRATIONS; r++)
		if (r->set && r->set == set && r->description == description && r->number == number)
			return r;
	return NULL;
}

struct registration *any_registration(void)
{
	struct registration *found = NULL;
	unsigned count = 0;

	for (struct registration *r = common->registration; r < common->registration + REGISTRATIONS; r++)
		if (r->set && below(++count) == 0)
			found = r;
	return found;
}

struct registration *add_registration(int set, int number, const struct epoll_event *event)
{
	struct registration *r = common->registration;

	while (r < common->registration + REGISTRATIONS && r->set)
		r++;
	if (r == common->registration + REGISTRATIONS)
		abort();
	*r = (struct registration){ set, numbers[number].description, number, me, event->events, event->data.u64, 0 };
	return r;
}

static bool ends(const struct registration *r, int first, int last)
{
	return r->set && r->owner == me && r->number >= first && r->number <= last &&
	       numbers[r->number].description == r->description;
}

/*
 * What is to become of these nobody can say, so the program takes them out itself: what a child registered in its parent's list, and of what the copies are not known as such.
 */
static bool is_open_question(const struct registration *r, int epoll, int first, int last)
{
	if (ends(r, first, last))
		return numbers[r->number].has_travelled || (me > 0 && numbers[epoll].maker != me);
	return me > 0 && numbers[epoll].maker != me && epoll >= first && epoll <= last;
}

void take_back(int first, int last)
{
	struct epoll_event none = { 0 };

	for (struct registration *r = common->registration; tame && r < common->registration + REGISTRATIONS; r++) {
		int epoll = r->set && r->owner == me ? number_of(r->set) : -1;

		if (epoll >= 0 && is_open_question(r, epoll, first, last))
			control(epoll, EPOLL_CTL_DEL, r->number, &none);
	}
}

/* What epoll=fix does for a program: nothing stays registered under a number that is closed if only somebody else has the description. */
void leaving(int first, int last)
{
	take_back(first, last);
	for (struct registration *r = common->registration; r < common->registration + REGISTRATIONS; r++)
		if (ends(r, first, last)) {
			int epoll = number_of(r->set), error = errno;

			common->count[COUNT_CLOSED_REGISTERED]++;
			if (mended && epoll >= 0 && !has_copy(r->description, first, last))
				epoll_ctl(epoll, EPOLL_CTL_DEL, r->number, NULL);
			errno = error;
		}
}

void left(int first, int last)
{
	for (struct registration *r = common->registration; r < common->registration + REGISTRATIONS; r++)
		if (ends(r, first, last)) {
			if (unseen || (tame && has_copy(r->description, first, last)))
				bury(r);
			r->set = 0;
		}
	for (int n = first; n <= last && n < NUMBERS; n++)
		numbers[n].description = 0;
}
