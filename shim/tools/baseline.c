// SPDX-License-Identifier: MIT
#include "tools/baseline.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/fingerprint.h"
#include "tools/text.h"

void baseline_free(struct baseline *b)
{
	free(b->entry);
}

static int by_fingerprint(const void *a, const void *b)
{
	return strcmp(((const struct baseline_entry *)a)->fingerprint, ((const struct baseline_entry *)b)->fingerprint);
}

static struct baseline_entry *find(struct baseline *b, const char *fingerprint)
{
	struct baseline_entry key = { .fingerprint = fingerprint };

	return b->entries ? bsearch(&key, b->entry, b->entries, sizeof(key), by_fingerprint) : NULL;
}

/* Files that were merged by hand have entries twice: the one that knows most counts. */
static struct baseline_entry *use(struct baseline *b, struct baseline_entry *found)
{
	struct baseline_entry *first = found, *best, *end = b->entry + b->entries;

	while (first > b->entry && by_fingerprint(first - 1, found) == 0)
		first--;
	best = first;
	for (struct baseline_entry *e = first; e < end && by_fingerprint(e, found) == 0; e++) {
		e->used = true;
		if (best->places && (!e->places || e->places > best->places))
			best = e;
	}
	return best;
}

/* An entry of an older version: it has no places. */
static struct baseline_entry *find_old(struct baseline *b, const char *fingerprint)
{
	struct baseline_entry *found = find(b, fingerprint);

	found = found ? use(b, found) : NULL;
	return found && found->places ? NULL : found; /* the same function's finding of no kind at all */
}

const struct baseline_entry *baseline_find(struct baseline *b, const char *fingerprint)
{
	struct baseline_entry *found = find(b, fingerprint);
	struct pool scratch = { 0 };
	const char *bare;

	if (found)
		return use(b, found);
	bare = fingerprint_without_caller(&scratch, fingerprint);
	found = find(b, bare);
	found = found ? use(b, found) : find_old(b, fingerprint_without_kind(&scratch, bare));
	pool_free(&scratch);
	return found;
}

size_t baseline_old_entries(const struct baseline *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->entries; i++)
		n += !b->entry[i].places;
	return n;
}

/* "ID word=… peer=…" */
static bool is_fingerprint(const char *s)
{
	const char *peer = strstr(s, " peer=");

	return peer && strpbrk(s, "=") && strchr(s, '.') && strchr(s, '.') < strchr(s, ' ') && !strchr(peer + 1, ' ');
}

/* Cuts " places=N" off. */
static bool take_places(char *line, uint64_t *ret)
{
	char *word = strstr(line, " places="), *end;

	*ret = 0;
	if (!word)
		return true;
	*ret = strtoull(word + strlen(" places="), &end, 10);
	*word = '\0';
	return !*end && *ret && word[strlen(" places=")] != '-';
}

static bool read_entry(struct baseline *b, struct pool *pool, const char *path, char *line, unsigned n)
{
	struct baseline_entry e = { .text = pool_copy(pool, line), .line = n };
	size_t length = strcspn(line, "#");

	e.reason = e.text + length;
	while (length && strchr(" \t\r", line[length - 1]))
		length--;
	line[length] = '\0';
	if (!length)
		return true;
	if (!take_places(line, &e.places) || !is_fingerprint(line)) {
		fprintf(stderr, "fdguard: baseline '%s', line %u: is no finding, as --update-baseline writes them\n", path, n);
		return false;
	}
	e.fingerprint = line;
	b->entry = pool_grow(b->entry, b->entries, &b->room, sizeof(*b->entry));
	b->entry[b->entries++] = e;
	return true;
}

bool baseline_read(struct baseline *b, struct pool *pool, const char *path, bool must)
{
	bool good = true;
	char *text, *line;

	if (!must && access(path, F_OK) != 0 && errno == ENOENT)
		return true;
	text = text_file(pool, "baseline", path);
	if (!text)
		return false;
	for (unsigned n = 1; (line = text_line(&text)); n++)
		good &= read_entry(b, pool, path, line, n);
	if (b->entries)
		qsort(b->entry, b->entries, sizeof(*b->entry), by_fingerprint);
	return good;
}

bool baseline_can_be_written(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? strndup(path, (size_t)(slash - path + 1)) : strdup(".");
	bool good = folder && access(folder, W_OK | X_OK) == 0;
	struct stat st;

	if (!good)
		fprintf(stderr, "fdguard: baseline '%s' cannot be written: %s\n", path, strerror(errno));
	free(folder);
	if (good && lstat(path, &st) == 0 && S_ISLNK(st.st_mode) && access(path, F_OK) != 0) {
		fprintf(stderr, "fdguard: baseline '%s' is a link to a file that is not there: make that file (it may be empty), or take the link away\n", path);
		good = false;
	}
	return good;
}

static int by_line(const void *a, const void *b)
{
	const struct run_stale *x = a, *y = b;

	return x->line < y->line ? -1 : x->line > y->line;
}

void baseline_list_stale(const struct baseline *b, struct run *r)
{
	r->stale_baseline = pool_take(&r->pool, (b->entries + 1) * sizeof(*r->stale_baseline));
	for (size_t i = 0; i < b->entries; i++)
		if (!b->entry[i].used)
			r->stale_baseline[r->stale_baselines++] = (struct run_stale){ b->entry[i].line, b->entry[i].text };
	qsort(r->stale_baseline, r->stale_baselines, sizeof(*r->stale_baseline), by_line);
}

static bool belongs(const struct run *r, const struct run_finding *f)
{
	return f->verdict == RUN_NEW && f->line.level >= r->o.fail_on && !run_is_uncovered(f) && !log_is_crowded(&f->line);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

struct writing {
	struct baseline *b;
	struct run *r;
	const char **line;
	size_t lines;
	bool whole;
};

static void keep(struct writing *w, const char *line)
{
	w->line[w->lines++] = line;
}

/* An old entry stands for all kinds: what a run that was not whole saw of them is no reason to take it out. */
static void write_finding(struct writing *w, const struct run_finding *f)
{
	struct baseline_entry *e = f->baseline ? (struct baseline_entry *)baseline_find(w->b, f->fingerprint) : NULL;
	uint64_t places = f->places ? f->places : 1;

	if (e && !e->places && !w->whole)
		return;
	if (e && !w->whole && e->places > places)
		places = e->places;
	if (e) {
		e->written = true;
		w->r->update.changed += e->places != places;
	} else {
		w->r->update.added++;
	}
	keep(w, pool_format(&w->r->pool, "%s places=%llu%s%s", f->fingerprint, (unsigned long long)places, e && *e->reason ? " " : "", e ? e->reason : ""));
}

static void add_vague(struct run *r, const struct log_frame *frame, unsigned frames)
{
	if (!frames || frame->symbol)
		return;
	for (size_t i = 0; i < r->update.vagues; i++)
		if (strcmp(r->update.vague[i], frame->object) == 0)
			return;
	r->update.vague[r->update.vagues++] = frame->object;
}

/* What was written by address. */
static void list_vague(struct run *r)
{
	r->update.vague = pool_take(&r->pool, (2 * r->findings + 1) * sizeof(*r->update.vague));
	for (size_t i = 0; i < r->findings; i++) {
		const struct log_line *l = &r->finding[i].line;

		if (!r->finding[i].baseline && !belongs(r, &r->finding[i]))
			continue;
		add_vague(r, l->site, l->sites);
		add_vague(r, l->created, l->createds);
	}
}

static void write_entry(struct writing *w, struct baseline_entry *e)
{
	if (e->used && use(w->b, e)->written)
		return;
	if (w->whole && !e->used)
		w->r->update.gone++;
	else
		keep(w, e->text);
}

static void write_entries(struct baseline *b, struct run *r, FILE *f, bool whole)
{
	struct writing w = { b, r, calloc(b->entries + r->findings + 1, sizeof(char *)), 0, whole };

	if (!w.line)
		return;
	for (size_t i = 0; i < r->findings; i++)
		if (r->finding[i].baseline || belongs(r, &r->finding[i]))
			write_finding(&w, &r->finding[i]);
	for (size_t i = 0; i < b->entries; i++)
		write_entry(&w, &b->entry[i]);
	qsort(w.line, w.lines, sizeof(*w.line), by_text);
	for (size_t i = 0; i < w.lines; i++)
		if (i == 0 || strcmp(w.line[i], w.line[i - 1]) != 0) {
			r->update.entries++;
			fprintf(f, "%s\n", w.line[i]);
		}
	free(w.line);
	list_vague(r);
}

/* A new file beside `to`, with its mode. NULL: errno says why. *ret_name is on the heap, NULL if there is no file. */
static FILE *open_beside(const char *to, char **ret_name)
{
	struct stat st;
	FILE *f = NULL;
	int fd;

	if (asprintf(ret_name, "%s.XXXXXX", to) < 0)
		*ret_name = NULL;
	fd = *ret_name ? mkostemp(*ret_name, O_CLOEXEC) : -1;
	if (fd >= 0) {
		fchmod(fd, stat(to, &st) == 0 ? st.st_mode & 07777 : 0644);
		f = fdopen(fd, "w");
	}
	if (fd < 0) {
		free(*ret_name);
		*ret_name = NULL;
	}
	return f;
}

/* What was new is known now. */
static void let_through(struct run *r)
{
	for (size_t i = 0; i < r->findings; i++) {
		if (!belongs(r, &r->finding[i]))
			continue;
		r->finding[i].verdict = RUN_BASELINED;
		r->update.accepted++;
		r->finding[i].excess = NULL;
		r->finding[i].fails = false;
	}
}

/* Beside the file, then over it: a reader sees the old one or the new one. */
bool baseline_update(struct baseline *b, struct run *r, const char *path, bool whole)
{
	char *real = realpath(path, NULL), *temporary;
	const char *to = real ? real : path;
	FILE *f = open_beside(to, &temporary);
	bool good = false;

	if (f) {
		fputs("# fdguard: findings that fdguard check lets through; a line goes when its finding is gone. Written by --update-baseline.\n", f);
		write_entries(b, r, f, whole);
		good = !ferror(f);
		good = fclose(f) == 0 && good && rename(temporary, to) == 0;
	}
	if (!good) {
		fprintf(stderr, "fdguard: baseline '%s' cannot be written: %s\n", path, strerror(errno));
		if (temporary)
			unlink(temporary);
	}
	if (good)
		let_through(r);
	r->update.done = good;
	free(temporary);
	free(real);
	return good;
}
