// SPDX-License-Identifier: MIT
#include "report/line.h"

#include "base/apart.h"
#include "report/symbol.h"

#include "base/poison.h"

const char *fdg_level_word(enum fdg_level level)
{
	return level == FDG_LEVEL_ERROR ? "error" : level == FDG_LEVEL_WARNING ? "warning" : "note";
}

/* known: the symbol, where it was read already; or NULL */
static uint16_t name_frame(const struct fdg_place *p, const char *known, struct fdg_symbols *n)
{
	struct fdg_buf b = { n->text, n->len, sizeof(n->text), false };
	size_t at = n->len;

	if (sizeof(n->text) - n->len < 256)
		return 0;
	if (known)
		fdg_put(&b, known);
	else if (!fdg_symbol_read(p, &b))
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
			ret->created[i] = name_frame(&f->created[i], NULL, ret);
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

	return (struct fdg_frames){ item->f->created, least(item->f->createds, share->frames), s ? s->created : NULL, s ? s->text : NULL, NULL };
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

void fdg_compose(const struct fdg_item *item, struct fdg_line *ret)
{
	struct fdg_share share = { FDG_FRAMES_MAX, item->f->facts, FDG_LINE_MAX, true };
	struct fdg_buf b;

	do {
		b = (struct fdg_buf){ ret->text, 0, sizeof(ret->text), false };
		if (fdg_options.format == FDG_JSON)
			fdg_put_json_item(&b, item, &share);
		else
			fdg_put_text_item(&b, item, &share);
	} while (b.cut && take_less(&share));
	ret->text[b.len] = '\n'; /* in place of the NUL */
	ret->len = b.len + 1;
}
