// SPDX-License-Identifier: MIT
#include "tools/baseline.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/text.h"

void baseline_free(struct baseline *b)
{
	free(b->entry);
}

static int by_fingerprint(const void *a, const void *b)
{
	return strcmp(((const struct baseline_entry *)a)->fingerprint, ((const struct baseline_entry *)b)->fingerprint);
}

bool baseline_has(struct baseline *b, const char *fingerprint)
{
	struct baseline_entry key = { .fingerprint = fingerprint };
	struct baseline_entry *found = b->entries ? bsearch(&key, b->entry, b->entries, sizeof(key), by_fingerprint) : NULL;

	if (found)
		found->used = true;
	return found;
}

/* "ID word=… peer=…" */
static bool is_fingerprint(const char *s)
{
	const char *peer = strstr(s, " peer=");

	return peer && strpbrk(s, "=") && strchr(s, '.') && strchr(s, '.') < strchr(s, ' ') && !strchr(peer + 1, ' ');
}

static bool read_entry(struct baseline *b, struct pool *pool, const char *path, char *line, unsigned n)
{
	struct baseline_entry e = { .text = pool_copy(pool, line), .line = n };
	size_t length = strcspn(line, "#");

	while (length && strchr(" \t\r", line[length - 1]))
		length--;
	line[length] = '\0';
	if (!length)
		return true;
	if (!is_fingerprint(line)) {
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

	if (!good)
		fprintf(stderr, "fdguard: baseline '%s' cannot be written: %s\n", path, strerror(errno));
	free(folder);
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
	return f->verdict == RUN_NEW && f->line.level >= r->o.fail_on && !run_is_uncovered(f);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void write_entries(const struct baseline *b, struct run *r, FILE *f, bool whole)
{
	const char **lines = calloc(b->entries + r->findings + 1, sizeof(*lines));
	size_t n = 0, kept;

	if (!lines)
		return;
	for (size_t i = 0; i < b->entries; i++)
		if (!whole || b->entry[i].used)
			lines[n++] = b->entry[i].text;
	kept = n;
	for (size_t i = 0; i < r->findings; i++)
		if (belongs(r, &r->finding[i]))
			lines[n++] = r->finding[i].fingerprint;
	r->update.entries = n;
	r->update.added = n - kept;
	r->update.gone = b->entries - kept;
	qsort(lines, n, sizeof(*lines), by_text);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || strcmp(lines[i], lines[i - 1]) != 0)
			fprintf(f, "%s\n", lines[i]);
	free(lines);
}

/* Beside the file, then over it: a reader sees the old one or the new one. */
bool baseline_update(const struct baseline *b, struct run *r, const char *path, bool whole)
{
	char *real = realpath(path, NULL), *temporary;
	const char *to = real ? real : path;
	struct stat st;
	bool good = false;
	FILE *f = NULL;
	int fd = -1;

	if (asprintf(&temporary, "%s.XXXXXX", to) < 0)
		temporary = NULL;
	if (temporary)
		fd = mkostemp(temporary, O_CLOEXEC);
	if (fd >= 0) {
		fchmod(fd, stat(to, &st) == 0 ? st.st_mode & 07777 : 0644);
		f = fdopen(fd, "w");
	}
	if (f) {
		fputs("# fdguard: findings that fdguard check lets through; a line goes when its finding is gone. Written by --update-baseline.\n", f);
		write_entries(b, r, f, whole);
		good = !ferror(f);
		good = fclose(f) == 0 && good && rename(temporary, to) == 0;
	}
	if (!good) {
		fprintf(stderr, "fdguard: baseline '%s' cannot be written: %s\n", path, strerror(errno));
		if (temporary && fd >= 0)
			unlink(temporary);
	}
	for (size_t i = 0; good && i < r->findings; i++) {
		if (!belongs(r, &r->finding[i]))
			continue;
		r->finding[i].verdict = RUN_BASELINED;
		r->finding[i].fails = false;
	}
	r->update.done = good;
	free(temporary);
	free(real);
	return good;
}
