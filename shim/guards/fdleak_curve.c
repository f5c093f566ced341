// SPDX-License-Identifier: MIT
#include "guards/fdleak_curve.h"

#include "base/poison.h"

#define RISING 8u       /* points that make a rise */
#define GROWN_BY 64u
#define GROWN_PERCENT 25u
#define START 4u        /* windows at the begin of a curve, when programs warm up: what rises since then … */
#define START_RISE 24u  /* … has to do so for this many more */
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

/* A rise that gets flatter nears its plateau. */
static bool flattens(uint32_t first, uint32_t middle, uint32_t last)
{
	return (uint64_t)(last - middle) * 2 < middle - first;
}

static bool is_growth(const struct fdg_curve_scale *s, unsigned n)
{
	uint32_t begin = s->windows - n;
	uint32_t first = point(s, begin)->low, last = point(s, s->windows - 1)->low, high = highest_before(s, n);

	if (flattens(first, point(s, begin + n / 2)->low, last))
		return false;
	if (high < first)
		high = first;
	return last >= high + GROWN_BY && (uint64_t)(last - high) * 100 >= (uint64_t)high * GROWN_PERCENT;
}

/* What is behind the ring may have risen, too. */
static bool is_start(const struct fdg_curve_scale *s, unsigned scale, unsigned n)
{
	uint64_t begin = (uint64_t)(s->windows - n) << scale, end = (uint64_t)s->windows << scale;

	return end < START + START_RISE && (begin < START || n == FDG_CURVE_POINTS);
}

bool fdg_curve_rises(const struct fdg_curve *c, struct fdg_rise *ret)
{
	for (unsigned i = FDG_CURVE_SCALES; i-- > 0;) {
		const struct fdg_curve_scale *s = &c->scale[i];
		unsigned all = rising(s);

		for (unsigned n = is_start(s, i, all) ? 0 : all; n >= RISING; n--) {
			if (!is_growth(s, n))
				continue;
			ret->points = n;
			ret->windows = (uint64_t)n << i;
			for (unsigned k = 0; k < n; k++)
				ret->point[k] = *point(s, s->windows - n + k);
			return true;
		}
	}
	return false;
}
