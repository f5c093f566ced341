// SPDX-License-Identifier: MIT
#include <string.h>

#include "base/sys.h"
#include "report/function.h"
#include "report/line.h"
#include "report/run.h"

#include "base/poison.h"

/* How many bytes at p a terminal would obey: a control byte, or the two bytes of a C1 control in UTF-8. */
static size_t control(const char *p)
{
	unsigned char c = (unsigned char)p[0], next = (unsigned char)(c ? p[1] : 0);

	if (c < 0x20 || c == 0x7f)
		return 1;
	return c == 0xc2 && next >= 0x80 && next < 0xa0 ? 2 : 0;
}

/* The greatest length <= max that does not split a UTF-8 character. */
static size_t whole(const char *s, size_t max)
{
	size_t n = strnlen(s, max + 1);

	if (n <= max)
		return n;
	n = max;
	while (n && max - n < 4 && ((unsigned char)s[n] & 0xc0) == 0x80)
		n--;
	return n;
}

void fdg_put_plain(struct fdg_buf *b, const char *s, size_t max)
{
	size_t len = whole(s ? s : "", max), n;

	for (size_t i = 0; i < len; i += n) {
		for (n = 0; i + n < len && !control(s + i + n); n++)
			continue;
		fdg_put_n(b, s + i, n);
		if (i + n < len) {
			fdg_put_char(b, '?');
			n += control(s + i + n);
		}
	}
	if (s && s[len])
		fdg_put(b, "…");
}

static void put_label(struct fdg_buf *b, const char *label)
{
	fdg_put(b, "\n  ");
	fdg_put(b, label);
	fdg_put(b, ": ");
}

static void put_line(struct fdg_buf *b, const char *label, const char *value, size_t max)
{
	if (!value)
		return;
	put_label(b, label);
	fdg_put_plain(b, value, max);
}

static void put_age(struct fdg_buf *b, int64_t ms)
{
	static const struct { int64_t below, unit; const char *word; } scales[] = {
		{ 1000, 1, " ms" }, { 120000, 1000, " s" }, { 7200000, 60000, " min" }, { INT64_MAX, 3600000, " h" },
	};
	size_t i = 0;

	if (ms < 0)
		return;
	while (ms >= scales[i].below && scales[i].below != INT64_MAX)
		i++;
	put_label(b, "age");
	fdg_put_count(b, (uint64_t)(ms / scales[i].unit));
	fdg_put(b, scales[i].word);
}

/* "tune" of "tune+0x5a": a line of source tells more than the offset. */
static const char *without_offset(const char *name, char room[FDG_FUNCTION_MAX])
{
	struct fdg_buf b = { room, 0, FDG_FUNCTION_MAX, false };
	const char *plus = strrchr(name, '+');

	if (!plus)
		return name;
	room[0] = '\0';
	fdg_put_n(&b, name, (size_t)(plus - name));
	return room;
}

/* "main.tune at /src/dial.go:38", or "tune+0x5a" */
static void put_function(struct fdg_buf *b, const char *symbol, const struct fdg_source *s, size_t max)
{
	char room[FDG_FUNCTION_MAX], short_room[FDG_FUNCTION_MAX];
	const char *name = s->function ? s->function : fdg_function(symbol, room);

	fdg_put_plain(b, s->file && !s->function ? without_offset(name, short_room) : name, max);
	if (!s->file)
		return;
	fdg_put(b, " at ");
	fdg_put_plain(b, s->file, max);
	if (s->line)
		fdg_fmt(b, ":%u", s->line);
}

static void put_frame(struct fdg_buf *b, const char *how, const struct fdg_place *p, const char *symbol, const struct fdg_source *s, size_t max)
{
	fdg_fmt(b, "\n  %s ", how);
	if (symbol) {
		put_function(b, symbol, s, max);
		fdg_put(b, " (");
	}
	fdg_put_plain(b, p->object, max);
	fdg_put_char(b, '+');
	fdg_put_hex(b, p->offset);
	if (symbol)
		fdg_put_char(b, ')');
	if (s->callee) {
		fdg_put(b, ", by ");
		fdg_put_plain(b, s->callee, max);
	}
}

static void put_frames(struct fdg_buf *b, const char *how, const struct fdg_frames *frames, size_t max)
{
	for (unsigned i = 0; i < frames->count; i++) {
		if (!frames->place[i].object)
			continue;
		put_frame(b, how, &frames->place[i], fdg_frame_symbol(frames, i), fdg_frame_source(frames, i), max);
		how = "  called from";
	}
}

static void put_fact(struct fdg_buf *b, const struct fdg_fact *fact, size_t max)
{
	if (!fact->label || fact->label == fdg_fact_array)
		return;
	put_label(b, fact->label);
	if (fact->text)
		fdg_put_plain(b, fact->text, max);
	else
		fdg_put_i64(b, fact->number);
}

/* A finding with the fact "fds" has all numbers there, and how many in its sentence. */
static bool lists_fds(const struct fdg_finding *f)
{
	for (unsigned i = 0; i < f->facts; i++)
		if (f->fact[i].name && strcmp(f->fact[i].name, "fds") == 0)
			return true;
	return false;
}

static void put_values(struct fdg_buf *b, const struct fdg_finding *f, const struct fdg_share *share)
{
	put_line(b, "program", fdg_run_exe(), share->string);
	fdg_fmt(b, " (pid %d) at ", fdg_run_pid());
	fdg_put_now(b);
	if (f->fd >= 0 && !lists_fds(f))
		fdg_fmt(b, "\n  fd: %d", f->fd);
	if (f->count && !lists_fds(f)) {
		put_label(b, f->count_label ? f->count_label : "count");
		fdg_put_count(b, f->count);
	}
	put_line(b, "peer", f->peer, share->string);
	put_line(b, "local", f->local, share->string);
	put_age(b, f->age_ms);
	for (unsigned i = 0; i < f->facts && i < share->facts; i++)
		put_fact(b, &f->fact[i], share->string);
}

void fdg_put_text_item(struct fdg_buf *b, const struct fdg_item *item, const struct fdg_share *share)
{
	const struct fdg_finding *f = item->f;
	struct fdg_frames site = fdg_site_frames(item, share), created = fdg_created_frames(item, share);

	fdg_fmt(b, "fdguard: %s: ", fdg_level_word(f->level));
	fdg_put_plain(b, f->message, share->string);
	fdg_fmt(b, " [%s]", fdg_finding_name(f->id));
	put_values(b, f, share);
	put_frames(b, f->site_label ? f->site_label : "at", &site, share->string);
	put_frames(b, "made at", &created, share->string);
	if (f->fixed)
		fdg_put(b, "\n  fixed: by fdguard, in this run alone");
	if (item->repeats) {
		put_label(b, "repeated");
		fdg_put_count(b, item->repeats);
		fdg_put(b, item->repeats == 1 ? " time since it was last written" : " times since it was last written");
	}
	if (!share->all)
		fdg_put(b, "\n  shortened: to fit into one line of the log");
	put_line(b, "fix", f->fix, share->string);
}
