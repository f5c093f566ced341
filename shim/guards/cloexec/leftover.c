// SPDX-License-Identifier: MIT
#include "guards/cloexec/leftover.h"

#include <fcntl.h>
#include <string.h>

#include "base/exe.h"
#include "base/sys.h"
#include "guards/self.h"
#include "ledger/ledger.h"
#include "report/report.h"
#include "report/symbol.h"

#include "base/poison.h"

#define GROUPS 32
#define ENTRY_MAX 700 /* of one element's text */

struct group {
	fdg_kindword kind;
	const void *site;
	uint64_t count;
};

struct groups {
	struct group group[GROUPS];
	unsigned used;
	uint64_t more; /* that had no group */
};

struct work {
	struct groups groups;
	char entry[ENTRY_MAX];
};

static void count(struct groups *g, fdg_kindword kind, const void *site)
{
	unsigned i = 0;

	while (i < g->used && (g->group[i].kind != kind || g->group[i].site != site))
		i++;
	if (i == GROUPS) {
		g->more++;
		return;
	}
	if (i == g->used)
		g->group[g->used++] = (struct group){ kind, site, 0 };
	g->group[i].count++;
	/* The greatest comes first. */
	for (; i > 0 && g->group[i - 1].count < g->group[i].count; i--) {
		struct group swapped = g->group[i];

		g->group[i] = g->group[i - 1];
		g->group[i - 1] = swapped;
	}
}

/* The file that a shell reads its script from: it keeps that out of the way, and from its children. */
static bool is_script(int fd, fdg_kindword kind)
{
	return fd >= 10 && fdg_kindword_kind(kind) == FDG_KIND_FILE && fdg_sys_fcntl(fd, F_GETFD, 0) & FD_CLOEXEC && fdg_is_shell(fdg_exe());
}

static void collect(struct groups *g)
{
	struct fdg_known k;
	fdg_kindword seen;

	g->used = 0;
	g->more = 0;
	for (int fd = fdg_ledger_next(3); fd >= 0; fd = fdg_ledger_next(fd + 1))
		if (fdg_ledger_look(fd, &k) && !(k.flags & FDG_INHERITED) && fdg_kind_ask(fd, &seen) == 0 && fdg_kind_agrees(k.kind, seen) && !is_script(fd, seen))
			count(g, seen, k.site);
}

static void put_place(struct fdg_buf *b, const void *site)
{
	struct fdg_place place;
	char symbol[256];
	struct fdg_buf s = FDG_BUF(symbol);

	if (!fdg_place_of(site, &place))
		return;
	fdg_put(b, ",\"object\":\"");
	fdg_put_json(b, place.object);
	fdg_put(b, "\",\"offset\":\"");
	fdg_put_hex(b, place.offset);
	fdg_put_char(b, '"');
	if (!fdg_symbol_of(&place, &s))
		return;
	fdg_put(b, ",\"symbol\":\"");
	fdg_put_json(b, symbol);
	fdg_put_char(b, '"');
}

static void put_group(struct fdg_buf *b, const struct group *g)
{
	char kind[64];
	struct fdg_buf k = FDG_BUF(kind);
	const char *space;

	fdg_put_kind(&k, g->kind, 1);
	space = strchr(kind, ' ');
	fdg_put(b, "{\"kind\":\"");
	fdg_put_json(b, space ? space + 1 : kind);
	fdg_put(b, "\",\"count\":");
	fdg_put_u64(b, g->count);
	put_place(b, g->site);
	fdg_put_char(b, '}');
}

static void put_groups(struct fdg_buf *b, struct work *w)
{
	size_t start = b->len;
	struct groups *g = &w->groups;

	collect(g);
	fdg_put_char(b, '[');
	for (unsigned i = 0; i < g->used; i++) {
		struct fdg_buf entry = { w->entry, 0, sizeof(w->entry), false };

		if (b->len > start + 1)
			fdg_put_char(&entry, ',');
		put_group(&entry, &g->group[i]);
		if (entry.cut || entry.len + 64 > b->cap - b->len || b->len - start + entry.len > FDG_REPORT_OPEN_MAX - 64)
			g->more += g->group[i].count;
		else
			fdg_put(b, w->entry);
	}
	if (g->more)
		fdg_fmt(b, "%s{\"more\":%lu}", b->len > start + 1 ? "," : "", (unsigned long)g->more);
	fdg_put_char(b, ']');
}

/* An end may come on a signal stack: this is in a mapping. */
void fdg_leftover_put(struct fdg_buf *b)
{
	struct work *w = fdg_sys_mmap(sizeof(*w), false);

	if (!w) {
		fdg_put(b, "[]");
		return;
	}
	put_groups(b, w);
	fdg_sys_munmap(w, sizeof(*w));
}
