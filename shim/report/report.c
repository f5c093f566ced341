// SPDX-License-Identifier: MIT
#include "report/report.h"

#include <string.h>

#include "base/sys.h"
#include "report/desk.h"
#include "report/line.h"
#include "report/lost.h"
#include "report/run.h"
#include "report/sink.h"
#include "report/suppress.h"
#include "report/symbol.h"
#include "report/told.h"

#define SAY_MAX 8

struct fdg_run fdg_run;

static const struct { const char *name, *guard; enum fdg_level level; } kinds[] = {
#define FINDING(constant, guard, id, level) { id, #guard, FDG_LEVEL_##level },
#include "report/findings.def"
#undef FINDING
};

/* Here and not above: names of guards can be names of calls. */
#include "base/poison.h"

enum fdg_level fdg_finding_level(enum fdg_finding_id id)
{
	return kinds[id].level;
}

const char *fdg_finding_name(enum fdg_finding_id id)
{
	return kinds[id].name;
}

const char *fdg_finding_guard(enum fdg_finding_id id)
{
	return kinds[id].guard;
}

/* Else it is counted alone. */
static bool is_written(enum fdg_level level)
{
	return fdg_options.log.where != FDG_LOG_NONE && (fdg_options.format == FDG_JSON || level >= fdg_options.level);
}

bool fdg_report_wants(enum fdg_level level)
{
	return fdg_run_is(FDG_RUN_LIVE) && (fdg_metrics_any() || is_written(level));
}

static uint64_t hash_string(uint64_t seed, const char *s)
{
	return s ? fdg_hash(seed, s, strlen(s) + 1) : seed;
}

/* And its caller, where that is known: of all stacks there may be too many. */
static uint64_t hash_place(uint64_t seed, const struct fdg_place *p, unsigned count)
{
	if (!count)
		return fdg_hash(seed, "", 1);
	for (unsigned i = 0; i < count && i < 2; i++)
		seed = fdg_hash(hash_string(seed, p[i].object), &p[i].offset, sizeof(p[i].offset));
	return seed;
}

static uint64_t hash_finding(const struct fdg_finding *f)
{
	uint64_t h = hash_string((uint64_t)f->id + 1, f->key ? f->key : "");

	if (fdg_run.subject)
		h = hash_string(h, fdg_run.subject->exe);
	return hash_place(hash_place(h, f->site, f->sites), f->created, f->createds);
}

/* A suppressed finding is remembered under another hash than one that was written, and with its peer, which decides too. */
static uint64_t hash_suppressed(uint64_t hash, const struct fdg_finding *f)
{
	return hash_string(fdg_hash(hash, "suppressed", 10), f->peer);
}

static bool suppress(uint64_t hash, const struct fdg_item *item)
{
	uint64_t ignored;

	if (!fdg_suppress_any() || !fdg_suppressed(item->f, item->symbols))
		return false;
	if (fdg_repeat_change(hash_suppressed(hash, item->f), 1, &ignored) != FDG_REPEAT_SAME)
		atomic_fetch_add(&fdg_run.suppressed, 1);
	return true;
}

/* Not seen in this state before, as far as we know: the symbols are worth their price. */
static void report_at(struct fdg_desk *d, const struct fdg_finding *f, uint64_t hash, uint64_t state)
{
	struct fdg_item item = { .f = f, .symbols = &d->symbols };

	fdg_find_symbols(f, &d->symbols);
	if (suppress(hash, &item))
		return;
	switch (fdg_repeat_change(hash, state, &item.repeats)) {
	case FDG_REPEAT_SAME:
		break;
	case FDG_REPEAT_FULL:
		fdg_lost_drop();
		break;
	case FDG_REPEAT_CHANGED:
		atomic_fetch_add(&fdg_run.of[f->id][f->fixed], 1);
		if (!is_written(f->level))
			break;
		atomic_fetch_add(&fdg_run.findings, 1);
		fdg_desk_write(&item, d, &fdg_run.lost);
	}
}

static void report_new(const struct fdg_finding *f, uint64_t hash, uint64_t state)
{
	struct fdg_desk *d = fdg_desk_take(&fdg_run.lost);

	if (!d)
		return;
	report_at(d, f, hash, state);
	fdg_desk_give(d);
}

void fdg_report(const struct fdg_finding *f)
{
	uint64_t hash, state = f->count << 2 | (uint64_t)f->fixed << 1 | 1; /* never 0 */

	if (!fdg_report_wants(f->level))
		return;
	hash = hash_finding(f);
	if (fdg_suppress_any() && fdg_repeat_same(hash_suppressed(hash, f), 1))
		return;
	if (!fdg_repeat_same(hash, state))
		report_new(f, hash, state);
}

void fdg_report_say(const char *sentence)
{
	if (!fdg_run_is(FDG_RUN_RETIRED) && atomic_fetch_add(&fdg_run.said, 1) < SAY_MAX)
		fdg_desk_say(sentence);
}

static void reset_counters(void)
{
	for (unsigned i = 0; i < FDG_FINDING_COUNT; i++)
		for (unsigned fixed = 0; fixed < 2; fixed++)
			atomic_store(&fdg_run.of[i][fixed], 0);
	atomic_store(&fdg_run.findings, 0);
	atomic_store(&fdg_run.suppressed, 0);
	atomic_store(&fdg_run.held_back, 0);
	atomic_store(&fdg_run.translated, 0);
	atomic_store(&fdg_run.looked_up, 0);
	atomic_store(&fdg_run.looked_up_by_libc, 0);
	atomic_store(&fdg_run.retried, 0);
	atomic_store(&fdg_run.connected, 0);
	atomic_store(&fdg_run.dropped, 0);
	atomic_store(&fdg_run.lost, 0);
	atomic_store(&fdg_run.lost_run, 0);
	atomic_store(&fdg_run.lost_reason, 0);
}

/* The unwinder fills a table once, under a pthread_once that a signal handler must not be the first to meet. */
static void warm_stack(void)
{
	struct fdg_place ignored;

	if (fdg_options.stacks > 1)
		fdg_stack(&ignored, 1);
}

void fdg_report_start(const char *exe, int argc, char *const argv[])
{
	fdg_run.exe = exe;
	fdg_run.argc = argc;
	fdg_run.argv = argv;
	fdg_run.pid = fdg_sys_getpid();
	reset_counters();
	fdg_sink_start();
	fdg_lost_start();
	fdg_suppress_start();
	warm_stack();
	atomic_store_explicit(&fdg_run.stage, FDG_RUN_LIVE, memory_order_release);
}

/* Nothing was said yet: nothing to reset, and a fork costs no copy of this page. What is counted alone is counted for metrics. */
static bool nothing_yet(void)
{
	return !fdg_metrics_any() && !atomic_load(&fdg_run.findings) && !atomic_load(&fdg_run.suppressed) && !atomic_load(&fdg_run.held_back) && !atomic_load(&fdg_run.translated) &&
	       !atomic_load(&fdg_run.retried) && !atomic_load(&fdg_run.dropped) && !atomic_load(&fdg_run.lost) && !atomic_load(&fdg_run.lost_run);
}

void fdg_report_fork_child(void)
{
	if (nothing_yet())
		return;
	reset_counters();
	fdg_repeat_fork_child();
	fdg_sink_fork_child();
}

static void carry(_Atomic uint64_t *counter, uint64_t *away, uint64_t back)
{
	*away = atomic_load(counter);
	atomic_store(counter, back);
}

void fdg_report_as(struct fdg_subject *s)
{
	static struct fdg_subject ourselves;
	struct fdg_subject *was = fdg_run.subject ? fdg_run.subject : &ourselves, *is = s ? s : &ourselves;

	if (was == is)
		return;
	carry(&fdg_run.findings, &was->findings, is->findings);
	carry(&fdg_run.suppressed, &was->suppressed, is->suppressed);
	carry(&fdg_run.held_back, &was->held_back, is->held_back);
	carry(&fdg_run.dropped, &was->dropped, is->dropped);
	carry(&fdg_run.lost, &was->lost, is->lost);
	for (unsigned i = 0; fdg_metrics_any() && i < FDG_FINDING_COUNT; i++)
		for (unsigned fixed = 0; fixed < 2; fixed++)
			carry(&fdg_run.of[i][fixed], &was->of[i][fixed], is->of[i][fixed]);
	fdg_run.subject = s;
}

void fdg_report_count(struct fdg_counts *ret)
{
	for (unsigned i = 0; i < FDG_FINDING_COUNT; i++)
		for (unsigned fixed = 0; fixed < 2; fixed++)
			ret->of[i][fixed] = atomic_load(&fdg_run.of[i][fixed]);
	ret->suppressed = atomic_load(&fdg_run.suppressed);
	ret->held_back = atomic_load(&fdg_run.held_back);
	ret->dropped = atomic_load(&fdg_run.dropped);
	ret->lost = atomic_load(&fdg_run.lost);
	ret->pid = fdg_run_pid();
	ret->exe = fdg_run_exe();
}

void fdg_report_retire(void)
{
	atomic_store_explicit(&fdg_run.stage, FDG_RUN_RETIRED, memory_order_release);
}
