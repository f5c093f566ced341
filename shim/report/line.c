// SPDX-License-Identifier: MIT
#include "report/line.h"

#include "base/apart.h"
#include "report/symbol.h"

#include "base/poison.h"

const char *fdg_level_word(enum fdg_level level)
{
	return level == FDG_LEVEL_ERROR ? "error" : level == FDG_LEVEL_WARNING ? "warning" : "note";
}

/* known: the symbol, where it was read already, "": there is none; or NULL */
static uint16_t name_frame(const struct fdg_place *p, const char *known, struct fdg_symbols *n)
{
	struct fdg_buf b = { n->text, n->len, sizeof(n->text), false };
	size_t at = n->len;

	if (sizeof(n->text) - n->len < 256)
		return 0;
	if (known && *known)
		fdg_put(&b, known);
	else if (known || !fdg_symbol_read(p, &b))
		return 0;
	n->len = b.len + 1;
	return (uint16_t)at;
}

struct names {
	const struct fdg_finding *f;
	struct fdg_symbols *ret;
};

static int find_names(void *arg)
{
	const struct fdg_finding *f = ((struct names *)arg)->f;
	struct fdg_symbols *ret = ((struct names *)arg)->ret;

	for (unsigned i = 0; i < FDG_FRAMES_MAX; i++) {
		if (i < f->sites)
			ret->site[i] = name_frame(&f->site[i], f->source ? f->source[i].symbol : NULL, ret);
		if (i < f->createds)
			ret->created[i] = name_frame(&f->created[i], f->created_source ? f->created_source[i].symbol : NULL, ret);
	}
	return 0;
}

void fdg_find_symbols(const struct fdg_finding *f, struct fdg_symbols *ret)
{
	struct names n = { f, ret };

	*ret = (struct fdg_symbols){ .len = 1 }; /* 0 is "none" */
	if (f->sites || f->createds)
		fdg_aside(find_names, &n);
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

struct fdg_frames fdg_site_frames(const struct fdg_item *item, const struct fdg_share *share)
{
	const struct fdg_symbols *s = item->symbols;

	return (struct fdg_frames){ item->f->site, least(item->f->sites, share->frames), s ? s->site : NULL, s ? s->text : NULL, item->f->source };
}

struct fdg_frames fdg_created_frames(const struct fdg_item *item, const struct fdg_share *share)
{
	const struct fdg_symbols *s = item->symbols;

	return (struct fdg_frames){ item->f->created, least(item->f->createds, share->frames), s ? s->created : NULL, s ? s->text : NULL, item->f->created_source };
}

const char *fdg_frame_symbol(const struct fdg_frames *frames, unsigned i)
{
	return frames->symbol && frames->symbol[i] ? frames->text + frames->symbol[i] : NULL;
}

const struct fdg_source *fdg_frame_source(const struct fdg_frames *frames, unsigned i)
{
	static const struct fdg_source none;

	return frames->source ? &frames->source[i] : &none;
}

static bool take_less(struct fdg_share *s)
{
	s->all = false;
	if (s->frames > 1)
		s->frames /= 2;
	else if (s->facts)
		s->facts--;
	else if (s->string > 32)
		s->string /= 2;
	else
		return false;
	return true;
}

static void put_as(enum fdg_form form, struct fdg_buf *b, const struct fdg_item *item, const struct fdg_share *share)
{
	switch (form) {
	case FDG_FORM_TEXT:
		fdg_put_text_item(b, item, share);
		break;
	case FDG_FORM_JSON:
		fdg_put_json_item(b, item, share);
		break;
	case FDG_FORM_SYSLOG:
		fdg_put_syslog_item(b, item, share);
		break;
	case FDG_FORM_JOURNAL:
		fdg_put_journal_item(b, item, share);
		break;
	}
}

void fdg_compose_as(const struct fdg_item *item, enum fdg_form form, struct fdg_line *ret)
{
	struct fdg_share share = { FDG_FRAMES_MAX, item->f->facts, FDG_LINE_MAX, true };
	struct fdg_buf b;

	do {
		b = (struct fdg_buf){ ret->text, 0, sizeof(ret->text), false };
		put_as(form, &b, item, &share);
	} while (b.cut && take_less(&share));
	ret->len = b.len;
	if (form == FDG_FORM_TEXT || form == FDG_FORM_JSON)
		ret->text[ret->len++] = '\n'; /* in place of the NUL */
}

void fdg_compose(const struct fdg_item *item, struct fdg_line *ret)
{
	fdg_compose_as(item, fdg_options.format == FDG_JSON ? FDG_FORM_JSON : FDG_FORM_TEXT, ret);
}
