// SPDX-License-Identifier: MIT
#include "tools/tree.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fmt.h"
#include "options/options.h"
#include "tools/absent.h"
#include "tools/binary.h"
#include "tools/ending.h"
#include "tools/json.h"
#include "tools/leaks.h"
#include "tools/left_out.h"
#include "tools/processes.h"

#define COMMAND_MAX 200

/* An image that somebody set out to start. */
struct awaited {
	const char *file, *by, *time;
	int64_t by_pid; /* 0: the same process */
	bool looked, elsewhere; /* elsewhere: with options of its own */
	bool unguarded;         /* it was seen to run so */
	const struct left_out_bar *bar; /* it could not be guarded; NULL: it could */
	const char *real;       /* file without links; file itself if it is gone */
	struct binary seen;
};

struct process {
	int64_t pid;              /* 0: this slot is free */
	size_t image;             /* its latest one, from 1 on */
	unsigned unclaimed;       /* images that no run.exec told of */
	unsigned shells;          /* popen's children that have not started */
	bool elsewhere;           /* they were given options of their own */
	unsigned children;        /* unclaimed images of its children */
	struct awaited *awaited;
};

struct tree {
	struct run *r;
	tree_finding *say;
	void *cookie;
	struct process *process; /* by pid, open addressing */
	size_t slots, used;
	size_t image_room, open_room;
	uint64_t more_images;
};

struct tree *tree_new(struct run *r, tree_finding *say, void *cookie)
{
	struct tree *t = pool_take(&r->pool, sizeof(*t));

	t->r = r;
	t->say = say;
	t->cookie = cookie;
	return t;
}

void tree_free(struct tree *t)
{
	free(t->process);
}

static struct process *slot(const struct tree *t, int64_t pid)
{
	for (size_t i = (size_t)pid * 2654435761u;; i++) {
		struct process *p = &t->process[i & (t->slots - 1)];

		if (p->pid == pid || p->pid == 0)
			return p;
	}
}

static void more_slots(struct tree *t)
{
	struct process *old = t->process;
	size_t n = t->slots;

	t->slots = n ? n * 2 : 256;
	t->process = calloc(t->slots, sizeof(*t->process));
	if (!t->process) {
		fputs("fdguard: out of memory\n", stderr);
		exit(2);
	}
	for (size_t i = 0; i < n; i++)
		if (old[i].pid)
			*slot(t, old[i].pid) = old[i];
	free(old);
}

/* Good until the next call. */
static struct process *process(struct tree *t, int64_t pid)
{
	struct process *p;

	pid = pid > 0 ? pid : -1;
	if (t->used * 2 >= t->slots)
		more_slots(t);
	p = slot(t, pid);
	if (!p->pid) {
		p->pid = pid;
		t->used++;
	}
	return p;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void look(struct tree *t, struct awaited *a)
{
	char *real;

	if (a->looked)
		return;
	a->looked = true;
	real = realpath(a->file, NULL);
	a->real = real ? pool_copy(&t->r->pool, real) : a->file;
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
	const char *name = base_name(a->file);

	if (!a->by)
		return pool_format(pool, "%s (pid %lld) ran unguarded: it %s", name, (long long)pid, why);
	if (!a->by_pid)
		return pool_format(pool, "%s (pid %lld), started by %s, ran unguarded: it %s", name, (long long)pid, base_name(a->by), why);
	return pool_format(pool, "%s (pid %lld), started by %s (pid %lld), ran unguarded: it %s", name, (long long)pid, base_name(a->by), (long long)a->by_pid, why);
}

static bool is_guardable(const struct awaited *a)
{
	return a->seen.kind == BINARY_DYNAMIC || a->seen.kind == BINARY_ASAN;
}

/* A run or a check inside this one has options of its own, and says what it finds. */
static bool is_nested(const struct awaited *a)
{
	return a->elsewhere && a->by && strcmp(base_name(a->by), "fdguard-cmd") == 0;
}

/* Where the preload was handed on, a program that never woke up may have been killed before, or lack a library. CMD that ended well did run. */
static bool never_began(const struct tree *t, const struct awaited *a, int64_t pid)
{
	bool ran = a->unguarded || a->bar || a->elsewhere || !fdg_options.follow || (pid == t->r->cmd_pid && !t->r->cmd_killed);

	return is_guardable(a) && !ran;
}

static void say_uncovered(struct tree *t, const struct awaited *a, int64_t pid)
{
	struct pool *pool = &t->r->pool;
	struct log_field *field = pool_take(pool, 3 * sizeof(*field));
	struct log_line l = { .fd = -1, .age_ms = -1, .guard = "run", .id = "run.uncovered", .level = FDG_LEVEL_WARNING };
	const char *word = binary_word(a->seen.kind), *why = a->seen.why;

	if (is_guardable(a)) {
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
	l.fix = is_guardable(a) && a->bar ? a->bar->cure : left_out_cure(a->seen.kind, a->elsewhere);
	field[0] = (struct log_field){ "reason", word, true };
	field[1] = (struct log_field){ "parent_exe", a->by ? a->by : "", true };
	l.field = field;
	l.fields = a->by ? 2 : 1;
	t->say(t->cookie, &l);
}

/* What was awaited did not come. */
static void give_up(struct tree *t, struct process *p)
{
	struct awaited *a = p->awaited;
	int64_t pid = p->pid;

	p->awaited = NULL;
	if (!a)
		return;
	if (p->image && !a->by_pid)
		t->r->image[p->image - 1].ended = true; /* by exec: this is what it became */
	look(t, a);
	if (left_out_is(a->real))
		absent_add(t->r, RUN_LEFT_OUT, pid, a->real);
	else if (is_nested(a))
		t->r->elsewhere++;
	else if (never_began(t, a, pid))
		absent_add(t->r, RUN_NEVER_BEGAN, pid, a->real);
	else
		say_uncovered(t, a, pid);
}

static void await(struct tree *t, struct process *p, const char *file, const char *by, int64_t by_pid, const char *time)
{
	struct awaited *a;

	if (p->awaited)
		give_up(t, p);
	a = pool_take(&t->r->pool, sizeof(*a));
	a->file = pool_copy(&t->r->pool, file);
	a->by = pool_copy(&t->r->pool, by);
	a->by_pid = by_pid;
	a->time = pool_copy(&t->r->pool, time);
	p->awaited = a;
}

void tree_expect(struct tree *t, int64_t pid, const char *file, const char *time)
{
	await(t, process(t, pid), file, NULL, 0, time);
}

void tree_excuse(struct tree *t, int64_t pid)
{
	process(t, pid)->awaited = NULL;
}

/* argv of run.start, for people. */
static const char *command_of(struct tree *t, const struct log_line *l)
{
	const struct json *argv = log_array(l, "argv");
	char text[COMMAND_MAX + 1];
	struct fdg_buf b = FDG_BUF(text);

	for (const struct json *v = argv ? argv->first : NULL; v && !b.cut; v = v->next) {
		if (b.len)
			fdg_put_char(&b, ' ');
		fdg_put_printable(&b, v->string ? v->string : "", v->string ? strlen(v->string) : 0);
	}
	return pool_copy(&t->r->pool, text);
}

static void add_image(struct tree *t, struct process *p, const struct log_line *l, int64_t ppid, bool claimed)
{
	struct run *r = t->r;
	struct run_image *i;

	p->image = 0;
	if (r->images == TREE_IMAGES_MAX) {
		t->more_images++;
		return;
	}
	r->image = pool_grow(r->image, r->images, &t->image_room, sizeof(*r->image));
	i = &r->image[r->images++];
	*i = (struct run_image){ .pid = l->pid, .ppid = ppid, .exe = pool_copy(&r->pool, l->exe), .command = command_of(t, l), .claimed = claimed };
	p->image = r->images;
}

/* A program without a loader may exec one with it: the image is not the one that was awaited. Most are told by their names, without a look at the file. */
static bool is_another(struct tree *t, struct awaited *a, const char *exe)
{
	if (strcmp(base_name(a->file), base_name(exe)) == 0)
		return false;
	look(t, a);
	return a->seen.kind == BINARY_STATIC || a->seen.kind == BINARY_FOREIGN || a->seen.kind == BINARY_PRIVILEGED;
}

void tree_start(struct tree *t, const struct log_line *l)
{
	int64_t ppid = log_number(l, "ppid", -1);
	struct process *parent, *p = process(t, l->pid);
	bool was_shell = false, claimed = p->awaited != NULL;

	if (claimed && p->image && !p->awaited->by_pid)
		t->r->image[p->image - 1].ended = true; /* by exec: this is what it became */
	if (claimed && is_another(t, p->awaited, l->exe))
		give_up(t, p);
	p->awaited = NULL;
	if (!claimed) {
		parent = process(t, ppid);
		was_shell = parent->shells > 0;
		if (was_shell)
			parent->shells--;
		else
			parent->children++;
		p = process(t, l->pid);
		p->unclaimed += !was_shell;
	}
	add_image(t, p, l, ppid, claimed || was_shell);
}

static void claim(struct tree *t, int64_t pid)
{
	struct process *p = process(t, pid);
	struct run_image *i = p->image ? &t->r->image[p->image - 1] : NULL;

	p->unclaimed--;
	if (!i)
		return;
	i->claimed = true;
	p = process(t, i->ppid);
	if (p->children)
		p->children--;
}

void tree_exec(struct tree *t, const struct log_line *l)
{
	int64_t child = log_number(l, "child", 0);
	bool elsewhere = log_number(l, "elsewhere", 0) > 0;
	const char *file = log_field(l, "file");
	struct process *p = process(t, child > 0 ? child : l->pid);

	if (!file)
		return;
	if (log_number(l, "error", 0) != 0) {
		p->awaited = NULL;
		t->r->execs -= t->r->execs > 0;
		return;
	}
	t->r->execs++;
	if (child < 0 && p->children) {
		p->children--;
	} else if (child < 0) {
		p->shells++;
		p->elsewhere |= elsewhere;
	} else if (child > 0 && p->unclaimed) {
		claim(t, child);
	} else {
		await(t, p, file, l->exe, child > 0 ? l->pid : 0, l->time);
		p->awaited->elsewhere = elsewhere;
		p->awaited->bar = left_out_bar(log_number(l, "barred", 0));
	}
}

void tree_end(struct tree *t, const struct log_line *l)
{
	struct process *p = process(t, l->pid);
	struct run_image none = { .lost = 0 }, *i = p->image ? &t->r->image[p->image - 1] : &none;
	uint64_t lost = ending_lost(l);

	/* An exec that failed, a filter that did not go in: of several ends the last one counts, with all that was before. */
	t->r->lost += lost > i->lost ? lost - i->lost : 0;
	i->lost = lost > i->lost ? lost : i->lost;
	i->ended = true;
	i->filtered = ending_is_filter(l);
	if (i->filtered && !p->image)
		filtered_add(t->r, l->pid, pool_copy(&t->r->pool, l->exe), true);
	if (t->r->o.leaks)
		leaks_add(t->r, &t->open_room, l);
}

bool tree_is_cut_short(struct tree *t, int64_t pid)
{
	const struct process *p = process(t, pid);

	return p->image && !t->r->image[p->image - 1].ended;
}

void tree_look(struct tree *t)
{
	for (size_t i = 0; i < t->slots; i++) {
		struct awaited *a = t->process[i].awaited;

		if (!a)
			continue;
		look(t, a);
		/* CMD begins as the launcher, which nobody guards. */
		if (is_guardable(a) && a->by && !a->unguarded)
			a->unguarded = processes_is_unguarded(t->process[i].pid);
	}
}

void tree_finish(struct tree *t)
{
	struct run *r = t->r;

	for (size_t i = 0; i < t->slots; i++) {
		struct process *p = &t->process[i];

		for (; p->shells > 0; p->shells--) {
			if (!p->awaited) {
				await(t, p, "/bin/sh", p->image ? r->image[p->image - 1].exe : NULL, p->pid, "");
				p->awaited->elsewhere = p->elsewhere;
				p->awaited->unguarded = true; /* nobody knows its number */
			}
			give_up(t, p);
		}
		give_up(t, p);
	}
	for (size_t i = 0; i < r->images; i++) {
		r->unended += !r->image[i].ended;
		if (r->image[i].filtered)
			filtered_add(r, r->image[i].pid, *r->image[i].command ? r->image[i].command : r->image[i].exe, false);
	}
	leaks_sort(r);
	r->more_images = t->more_images;
}
