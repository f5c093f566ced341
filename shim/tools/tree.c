// SPDX-License-Identifier: MIT
#include "tools/tree.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/fmt.h"
#include "tools/awaited.h"
#include "tools/ending.h"
#include "tools/json.h"
#include "tools/leaks.h"
#include "tools/left_out.h"
#include "tools/numbers.h"
#include "tools/processes.h"

#define COMMAND_MAX 200

struct process {
	int64_t pid;              /* a key of tools/numbers.h; 0: this slot is free */
	size_t image;             /* its latest one, from 1 on */
	unsigned unclaimed;       /* images that no run.exec told of */
	unsigned shells;          /* popen's children that have not started */
	bool elsewhere;           /* they were given options of their own */
	bool gone;                /* when last looked at: what it wrote is in the log, but not all of it was read yet */
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
	struct numbers numbers;
};

static int64_t key(struct tree *t, const struct log_line *l, int64_t pid)
{
	return numbers_key(&t->numbers, &t->r->pool, l, pid);
}

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
	awaited_give_up(t->r, a, pid, t->say, t->cookie);
}

static void await(struct tree *t, struct process *p, const char *file, const char *by, int64_t by_pid, const char *time)
{
	if (p->awaited)
		give_up(t, p);
	p->awaited = awaited_new(&t->r->pool, file, by, by_pid, time);
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
	*i = (struct run_image){ .pid = l->pid, .ppid = ppid, .parent = key(t, l, ppid), .exe = pool_copy(&r->pool, l->exe), .command = command_of(t, l), .claimed = claimed, .ended = log_number(l, "go", 0) > 0 };
	p->image = r->images;
}

void tree_start(struct tree *t, const struct log_line *l)
{
	int64_t ppid = log_number(l, "ppid", -1), self = key(t, l, l->pid), above = key(t, l, ppid);
	struct process *parent, *p = process(t, self);
	bool was_shell = false, claimed = p->awaited != NULL;

	if (claimed && p->image && !p->awaited->by_pid)
		t->r->image[p->image - 1].ended = true; /* by exec: this is what it became */
	if (claimed && awaited_is_another(&t->r->pool, p->awaited, l->exe, log_number(l, "supervised", 0) > 0)) {
		give_up(t, p);
		parent = process(t, above);
		parent->shells -= parent->shells > 0;
		p = process(t, self);
	}
	p->awaited = NULL;
	p->gone = false;
	if (!claimed) {
		parent = process(t, above);
		was_shell = parent->shells > 0;
		if (was_shell)
			parent->shells--;
		else
			parent->children++;
		p = process(t, self);
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
	p = process(t, i->parent);
	if (p->children)
		p->children--;
}

void tree_exec(struct tree *t, const struct log_line *l)
{
	int64_t child = log_number(l, "child", 0);
	bool elsewhere = log_number(l, "elsewhere", 0) > 0;
	const char *file = log_field(l, "file");
	struct process *p = process(t, key(t, l, child > 0 ? child : l->pid));

	if (!file || log_number(l, "barred", 0) == FDG_BARRED_QUESTION)
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
		claim(t, p->pid);
	} else {
		await(t, p, file, l->exe, child > 0 ? l->pid : 0, l->time);
		p->awaited->elsewhere = elsewhere;
		p->awaited->bar = left_out_bar(log_number(l, "barred", 0));
		awaited_tell(&t->r->pool, p->awaited, l);
	}
}

void tree_end(struct tree *t, const struct log_line *l)
{
	struct process *p = process(t, key(t, l, l->pid));
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

/* popen's children of p that have not come. */
static void give_up_shells(struct tree *t, struct process *p)
{
	for (; p->shells > 0; p->shells--) {
		if (!p->awaited) {
			await(t, p, "/bin/sh", p->image ? t->r->image[p->image - 1].exe : NULL, numbers_pid(p->pid), "");
			p->awaited->elsewhere = p->elsewhere;
			p->awaited->unguarded = true; /* nobody knows its number */
		}
		give_up(t, p);
	}
}

static bool is_gone(int64_t pid)
{
	return kill((pid_t)pid, 0) < 0 && errno == ESRCH;
}

/* Its number will be another's: that one must not find what this one left open. True: p is as if it was new. */
static bool is_settled(struct tree *t, struct process *p)
{
	bool was_gone = p->gone;

	if (!numbers_is_own(p->pid) || !(p->awaited || p->shells || p->unclaimed || p->children))
		return false;
	if (p->awaited && !p->awaited->by) /* CMD: whether it could be run is known when it has ended */
		return false;
	p->gone = is_gone(p->pid);
	if (!was_gone || !p->gone)
		return false;
	give_up(t, p);
	give_up_shells(t, p);
	p->unclaimed = p->children = 0;
	p->gone = p->elsewhere = false;
	return true;
}

void tree_look(struct tree *t)
{
	for (size_t i = 0; i < t->slots; i++) {
		struct process *p = &t->process[i];

		if (is_settled(t, p) || !p->awaited)
			continue;
		awaited_look(&t->r->pool, p->awaited);
		/* CMD begins as the launcher, which nobody guards. */
		if (numbers_is_own(p->pid) && awaited_is_guardable(p->awaited) && p->awaited->by && !p->awaited->unguarded)
			p->awaited->unguarded = processes_is_unguarded(p->pid);
	}
}

void tree_finish(struct tree *t)
{
	struct run *r = t->r;

	for (size_t i = 0; i < t->slots; i++) {
		give_up_shells(t, &t->process[i]);
		give_up(t, &t->process[i]);
	}
	for (size_t i = 0; i < r->images; i++) {
		r->unended += !r->image[i].ended;
		if (r->image[i].filtered)
			filtered_add(r, r->image[i].pid, *r->image[i].command ? r->image[i].command : r->image[i].exe, false);
	}
	leaks_sort(r);
	r->more_images = t->more_images;
}
