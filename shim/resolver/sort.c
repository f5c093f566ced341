// SPDX-License-Identifier: MIT
#include "resolver/sort.h"

#include <string.h>

#include "base/poison.h"

static bool same_address(const struct fdg_ip *a, const struct fdg_ip *b)
{
	return a->family == b->family && a->scope == b->scope && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

static void fill(const struct fdg_gaiconf *conf, struct fdg_sort_item *item)
{
	item->scope = fdg_gaiconf_scope(conf, &item->to);
	item->precedence = fdg_gaiconf_precedence(conf, &item->to);
	item->scope_fits = item->label_fits = false;
	if (!item->reachable)
		return;
	item->scope_fits = item->scope == fdg_gaiconf_scope(conf, &item->from.ip);
	item->label_fits = fdg_gaiconf_label(conf, &item->to) == fdg_gaiconf_label(conf, &item->from.ip);
}

static void look_at_all(const struct fdg_gaiconf *conf, struct fdg_sort_item *items, unsigned n, fdg_sort_ask *ask,
			void *cookie)
{
	for (unsigned i = 0; i < n; i++) {
		items[i].from = (struct fdg_sort_source){ .interface = UINT32_MAX };
		if (i && same_address(&items[i].to, &items[i - 1].to)) {
			items[i].from = items[i - 1].from;
			items[i].reachable = items[i - 1].reachable;
		} else {
			items[i].reachable = ask(cookie, &items[i].to, &items[i].from);
		}
		fill(conf, &items[i]);
	}
}

/* -1 if only the first has it, 1 if only the second has. */
static int prefer(bool first, bool second)
{
	return (int)second - (int)first;
}

static uint32_t word(const struct fdg_ip *ip, unsigned i)
{
	const uint8_t *b = ip->bytes + 4 * i;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static unsigned common_bits(uint32_t a, uint32_t b)
{
	return a == b ? 32 : (unsigned)__builtin_clz(a ^ b);
}

/* Common bits of source and destination, if they are in one subnet. */
static unsigned bits4(const struct fdg_sort_item *x)
{
	uint32_t mask = UINT32_MAX << (32 - (x->from.prefix_len ? x->from.prefix_len : 32));
	uint32_t to = word(&x->to, 0), from = word(&x->from.ip, 0);

	return (to & mask) == (from & mask) ? common_bits(to, from) : 0;
}

static bool differs(const struct fdg_sort_item *x, unsigned i)
{
	return word(&x->to, i) != word(&x->from.ip, i);
}

static int by_prefix(const struct fdg_sort_item *a, const struct fdg_sort_item *b)
{
	unsigned bits_a, bits_b, i = 0;

	if (a->to.family != b->to.family)
		return 0;
	if (a->to.family == AF_INET) {
		bits_a = bits4(a);
		bits_b = bits4(b);
	} else {
		while (i < 3 && !differs(a, i) && !differs(b, i))
			i++;
		bits_a = common_bits(word(&a->to, i), word(&a->from.ip, i));
		bits_b = common_bits(word(&b->to, i), word(&b->from.ip, i));
	}
	return prefer(bits_a > bits_b, bits_b > bits_a);
}

/* Rules 2 to 5 and 7, of two that can be reached. */
static int by_source(const struct fdg_sort_item *a, const struct fdg_sort_item *b)
{
	int order = prefer(a->scope_fits, b->scope_fits);

	if (!order)
		order = prefer(!a->from.deprecated, !b->from.deprecated);
	if (!order)
		order = prefer(a->from.home, b->from.home);
	return order ? order : prefer(a->label_fits, b->label_fits);
}

static int by_transport(const struct fdg_sort_item *a, const struct fdg_sort_item *b)
{
	return a->from.interface == b->from.interface ? 0 : prefer(!a->from.tunnel, !b->from.tunnel);
}

/* RFC 6724 section 6; 0 is rule 10. */
static int compare(const struct fdg_sort_item *a, const struct fdg_sort_item *b)
{
	int order = prefer(a->reachable, b->reachable);

	if (!order && a->reachable)
		order = by_source(a, b);
	if (!order)
		order = prefer(a->precedence > b->precedence, b->precedence > a->precedence);
	if (!order && a->reachable)
		order = by_transport(a, b);
	if (!order)
		order = prefer(a->scope < b->scope, b->scope < a->scope);
	if (!order && a->reachable)
		order = by_prefix(a, b);
	return order;
}

/* As libc's: rule 9 is not transitive, so that the way matters, not the rules alone. */
static void merge_sort(const struct fdg_sort_item *items, unsigned *order, unsigned *other, unsigned n)
{
	unsigned half = n / 2, a = 0, b = half, to = 0;

	if (n < 2)
		return;
	merge_sort(items, order, other, half);
	merge_sort(items, order + half, other, n - half);
	while (a < half && b < n) {
		int c = compare(&items[order[a]], &items[order[b]]);

		if (!c)
			c = order[a] < order[b] ? -1 : 1;
		other[to++] = c < 0 ? order[a++] : order[b++];
	}
	while (a < half)
		other[to++] = order[a++];
	memcpy(order, other, to * sizeof(*order)); /* the rest of the second half is in its place */
}

void fdg_sort(const struct fdg_gaiconf *conf, struct fdg_sort_item *items, unsigned *order, unsigned n,
	      fdg_sort_ask *ask, void *cookie)
{
	if (!n)
		return;
	look_at_all(conf, items, n, ask, cookie);
	for (unsigned i = 0; i < n; i++)
		order[i] = i;
	merge_sort(items, order, order + n, n);
}
