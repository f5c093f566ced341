// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "report/line.h"
#include "tools/plain.h"
#include "tools/scan.h"

/* What was said of a process, for rounds that find the same. */
struct scan_said {
	uint64_t hash, count;
	bool fixed;
};

static uint64_t hash_of(const struct scan_process *p, const struct fdg_finding *f)
{
	uint64_t h = fdg_hash(0, &f->id, sizeof(f->id));

	h = fdg_hash(h, &p->pid, sizeof(p->pid));
	h = fdg_hash(h, &p->start, sizeof(p->start));
	h = f->key ? fdg_hash(h, f->key, strlen(f->key)) : h;
	return f->peer ? fdg_hash(h, f->peer, strlen(f->peer)) : h;
}

static struct scan_said *said_of(struct scan_out *o, uint64_t hash)
{
	for (size_t i = 0; i < o->saids; i++)
		if (o->said[i].hash == hash)
			return &o->said[i];
	o->said = pool_grow(o->said, o->saids, &o->said_room, sizeof(*o->said));
	o->said[o->saids] = (struct scan_said){ .hash = hash, .count = UINT64_MAX };
	return &o->said[o->saids++];
}

static void put(struct scan_out *o, const char *text, size_t n)
{
	if (fwrite(text, 1, n, o->f) != n || fflush(o->f) != 0)
		o->is_wrong = true;
}

void scan_say(struct scan_out *o, const struct scan_process *p, const struct fdg_finding *f)
{
	static struct fdg_subject subject;
	static struct fdg_line line;
	const struct fdg_item item = { .f = f };
	struct scan_said *said = said_of(o, hash_of(p, f));

	if (said->count == f->count && said->fixed == f->fixed)
		return;
	said->count = f->count;
	said->fixed = f->fixed;
	if (f->level >= FDG_LEVEL_WARNING) {
		o->found++;
		o->cured += f->fixed;
	}
	if (!o->json && f->level < fdg_options.level)
		return;
	subject = (struct fdg_subject){ .pid = p->pid, .tid = p->pid, .ppid = p->status.parent, .exe = p->exe };
	fdg_report_as(&subject);
	fdg_compose(&item, &line);
	fdg_report_as(NULL);
	put(o, line.text, line.len);
}

void scan_problem(struct scan_out *o, const char *format, ...)
{
	struct scan_said *said;
	char text[1024];
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	if (n <= 0)
		return;
	said = said_of(o, fdg_hash(1, text, strlen(text)));
	if (said->count == 0)
		return;
	said->count = 0;
	o->unseen++;
	fputs("fdguard: ", stderr);
	plain_put(stderr, text);
	fputc('\n', stderr);
}

void scan_note(struct scan_out *o, const char *format, ...)
{
	char text[1024];
	va_list ap;

	if (o->json)
		return;
	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	fputs("fdguard: ", o->f);
	plain_put(o->f, text);
	fputc('\n', o->f);
	if (fflush(o->f) != 0)
		o->is_wrong = true;
}
