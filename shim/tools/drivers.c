// SPDX-License-Identifier: MIT
#include "tools/drivers.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#define BLOCKS_MAX 4096

struct driver {
	const char *program, *kind;
	const char *mark; /* is in the program's file: others may have its name */
	bool (*is_its)(const char *path); /* all that is known where an unguarded program stands in between */
	const char *option; /* the next word names another */
	const char *what;
};

/* …/Testing/Temporary/LastTest.log, LastTest_20261122-0700.log, LastTestsFailed.log; .tmp behind each. */
static bool is_ctests(const char *path)
{
	static const char folder[] = "/Testing/Temporary/";
	const char *name = strrchr(path, '/');

	if (!name || name - path < (long)sizeof(folder) - 2 || memcmp(name + 2 - sizeof(folder), folder, sizeof(folder) - 1) != 0 || strncmp(name, "/LastTest", 9) != 0)
		return false;
	name += 9;
	name += strncmp(name, "sFailed", 7) == 0 ? 7 : 0;
	name += *name == '_' ? 1 + strspn(name + 1, "0123456789-") : 0;
	return strcmp(name, ".log") == 0 || strcmp(name, ".log.tmp") == 0;
}

/* Only what was seen to leak. pytest 7.2, bats 1.8, prove 5.36, make 4.3 and ninja 1.11 do not. */
static const struct driver drivers[] = {
	/* 3.25 */
	{ "ctest", "file", "/CTestTestfile.cmake", is_ctests, "--output-log", "its log (LastTest.log, and that of --output-log)" },
};

#define DRIVERS (sizeof(drivers) / sizeof(drivers[0]))

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool has_mark(const char *path, const char *mark)
{
	static char text[1 << 16];
	size_t have = 0, length = strlen(mark);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	bool has = false;
	ssize_t n;

	for (long blocks = 0; fd >= 0 && !has && blocks < BLOCKS_MAX && (n = read(fd, text + have, sizeof(text) - have)) > 0; blocks++) {
		have += (size_t)n;
		has = memmem(text, have, mark, length);
		if (have >= length) { /* the mark may lie over the end */
			memmove(text, text + have - (length - 1), length - 1);
			have = length - 1;
		}
	}
	if (fd >= 0)
		close(fd);
	return has;
}

/* A driver leaks into each of its tests: its file is read once. */
static bool is_it(const struct driver *d, const char *path)
{
	static char last[PATH_MAX];
	static const struct driver *last_driver;
	static bool answer;

	if (strcmp(base_name(path), d->program) != 0 || strlen(path) >= sizeof(last))
		return false;
	if (last_driver != d || strcmp(last, path) != 0) {
		answer = has_mark(path, d->mark);
		strcpy(last, path);
		last_driver = d;
	}
	return answer;
}

static const char *base_of(const char *path, size_t *ret_n)
{
	size_t n = strcspn(path, " ");
	const char *slash = memrchr(path, '/', n), *base = slash ? slash + 1 : path;

	*ret_n = n - (size_t)(base - path);
	return base;
}

/* "log" of "/src/log.tmp99c7f", as CMake writes a file that is not done. */
static bool is_named(const char *path, const char *name, size_t n)
{
	const char *base = base_name(path), *rest = base + n;

	if (!n || strncmp(base, name, n) != 0)
		return false;
	rest += strncmp(rest, ".tmp", 4) == 0 ? 4 + strspn(rest + 4, "0123456789abcdef") : 0;
	return !*rest;
}

/* Does the command line of the process name a file of this name? */
static bool is_told(const struct run *r, const char *option, int64_t pid, const char *path)
{
	for (size_t i = r->images; i-- > 0;) {
		const char *at = r->image[i].pid == pid ? strstr(r->image[i].command, option) : NULL, *name;
		size_t n;

		if (!at)
			continue;
		at += strlen(option);
		name = base_of(at + strspn(at, " ="), &n);
		return is_named(path, name, n);
	}
	return false;
}

/* Its name alone will do where an unguarded program stands between it and the test. */
static bool is_its(const struct run *r, const struct driver *d, const struct log_line *l, const char *path, bool made)
{
	return d->is_its(path) || (made && is_told(r, d->option, log_number(l, "parent_pid", 0), path));
}

/* "3 /src/build/Testing/Temporary/LastTest.log.tmp, 4 /src/log.tmp99c7f": is each of all that there are? */
static bool are_its(const struct run *r, const struct driver *d, const struct log_line *l, bool made)
{
	const char *what = log_field(l, "what"), *path, *end;
	struct pool scratch = { 0 };
	uint64_t n = 0;
	bool good = what != NULL;

	for (; good && *what; what = end + strspn(end, ", "), n++) {
		path = strchr(what, ' ');
		end = path ? strstr(path, ", ") : NULL;
		end = end ? end : strchr(what, '\0');
		good = path && is_its(r, d, l, pool_text(&scratch, path + 1, (size_t)(end - path - 1)), made);
	}
	pool_free(&scratch);
	return good && n > 0 && n == l->count;
}

static bool made_it(const struct run *r, const struct driver *d, const struct log_line *l)
{
	const char *parent = log_field(l, "parent_exe"), *kind = log_field(l, "kind");

	return parent && kind && strcmp(kind, d->kind) == 0 && is_it(d, parent) && are_its(r, d, l, true);
}

static void add(struct run *r, const struct driver *d, const struct log_line *l)
{
	struct run_driver *to = r->driver;

	if (!to)
		to = r->driver = pool_take(&r->pool, DRIVERS * sizeof(*r->driver));
	while (to < r->driver + r->drivers && to->what != d->what)
		to++;
	r->drivers += to == r->driver + r->drivers;
	to->program = d->program;
	to->what = d->what;
	to->reports += 1 + l->repeats;
}

bool drivers_take(struct run *r, const struct log_line *l)
{
	for (size_t i = 0; i < DRIVERS; i++) {
		bool leaked = strcmp(l->id, "cloexec.leaked") == 0 && made_it(r, &drivers[i], l);

		if (!leaked && !(strcmp(l->id, "cloexec.inherited") == 0 && are_its(r, &drivers[i], l, false)))
			continue;
		add(r, &drivers[i], l);
		return true;
	}
	return false;
}
