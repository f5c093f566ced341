// SPDX-License-Identifier: MIT
#include "report/suppress.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/sys.h"
#include "report/high.h"
#include "report/run.h"

#include "base/poison.h"

/* Written by fdg_suppress_start alone, before the program runs. */
static struct fdg_suppression *list;
static unsigned count;
static _Atomic unsigned char *used; /* shared with forked children; NULL: the kernel gave no memory */

static bool is_finding(const char *glob)
{
	for (int i = 0; i < FDG_FINDING_COUNT; i++)
		if (fdg_glob(glob, fdg_finding_name((enum fdg_finding_id)i)))
			return true;
	return false;
}

/* Cuts the next word off; NULL at the end of the line or at a comment. */
static char *next_word(char **line)
{
	static const char space[] = " \t\r\f\v";
	char *word = *line + strspn(*line, space);

	if (!*word || *word == '#')
		return NULL;
	*line = word + strcspn(word, space);
	if (**line)
		*(*line)++ = '\0';
	return word;
}

static bool parse_part(char *word, struct fdg_suppression *s, struct fdg_buf *why)
{
	struct { const char *name; const char **value; } parts[] = { { "site:", &s->site }, { "peer:", &s->peer }, { "exe:", &s->exe } };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		size_t n = strlen(parts[i].name);

		if (strncmp(word, parts[i].name, n) != 0)
			continue;
		if (!word[n] || *parts[i].value)
			fdg_fmt(why, word[n] ? "'%s' is given twice" : "'%s' has no pattern", parts[i].name);
		*parts[i].value = word + n;
		return !why->len;
	}
	fdg_fmt(why, "'%s' is neither site:GLOB nor peer:GLOB nor exe:GLOB; a reason begins with #", word);
	return false;
}

bool fdg_suppression_parse(char *line, struct fdg_suppression *ret, struct fdg_buf *ret_why)
{
	struct fdg_suppression s = { .id = next_word(&line), .line = ret->line };
	char *word;

	ret->id = NULL;
	if (!s.id)
		return false;
	if (!is_finding(s.id)) {
		fdg_fmt(ret_why, "no finding is called '%s'", s.id);
		return false;
	}
	while ((word = next_word(&line)))
		if (!parse_part(word, &s, ret_why))
			return false;
	*ret = s;
	return true;
}

static bool matches_frame(const char *glob, const struct fdg_place *p, const char *symbol)
{
	char text[512];
	struct fdg_buf b = FDG_BUF(text);
	const char *plus = symbol ? strrchr(symbol, '+') : NULL;
	size_t base;

	fdg_put(&b, fdg_base_name(p->object));
	fdg_put_char(&b, ':');
	base = b.len;
	fdg_put_hex(&b, p->offset);
	if (!b.cut && fdg_glob(glob, text))
		return true;
	if (!plus)
		return false;
	b.len = base;
	b.cut = false;
	fdg_put_n(&b, symbol, (size_t)(plus - symbol));
	return !b.cut && fdg_glob(glob, text);
}

static bool matches_site(const char *glob, const struct fdg_finding *f, const struct fdg_symbols *n)
{
	if (f->sites && f->site[0].object && matches_frame(glob, &f->site[0], n->site[0] ? n->text + n->site[0] : NULL))
		return true;
	return f->createds && f->created[0].object && matches_frame(glob, &f->created[0], n->created[0] ? n->text + n->created[0] : NULL);
}

bool fdg_suppression_matches(const struct fdg_suppression *s, const struct fdg_finding *f, const struct fdg_symbols *symbols)
{
	if (!fdg_glob(s->id, fdg_finding_name(f->id)))
		return false;
	if (s->exe && !fdg_glob(s->exe, fdg_run_exe()) && !fdg_glob(s->exe, fdg_base_name(fdg_run_exe())))
		return false;
	if (s->peer && (!f->peer || !fdg_glob(s->peer, f->peer)))
		return false;
	return !s->site || matches_site(s->site, f, symbols);
}

static void say(unsigned line, const char *what)
{
	char text[512];
	struct fdg_buf b = FDG_BUF(text);

	fdg_fmt(&b, "suppressions: %s: ", fdg_options.suppressions);
	if (line)
		fdg_fmt(&b, "line %u: ", line);
	fdg_put(&b, what);
	fdg_report_say(text);
}

static void read_lines(char *text)
{
	struct fdg_suppression s = { .line = 1 };
	char why[256], *end;

	for (char *line = text; line; line = end ? end + 1 : NULL, s.line++) {
		struct fdg_buf w = FDG_BUF(why);

		end = strchr(line, '\n');
		if (end)
			*end = '\0';
		if (fdg_suppression_parse(line, &s, &w) && count < FDG_SUPPRESS_LINES)
			list[count++] = s;
		else if (s.id)
			say(s.line, "there are more than 1024 before it; it is not used");
		else if (w.len)
			say(s.line, why);
	}
}

/* The file's text in the arena, or NULL with the reason. */
static char *load_from(int fd, const char **ret_why)
{
	struct stat st;
	char *text;

	*ret_why = "it is no regular file; no finding is suppressed";
	if (fdg_sys_fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return NULL;
	*ret_why = "it is larger than 64 KiB; no finding is suppressed";
	if (st.st_size > (long)FDG_SUPPRESS_BYTES)
		return NULL;
	*ret_why = "there is no memory for it; no finding is suppressed";
	text = fdg_arena_alloc((size_t)st.st_size + 1);
	list = fdg_arena_alloc(FDG_SUPPRESS_LINES * sizeof(*list));
	if (!text || !list)
		return NULL;
	*ret_why = "it cannot be read; no finding is suppressed";
	if (fdg_sys_read(fd, text, (size_t)st.st_size) != st.st_size)
		return NULL;
	*ret_why = "it is no text; no finding is suppressed";
	return strlen(text) == (size_t)st.st_size ? text : NULL;
}

static char *load(void)
{
	int fd = fdg_open_high(fdg_options.suppressions, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
	const char *why = "it cannot be opened; no finding is suppressed";
	char *text = NULL;

	if (fd >= 0) {
		text = load_from(fd, &why);
		fdg_sys_close(fd);
	}
	if (!text)
		say(0, why);
	return text;
}

void fdg_suppress_start(void)
{
	char *text;

	count = 0;
	if (!fdg_options.suppressions || !*fdg_options.suppressions)
		return;
	text = load();
	if (text)
		read_lines(text);
	if (count && !used)
		used = fdg_sys_mmap(FDG_SUPPRESS_LINES, true);
}

bool fdg_suppress_any(void)
{
	return count > 0;
}

bool fdg_suppressed(const struct fdg_finding *f, const struct fdg_symbols *symbols)
{
	for (unsigned i = 0; i < count; i++) {
		if (!fdg_suppression_matches(&list[i], f, symbols))
			continue;
		if (used)
			atomic_store_explicit(&used[i], 1, memory_order_relaxed);
		return true;
	}
	return false;
}

void fdg_suppress_put_used(struct fdg_buf *b)
{
	bool any = false;

	fdg_put_char(b, '[');
	for (unsigned i = 0; used && i < count; i++) {
		if (!atomic_load_explicit(&used[i], memory_order_relaxed))
			continue;
		fdg_put(b, any ? "," : "");
		fdg_put_u64(b, list[i].line);
		any = true;
	}
	fdg_put_char(b, ']');
}
