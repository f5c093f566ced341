// SPDX-License-Identifier: MIT
#include "guards/reuseport/order.h"

#include <stdatomic.h>
#include <string.h>

#include "base/sys.h"

#include "base/poison.h"

enum { MEMBERS = 1024 };

struct member {
	uint64_t group, inode;
	unsigned place;
};

/* Only whose turn it is has to do with it. */
static struct order {
	unsigned n;
	struct member member[MEMBERS];
} *order;

static bool is_prepared(void)
{
	if (!order)
		order = fdg_sys_mmap(sizeof(*order), false);
	return order;
}

static bool is_among(const struct fdg_group_rows *rows, uint64_t inode)
{
	for (unsigned i = 0; i < rows->n; i++)
		if (rows->inode[i] == inode)
			return true;
	return false;
}

static void forget(uint64_t group)
{
	unsigned n = 0;

	for (unsigned i = 0; i < order->n; i++)
		if (order->member[i].group != group)
			order->member[n++] = order->member[i];
	order->n = n;
}

static unsigned count(uint64_t group)
{
	unsigned n = 0;

	for (unsigned i = 0; i < order->n; i++)
		n += order->member[i].group == group;
	return n;
}

/* The last takes its place. */
static void leave(unsigned at)
{
	struct member gone = order->member[at];
	unsigned last = count(gone.group) - 1;

	for (unsigned i = 0; i < order->n; i++)
		if (order->member[i].group == gone.group && order->member[i].place == last)
			order->member[i].place = gone.place;
	order->member[at] = order->member[--order->n];
}

/* Of two that are gone it is not known which went first. */
static void agree(uint64_t group, const struct fdg_group_rows *rows)
{
	unsigned gone = 0, which = 0;

	for (unsigned i = 0; i < order->n; i++)
		if (order->member[i].group == group && !is_among(rows, order->member[i].inode)) {
			gone++;
			which = i;
		}
	if (gone == 1)
		leave(which);
	else if (gone)
		forget(group);
}

static uint64_t group_of(const struct fdg_group *g)
{
	return fdg_group_hash(g) | 1;
}

static void add(uint64_t group, uint64_t inode)
{
	unsigned place = count(group);

	if (order->n == MEMBERS) /* of groups that are gone, most likely */
		order->n = 0;
	if (order->n >= place)
		order->member[order->n++] = (struct member){ group, inode, place };
}

void fdg_order_joined(const struct fdg_group *g, uint64_t inode, const struct fdg_group_rows *rows)
{
	uint64_t group = group_of(g);

	if (!is_prepared())
		return;
	agree(group, rows);
	if (fdg_order_place(g, inode) >= 0)
		return;
	if (is_among(rows, inode) && count(group) + 1 == rows->n)
		add(group, inode);
	else
		forget(group);
}

void fdg_order_agree(const struct fdg_group *g, const struct fdg_group_rows *rows)
{
	uint64_t group = group_of(g);

	if (!order)
		return;
	agree(group, rows);
	if (count(group) != rows->n)
		forget(group);
}

int fdg_order_place(const struct fdg_group *g, uint64_t inode)
{
	uint64_t group = group_of(g);

	for (unsigned i = 0; order && i < order->n; i++)
		if (order->member[i].group == group && order->member[i].inode == inode)
			return (int)order->member[i].place;
	return -1;
}

unsigned fdg_order_count(const struct fdg_group *g)
{
	return order ? count(group_of(g)) : 0;
}
