// SPDX-License-Identifier: MIT
#include "tools/tree.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fmt.h"
#include "options/options.h"
#include "tools/binary.h"
#include "tools/json.h"
#include "tools/leaks.h"

#define COMMAND_MAX 200

/* An image that somebody set out to start. */
struct awaited {
	const char *file, *by, *time;
	int64_t by_pid; /* 0: the same process */
	bool looked;
	struct binary seen;
};

struct process {
	int64_t pid;              /* 0: this slot is free */
	size_t image;             /* its latest one, from 1 on */
	unsigned unclaimed;       /* images that no run.exec told of */
	unsigned shells;          /* popen's children that have not started */
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

/* Options only and skip leave programs out by name; a script's is its interpreter's. */
static bool name_is_left_out(const char *name)
{
	const struct fdg_options *o = &fdg_options;

	return (o->only.count && !fdg_names_match(&o->only, name)) || fdg_names_match(&o->skip, name);
}

static bool is_left_out(const char *file)
{
	char line[256] = "", *path;
	struct stat st;
	int fd;

	if (!fdg_options.only.count && !fdg_options.skip.count)
		return false;
	fd = stat(file, &st) == 0 && S_ISREG(st.st_mode) ? open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY) : -1;
	if (fd >= 0 && read(fd, line, sizeof(line) - 1) < 0)
		line[0] = '\0';
	if (fd >= 0)
		close(fd);
	if (strncmp(line, "#!", 2) != 0)
		return name_is_left_out(base_name(file));
	path = line + 2 + strspn(line + 2, " \t");
	path[strcspn(path, " \t\n")] = '\0';
	return name_is_left_out(base_name(path));
}

static void look(struct awaited *a)
{
	if (a->looked)
		return;
	a->looked = true;
	if (access(a->file, F_OK) == 0) {
		binary_look(a->file, &a->seen);
		return;
	}
	a->seen.kind = BINARY_MISSING;
	snprintf(a->seen.why, sizeof(a->seen.why), "is gone from the disk by now, so that its kind cannot be told");
}

static const char *cure(enum binary_kind kind)
{
	switch (kind) {
	case BINARY_STATIC: return "link it dynamically for the check; or accept it, with a line in the suppressions file";
	case BINARY_FOREIGN: return "check on a machine of that kind; or accept it, with a line in the suppressions file";
	case BINARY_PRIVILEGED: return "run the check as the user that it changes to; or accept it, with a line in the suppressions file";
	default: return "look for what drops LD_PRELOAD (a sandbox, a chroot without the library, an exec that bypasses libc); or accept it, with a line in the suppressions file";
	}
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

static void say_uncovered(struct tree *t, const struct awaited *a, int64_t pid)
{
	struct pool *pool = &t->r->pool;
	struct log_field *field = pool_take(pool, 3 * sizeof(*field));
	struct log_line l = { .fd = -1, .age_ms = -1, .guard = "run", .id = "run.uncovered", .level = FDG_LEVEL_WARNING };
	bool lost = a->seen.kind == BINARY_DYNAMIC || a->seen.kind == BINARY_ASAN;
	const char *why = lost ? "is dynamically linked, but the library did not wake up in it: the preload was lost" : a->seen.why;

	l.time = a->time;
	l.pid = l.tid = pid;
	l.exe = a->file;
	l.message = sentence(pool, a, pid, why);
	l.fix = cure(a->seen.kind);
	field[0] = (struct log_field){ "reason", lost ? "preload lost" : binary_word(a->seen.kind), true };
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
	if (!a || is_left_out(a->file))
		return;
	look(a);
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
static bool is_another(struct awaited *a, const char *exe)
{
	if (strcmp(base_name(a->file), base_name(exe)) == 0)
		return false;
	look(a);
	return a->seen.kind == BINARY_STATIC || a->seen.kind == BINARY_FOREIGN || a->seen.kind == BINARY_PRIVILEGED;
}

void tree_start(struct tree *t, const struct log_line *l)
{
	int64_t ppid = log_number(l, "ppid", -1);
	struct process *parent, *p = process(t, l->pid);
	bool was_shell = false, claimed = p->awaited != NULL;

	if (claimed && p->image && !p->awaited->by_pid)
		t->r->image[p->image - 1].ended = true; /* by exec: this is what it became */
	if (claimed && is_another(p->awaited, l->exe))
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
	const char *file = log_field(l, "file");
	struct process *p = process(t, child > 0 ? child : l->pid);

	if (!file)
		return;
	if (log_number(l, "error", 0) != 0) {
		p->awaited = NULL;
		t->r->execs -= t->r->execs > 0;
		t->r->elsewhere -= t->r->elsewhere > 0 && log_number(l, "elsewhere", 0) > 0;
		return;
	}
	t->r->execs++;
	if (log_number(l, "elsewhere", 0) > 0)
		t->r->elsewhere++;
	else if (child < 0 && p->children)
		p->children--;
	else if (child < 0)
		p->shells++;
	else if (child > 0 && p->unclaimed)
		claim(t, child);
	else
		await(t, p, file, l->exe, child > 0 ? l->pid : 0, l->time);
}

void tree_end(struct tree *t, const struct log_line *l)
{
	struct process *p = process(t, l->pid);
	int64_t lost = log_number(l, "lost", 0), dropped = log_number(l, "dropped", 0);

	if (p->image)
		t->r->image[p->image - 1].ended = true;
	t->r->lost += (uint64_t)(lost > 0 ? lost : 0) + (uint64_t)(dropped > 0 ? dropped : 0);
	if (t->r->o.leaks)
		leaks_add(t->r, &t->open_room, l);
}

void tree_look(struct tree *t)
{
	for (size_t i = 0; i < t->slots; i++)
		if (t->process[i].awaited)
			look(t->process[i].awaited);
}

void tree_finish(struct tree *t)
{
	struct run *r = t->r;

	for (size_t i = 0; i < t->slots; i++) {
		struct process *p = &t->process[i];

		for (; p->shells > 0; p->shells--) {
			if (!p->awaited)
				await(t, p, "/bin/sh", p->image ? r->image[p->image - 1].exe : NULL, p->pid, "");
			give_up(t, p);
		}
		give_up(t, p);
	}
	for (size_t i = 0; i < r->images; i++)
		r->unended += !r->image[i].ended;
	leaks_sort(r);
	r->more_images = t->more_images;
}
