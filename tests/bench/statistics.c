// SPDX-License-Identifier: MIT
#include "bench.h"

#include <stdlib.h>

void samples_add(struct samples *s, double value)
{
	if (s->count == s->room) {
		s->room = s->room ? 2 * s->room : 64;
		s->value = realloc(s->value, s->room * sizeof *s->value);
		if (!s->value)
			give_up("no memory");
	}
	s->value[s->count++] = value;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

double samples_quantile(struct samples *s, double q)
{
	qsort(s->value, s->count, sizeof *s->value, by_value);
	double at = q * (s->count - 1);
	unsigned below = (unsigned)at, above = below + 1 < s->count ? below + 1 : below;
	return s->value[below] + (at - below) * (s->value[above] - s->value[below]);
}

double samples_spread(struct samples *s)
{
	return 100 * (samples_quantile(s, 0.75) - samples_quantile(s, 0.25)) / samples_quantile(s, 0.5);
}
