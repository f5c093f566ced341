// SPDX-License-Identifier: MIT
#include "supervise/recall.h"

#include <string.h>

#include "base/fmt.h"

#include "base/poison.h"

void fdg_recall_text(char *to, size_t size, const char *from)
{
	struct fdg_buf b = { to, 0, size, false };

	*to = '\0';
	fdg_put(&b, from);
}

/* NULL stays NULL, and so becomes what does not fit. */
static const char *keep_word(struct fdg_buf *words, const char *s)
{
	const char *at = words->text + words->len;
	size_t n = s ? strlen(s) + 1 : 0;

	if (!n || n >= words->cap - words->len)
		return NULL;
	fdg_put_n(words, s, n);
	return at;
}

static void keep_source(struct fdg_source *to, const struct fdg_source *from, struct fdg_buf *words)
{
	*to = (struct fdg_source){
		.symbol = keep_word(words, from->symbol),
		.function = keep_word(words, from->function),
		.file = keep_word(words, from->file),
		.line = from->line,
		.callee = keep_word(words, from->callee),
	};
}

void fdg_recall_keep(struct fdg_recall *ret, const struct fdg_place *site, const struct fdg_source *source, unsigned sites)
{
	struct fdg_buf words = FDG_BUF(ret->words);

	ret->sites = sites < FDG_RECALL_SITES ? sites : FDG_RECALL_SITES;
	for (unsigned i = 0; i < ret->sites; i++) {
		fdg_recall_text(ret->object[i], FDG_RECALL_OBJECT, site[i].object ? site[i].object : "");
		ret->site[i] = (struct fdg_place){ site[i].object ? ret->object[i] : NULL, site[i].offset };
		keep_source(&ret->source[i], source ? &source[i] : &(struct fdg_source){ .line = 0 }, &words);
	}
}
