// SPDX-License-Identifier: MIT
/* The processes that logs tell of: which program images there were, which of them ran guarded, and who started whom. */
#include <stdlib.h>
#include <string.h>

#include "base/fmt.h"
#include "tools/json.h"
#include "tools/report.h"

#define COMMAND_MAX 400
#define EXEC_GAP_MS 5000 /* between the end of an image and the start of the one that it became */

struct untold_key {
	struct report_process who;
	uint32_t exe;
};

static bool is_same_process(const struct report_process *a, const struct report_process *b)
{
	return a->host == b->host && a->pidns == b->pidns && a->pid == b->pid;
}

/* argv of run.start, for people. */
static const char *command_of(struct report *p, const struct log_line *l)
{
	const struct json *argv = p->commands ? log_array(l, "argv") : NULL;
	char text[COMMAND_MAX + 4];
	struct fdg_buf b = { text, 0, COMMAND_MAX, false };

	*text = '\0';
	for (const struct json *v = argv ? argv->first : NULL; v && !b.cut; v = v->next) {
		if (b.len)
			fdg_put_char(&b, ' ');
		fdg_put_printable(&b, v->string ? v->string : "", v->string ? strlen(v->string) : 0);
	}
	if (b.cut)
		strcpy(text + b.len, "…");
	return pool_copy(&p->scratch, text);
}

static struct report_image *add(struct report *p, const struct report_process *who, const struct log_line *l)
{
	struct report_image *i;

	if (p->images == REPORT_IMAGES_MAX) {
		p->more_images++;
		return NULL;
	}
	p->image = pool_grow(p->image, p->images, &p->image_room, sizeof(*p->image));
	i = &p->image[p->images++];
	*i = (struct report_image){ .who = *who, .ppid = log_number(l, "ppid", -1), .exe = strings_number(&p->strings, &p->r.pool, l->exe) };
	i->command = strings_number(&p->strings, &p->r.pool, command_of(p, l));
	return i;
}

static bool same_latest(const void *owner, uint32_t i, const void *key)
{
	return is_same_process(&((const struct report *)owner)->image[i].who, key);
}

/* Of a process, the image that started last, as far as the logs were read. */
static uint32_t *latest(struct report *p, const struct report_process *who)
{
	return lookup_find(&p->image_lookup, fdg_hash(3, who, sizeof(*who)), same_latest, p, who);
}

void report_image_start(struct report *p, const struct report_process *who, const struct log_line *l)
{
	struct report_image *i = add(p, who, l);

	if (!i)
		return;
	i->start = report_time(l->time);
	i->kind = IMAGE_GUARDED;
	*latest(p, who) = (uint32_t)p->images;
}

void report_image_end(struct report *p, const struct report_process *who, const struct log_line *l)
{
	uint32_t entry = *latest(p, who);
	struct report_image *i = entry ? &p->image[entry - 1] : NULL;
	const char *until = log_field(l, "until");
	int64_t lost = log_number(l, "lost", 0);

	if (!i)
		return;
	i->ended = true;
	i->end = report_time(l->time);
	i->filtered = until && strcmp(until, "seccomp") == 0;
	i->lost = lost > 0 ? (uint64_t)lost : 0;
}

static bool same_untold(const void *owner, uint32_t i, const void *key)
{
	const struct report_image *image = &((const struct report *)owner)->image[i];
	const struct untold_key *k = key;

	return image->exe == k->exe && is_same_process(&image->who, &k->who);
}

static struct report_image *untold(struct report *p, const struct report_process *who, const struct log_line *l)
{
	struct untold_key key;
	struct report_image *i;
	uint32_t *entry;

	memset(&key, 0, sizeof(key));
	key.who = *who;
	key.exe = strings_number(&p->strings, &p->r.pool, l->exe);
	entry = lookup_find(&p->untold_lookup, fdg_hash(4, &key, sizeof(key)), same_untold, p, &key);
	if (*entry)
		return &p->image[*entry - 1];
	i = add(p, who, l);
	if (!i)
		return NULL;
	i->kind = IMAGE_UNTOLD;
	i->start = report_time(l->time);
	*lookup_find(&p->untold_lookup, fdg_hash(4, &key, sizeof(key)), same_untold, p, &key) = (uint32_t)p->images;
	return i;
}

void report_image_finding(struct report *p, const struct report_process *who, const struct log_line *l)
{
	uint32_t entry = *latest(p, who);
	struct report_image *i = entry ? &p->image[entry - 1] : NULL;

	if (strcmp(l->id, "run.uncovered") == 0) {
		i = add(p, who, l);
		if (i) {
			i->kind = IMAGE_UNCOVERED;
			i->start = report_time(l->time);
			i->why = pool_copy(&p->r.pool, l->message);
		}
	} else if (!i || strcmp(report_string(p, i->exe), l->exe) != 0) {
		i = untold(p, who, l);
	}
	if (i)
		i->findings[l->level]++;
}

/* ---- when all is read ---- */

static int by_process_and_start(const void *a, const void *b)
{
	const struct report_image *x = a, *y = b;

	if (x->who.host != y->who.host)
		return x->who.host < y->who.host ? -1 : 1;
	if (x->who.pidns != y->who.pidns)
		return x->who.pidns < y->who.pidns ? -1 : 1;
	if (x->who.pid != y->who.pid)
		return x->who.pid < y->who.pid ? -1 : 1;
	return (x->start > y->start) - (x->start < y->start);
}

/* The last image of the process that had begun by then; one more than its index, or 0. The images are sorted. */
static size_t image_at(const struct report *p, const struct report_process *who, int64_t ms)
{
	struct report_image key = { .who = *who, .start = ms };
	size_t low = 0, high = p->images;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (by_process_and_start(&p->image[middle], &key) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low && is_same_process(&p->image[low - 1].who, who) ? low : 0;
}

/* A number is given again; an image that followed at once, under the same parent, is what the one before became. */
static bool became(const struct report_image *old, const struct report_image *new)
{
	return is_same_process(&old->who, &new->who) && new->kind != IMAGE_UNTOLD && old->kind != IMAGE_UNTOLD && old->ppid == new->ppid &&
	       (!old->ended || new->start - old->end <= EXEC_GAP_MS);
}

static void find_parent(struct report *p, size_t n)
{
	struct report_image *i = &p->image[n];
	struct report_process above = i->who;

	if (n && became(&p->image[n - 1], i)) {
		i->before = n;
		i->parent = p->image[n - 1].parent;
		return;
	}
	if (i->kind == IMAGE_UNTOLD && n && is_same_process(&p->image[n - 1].who, &i->who)) {
		i->parent = n;
		return;
	}
	above.pid = i->ppid;
	i->parent = i->ppid > 0 && i->ppid != i->who.pid ? image_at(p, &above, i->start) : 0;
}

/* Clocks of one host can be set back: a circle of parents is cut where it closes. */
static void cut_circles(struct report *p)
{
	char *seen = pool_take(&p->r.pool, p->images + 1); /* 1: on the way, 2: has an end */

	for (size_t i = 0; i < p->images; i++) {
		size_t at = i + 1, before = 0;

		for (; at && !seen[at - 1]; before = at, at = p->image[at - 1].parent)
			seen[at - 1] = 1;
		if (at && seen[at - 1] == 1)
			p->image[before - 1].parent = 0;
		for (at = i + 1; at && seen[at - 1] == 1; at = p->image[at - 1].parent)
			seen[at - 1] = 2;
	}
}

void report_images_finish(struct report *p)
{
	if (p->images)
		qsort(p->image, p->images, sizeof(*p->image), by_process_and_start);
	for (size_t i = 0; i < p->images; i++)
		find_parent(p, i);
	cut_circles(p);
}
