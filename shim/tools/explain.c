// SPDX-License-Identifier: MIT
#include "tools/explain.h"

#include <stdlib.h>
#include <string.h>

#include "report/line.h"

static const char *const part_names[EXPLAIN_PARTS] = { "means", "wrong", "right", "mend", "does", "suppress" };

static struct explanation table[FDG_FINDING_COUNT];
static size_t explained;
static const char *mistake;

/* What guards.def calls LATER. */
static bool is_later(const char *guard)
{
	enum stage { READY, LATER };
	static const struct { const char *name; enum stage stage; } guards[] = {
#define GUARD(name, stage, what) { #name, stage },
#include "guards.def"
#undef GUARD
	};

	for (size_t i = 0; i < sizeof(guards) / sizeof(*guards); i++)
		if (strcmp(guards[i].name, guard) == 0)
			return guards[i].stage == LATER;
	return false;
}

/* run.start and its like, which prove coverage and are no findings. */
static bool is_bookkeeping(enum fdg_finding_id id)
{
	return id != FDG_RUN_UNCOVERED && strcmp(fdg_finding_guard(id), "run") == 0;
}

static void wrong_text(const char *what)
{
	if (!mistake)
		mistake = what;
}

/* Cuts the next line off; NULL at the end. */
static char *next_line(char **text)
{
	char *line = *text, *end;

	if (!*line)
		return NULL;
	end = strchr(line, '\n');
	if (end)
		*end = '\0';
	*text = end ? end + 1 : line + strlen(line);
	return line;
}

static struct explanation *begin(const char *id)
{
	for (size_t i = 0; i < explained; i++) {
		if (strcmp(table[i].id, id) != 0)
			continue;
		if (table[i].title)
			wrong_text("an ID comes twice");
		return &table[i];
	}
	wrong_text("an ID that findings.def does not have");
	return NULL;
}

static void read_header(struct explanation *e, char *line)
{
	char *value = strstr(line, ": ");

	if (!*line || !e)
		return;
	if (!value) {
		wrong_text("a header line without a value");
		return;
	}
	*value = '\0';
	value += 2;
	if (strcmp(line, "title") == 0)
		e->title = value;
	else if (strcmp(line, "level") == 0)
		e->level = value;
	else if (strcmp(line, "mend-at") == 0)
		e->mend_at_created = strcmp(value, "created") == 0;
	else
		wrong_text("a header line of an unknown name");
}

/* A part's text lies between its heading and the next; the line ends that were cut are put back. */
static void end_part(char *text, char *next)
{
	char *end = next - 1;

	for (char *p = text; p < end; p++)
		if (!*p)
			*p = '\n';
	while (end > text && (*end == '\n' || !*end))
		*end-- = '\0';
}

static enum explain_part begin_part(struct explanation *e, char *heading, char *text)
{
	char *language = strchr(heading, ' ');

	if (language)
		*language++ = '\0';
	for (int i = 0; e && i < EXPLAIN_PARTS; i++) {
		if (strcmp(heading, part_names[i]) != 0)
			continue;
		e->part[i] = text;
		e->language[i] = language ? language : "c";
		return (enum explain_part)i;
	}
	wrong_text("a part of an unknown name");
	return EXPLAIN_PARTS;
}

static void read_texts(char *text)
{
	struct explanation *e = NULL;
	char *part = NULL, *line;

	while ((line = next_line(&text))) {
		bool heading = strncmp(line, "=== ", 4) == 0, part_heading = strncmp(line, "--- ", 4) == 0;

		if (part && (heading || part_heading || strncmp(line, "# SPDX", 6) == 0)) {
			end_part(part, line);
			part = NULL;
		}
		if (heading)
			e = begin(line + 4);
		else if (part_heading)
			part = begin_part(e, line + 4, text) < EXPLAIN_PARTS ? text : NULL;
		else if (!part && *line != '#')
			read_header(e, line);
	}
	if (part)
		end_part(part, text);
}

static void prepare(void)
{
	static bool done;
	char *copy;

	if (done)
		return;
	done = true;
	for (size_t i = 0; i < FDG_FINDING_COUNT; i++) {
		enum fdg_finding_id id = (enum fdg_finding_id)i;
		struct explanation *e = &table[explained];

		if (is_bookkeeping(id))
			continue;
		explained++;
		e->id = fdg_finding_name(id);
		e->guard = fdg_finding_guard(id);
		e->default_level = fdg_finding_level(id);
		e->level = fdg_level_word(e->default_level);
		e->built = !is_later(e->guard);
	}
	copy = strdup(explain_text); /* lives as long as the program */
	if (copy)
		read_texts(copy);
	else
		wrong_text("there is no memory for it");
}

const struct explanation *explain_at(size_t i)
{
	prepare();
	return i < explained ? &table[i] : NULL;
}

const struct explanation *explain_find(const char *id)
{
	prepare();
	for (size_t i = 0; i < explained; i++)
		if (strcmp(table[i].id, id) == 0)
			return &table[i];
	return NULL;
}

const char *explain_mistake(void)
{
	prepare();
	return mistake;
}

const char *explain_not_built(const struct explanation *e)
{
	static char sentence[128];

	if (e->built)
		return NULL;
	snprintf(sentence, sizeof(sentence), "Guard %s is not built yet: this version reports no such finding.", e->guard);
	return sentence;
}

#define NAME_MAX_CHARS 64

/* How many letters must be changed, added or left out. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[NAME_MAX_CHARS + 1];
	size_t n = strnlen(b, NAME_MAX_CHARS);

	for (size_t j = 0; j <= n; j++)
		row[j] = (unsigned)j;
	for (size_t i = 0; a[i] && i < NAME_MAX_CHARS; i++) {
		unsigned corner = row[0];

		row[0] = (unsigned)i + 1;
		for (size_t j = 1; j <= n; j++) {
			unsigned best = corner + (a[i] != b[j - 1]);

			corner = row[j];
			best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
			row[j] = row[j] + 1 < best ? row[j] + 1 : best;
		}
	}
	return row[n];
}

/* Less is nearer; 100 and more is not near. */
static unsigned unlikeness(const char *wanted, const char *id)
{
	const char *dot = strchr(id, '.'), *wanted_dot = strchr(wanted, '.');
	unsigned d = distance(wanted, id), word = distance(wanted, dot + 1);
	size_t guard = wanted_dot ? (size_t)(wanted_dot - wanted) : strlen(wanted);

	if (word <= 1) /* leaked, overflow */
		return word;
	if (d <= 3)
		return d;
	if (guard == (size_t)(dot - id) && strncmp(wanted, id, guard) == 0)
		return wanted_dot ? 10 + d : 10;
	return 100;
}

size_t explain_near(const char *id, const char *ret[], size_t max)
{
	unsigned score[FDG_FINDING_COUNT];
	size_t n = 0;

	prepare();
	for (size_t i = 0; i < explained; i++)
		score[i] = unlikeness(id, table[i].id);
	while (n < max) {
		size_t best = 0;

		for (size_t i = 1; i < explained; i++)
			if (score[i] < score[best])
				best = i;
		if (score[best] >= 100)
			break;
		ret[n++] = table[best].id;
		score[best] = 100;
	}
	return n;
}
