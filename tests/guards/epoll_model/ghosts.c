// SPDX-License-Identifier: MIT
/*
 * Registrations whose number was closed while their description lives on.
 *
 * Where a copy is in the same process epoll=fix leaves them alone: the number may get its description back (saved = dup(n); dup2(other, n); dup2(saved, n)). They fire until they are
 * seen to be what they are, which is a matter of time, so that a list is not waited on for long that has fired so. In an unseen sequence they are left out of the transcript.
 */
#include "model.h"

#include <errno.h>
#include <stdlib.h>

static struct registration *after_last(void)
{
	return common->grave + common->buried;
}

void bury(const struct registration *r)
{
	if (common->buried == BURIED)
		abort();
	common->grave[common->buried] = *r;
	common->grave[common->buried++].told = 0;
}

bool has_copy(int description, int first, int last)
{
	for (int n = FIRST; n < NUMBERS; n++)
		if ((n < first || n > last) && numbers[n].description == description)
			return true;
	return false;
}

/* Where somebody may have taken it out in the meantime, it is taken out. */
static void exorcise(const struct registration *r)
{
	int epoll = number_of(r->set), error = errno;

	if (epoll >= 0 && !find_registration(r->set, r->description, r->number))
		unseen_control(epoll, EPOLL_CTL_DEL, r->number, NULL);
	errno = error;
}

static void revive(struct registration *r)
{
	struct epoll_event event = { r->events, { .u64 = r->data } };

	if (r->owner != me || find_registration(r->set, r->description, r->number))
		return;
	add_registration(r->set, r->number, &event);
	common->count[COUNT_REVIVED]++;
	r->set = 0;
}

/* A description has come to n: what was registered there, with that description, is registered again. */
void come_back(int n)
{
	for (struct registration *r = common->grave; tame && r < after_last(); r++)
		if (r->set && r->number == n && r->description == numbers[n].description) {
			if (unseen)
				exorcise(r);
			else
				revive(r);
		}
}

bool is_ghost(int set, int description, int number)
{
	for (struct registration *r = common->grave; r < after_last(); r++)
		if (r->set == set && r->description == description && r->number == number)
			return true;
	return false;
}

unsigned ghosts_that_carry(int set, uint64_t data)
{
	unsigned count = 0;

	for (struct registration *r = common->grave; r < after_last(); r++)
		count += r->set == set && r->data == data;
	return count;
}

void haunt(int set, uint64_t data)
{
	for (struct registration *r = common->grave; r < after_last(); r++)
		if (r->set == set && r->data == data)
			r->told++;
}

bool is_haunted(int set)
{
	for (struct registration *r = common->grave; r < after_last(); r++)
		if (r->set == set && r->told >= TOLD_MOST)
			return true;
	return false;
}
