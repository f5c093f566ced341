// SPDX-License-Identifier: MIT
#include "report/fields.h"

#include <string.h>

#include "report/run.h"

#include "base/poison.h"

struct to {
	fdg_field *f;
	void *cookie;
	size_t max;
};

/* No character is split. */
static void give(const struct to *to, const char *name, const char *value, size_t max)
{
	size_t n = strnlen(value, max + 1), whole = n;

	if (n > max)
		for (whole = max; whole && ((unsigned char)value[whole] & 0xc0) == 0x80;)
			whole--;
	to->f(to->cookie, name, value, whole, whole < n);
}

static void give_text(const struct to *to, const char *name, const char *value)
{
	if (value)
		give(to, name, value, to->max);
}

static void give_number(const struct to *to, const char *name, int64_t v)
{
	char text[32];
	struct fdg_buf b = FDG_BUF(text);

	fdg_put_i64(&b, v);
	to->f(to->cookie, name, text, b.len, false);
}

/* "tune+0x5a (/usr/bin/x+0x12ab) at /src/x.c:7" */
static void give_frame(const struct to *to, const char *name, const struct fdg_place *p, const char *symbol, const struct fdg_source *s)
{
	char text[512];
	struct fdg_buf b = FDG_BUF(text);

	if (symbol)
		fdg_fmt(&b, "%s (", symbol);
	fdg_fmt(&b, "%s+", p->object);
	fdg_put_hex(&b, p->offset);
	if (symbol)
		fdg_put_char(&b, ')');
	if (s->file)
		fdg_fmt(&b, " at %s:%u", s->file, s->line);
	give(to, name, text, to->max);
}

static void give_frames(const struct to *to, const char *name, const struct fdg_frames *frames)
{
	for (unsigned i = 0; i < frames->count; i++)
		if (frames->place[i].object)
			give_frame(to, name, &frames->place[i], fdg_frame_symbol(frames, i), fdg_frame_source(frames, i));
}

static void give_head(const struct to *to, const struct fdg_finding *f)
{
	give_text(to, "id", fdg_finding_name(f->id));
	give_text(to, "guard", fdg_finding_guard(f->id));
	give_text(to, "level", fdg_level_word(f->level));
	give_text(to, "action", f->fixed ? "fixed" : "reported");
	give_number(to, "pid", fdg_run_pid());
	give_number(to, "tid", fdg_run_tid());
	give_text(to, "exe", fdg_run_exe());
}

static void give_values(const struct to *to, const struct fdg_finding *f)
{
	if (f->fd >= 0)
		give_number(to, "fd", f->fd);
	if (f->count)
		give_number(to, "count", (int64_t)f->count);
	give_text(to, "peer", f->peer);
	give_text(to, "local", f->local);
	if (f->age_ms >= 0)
		give_number(to, "age_ms", f->age_ms);
}

static void give_fact(const struct to *to, const struct fdg_fact *fact)
{
	if (!fact->name)
		return;
	if (fact->text)
		give_text(to, fact->name, fact->text);
	else
		give_number(to, fact->name, fact->number);
}

void fdg_each_field(const struct fdg_item *item, const struct fdg_share *share, fdg_field *f, void *cookie)
{
	struct fdg_frames site = fdg_site_frames(item, share), created = fdg_created_frames(item, share);
	struct to to = { f, cookie, share->string };

	give_head(&to, item->f);
	give_values(&to, item->f);
	give_frames(&to, "site", &site);
	give_frames(&to, "created", &created);
	give_text(&to, "fix", item->f->fix);
	if (item->repeats)
		give_number(&to, "repeats", (int64_t)item->repeats);
	for (unsigned i = 0; i < item->f->facts && i < share->facts; i++)
		give_fact(&to, &item->f->fact[i]);
	if (!share->all)
		give_text(&to, "cut", "true");
}

int fdg_severity(const struct fdg_finding *f)
{
	if (f->id >= FDG_RUN_START)
		return 6;
	return f->level == FDG_LEVEL_ERROR ? 3 : f->level == FDG_LEVEL_WARNING ? 4 : 5;
}
