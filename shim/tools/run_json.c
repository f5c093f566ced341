// SPDX-License-Identifier: MIT
#include "tools/summary.h"

#include <stdlib.h>
#include <string.h>

#include "base/fmt.h"
#include "report/line.h"
#include "tools/accept.h"

static void string(FILE *f, const char *name, const char *s)
{
	size_t n = 6 * strlen(s) + 1;
	char *room = malloc(n);
	struct fdg_buf b = { room, 0, n, false };

	if (!room) {
		fputs("fdguard: out of memory\n", stderr);
		exit(2);
	}
	*room = '\0';
	fdg_put_json(&b, s);
	if (name)
		fprintf(f, "\"%s\":", name);
	fprintf(f, "\"%s\"", room);
	free(room);
}

static void member(FILE *f, const char *name, const char *s)
{
	if (!s)
		return;
	fputc(',', f);
	string(f, name, s);
}

static void integer(FILE *f, const char *name, int64_t n)
{
	fprintf(f, ",\"%s\":%lld", name, (long long)n);
}

static void flag(FILE *f, const char *name, bool v)
{
	fprintf(f, ",\"%s\":%s", name, v ? "true" : "false");
}

static void frame(FILE *f, const struct log_frame *p)
{
	fputc('{', f);
	string(f, "object", p->object);
	fprintf(f, ",\"offset\":\"0x%llx\"", (unsigned long long)p->offset);
	member(f, "symbol", p->symbol);
	fputc('}', f);
}

static void frames(FILE *f, const char *name, const struct log_frame *p, unsigned n)
{
	if (!n)
		return;
	fprintf(f, ",\"%s\":[", name);
	for (unsigned i = 0; i < n; i++) {
		fputs(i ? "," : "", f);
		frame(f, &p[i]);
	}
	fputc(']', f);
}

static const char *verdict_word(enum run_verdict v)
{
	static const char *const words[] = { "new", "fixed", "baselined", "suppressed" };

	return words[v];
}

static void more(FILE *f, const struct log_line *l)
{
	fputs(",\"more\":{", f);
	for (unsigned i = 0; i < l->fields; i++) {
		if (i)
			fputc(',', f);
		string(f, NULL, l->field[i].name);
		fputc(':', f);
		if (l->field[i].is_string)
			string(f, NULL, l->field[i].text);
		else
			fputs(l->field[i].text, f); /* JSON, as it was read */
	}
	fputc('}', f);
}

static void line(FILE *f, const struct log_line *l)
{
	struct pool scratch = { 0 };

	member(f, "id", l->id);
	member(f, "guard", l->guard);
	member(f, "level", fdg_level_word(l->level));
	member(f, "action", l->fixed ? "fixed" : "reported");
	member(f, "time", l->time);
	integer(f, "pid", l->pid);
	integer(f, "tid", l->tid);
	member(f, "exe", l->exe);
	member(f, "message", l->message);
	if (l->fd >= 0)
		integer(f, "fd", l->fd);
	if (l->count)
		integer(f, "count", (int64_t)l->count);
	member(f, "peer", l->peer);
	member(f, "local", l->local);
	if (l->age_ms >= 0)
		integer(f, "age_ms", l->age_ms);
	frames(f, "site", l->site, l->sites);
	frames(f, "created", l->created, l->createds);
	member(f, "fix", l->fix);
	member(f, "suppress", accept_line(&scratch, l));
	pool_free(&scratch);
	more(f, l);
}

static void places(FILE *f, const struct run_finding *g)
{
	fputs(",\"places\":[", f);
	for (size_t i = 0; i < g->places; i++) {
		fputs(i ? ",{\"at\":" : "{\"at\":", f);
		frame(f, &g->place[i].frame);
		integer(f, "reports", (int64_t)g->place[i].reports);
		integer(f, "most", (int64_t)g->place[i].most);
		fputc('}', f);
	}
	fputc(']', f);
	if (g->baseline)
		integer(f, "baseline_line", g->baseline);
	member(f, "new", g->excess);
}

static void finding(FILE *f, const struct run_finding *g)
{
	fputs("\n{", f);
	string(f, "fingerprint", g->fingerprint);
	member(f, "verdict", verdict_word(g->verdict));
	flag(f, "fails", g->fails);
	if (g->verdict == RUN_SUPPRESSED)
		integer(f, "suppression_line", g->suppression);
	integer(f, "reports", (int64_t)g->reports);
	integer(f, "repeats", (int64_t)g->repeats);
	integer(f, "most", (int64_t)g->most);
	places(f, g);
	fputs(",\"pids\":[", f);
	for (uint64_t i = 0; i < g->processes; i++)
		fprintf(f, "%s%lld", i ? "," : "", (long long)g->pid[i]);
	fputc(']', f);
	line(f, &g->line);
	fputc('}', f);
}

static void images(const struct run *r, FILE *f)
{
	fputs(",\"images\":[", f);
	for (size_t i = 0; i < r->images; i++) {
		fprintf(f, "%s\n{\"pid\":%lld,\"ppid\":%lld", i ? "," : "", (long long)r->image[i].pid, (long long)r->image[i].ppid);
		member(f, "exe", r->image[i].exe);
		member(f, "command", r->image[i].command);
		flag(f, "ended", r->image[i].ended);
		fputc('}', f);
	}
	fputc(']', f);
}

static void opens(const struct run *r, FILE *f)
{
	fputs(",\"open\":[", f);
	for (size_t i = 0; i < r->opens; i++) {
		fputs(i ? ",\n{" : "\n{", f);
		string(f, "kind", r->open[i].kind);
		integer(f, "count", (int64_t)r->open[i].count);
		integer(f, "images", (int64_t)r->open[i].images);
		member(f, "exe", r->open[i].exe);
		if (r->open[i].made.object) {
			fputs(",\"made\":", f);
			frame(f, &r->open[i].made);
		}
		fputc('}', f);
	}
	fputc(']', f);
	integer(f, "more_open", (int64_t)r->more_opens);
}

static void stucks(const struct run *r, FILE *f)
{
	fputs(",\"stuck\":[", f);
	for (size_t i = 0; i < r->stucks; i++) {
		fprintf(f, "%s{\"pid\":%lld", i ? "," : "", (long long)r->stuck[i].pid);
		member(f, "exe", r->stuck[i].exe);
		member(f, "command", r->stuck[i].command);
		member(f, "where", r->stuck[i].where);
		flag(f, "ended", r->stuck[i].ended);
		fputc('}', f);
	}
	fputc(']', f);
}

static void filtered(const struct run *r, FILE *f)
{
	fputs(",\"filtered\":[", f);
	for (size_t i = 0; i < r->filtereds; i++) {
		fprintf(f, "%s{\"pid\":%lld", i ? "," : "", (long long)r->filtered[i].pid);
		member(f, "command", r->filtered[i].command);
		flag(f, "forked", r->filtered[i].forked);
		fputc('}', f);
	}
	fputc(']', f);
}

static void meants(const struct run *r, FILE *f)
{
	fputs(",\"meant\":[", f);
	for (size_t i = 0; i < r->meants; i++) {
		const struct run_meant *m = &r->meant[i];

		fputs(i ? ",\n{" : "\n{", f);
		string(f, "reason", m->reason);
		flag(f, "weak", m->weak);
		integer(f, "fd", m->fd);
		integer(f, "count", (int64_t)m->count);
		integer(f, "times", (int64_t)m->times);
		member(f, "kind", m->kind);
		member(f, "what", m->what);
		member(f, "command", m->command);
		member(f, "exe", m->exe);
		if (m->made.object) {
			fputs(",\"made\":", f);
			frame(f, &m->made);
		}
		fputc('}', f);
	}
	fputc(']', f);
	integer(f, "more_meant", (int64_t)r->more_meant);
}

static void stale(FILE *f, const char *name, const struct run_stale *list, size_t n)
{
	fprintf(f, ",\"%s\":[", name);
	for (size_t i = 0; i < n; i++) {
		fprintf(f, "%s{\"line\":%u", i ? "," : "", list[i].line);
		member(f, "text", list[i].text);
		fputc('}', f);
	}
	fputc(']', f);
}

static void strings(FILE *f, const char *name, const char *const *list, size_t n)
{
	fprintf(f, ",\"%s\":[", name);
	for (size_t i = 0; i < n; i++) {
		fputs(i ? "," : "", f);
		string(f, NULL, list[i]);
	}
	fputc(']', f);
}

/* What the counts above leave open. */
static void left_out(const struct run *r, FILE *f)
{
	fputs(",\"drivers\":[", f);
	for (size_t i = 0; i < r->drivers; i++) {
		fputs(i ? ",{" : "{", f);
		string(f, "program", r->driver[i].program);
		member(f, "what", r->driver[i].what);
		integer(f, "reports", (int64_t)r->driver[i].reports);
		fputc('}', f);
	}
	fputc(']', f);
	integer(f, "left_out", (int64_t)r->left_out);
	integer(f, "never_began", (int64_t)r->unbegun);
	fputs(",\"absent\":[", f);
	for (size_t i = 0; i < r->absents; i++) {
		fputs(i ? ",{" : "{", f);
		string(f, "why", r->absent[i].why == RUN_LEFT_OUT ? "left_out" : "never_began");
		member(f, "exe", r->absent[i].exe);
		integer(f, "pid", r->absent[i].pid);
		integer(f, "count", (int64_t)r->absent[i].count);
		fputc('}', f);
	}
	fputc(']', f);
	integer(f, "old_baseline_entries", (int64_t)r->old_entries);
}

static void update(const struct run *r, FILE *f)
{
	fprintf(f, ",\"baseline_update\":{\"entries\":%zu,\"new\":%zu,\"gone\":%zu,\"changed\":%zu,\"accepted\":%zu", r->update.entries, r->update.added, r->update.gone, r->update.changed,
		r->update.accepted);
	strings(f, "without_symbols", r->update.vague, r->update.vagues);
	fputc('}', f);
}

static size_t length(char *const *list)
{
	size_t n = 0;

	while (list[n])
		n++;
	return n;
}

void run_json_write(const struct run *r, FILE *f)
{
	fputs("{\"v\":1", f);
	strings(f, "argv", (const char *const *)r->argv, length(r->argv));
	member(f, "directory", r->directory);
	member(f, "started", r->started);
	integer(f, "lasted_ms", r->lasted_ms);
	integer(f, "cmd_status", r->cmd_status);
	integer(f, "exit_status", r->exit_status);
	integer(f, "interrupted", r->interrupted);
	flag(f, "timed_out", r->timed_out);
	member(f, "fail_on", fdg_level_word(r->o.fail_on));
	fputs(",\"findings\":[", f);
	for (size_t i = 0; i < r->findings; i++) {
		fputs(i ? "," : "", f);
		finding(f, &r->finding[i]);
	}
	fputc(']', f);
	integer(f, "more_findings", (int64_t)r->more_findings);
	strings(f, "problems", r->problem, r->problems);
	strings(f, "unwritten", r->unwritten, r->unwrittens);
	integer(f, "unended", (int64_t)r->unended);
	integer(f, "elsewhere", (int64_t)r->elsewhere);
	integer(f, "caller_fds", (int64_t)r->caller_fds);
	stucks(r, f);
	filtered(r, f);
	meants(r, f);
	left_out(r, f);
	if (r->update.done)
		update(r, f);
	stale(f, "stale_suppressions", r->stale_suppression, r->stale_suppressions);
	stale(f, "stale_baseline", r->stale_baseline, r->stale_baselines);
	if (r->o.leaks)
		opens(r, f);
	images(r, f);
	fputs("}\n", f);
}
