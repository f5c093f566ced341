/* SPDX-License-Identifier: MIT */
/*
 * finding -> the bytes of one line or paragraph, in memory.
 */
#ifndef FDG_REPORT_LINE_H
#define FDG_REPORT_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fmt.h"
#include "report/report.h"

#define FDG_LINE_MAX 4096 /* PIPE_BUF, newline included: what write(2) never mixes with another writer's bytes */

struct fdg_line {
	char newline; /* room for one in front, where the line before was cut off; see sink.h */
	char text[FDG_LINE_MAX];
	size_t len;
};

/* The symbols of a finding's frames, looked up once. Once `text` is full the rest have none: the line would have no room for them either. */
struct fdg_symbols {
	uint16_t site[FDG_FRAMES_MAX], created[FDG_FRAMES_MAX]; /* where in text each begins; 0: it has none */
	size_t len;
	char text[3072];
};

struct fdg_item {
	const struct fdg_finding *f;
	const struct fdg_symbols *symbols;
	uint64_t repeats;  /* held back since it was last written; 0: say nothing of it */
	const char *members; /* JSON alone: the text of further members, the last ones: ,"argv":["x"] */
};

/* One of a finding's two lists of frames, for the writers. */
struct fdg_frames {
	const struct fdg_place *place;
	unsigned count;
	const uint16_t *symbol; /* of struct fdg_symbols, or NULL */
	const char *text;
	const struct fdg_source *source; /* or NULL */
};

/* How much of it goes into the line. */
struct fdg_share {
	unsigned frames, facts;
	size_t string; /* bytes of any string */
	bool all;
};

void fdg_find_symbols(const struct fdg_finding *f, struct fdg_symbols *ret);
/* As text or JSON, the way the options say. What does not fit is left out: first frames but the innermost, then facts from the last, then the ends
 * of strings. */
void fdg_compose(const struct fdg_item *item, struct fdg_line *ret);
/* The same in a given form. A line ends with a newline but for syslog's, which is a datagram. */
enum fdg_form { FDG_FORM_TEXT, FDG_FORM_JSON, FDG_FORM_SYSLOG, FDG_FORM_JOURNAL };
void fdg_compose_as(const struct fdg_item *item, enum fdg_form form, struct fdg_line *ret);

struct fdg_frames fdg_site_frames(const struct fdg_item *item, const struct fdg_share *share);
struct fdg_frames fdg_created_frames(const struct fdg_item *item, const struct fdg_share *share);
const char *fdg_frame_symbol(const struct fdg_frames *frames, unsigned i); /* NULL: not known */
const struct fdg_source *fdg_frame_source(const struct fdg_frames *frames, unsigned i); /* never NULL */

void fdg_put_json_item(struct fdg_buf *b, const struct fdg_item *item, const struct fdg_share *share);
void fdg_put_text_item(struct fdg_buf *b, const struct fdg_item *item, const struct fdg_share *share);
void fdg_put_syslog_item(struct fdg_buf *b, const struct fdg_item *item, const struct fdg_share *share);
void fdg_put_journal_item(struct fdg_buf *b, const struct fdg_item *item, const struct fdg_share *share);
/* ["a","b"], up to the last whole element that fits. */
void fdg_put_json_array(struct fdg_buf *b, int count, char *const strings[]);
/* 2026-11-21T21:16:00.123Z */
void fdg_put_utc(struct fdg_buf *b, int64_t seconds, unsigned ms);
void fdg_put_now(struct fdg_buf *b);
const char *fdg_level_word(enum fdg_level level);
/* A string for people: control bytes, which a terminal would obey, become '?'. At most `max` bytes, "…" where it is cut. */
void fdg_put_plain(struct fdg_buf *b, const char *s, size_t max);

#endif
