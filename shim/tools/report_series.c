// SPDX-License-Identifier: MIT
/*
 * What logs tell that was measured: points of time lines. No point is made up: a finding has one where it counts something (closewait.leak its sockets, epoll.spin its
 * rate), fdleak.growth the curve that it judged, and run.sample, where the library writes it, what was open, in CLOSE_WAIT, and how often something woke up.
 */
#include <stdlib.h>
#include <string.h>

#include "tools/json.h"
#include "tools/report.h"

#define POINTS_MAX 20000 /* of one series: what comes then is counted */

struct series_key {
	enum series_kind kind;
	struct report_process who;
	uint32_t exe, what;
};

static bool same_series(const void *owner, uint32_t i, const void *key)
{
	const struct series *s = &((const struct report *)owner)->series[i];
	const struct series_key *k = key;

	return s->kind == k->kind && s->exe == k->exe && s->what == k->what && memcmp(&s->who, &k->who, sizeof(s->who)) == 0;
}

static struct series *series_of(struct report *p, enum series_kind kind, const struct report_process *who, const struct log_line *l, const char *what)
{
	struct series_key key;
	uint32_t *entry;

	memset(&key, 0, sizeof(key));
	key.kind = kind;
	key.who = *who;
	key.exe = strings_number(&p->strings, &p->r.pool, l->exe);
	key.what = strings_number(&p->strings, &p->r.pool, what);
	entry = lookup_find(&p->series_lookup, fdg_hash(5, &key, sizeof(key)), same_series, p, &key);
	if (*entry)
		return &p->series[*entry - 1];
	if (p->serieses == REPORT_SERIES_MAX)
		return NULL;
	p->series = pool_grow(p->series, p->serieses, &p->series_room, sizeof(*p->series));
	p->series[p->serieses++] = (struct series){ .kind = kind, .who = *who, .exe = key.exe, .what = key.what };
	*entry = (uint32_t)p->serieses;
	return &p->series[p->serieses - 1];
}

static void put(struct report *p, struct series *s, int64_t ms, int64_t value)
{
	if (!s || s->points == POINTS_MAX || ms <= 0 || value < 0) {
		p->more_points += !s || s->points == POINTS_MAX;
		return;
	}
	s->point = pool_grow(s->point, s->points, &s->room, sizeof(*s->point));
	s->point[s->points++] = (struct series_point){ ms, (uint64_t)value };
	s->most = (uint64_t)value > s->most ? (uint64_t)value : s->most;
}

/* A member of a line; false: there is none. */
static bool number(const struct log_line *l, const char *name, int64_t *ret)
{
	*ret = log_number(l, name, -1);
	return *ret >= 0;
}

/* curve_ms counts from the first point on; the last one is from just before the line. */
static void take_curve(struct report *p, const struct report_process *who, const struct log_line *l, int64_t now)
{
	int64_t ms[64], value;
	const struct json *list = log_array(l, "curve_ms"), *v;
	struct series *s;
	size_t n = 0, i = 0;

	for (v = list ? list->first : NULL; v && n < 64 && json_integer(v, &ms[n]); v = v->next)
		n++;
	if (!n || v)
		return;
	s = series_of(p, SERIES_OPEN, who, l, log_field(l, "kind") ? log_field(l, "kind") : "of one kind");
	list = log_array(l, "curve_open");
	for (v = list ? list->first : NULL; v && i < n && json_integer(v, &value); v = v->next, i++)
		put(p, s, now - ms[n - 1] + ms[i], value);
}

static void take_finding(struct report *p, const struct report_process *who, const struct log_line *l, int64_t now)
{
	char fd[32];
	int64_t n;

	if (number(l, "open", &n))
		put(p, series_of(p, SERIES_OPEN, who, l, ""), now, n);
	if (strcmp(l->id, "closewait.leak") == 0)
		put(p, series_of(p, SERIES_CLOSE_WAIT, who, l, l->peer ? l->peer : "several peers"), now, (int64_t)l->count);
	if (strcmp(l->guard, "epoll") == 0 && number(l, "rate", &n)) {
		snprintf(fd, sizeof(fd), "fd %lld", (long long)l->fd);
		put(p, series_of(p, SERIES_WAKEUPS, who, l, fd), now, n);
	}
	take_curve(p, who, l, now);
}

static void take_peers(struct report *p, const struct report_process *who, const struct log_line *l, int64_t now)
{
	const struct json *list = log_array(l, "close_wait_peers");
	int64_t n;

	for (const struct json *v = list ? list->first : NULL; v; v = v->next) {
		const struct json *peer = json_member(v, "peer");

		if (peer && peer->type == JSON_STRING && json_integer(json_member(v, "count"), &n))
			put(p, series_of(p, SERIES_CLOSE_WAIT, who, l, peer->string), now, n);
	}
}

#define MOST_WAKEUPS (UINT64_C(1) << 53)

/* wakeups counts from the start of the image on: two of them make a rate. */
static void take_wakeups(struct report *p, const struct report_process *who, const struct log_line *l, int64_t now)
{
	struct series *s;
	int64_t n;

	if (!number(l, "wakeups", &n) || now <= 0 || (uint64_t)n > MOST_WAKEUPS)
		return;
	s = series_of(p, SERIES_WAKEUPS, who, l, "");
	if (!s)
		return;
	if (s->count_ms && now > s->count_ms && (uint64_t)n >= s->count)
		put(p, s, now, (int64_t)(((uint64_t)n - s->count) * 1000 / (uint64_t)(now - s->count_ms)));
	s->count = (uint64_t)n;
	s->count_ms = now;
}

void report_series_take(struct report *p, const struct report_process *who, const struct log_line *l)
{
	int64_t now = report_time(l->time), n;

	if (strcmp(l->id, "run.sample") != 0) {
		take_finding(p, who, l, now);
		return;
	}
	if (number(l, "open", &n))
		put(p, series_of(p, SERIES_OPEN, who, l, ""), now, n);
	take_peers(p, who, l, now);
	take_wakeups(p, who, l, now);
}

static int by_time(const void *a, const void *b)
{
	const struct series_point *x = a, *y = b;

	return (x->ms > y->ms) - (x->ms < y->ms);
}

/* The highest first, and at the end those whose lines had no time. */
static int by_most(const void *a, const void *b)
{
	const struct series *x = a, *y = b;

	if (x->kind != y->kind)
		return (int)x->kind - (int)y->kind;
	if (!x->points != !y->points)
		return !x->points - !y->points;
	return (x->most < y->most) - (x->most > y->most);
}

void report_series_finish(struct report *p)
{
	for (size_t i = 0; i < p->serieses; i++)
		if (p->series[i].points)
			qsort(p->series[i].point, p->series[i].points, sizeof(struct series_point), by_time);
	if (p->serieses)
		qsort(p->series, p->serieses, sizeof(*p->series), by_most);
}
