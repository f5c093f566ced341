// SPDX-License-Identifier: MIT
#include "base/sys.h"
#include "report/line.h"
#include "report/run.h"

#include "base/poison.h"

/* The inside of a string, cut so that it takes at most max bytes of the line. */
static void put_inside(struct fdg_buf *b, const char *s, size_t max)
{
	size_t room = b->cap - b->len;
	struct fdg_buf part = { b->text + b->len, 0, max < room ? max : room, false };

	if (b->cut)
		return;
	fdg_put_json(&part, s);
	b->len += part.len;
	if (!part.cut)
		return;
	if (max < room)
		fdg_put(b, "…");
	else
		b->cut = true;
}

static void put_name(struct fdg_buf *b, const char *name)
{
	fdg_put(b, ",\"");
	fdg_put_json(b, name);
	fdg_put(b, "\":");
}

static void put_number(struct fdg_buf *b, const char *name, int64_t v)
{
	put_name(b, name);
	fdg_put_i64(b, v);
}

static void put_string(struct fdg_buf *b, const char *name, const char *s, size_t max)
{
	put_name(b, name);
	fdg_put_char(b, '"');
	put_inside(b, s, max);
	fdg_put_char(b, '"');
}

static void put_source(struct fdg_buf *b, const struct fdg_source *s, size_t max)
{
	if (s->function)
		put_string(b, "function", s->function, max);
	if (s->file)
		put_string(b, "file", s->file, max);
	if (s->file && s->line)
		put_number(b, "line", s->line);
	if (s->callee)
		put_string(b, "calls", s->callee, max);
}

static void put_frame(struct fdg_buf *b, const struct fdg_place *p, const char *symbol, const struct fdg_source *source, size_t max)
{
	fdg_put(b, "{\"object\":\"");
	put_inside(b, p->object, max);
	fdg_put(b, "\",\"offset\":\"");
	fdg_put_hex(b, p->offset);
	fdg_put(b, "\"");
	if (symbol)
		put_string(b, "symbol", symbol, max);
	put_source(b, source, max);
	fdg_put(b, "}");
}

static void put_frames(struct fdg_buf *b, const char *name, const struct fdg_frames *frames, size_t max)
{
	const char *separator = "[";

	for (unsigned i = 0; i < frames->count; i++) {
		if (!frames->place[i].object)
			continue;
		if (*separator == '[')
			put_name(b, name);
		fdg_put(b, separator);
		put_frame(b, &frames->place[i], fdg_frame_symbol(frames, i), fdg_frame_source(frames, i), max);
		separator = ",";
	}
	if (*separator == ',')
		fdg_put_char(b, ']');
}

static void put_head(struct fdg_buf *b, const struct fdg_finding *f, const struct fdg_share *share)
{
	fdg_put(b, "{\"v\":1,\"time\":\"");
	fdg_put_now(b);
	fdg_put(b, "\"");
	put_number(b, "pid", fdg_run_pid());
	put_number(b, "tid", fdg_run_tid());
	put_string(b, "exe", fdg_run_exe(), share->string);
	put_string(b, "guard", fdg_finding_guard(f->id), FDG_LINE_MAX);
	put_string(b, "id", fdg_finding_name(f->id), FDG_LINE_MAX);
	put_string(b, "level", fdg_level_word(f->level), FDG_LINE_MAX);
	put_string(b, "action", f->fixed ? "fixed" : "reported", FDG_LINE_MAX);
	put_string(b, "message", f->message, share->string);
}

static void put_values(struct fdg_buf *b, const struct fdg_finding *f, const struct fdg_share *share)
{
	if (f->fd >= 0)
		put_number(b, "fd", f->fd);
	if (f->count) {
		put_name(b, "count");
		fdg_put_u64(b, f->count);
	}
	if (f->peer)
		put_string(b, "peer", f->peer, share->string);
	if (f->local)
		put_string(b, "local", f->local, share->string);
	if (f->age_ms >= 0)
		put_number(b, "age_ms", f->age_ms);
}

const char fdg_fact_array[] = "";

static void put_fact(struct fdg_buf *b, const struct fdg_fact *fact, size_t max)
{
	if (!fact->name)
		return;
	if (fact->label == fdg_fact_array) {
		put_name(b, fact->name);
		fdg_put(b, fact->text);
	} else if (fact->text)
		put_string(b, fact->name, fact->text, max);
	else
		put_number(b, fact->name, fact->number);
}

void fdg_put_json_item(struct fdg_buf *b, const struct fdg_item *item, const struct fdg_share *share)
{
	const struct fdg_finding *f = item->f;
	struct fdg_frames site = fdg_site_frames(item, share), created = fdg_created_frames(item, share);

	put_head(b, f, share);
	put_values(b, f, share);
	put_frames(b, "site", &site, share->string);
	put_frames(b, "created", &created, share->string);
	if (f->fix)
		put_string(b, "fix", f->fix, share->string);
	if (item->repeats)
		put_number(b, "repeats", (int64_t)item->repeats);
	for (unsigned i = 0; i < f->facts && i < share->facts; i++)
		put_fact(b, &f->fact[i], share->string);
	if (item->members && share->all)
		fdg_put(b, item->members);
	if (!share->all)
		fdg_put(b, ",\"cut\":true");
	fdg_put(b, "}");
}

static void put_element(struct fdg_buf *b, const char *before, const char *s)
{
	fdg_put(b, before);
	fdg_put_char(b, '"');
	put_inside(b, s, 512);
	fdg_put_char(b, '"');
}

void fdg_put_json_array(struct fdg_buf *b, int count, char *const strings[])
{
	size_t end;

	fdg_put_char(b, '[');
	for (int i = 0; i < count && strings[i]; i++) {
		end = b->len;
		put_element(b, i ? "," : "", strings[i]);
		if (b->cut || b->cap - b->len < sizeof("]")) {
			b->len = end;
			b->cut = false;
			break;
		}
	}
	fdg_put_char(b, ']');
}
