// SPDX-License-Identifier: MIT
#include "report/report.h"

#include <errno.h>
#include <string.h>

#include "base/fmt.h"
#include "base/sys.h"
#include "report/line.h"
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

bool fdg_report_wants(enum fdg_level level)
{
	if (!fdg_run_is(FDG_RUN_LIVE) || fdg_options.log.where == FDG_LOG_NONE)
		return false;
	return fdg_options.format == FDG_JSON || level >= fdg_options.level;
}

/* With run.exec=on: what forked children could not write, in memory that they share with us; they have no run.end of their own. */
static _Atomic uint64_t *lost_below;

static void count_lost(int r, _Atomic uint64_t *lost)
{
	int none = 0;

	if (r >= 0)
		return;
	if (lost_below && fdg_run.pid != fdg_sys_getpid()) {
		atomic_fetch_add(lost_below, 1);
		return;
	}
	atomic_compare_exchange_strong(&fdg_run.lost_reason, &none, -r);
	atomic_fetch_add(lost, 1);
}

/* What writing a line takes, in a mapping: findings are reported from whatever stack the program happens to be on, and some have little room. */
struct desk {
	struct fdg_symbols symbols;
	struct fdg_line line;
};

static struct desk *take_desk(_Atomic uint64_t *lost)
{
	struct desk *d = fdg_sys_mmap(sizeof(*d), false);

	if (!d)
		count_lost(-ENOMEM, lost);
	return d;
}

static void write_item(const struct fdg_item *item, struct fdg_line *line, _Atomic uint64_t *lost)
{
	fdg_compose(item, line);
	count_lost(fdg_sink_write(line), lost);
}

static uint64_t hash_string(uint64_t seed, const char *s)
{
	return s ? fdg_hash(seed, s, strlen(s) + 1) : seed;
}

static uint64_t hash_place(uint64_t seed, const struct fdg_place *p, unsigned count)
{
	return count ? fdg_hash(hash_string(seed, p->object), &p->offset, sizeof(p->offset)) : fdg_hash(seed, "", 1);
}

static uint64_t hash_finding(const struct fdg_finding *f)
{
	uint64_t h = hash_string((uint64_t)f->id + 1, f->key ? f->key : "");

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
static void report_at(struct desk *d, const struct fdg_finding *f, uint64_t hash, uint64_t state)
{
	struct fdg_item item = { .f = f, .symbols = &d->symbols };

	fdg_find_symbols(f, &d->symbols);
	if (suppress(hash, &item))
		return;
	switch (fdg_repeat_change(hash, state, &item.repeats)) {
	case FDG_REPEAT_SAME:
		break;
	case FDG_REPEAT_FULL:
		atomic_fetch_add(&fdg_run.dropped, 1);
		break;
	case FDG_REPEAT_CHANGED:
		atomic_fetch_add(&fdg_run.findings, 1);
		write_item(&item, &d->line, &fdg_run.lost);
	}
}

static void report_new(const struct fdg_finding *f, uint64_t hash, uint64_t state)
{
	struct desk *d = take_desk(&fdg_run.lost);

	if (!d)
		return;
	report_at(d, f, hash, state);
	fdg_sys_munmap(d, sizeof(*d));
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

static void say(const char *sentence)
{
	struct fdg_line line;
	struct fdg_buf b = { line.text, 0, sizeof(line.text), false };

	fdg_put(&b, "fdguard: ");
	fdg_put_plain(&b, sentence, FDG_LINE_MAX - 32);
	line.text[b.len] = '\n';
	line.len = b.len + 1;
	fdg_sink_stderr(&line);
}

void fdg_report_say(const char *sentence)
{
	if (!fdg_run_is(FDG_RUN_RETIRED) && atomic_fetch_add(&fdg_run.said, 1) < SAY_MAX)
		say(sentence);
}

static void reset_counters(void)
{
	atomic_store(&fdg_run.findings, 0);
	atomic_store(&fdg_run.suppressed, 0);
	atomic_store(&fdg_run.held_back, 0);
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
	lost_below = fdg_options.run_exec ? fdg_sys_mmap(sizeof(*lost_below), true) : NULL;
	fdg_sink_start();
	fdg_suppress_start();
	warm_stack();
	atomic_store_explicit(&fdg_run.stage, FDG_RUN_LIVE, memory_order_release);
}

/* Nothing was said yet: nothing to reset, and a fork costs no copy of this page. */
static bool nothing_yet(void)
{
	return !atomic_load(&fdg_run.findings) && !atomic_load(&fdg_run.suppressed) && !atomic_load(&fdg_run.held_back) &&
	       !atomic_load(&fdg_run.dropped) && !atomic_load(&fdg_run.lost) && !atomic_load(&fdg_run.lost_run);
}

void fdg_report_fork_child(void)
{
	if (nothing_yet())
		return;
	reset_counters();
	fdg_repeat_fork_child();
	fdg_sink_fork_child();
}

void fdg_report_retire(void)
{
	atomic_store_explicit(&fdg_run.stage, FDG_RUN_RETIRED, memory_order_release);
}

static bool writes_runs(void)
{
	return fdg_options.format == FDG_JSON && fdg_report_wants(FDG_LEVEL_NOTE);
}

static void write_run(enum fdg_finding_id id, const char *message, const struct fdg_fact *fact, unsigned facts, const char *members)
{
	struct fdg_finding f = FDG_FINDING_INIT(id);
	struct fdg_item item = { .f = &f, .members = members };
	struct desk *d = take_desk(&fdg_run.lost_run);

	if (!d)
		return;
	f.message = message;
	f.fact = fact;
	f.facts = facts;
	write_item(&item, &d->line, &fdg_run.lost_run);
	fdg_sys_munmap(d, sizeof(*d));
}

void fdg_report_run_start(void)
{
	char message[512], argv[2048];
	struct fdg_buf m = FDG_BUF(message), a = FDG_BUF(argv);
	struct fdg_fact facts[] = {
		{ "ppid", NULL, NULL, 0 },
		{ "argc", NULL, NULL, fdg_run.argc },
	};

	if (!writes_runs())
		return;
	facts[0].number = fdg_sys_getppid();
	fdg_fmt(&m, "guarding %s", fdg_run_exe());
	if (fdg_run.argv) {
		fdg_put(&a, ",\"argv\":");
		fdg_put_json_array(&a, fdg_run.argc, fdg_run.argv);
	}
	write_run(FDG_RUN_START, message, facts, sizeof(facts) / sizeof(*facts), argv);
}

void fdg_report_run_exec(const char *file, bool elsewhere, int child, int error)
{
	char message[512];
	struct fdg_buf m = FDG_BUF(message);
	struct fdg_fact facts[] = {
		{ "file", NULL, file, 0 },
		{ "child", NULL, NULL, child },
		{ "error", NULL, NULL, error },
		{ "elsewhere", NULL, NULL, elsewhere },
	};

	if (!fdg_options.run_exec || !writes_runs())
		return;
	fdg_fmt(&m, error ? "%s could not be started" : "starting %s", file);
	write_run(FDG_RUN_EXEC, message, facts, sizeof(facts) / sizeof(*facts), NULL);
}

static fdg_report_open *what_is_open;

void fdg_report_open_by(fdg_report_open *put)
{
	what_is_open = put;
}

/* Not before an exec: the descriptors that live on are not forgotten, and the others are closed. */
static void put_open(struct fdg_buf *b, bool exec)
{
	if (!fdg_options.run_exec || exec || !what_is_open)
		return;
	fdg_put(b, ",\"open\":");
	what_is_open(b);
}

/* A list that does not fit is left out as a whole. */
static void put_suppressions_used(struct fdg_buf *b)
{
	struct fdg_buf part = { b->text, b->len, b->len + 1024, false };

	if (!fdg_suppress_any())
		return;
	fdg_put(&part, ",\"suppressions_used\":");
	fdg_suppress_put_used(&part);
	if (part.cut)
		b->text[b->len] = '\0';
	else
		b->len = part.len;
}

static void write_run_end(bool exec)
{
	char message[512], members[1024 + FDG_REPORT_OPEN_MAX];
	struct fdg_buf m = FDG_BUF(message), more = FDG_BUF(members);
	uint64_t findings = atomic_load(&fdg_run.findings);
	struct fdg_fact facts[] = {
		{ "findings", NULL, NULL, (int64_t)findings },
		{ "suppressed", NULL, NULL, (int64_t)atomic_load(&fdg_run.suppressed) },
		{ "repeats", NULL, NULL, (int64_t)atomic_load(&fdg_run.held_back) },
		{ "dropped", NULL, NULL, (int64_t)atomic_load(&fdg_run.dropped) },
		{ "lost", NULL, NULL, (int64_t)atomic_load(&fdg_run.lost) },
		/* With run.exec=on: */
		{ "lost_run", NULL, NULL, (int64_t)atomic_load(&fdg_run.lost_run) },
		{ "lost_below", NULL, NULL, lost_below ? (int64_t)atomic_load(lost_below) : 0 },
	};

	fdg_put_count(&m, findings);
	fdg_fmt(&m, findings == 1 ? " finding in %s" : " findings in %s", fdg_run_exe());
	put_suppressions_used(&more);
	put_open(&more, exec);
	write_run(FDG_RUN_END, message, facts, sizeof(facts) / sizeof(*facts) - (fdg_options.run_exec ? 0 : 2), members);
}

static void say_lost(void)
{
	uint64_t lost = atomic_load(&fdg_run.lost);
	char text[1024];
	struct fdg_buf b = FDG_BUF(text);

	if (!lost && !atomic_load(&fdg_run.lost_run))
		return;
	if (lost)
		fdg_put_count(&b, lost);
	fdg_put(&b, lost == 0 ? "the start or end of this run" : lost == 1 ? " finding" : " findings");
	fdg_put(&b, " could not be written to ");
	fdg_sink_put_name(&b);
	fdg_put(&b, ": ");
	fdg_sink_put_reason(&b, atomic_load(&fdg_run.lost_reason));
	say(text);
}

static void say_dropped(void)
{
	uint64_t dropped = atomic_load(&fdg_run.dropped);
	char text[256];
	struct fdg_buf b = FDG_BUF(text);

	if (!dropped)
		return;
	fdg_put_count(&b, dropped);
	fdg_put(&b, dropped == 1 ? " more finding was" : " more findings were");
	fdg_put(&b, " not written: there were more than ");
	fdg_put_count(&b, FDG_TOLD_MAX);
	fdg_put(&b, " different ones");
	say(text);
}

bool fdg_report_exec(void)
{
	if (!writes_runs() || !fdg_run_is(FDG_RUN_LIVE) || fdg_run.pid != fdg_sys_getpid() || atomic_exchange(&fdg_run.ended, true))
		return false;
	write_run_end(true);
	return true;
}

void fdg_report_exec_failed(void)
{
	atomic_store(&fdg_run.ended, false);
}

void fdg_report_end(void)
{
	if (!fdg_run_is(FDG_RUN_LIVE) || fdg_run.pid != fdg_sys_getpid() || atomic_exchange(&fdg_run.ended, true))
		return;
	if (writes_runs())
		write_run_end(false);
	say_lost();
	say_dropped();
}
