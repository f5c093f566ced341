/* SPDX-License-Identifier: MIT */
/*
 * The page of fdguard report: one file, which asks nothing of a network and runs no script but its own, whose hash is in its Content-Security-Policy. What logs say is
 * text in it: written out by html_text where it is HTML, and in the data (JSON) with no character that HTML would obey; the script makes text nodes of it.
 */
#ifndef FDG_TOOLS_REPORT_PAGE_H
#define FDG_TOOLS_REPORT_PAGE_H

#include "tools/report.h"

/* report.css and report.js, and "sha256-…" of each. */
extern const char report_css[], report_css_hash[], report_js[], report_js_hash[];

/* Somebody's text, harmless in HTML, in attributes too. */
void html_text(FILE *f, const char *s);
/* <time datetime="…">2026-11-21 21:16:00</time> */
void html_time(FILE *f, int64_t ms);
/* 1,100 */
void html_number(FILE *f, uint64_t n);
void html_counted(FILE *f, uint64_t n, const char *one, const char *many);

/* The parts of it. */
void report_put_glance(const struct report *p, FILE *f);
void report_put_charts(const struct report *p, FILE *f);
/* report.js, and the JSON that it reads. */
void report_put_data(const struct report *p, FILE *f);

/* What a place is called in this finding, and the frames, what is to be mended first. At most two. */
struct report_part {
	const char *label;
	const struct log_frame *frame;
	unsigned frames;
};
unsigned report_parts(const struct log_line *l, struct report_part ret[2]);
static inline bool report_is_told(const struct run_finding *f)
{
	return f->verdict != RUN_SUPPRESSED;
}

#endif
