// SPDX-License-Identifier: MIT
#include "resolver/server.h"

#include "base/poison.h"

enum {
	ALL = 1024,     /* losses are parts of it */
	MARGIN = 32,    /* 3 %: more than this above what is tolerated is a sign of too much */
	TOLERATED = 20, /* 2 % */
	TOLERATED_MAX = 512,
	WINDOWFUL_MIN = 256, /* below, chance has the word: of 20 % it makes 15 or 25 now and then */
	MANY = 64,          /* in flight: round trips are measured many at a time */
};

void fdg_server_start(struct fdg_server *s, uint32_t window_max)
{
	*s = (struct fdg_server){
		.rto = FDG_SERVER_RTO,
		.window = window_max < FDG_SERVER_WINDOW ? window_max : FDG_SERVER_WINDOW,
		.window_max = window_max,
		.tolerated = TOLERATED,
	};
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* RFC 6298 section 2; the gains' shifts are 3 and 2 there. RFC 7323, appendix G: with many measurements in a round trip they have to be smaller. */
static void measure(struct fdg_server *s, uint32_t trip, unsigned flying)
{
	unsigned shift = flying > MANY ? 6 : 3;
	uint32_t off = trip > s->trip ? trip - s->trip : s->trip - trip;

	if (!s->trip) {
		s->trip = trip;
		s->spread = trip / 2;
	} else {
		s->spread = s->spread - (s->spread >> (shift - 1)) + (off >> (shift - 1));
		s->trip = s->trip - (s->trip >> shift) + (trip >> shift);
	}
	s->patience -= s->patience >> 8;
	s->rto = larger(s->trip + larger((flying > MANY ? 2 : 4) * s->spread, FDG_SERVER_SPREAD_MIN),
			FDG_SERVER_RTO_MIN) +
		 s->patience;
}

/* Seven tenths of what was in flight, and an answered share that is the same makes seven tenths of the answers: the cut was in vain. */
static void cut(struct fdg_server *s, uint32_t loss)
{
	uint32_t flown = smaller(s->window, larger(s->peak, FDG_SERVER_WINDOW_MIN)), answered = flown * (ALL - loss) / ALL;

	s->grown = true;
	if (s->cut_window && answered * 20 < s->cut_answered * 17) {
		s->tolerated = smaller(larger(loss, s->tolerated), TOLERATED_MAX);
		s->window = s->cut_window;
		s->cut_window = 0;
		return;
	}
	s->cut_answered = answered;
	s->cut_window = s->window;
	s->window = larger(flown * 7 / 10, smaller(FDG_SERVER_WINDOW_MIN, s->window_max));
	s->draining = true;
}

static void grow(struct fdg_server *s, uint32_t loss)
{
	s->cut_window = 0;
	if (loss + MARGIN < s->tolerated)
		s->tolerated = larger(s->tolerated - s->tolerated / 8, TOLERATED);
	if (s->limited)
		s->window = smaller(s->grown ? s->window + s->window / 8 + 1 : s->window * 2, s->window_max);
	s->limited = false;
}

static void look_at_window(struct fdg_server *s)
{
	uint32_t all = s->answered + s->lost, loss;

	if (all < larger(s->window, WINDOWFUL_MIN))
		return;
	loss = (uint32_t)((uint64_t)s->lost * ALL / all);
	s->answered = s->lost = 0;
	if (s->draining)
		s->draining = false;
	else if (loss > s->tolerated + s->tolerated / 8 + MARGIN)
		cut(s, loss);
	else
		grow(s, loss);
	s->peak = 0;
}

bool fdg_server_answered(struct fdg_server *s, uint64_t now, uint32_t trip, unsigned flying)
{
	bool settled = false;

	s->heard = now;
	s->silent = 0;
	s->answered++;
	s->peak = larger(s->peak, flying);
	if (trip) {
		measure(s, trip, flying);
		settled = s->trips < FDG_SERVER_SETTLED && ++s->trips == FDG_SERVER_SETTLED;
	}
	look_at_window(s);
	return settled;
}

void fdg_server_good(struct fdg_server *s)
{
	s->shamed = 0;
	s->down_until = 0;
	s->down_for = 0;
}

static bool put_down(struct fdg_server *s, uint64_t now)
{
	bool new = !s->down_until;

	if (new)
		s->down_for = FDG_SERVER_DOWN_MIN;
	if (new)
		s->down_until = now + s->down_for;
	return new;
}

/* Losses one after the other are silence only if nothing was heard for as long as several answers take: many may be in flight. */
bool fdg_server_lost(struct fdg_server *s, uint64_t now)
{
	s->lost++;
	s->silent++;
	look_at_window(s);
	return s->silent >= FDG_SERVER_SILENT && now - s->heard >= 4 * (uint64_t)s->rto && put_down(s, now);
}

void fdg_server_late(struct fdg_server *s)
{
	if (s->lost)
		s->lost--;
	s->patience = smaller(s->patience + s->patience / 4 + 1000, FDG_SERVER_PATIENCE_MAX);
}

bool fdg_server_shame(struct fdg_server *s, uint64_t now)
{
	return ++s->shamed >= FDG_SERVER_SHAMED && put_down(s, now);
}

bool fdg_server_absent(struct fdg_server *s, uint64_t now)
{
	return put_down(s, now);
}

bool fdg_server_probe(struct fdg_server *s, uint64_t now)
{
	if (!s->down_until || now < s->down_until)
		return false;
	s->down_for = smaller(s->down_for * 2, FDG_SERVER_DOWN_MAX);
	s->down_until = now + s->down_for;
	return true;
}

uint32_t fdg_server_patience(const struct fdg_server *s, unsigned n, uint32_t max)
{
	uint64_t wait = s->rto;

	if (!s->trip && wait > 2 * (uint64_t)max)
		wait = 2 * (uint64_t)max;
	if (max < wait)
		max = (uint32_t)wait;
	while (--n && wait < max)
		wait *= 2;
	return wait < max ? (uint32_t)wait : max;
}
