// SPDX-License-Identifier: MIT
/* A line of a log -> what report knows. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "report/line.h"
#include "base/fmt.h"
#include "tools/report.h"

int64_t report_time(const char *text)
{
	struct tm tm = { 0 };
	const char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
	int64_t ms = 0;

	if (!rest || tm.tm_year < 70)
		return 0;
	if (*rest == '.' && strspn(rest + 1, "0123456789") == 3)
		ms = strtol(rest + 1, NULL, 10);
	return (int64_t)timegm(&tm) * 1000 + ms;
}

const char *report_when(struct pool *pool, int64_t ms)
{
	char text[48];
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;

	if (ms <= 0 || !gmtime_r(&seconds, &tm))
		return "not known";
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm);
	return pool_copy(pool, text);
}

static bool same_known(const void *owner, uint32_t i, const void *key)
{
	return ((const struct report *)owner)->known[i] == *(const uint64_t *)key;
}

bool report_is_new(struct report *p, uint64_t a, const void *b, size_t n)
{
	uint64_t hash = fdg_hash(fdg_hash(a, "known", 5), b, n);
	uint32_t *entry = lookup_find(&p->known_lookup, hash, same_known, p, &hash);

	if (*entry)
		return false;
	p->known = pool_grow(p->known, p->knowns, &p->known_room, sizeof(*p->known));
	p->known[p->knowns++] = hash;
	*entry = (uint32_t)p->knowns;
	return true;
}

static uint32_t host_of(struct report *p, const struct report_file *f, const struct log_line *l)
{
	const char *named = log_field(l, "host");
	uint32_t name = strings_number(&p->strings, &p->r.pool, named ? named : f->host);

	if (!report_is_new(p, 1, &name, sizeof(name)))
		return name;
	p->hosts = pool_grow(p->hosts, p->host_count, &p->host_room, sizeof(*p->hosts));
	p->hosts[p->host_count++] = name;
	return name;
}

static void widen(int64_t *first, int64_t *last, int64_t ms)
{
	if (ms <= 0)
		return;
	*first = !*first || ms < *first ? ms : *first;
	*last = ms > *last ? ms : *last;
}

static uint64_t greater(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Takes one more report of a name into a list of SEEN_MAX. */
static void see(struct seen_name *list, unsigned *n, uint64_t *more, uint32_t name, uint64_t count)
{
	unsigned i = 0;

	while (i < *n && list[i].name != name)
		i++;
	if (i == SEEN_MAX) {
		++*more;
		return;
	}
	*n += i == *n;
	list[i].name = name;
	list[i].times++;
	list[i].most = greater(list[i].most, count);
}

static void see_finding(struct report *p, const struct report_process *who, const struct log_line *l, struct run_finding *f)
{
	int64_t now = report_time(l->time), since = l->age_ms > 0 && now > l->age_ms ? now - l->age_ms : now, ignored = 0;
	struct seen *s = f->seen;

	if (!s)
		s = f->seen = pool_take(&p->r.pool, sizeof(*s));
	widen(&s->first, &s->last, now);
	widen(&s->since, &ignored, since);
	s->processes += report_is_new(p, f->hash ^ (uint64_t)f->verdict, who, sizeof(*who));
	see(s->host, &s->hosts, &s->more_hosts, who->host, l->count);
	if (l->peer)
		see(s->peer, &s->peers, &s->more_peers, strings_number(&p->strings, &p->r.pool, l->peer), l->count);
}

static void take_finding(struct report *p, struct report_file *f, const struct report_process *who, const struct log_line *l)
{
	struct run_finding *finding;

	f->findings++;
	report_image_finding(p, who, l);
	if (l->level < p->level) {
		p->below++;
		return;
	}
	finding = judge_finding(p->judge, l);
	if (finding)
		see_finding(p, who, l, finding);
}

static bool is(const struct log_line *l, const char *id)
{
	return strcmp(l->id, id) == 0;
}

void report_take(struct report *p, struct report_file *f, const struct log_line *l)
{
	struct report_process who;

	memset(&who, 0, sizeof(who)); /* compared as bytes */
	who.host = host_of(p, f, l);
	who.pidns = log_number(l, "pidns", 0);
	who.pid = l->pid;
	p->lines++;
	p->processes += report_is_new(p, 2, &who, sizeof(who));
	widen(&p->first, &p->last, report_time(l->time));
	report_series_take(p, &who, l);
	if (is(l, "run.start")) {
		f->images++;
		report_image_start(p, &who, l);
	} else if (is(l, "run.end")) {
		report_image_end(p, &who, l);
	} else if (is(l, "run.exec") || is(l, "run.meant") || is(l, "run.sample")) {
		p->others += !is(l, "run.sample");
	} else {
		take_finding(p, f, &who, l);
	}
}

void report_begin(struct report *p)
{
	static char *none[] = { NULL };

	p->r.argv = none;
	p->r.directory = (char *)"";
	p->r.started = "";
	p->r.findings_max = REPORT_FINDINGS_MAX;
	p->judge = judge_new(&p->r);
}

static int by_badness(const void *a, const void *b)
{
	const struct report_file *x = a, *y = b;

	if (!x->problem != !y->problem)
		return !x->problem - !y->problem;
	if (!x->bad != !y->bad)
		return !x->bad - !y->bad;
	return strcmp(x->host, y->host) != 0 ? strcmp(x->host, y->host) : strcmp(x->path, y->path);
}

static void start_text(struct report *p)
{
	char text[64];
	struct fdg_buf b = FDG_BUF(text);

	if (p->first)
		fdg_put_utc(&b, p->first / 1000, (unsigned)(p->first % 1000));
	p->r.started = pool_copy(&p->r.pool, text);
	p->r.lasted_ms = p->last - p->first;
	p->r.images = 0; /* report.image has them */
}

void report_finish(struct report *p)
{
	report_images_finish(p);
	report_series_finish(p);
	if (p->files)
		qsort(p->file, p->files, sizeof(*p->file), by_badness);
	start_text(p);
}

void report_free(struct report *p)
{
	for (size_t i = 0; i < p->serieses; i++)
		free(p->series[i].point);
	free(p->series);
	free(p->image);
	free(p->file);
	free(p->known);
	free(p->hosts);
	lookup_free(&p->known_lookup);
	lookup_free(&p->image_lookup);
	lookup_free(&p->untold_lookup);
	lookup_free(&p->series_lookup);
	strings_free(&p->strings);
	pool_free(&p->scratch);
	judge_free(p->judge);
	run_free(&p->r);
}
