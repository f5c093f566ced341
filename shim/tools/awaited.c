// SPDX-License-Identifier: MIT
#include "tools/awaited.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "options/options.h"
#include "tools/absent.h"
#include "tools/left_out.h"
#include "tools/numbers.h"

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

struct awaited *awaited_new(struct pool *pool, const char *file, const char *by, int64_t by_pid, const char *time)
{
	struct awaited *a = pool_take(pool, sizeof(*a));

	a->file = pool_copy(pool, file);
	a->by = pool_copy(pool, by);
	a->by_pid = by_pid;
	a->time = pool_copy(pool, time);
	return a;
}

void awaited_tell(struct pool *pool, struct awaited *a, const struct log_line *l)
{
	int64_t kind = log_number(l, "image", 0), detail = log_number(l, "detail", 0);
	const char *real = log_field(l, "real"), *loader = log_field(l, "loader");

	if (kind <= FDG_IMAGE_UNKNOWN || kind >= FDG_IMAGE_KINDS || detail < 0 || detail > UINT16_MAX)
		return;
	a->looked = a->told = true;
	a->without_loader = kind == FDG_IMAGE_STATIC || (kind == FDG_IMAGE_FOREIGN && detail);
	a->real = real ? pool_copy(pool, real) : a->file;
	binary_tell((enum fdg_image_kind)kind, (unsigned)detail, loader ? loader : "", &a->seen);
}

void awaited_look(struct pool *pool, struct awaited *a)
{
	char *real;

	if (a->looked)
		return;
	a->looked = true;
	real = realpath(a->file, NULL);
	a->real = real ? pool_copy(pool, real) : a->file;
	free(real);
	if (access(a->file, F_OK) == 0) {
		binary_look(a->file, &a->seen);
		return;
	}
	a->seen.kind = BINARY_MISSING;
	snprintf(a->seen.why, sizeof(a->seen.why), "is gone from the disk by now, so that its kind cannot be told");
}

static const char *sentence(struct pool *pool, const struct awaited *a, int64_t pid, const char *why)
{
	const char *name = base_name(strncmp(a->file, "/proc/", 6) == 0 ? a->real : a->file);

	if (!a->by)
		return pool_format(pool, "%s (pid %lld) ran unguarded: it %s", name, (long long)pid, why);
	if (!a->by_pid)
		return pool_format(pool, "%s (pid %lld), started by %s, ran unguarded: it %s", name, (long long)pid, base_name(a->by), why);
	return pool_format(pool, "%s (pid %lld), started by %s (pid %lld), ran unguarded: it %s", name, (long long)pid, base_name(a->by), (long long)a->by_pid, why);
}

bool awaited_is_guardable(const struct awaited *a)
{
	return a->seen.kind == BINARY_DYNAMIC || a->seen.kind == BINARY_ASAN;
}

/* The launcher's second half, of this fdguard or another: it is installed beside the other tools. */
static bool is_launcher(const char *exe)
{
	char beside[PATH_MAX];
	const char *name = base_name(exe);
	int n = snprintf(beside, sizeof(beside), "%.*sfdguard-options", (int)(name - exe), exe);

	return strcmp(name, "fdguard-cmd") == 0 && n < (int)sizeof(beside) && access(beside, X_OK) == 0;
}

/* A run or a check inside this one has options of its own, and says what it finds. */
static bool is_nested(const struct awaited *a)
{
	return a->elsewhere && a->by && is_launcher(a->by);
}

/* Where the preload was handed on, a program that never woke up may have been killed before, or lack a library. CMD that ended well did run. */
static bool never_began(const struct run *r, const struct awaited *a, int64_t pid)
{
	bool ran = a->unguarded || a->bar || a->elsewhere || !fdg_options.follow || (pid == r->cmd_pid && !r->cmd_killed);

	return awaited_is_guardable(a) && !ran;
}

static void say_uncovered(struct pool *pool, const struct awaited *a, int64_t pid, void (*say)(void *cookie, const struct log_line *l), void *cookie)
{
	struct log_field *field = pool_take(pool, 3 * sizeof(*field));
	struct log_line l = { .fd = -1, .age_ms = -1, .guard = "run", .id = "run.uncovered", .level = FDG_LEVEL_WARNING };
	const char *word = binary_word(a->seen.kind), *why = a->seen.why;

	if (awaited_is_guardable(a)) {
		word = a->elsewhere ? "elsewhere" : "preload lost";
		why = a->elsewhere ? "was started with FDGUARD_OPTIONS of its own, and reports elsewhere"
				   : "is dynamically linked, but the library did not wake up in it: the preload was lost";
		if (a->bar) {
			word = a->bar->word;
			why = a->bar->why;
		}
	}

	l.time = a->time;
	l.pid = l.tid = pid;
	l.exe = a->real;
	l.message = sentence(pool, a, pid, why);
	l.fix = awaited_is_guardable(a) && a->bar ? a->bar->cure : left_out_cure(a->seen.kind, a->elsewhere);
	field[0] = (struct log_field){ "reason", word, true };
	field[1] = (struct log_field){ "parent_exe", a->by ? a->by : "", true };
	l.field = field;
	l.fields = a->by ? 2 : 1;
	say(cookie, &l);
}

/* Its tools are static, and the program that they run calls the library that it was given as any other does. */
static bool is_valgrind(const struct awaited *a)
{
	return a->seen.kind == BINARY_STATIC && strstr(a->real, "/valgrind/");
}

/* A program without a loader may exec one with it: the image is not the one that was awaited. Without a word from who started it most are told by their names. */
bool awaited_is_another(struct pool *pool, struct awaited *a, const char *exe, bool supervised)
{
	bool same_name = strcmp(base_name(a->file), base_name(exe)) == 0;

	if (supervised)
		return is_nested(a); /* told of at its execve: nothing was between */
	if (a->told && a->without_loader)
		return !is_valgrind(a);
	if (same_name)
		return false;
	if (is_nested(a))
		return true; /* it reports elsewhere: its number is another's by now */
	awaited_look(pool, a);
	if (is_valgrind(a))
		return false;
	return a->seen.kind == BINARY_STATIC || a->seen.kind == BINARY_FOREIGN || a->seen.kind == BINARY_PRIVILEGED;
}

void awaited_give_up(struct run *r, struct awaited *a, int64_t pid, void (*say)(void *cookie, const struct log_line *l), void *cookie)
{
	awaited_look(&r->pool, a);
	if (left_out_is(a->real))
		absent_add(r, RUN_LEFT_OUT, numbers_pid(pid), a->real);
	else if (is_nested(a))
		r->elsewhere++;
	else if (never_began(r, a, pid))
		absent_add(r, RUN_NEVER_BEGAN, numbers_pid(pid), a->real);
	else
		say_uncovered(&r->pool, a, numbers_pid(pid), say, cookie);
}
