// SPDX-License-Identifier: MIT
#include "guards/fdleak/fdleak_curve.h"

#include "base/poison.h"

#define RISING 8u       /* points that make a rise */
#define SHAPELY 12u     /* points whose second half has a shape of its own */
#define GROWN_BY 64u
#define GROWN_PERCENT 25u
#define START 28u       /* windows at the begin of a curve in which nothing is said */
#define FORGETS 32u     /* windows after which the highest of the past is that of before; twice that, and it is gone */

static const struct fdg_curve_point *point(const struct fdg_curve_scale *s, uint32_t window)
{
	return &s->point[window % FDG_CURVE_POINTS];
}

static void push(struct fdg_curve_scale *s, uint64_t ms, uint32_t low)
{
	struct fdg_curve_point *p = &s->point[s->windows % FDG_CURVE_POINTS];

	if (s->windows >= FDG_CURVE_POINTS && p->low > s->past[0])
		s->past[0] = p->low;
	*p = (struct fdg_curve_point){ ms, low };
	if (++s->windows % FORGETS == 0) {
		s->past[1] = s->past[0];
		s->past[0] = 0;
	}
}

void fdg_curve_add(struct fdg_curve *c, uint64_t ms, uint32_t low)
{
	for (unsigned i = 0; i < FDG_CURVE_SCALES; i++) {
		struct fdg_curve_scale *s = &c->scale[i];

		push(s, ms, low);
		if (s->windows % 2)
			return;
		if (point(s, s->windows - 2)->low < low)
			low = point(s, s->windows - 2)->low;
	}
}

/* How many of the last points rise without a break. */
static unsigned rising(const struct fdg_curve_scale *s)
{
	unsigned kept = s->windows < FDG_CURVE_POINTS ? s->windows : FDG_CURVE_POINTS, n = kept ? 1 : 0;

	while (n < kept && point(s, s->windows - n - 1)->low < point(s, s->windows - n)->low)
		n++;
	return n;
}

/* What it had been at before the last n points, and came down from: to get there again is no growth. */
static uint32_t highest_before(const struct fdg_curve_scale *s, unsigned n)
{
	unsigned kept = s->windows < FDG_CURVE_POINTS ? s->windows : FDG_CURVE_POINTS;
	uint32_t high = s->past[0] > s->past[1] ? s->past[0] : s->past[1];

	for (unsigned i = n + 1; i <= kept; i++)
		if (point(s, s->windows - i)->low > high)
			high = point(s, s->windows - i)->low;
	return high;
}

/* Is a the lesser part of b, by thirds? */
static bool is_less(uint32_t a, uint32_t b)
{
	return (uint64_t)a * 3 < (uint64_t)b * 2;
}

/* A rise that gets flatter nears its plateau: the last n points as a whole, or, where what nears it had got steeper first, their second half. */
static bool flattens(const struct fdg_curve_scale *s, unsigned n)
{
	uint32_t end = s->windows - 1, first = point(s, end - n + 1)->low, middle = point(s, end - n + 1 + n / 2)->low, last = point(s, end)->low;

	if (is_less(last - middle, middle - first))
		return true;
	middle = point(s, end - n / 4)->low;
	return n >= SHAPELY && is_less(last - middle, middle - point(s, end - n / 4 * 2)->low);
}

/* A whole ring without a bend: whatever was before that, such as a start, was another story. */
static bool is_straight(const struct fdg_curve_scale *s, unsigned n)
{
	uint32_t end = s->windows - 1, middle = point(s, end - n / 2)->low;

	return n == FDG_CURVE_POINTS && (uint64_t)(point(s, end)->low - middle) * (n / 2 - 1) * 10 >= (uint64_t)(middle - point(s, end - n + 1)->low) * (n / 2) * 9;
}

/* The same, seen from twice as far. */
static bool flattens_from_afar(const struct fdg_curve *c, unsigned scale)
{
	unsigned n = ++scale < FDG_CURVE_SCALES ? rising(&c->scale[scale]) : 0;

	return n >= RISING && flattens(&c->scale[scale], n);
}

static bool is_growth(const struct fdg_curve_scale *s, unsigned n)
{
	uint32_t first = point(s, s->windows - n)->low, last = point(s, s->windows - 1)->low, high = highest_before(s, n);

	if (high < first)
		high = first;
	return last >= high + GROWN_BY && (uint64_t)(last - high) * 100 >= (uint64_t)high * GROWN_PERCENT;
}

/* Programs warm up, not always without a break. */
static bool is_start(const struct fdg_curve_scale *s, unsigned scale)
{
	return (uint64_t)s->windows << scale < START;
}

bool fdg_curve_rises(const struct fdg_curve *c, struct fdg_rise *ret)
{
	for (unsigned i = FDG_CURVE_SCALES; i-- > 0;) {
		const struct fdg_curve_scale *s = &c->scale[i];
		unsigned n = rising(s);

		if (n < RISING || is_start(s, i) || !is_growth(s, n) || flattens(s, n) || (!is_straight(s, n) && flattens_from_afar(c, i)))
			continue;
		ret->points = n;
		ret->windows = (uint64_t)n << i;
		for (unsigned k = 0; k < n; k++)
			ret->point[k] = *point(s, s->windows - n + k);
		return true;
	}
	return false;
}
