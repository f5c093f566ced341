// SPDX-License-Identifier: MIT
#include "tools/drivers.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "options/options.h"

#define BLOCKS_MAX 4096

struct driver {
	const char *program, *kind;
	const char *mark; /* is in the program's file: others may have its name */
	const char *path; /* a glob, where an unguarded program stands in between and /proc's name is all that is known */
	const char *what;
};

/* Only what was seen to leak. pytest 7.2, bats 1.8, prove 5.36, make 4.3 and ninja 1.11 do not. */
static const struct driver drivers[] = {
	/* 3.25 */
	{ "ctest", "file", "/CTestTestfile.cmake", "*/Testing/Temporary/LastTest*.log*", "its log (LastTest.log, and that of --output-log)" },
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

static bool made_it(const struct driver *d, const struct log_line *l)
{
	const char *parent = log_field(l, "parent_exe"), *kind = log_field(l, "kind");

	return parent && kind && strcmp(kind, d->kind) == 0 && is_it(d, parent);
}

/* "3 /src/build/Testing/Temporary/LastTest.log.tmp" */
static bool names_it(const struct driver *d, const struct log_line *l)
{
	const char *what = log_field(l, "what"), *path = what && l->count == 1 ? strchr(what, ' ') : NULL;

	return path && fdg_glob(d->path, path + 1);
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
		bool leaked = strcmp(l->id, "cloexec.leaked") == 0 && made_it(&drivers[i], l);

		if (!leaked && !(strcmp(l->id, "cloexec.inherited") == 0 && names_it(&drivers[i], l)))
			continue;
		add(r, &drivers[i], l);
		return true;
	}
	return false;
}
