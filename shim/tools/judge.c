// SPDX-License-Identifier: MIT
#include "tools/judge.h"

#include <stdlib.h>
#include <string.h>

#include "base/fmt.h"
#include "report/run.h"
#include "report/suppress.h"
#include "tools/baseline.h"
#include "tools/fingerprint.h"
#include "tools/places.h"
#include "tools/text.h"

struct rule { /* of the suppressions file */
	struct fdg_suppression s;
	const char *text;
	bool used;
};

struct judge {
	struct run *r;
	struct rule *rule;
	size_t rules, rule_room;
	struct baseline baseline;
	size_t finding_room;
	uint32_t *index; /* of the run's findings, by hash; 0: empty, else one more than the index */
	size_t slots;
	uint64_t more;
};

struct judge *judge_new(struct run *r)
{
	struct judge *j = pool_take(&r->pool, sizeof(*j));

	j->r = r;
	return j;
}

void judge_free(struct judge *j)
{
	free(j->rule);
	baseline_free(&j->baseline);
	free(j->index);
}

bool judge_read_suppressions(struct judge *j, const char *path)
{
	char *text = text_file(&j->r->pool, "suppressions", path), *line, why[256];
	bool good = text != NULL;

	for (unsigned n = 1; text && (line = text_line(&text)); n++) {
		struct rule rule = { .s = { .line = n }, .text = pool_copy(&j->r->pool, line) };
		struct fdg_buf b = FDG_BUF(why);

		if (fdg_suppression_parse(line, &rule.s, &b)) {
			j->rule = pool_grow(j->rule, j->rules, &j->rule_room, sizeof(*j->rule));
			j->rule[j->rules++] = rule;
		} else if (b.len) {
			fprintf(stderr, "fdguard: suppressions '%s', line %u: %s\n", path, n, why);
			good = false;
		}
	}
	return good;
}

bool judge_read_baseline(struct judge *j, const char *path, bool must)
{
	return baseline_read(&j->baseline, &j->r->pool, path, must);
}

bool judge_update_baseline(struct judge *j, const char *path, bool whole)
{
	return baseline_update(&j->baseline, j->r, path, whole);
}


static struct fdg_place place_of(const struct log_frame *f)
{
	return (struct fdg_place){ f->object, f->offset };
}

/* The line as the library would have it, for the library's own code. False: an id that this version does not know. */
static bool as_finding(const struct log_line *l, struct fdg_finding *f, struct fdg_place place[2], struct fdg_symbols *n)
{
	struct fdg_buf text = { n->text, 1, sizeof(n->text), false };
	int id = 0;

	while (id < FDG_FINDING_COUNT && strcmp(fdg_finding_name((enum fdg_finding_id)id), l->id) != 0)
		id++;
	if (id == FDG_FINDING_COUNT)
		return false;
	*f = (struct fdg_finding)FDG_FINDING_INIT((enum fdg_finding_id)id);
	f->peer = l->peer;
	n->site[0] = n->created[0] = 0;
	for (int i = 0; i < 2; i++) {
		const struct log_frame *frame = i ? l->created : l->site;

		if (i ? !l->createds : !l->sites)
			continue;
		place[i] = place_of(frame);
		if (frame->symbol) {
			*(i ? &n->created[0] : &n->site[0]) = (uint16_t)text.len;
			fdg_put(&text, frame->symbol);
			text.len += text.len + 1 < text.cap;
			n->text[text.len] = '\0';
		}
		*(i ? &f->created : &f->site) = &place[i];
		*(i ? &f->createds : &f->sites) = 1;
	}
	return true;
}

static struct rule *suppressed(struct judge *j, const struct log_line *l)
{
	struct fdg_place place[2];
	struct fdg_symbols symbols;
	struct fdg_finding f;

	if (!j->rules || !as_finding(l, &f, place, &symbols))
		return NULL;
	fdg_run.exe = l->exe;
	for (size_t i = 0; i < j->rules; i++) {
		if (!fdg_suppression_matches(&j->rule[i].s, &f, &symbols))
			continue;
		j->rule[i].used = true;
		return &j->rule[i];
	}
	return NULL;
}

static bool is_of_run(const struct log_line *l)
{
	return strcmp(l->id, "run.uncovered") == 0;
}

static bool fails(const struct judge *j, const struct log_line *l, enum run_verdict verdict)
{
	return verdict == RUN_NEW && (l->level >= j->r->o.fail_on || is_of_run(l));
}

static void put_index(struct judge *j, size_t i)
{
	size_t at = (size_t)j->r->finding[i].hash;

	while (j->index[at & (j->slots - 1)])
		at++;
	j->index[at & (j->slots - 1)] = (uint32_t)i + 1;
}

static void more_slots(struct judge *j)
{
	if (j->r->findings * 2 < j->slots)
		return;
	free(j->index);
	j->slots = j->slots ? j->slots * 2 : 256;
	j->index = calloc(j->slots, sizeof(*j->index));
	if (!j->index) {
		fputs("fdguard: out of memory\n", stderr);
		exit(2);
	}
	for (size_t i = 0; i < j->r->findings; i++)
		put_index(j, i);
}

static struct run_finding *find_group(const struct judge *j, const char *fingerprint, uint64_t hash, enum run_verdict verdict, unsigned suppression)
{
	for (size_t at = (size_t)hash; j->slots && j->index[at & (j->slots - 1)]; at++) {
		struct run_finding *f = &j->r->finding[j->index[at & (j->slots - 1)] - 1];

		if (f->hash == hash && f->verdict == verdict && f->suppression == suppression && strcmp(f->fingerprint, fingerprint) == 0)
			return f;
	}
	return NULL;
}

static struct run_finding *new_group(struct judge *j, const char *fingerprint, uint64_t hash, enum run_verdict verdict, unsigned suppression)
{
	struct run *r = j->r;
	struct run_finding *f;

	if (r->findings == (r->findings_max ? r->findings_max : JUDGE_FINDINGS_MAX))
		return NULL;
	r->finding = pool_grow(r->finding, r->findings, &j->finding_room, sizeof(*r->finding));
	f = &r->finding[r->findings++];
	*f = (struct run_finding){ .fingerprint = pool_copy(&r->pool, fingerprint), .hash = hash, .verdict = verdict, .suppression = suppression };
	more_slots(j);
	put_index(j, r->findings - 1);
	return f;
}

static const struct log_frame *copy_frames(struct pool *p, const struct log_frame *f, unsigned n)
{
	struct log_frame *copy = n ? pool_take(p, n * sizeof(*copy)) : NULL;

	for (unsigned i = 0; i < n; i++)
		copy[i] = log_frame_copy(p, &f[i]);
	return copy;
}

/* l's strings are gone with the next line. */
static struct log_line copy_line(struct pool *p, const struct log_line *l)
{
	struct log_field *field = l->fields ? pool_take(p, l->fields * sizeof(*field)) : NULL;
	struct log_line c = *l;

	c.time = pool_copy(p, l->time);
	c.exe = pool_copy(p, l->exe);
	c.guard = pool_copy(p, l->guard);
	c.id = pool_copy(p, l->id);
	c.message = pool_copy(p, l->message);
	c.peer = pool_copy(p, l->peer);
	c.local = pool_copy(p, l->local);
	c.fix = pool_copy(p, l->fix);
	c.site = copy_frames(p, l->site, l->sites);
	c.created = copy_frames(p, l->created, l->createds);
	for (unsigned i = 0; i < l->fields; i++)
		field[i] = (struct log_field){ pool_copy(p, l->field[i].name), pool_copy(p, l->field[i].text), l->field[i].is_string };
	c.field = field;
	return c;
}

static void add_process(struct run_finding *f, int64_t pid)
{
	for (uint64_t i = 0; i < f->processes; i++)
		if (f->pid[i] == pid)
			return;
	if (f->processes < RUN_PIDS_MAX)
		f->pid[f->processes++] = pid;
}

/* Of what a process tells again as it grows, the most is what people want to see. */
static bool is_graver(const struct log_line *l, const struct log_line *than)
{
	if (l->level != than->level)
		return l->level > than->level;
	return l->fixed != than->fixed ? than->fixed : l->count > than->count;
}

struct run_finding *judge_finding(struct judge *j, const struct log_line *l)
{
	struct pool scratch = { 0 };
	const char *fingerprint = fingerprint_of(&scratch, l);
	uint64_t hash = fdg_hash(0, fingerprint, strlen(fingerprint));
	struct rule *rule = suppressed(j, l);
	const struct baseline_entry *known = rule || is_of_run(l) || log_is_crowded(l) ? NULL : baseline_find(&j->baseline, fingerprint);
	enum run_verdict verdict = rule ? RUN_SUPPRESSED : known ? RUN_BASELINED : l->fixed ? RUN_FIXED : RUN_NEW;
	unsigned line = rule ? rule->s.line : 0;
	struct run_finding *f = find_group(j, fingerprint, hash, verdict, line);

	if (!f)
		f = new_group(j, fingerprint, hash, verdict, line);
	pool_free(&scratch);
	if (!f) {
		j->more++;
		j->r->more_failing += fails(j, l, verdict) && !is_of_run(l);
		return NULL;
	}
	if (!f->reports || is_graver(l, &f->line))
		f->line = copy_line(&j->r->pool, l);
	f->fails |= fails(j, l, verdict);
	f->baseline = known ? known->line : 0;
	places_add(&j->r->pool, f, l);
	f->reports++;
	f->repeats += l->repeats;
	f->most = l->count > f->most ? l->count : f->most;
	add_process(f, l->pid);
	return f;
}

/* "kinds:setup", as in the fingerprint. */
static const char *function_of(struct pool *p, const struct log_frame *frame)
{
	const char *slash = strrchr(frame->object, '/'), *object = slash ? slash + 1 : frame->object;

	if (frame->symbol)
		return pool_format(p, "%s:%.*s", object, (int)fingerprint_symbol_length(frame->symbol), frame->symbol);
	return pool_format(p, "%s:0x%llx", object, (unsigned long long)frame->offset);
}

/* A function that does at more places what the baseline knows of it, does something new. */
static void weigh_places(struct judge *j, struct run_finding *f)
{
	const struct baseline_entry *e = f->verdict == RUN_BASELINED ? baseline_find(&j->baseline, f->fingerprint) : NULL;
	struct pool *p = &j->r->pool;

	if (!e || !e->places || f->places <= e->places)
		return;
	f->verdict = f->line.fixed ? RUN_FIXED : RUN_NEW;
	f->fails = fails(j, &f->line, f->verdict);
	f->excess = pool_format(p, "%s%zu places in %s, the baseline knows %llu (line %u)", f->places == RUN_PLACES_MAX ? "at least " : "", f->places,
		function_of(p, &f->place[0].frame), (unsigned long long)e->places, e->line);
}

static int by_weight(const void *a, const void *b)
{
	const struct run_finding *x = a, *y = b;

	if (x->fails != y->fails)
		return y->fails - x->fails;
	if (run_is_uncovered(x) != run_is_uncovered(y))
		return run_is_uncovered(x) - run_is_uncovered(y);
	if (x->verdict != y->verdict)
		return (int)x->verdict - (int)y->verdict;
	if (x->line.level != y->line.level)
		return (int)y->line.level - (int)x->line.level;
	return strcmp(x->fingerprint, y->fingerprint);
}

static void list_stale(struct judge *j)
{
	struct run *r = j->r;

	r->stale_suppression = pool_take(&r->pool, (j->rules + 1) * sizeof(*r->stale_suppression));
	for (size_t i = 0; i < j->rules; i++)
		if (!j->rule[i].used)
			r->stale_suppression[r->stale_suppressions++] = (struct run_stale){ j->rule[i].s.line, j->rule[i].text };
	baseline_list_stale(&j->baseline, r);
}

void judge_finish(struct judge *j, const struct sources *s, bool whole)
{
	struct run *r = j->r;

	for (size_t i = 0; i < r->findings; i++) {
		places_fold(&r->finding[i], s);
		weigh_places(j, &r->finding[i]);
	}
	r->old_entries = baseline_old_entries(&j->baseline);
	if (r->findings)
		qsort(r->finding, r->findings, sizeof(*r->finding), by_weight);
	if (whole)
		list_stale(j);
	r->more_findings = j->more;
}
