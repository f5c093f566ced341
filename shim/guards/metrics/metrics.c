// SPDX-License-Identifier: MIT
#include "guards/metrics/metrics.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <time.h>

#include "base/sys.h"
#include "guards/metrics/wakeups.h"
#include "options/options.h"
#include "report/desk.h"
#include "report/pattern.h"
#include "report/replace.h"
#include "report/sink.h"

#include "base/poison.h"

#define FIRST_MS 1000
#define TEXT_MAX 32768u

bool fdg_wakeups_count;
_Atomic uint64_t fdg_wakeups;
_Atomic int64_t fdg_metrics_due = INT64_MAX;

static int64_t began_ms;
static bool is_others; /* to be written */
static bool is_forked; /* and has not been told of yet */

static int64_t clock_of_day(void)
{
	struct timespec t = { 0, 0 };

	fdg_sys_clock(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void fdg_metrics_start(bool others)
{
	is_others = others;
	if (!fdg_metrics_any() || is_others)
		return;
	fdg_wakeups_count = true;
	began_ms = clock_of_day();
	atomic_store_explicit(&fdg_metrics_due, 0, memory_order_relaxed);
}

void fdg_metrics_forked(void)
{
	if (!fdg_metrics_any() || is_others)
		return;
	is_forked = true;
	fdg_peers_forked();
	began_ms = clock_of_day();
	atomic_store_explicit(&fdg_wakeups, 0, memory_order_relaxed);
	atomic_store_explicit(&fdg_metrics_due, 0, memory_order_relaxed);
}

/* Once in a process and those that it forks. */
static void say_failed(const char *path, int error)
{
	char text[512];
	struct fdg_buf b = FDG_BUF(text);

	if (fdg_told_mark(fdg_hash((uint64_t)-error, "metrics", 7)))
		return;
	fdg_put(&b, "metrics: ");
	fdg_put_printable(&b, path, strnlen(path, 256));
	fdg_put(&b, " could not be written: ");
	if (error == -FDG_REPLACE_OTHER)
		fdg_put(&b, "it is there, and no regular file");
	else
		fdg_sink_put_reason(&b, -error);
	fdg_desk_say(text);
}

/* In a mapping: the stack may be small. */
struct paper {
	char path[PATH_MAX], text[TEXT_MAX];
};

static void write_file(const struct fdg_sample *s)
{
	struct paper *p = fdg_sys_mmap(sizeof(*p), false);
	struct fdg_buf path, text;
	int r;

	if (!p)
		return;
	path = (struct fdg_buf){ p->path, 0, sizeof(p->path), false };
	text = (struct fdg_buf){ p->text, 0, sizeof(p->text), false };
	fdg_put_pattern(&path, fdg_options.metrics);
	fdg_sample_put(&text, s);
	r = path.cut ? -ENAMETOOLONG : text.cut ? -EFBIG : fdg_replace_file(p->path, text.text, text.len);
	if (r < 0)
		say_failed(p->path, r);
	fdg_sys_munmap(p, sizeof(*p));
}

void fdg_metrics_publish(const struct fdg_sample *s)
{
	write_file(s);
	fdg_sample_say(s);
}

static bool has_findings(const struct fdg_counts *c)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < FDG_FINDING_COUNT; i++)
		n += c->of[i][0] + c->of[i][1];
	return n;
}

/* Of a forked child that was there for a moment nothing is told, but what it found. */
static void publish(bool ended)
{
	struct fdg_sample *s = fdg_sys_mmap(sizeof(*s), false);

	if (!s)
		return;
	fdg_report_count(&s->counts);
	if (!ended || !is_forked || has_findings(&s->counts)) {
		fdg_sample_take(s);
		s->began_ms = began_ms;
		s->ended = ended;
		fdg_metrics_publish(s);
	}
	is_forked &= ended;
	fdg_sys_munmap(s, sizeof(*s));
}

void fdg_metrics_write(int64_t now, bool ended)
{
	int64_t due = atomic_load_explicit(&fdg_metrics_due, memory_order_relaxed);

	if (due == INT64_MAX)
		return;
	atomic_store_explicit(&fdg_metrics_due, due ? now + FDG_METRICS_MS : now + FIRST_MS, memory_order_relaxed);
	if (due || ended)
		publish(ended);
}
