/* SPDX-License-Identifier: MIT */
/*
 * What a finding means and how to mend the source. The one source is shim/findings/, a file per guard; the program fdguard-explain, the manual page
 * fdguard-findings(7) and the help texts in SARIF are made of it.
 *
 * The format of these files. What is before the first "===" is comment. Then, for each finding:
 *
 *     === ID
 *     title: one line, what happened
 *     level: a line, where findings.def's word does not say it all
 *     mend-at: site or created: the list of frames whose first one is where the source is to be mended
 *
 *     --- means
 *     --- wrong [LANGUAGE]
 *     --- right [LANGUAGE]
 *     --- mend
 *     --- does (what fdguard does about it, where it does more than to report; may be missing)
 *     --- suppress
 *
 * wrong and right are code, C if nothing else is said. The others are prose: paragraphs between empty lines, `code` between backquotes, and code blocks of
 * lines that begin with four spaces.
 */
#ifndef FDG_TOOLS_EXPLAIN_H
#define FDG_TOOLS_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "report/report.h"

enum explain_part { EXPLAIN_MEANS, EXPLAIN_WRONG, EXPLAIN_RIGHT, EXPLAIN_MEND, EXPLAIN_DOES, EXPLAIN_SUPPRESS, EXPLAIN_PARTS };

struct explanation {
	const char *id, *guard;
	enum fdg_level default_level;
	const char *level; /* for people */
	bool built;        /* the guard is; see guards.def */
	const char *title; /* a sentence without a full stop */
	bool mend_at_created;
	const char *part[EXPLAIN_PARTS];     /* NULL: missing, which a test lets pass for EXPLAIN_DOES alone */
	const char *language[EXPLAIN_PARTS]; /* of wrong and right: "c", "sh" */
};

enum explain_format {
	EXPLAIN_PLAIN, /* 80 columns */
	EXPLAIN_FLAT,  /* each paragraph is one line */
	EXPLAIN_SCDOC,
	EXPLAIN_MARKDOWN,
};

/* The rows of findings.def, in its order, but for run.start and its like; NULL behind the last. */
const struct explanation *explain_at(size_t i);
const struct explanation *explain_find(const char *id); /* NULL: no finding is called so */
/* The whole of it; in FLAT and MARKDOWN without ID and title, for which machines have fields. */
void explain_put(FILE *f, const struct explanation *e, enum explain_format format);
/* The first paragraph of what it means, on one line, without a newline. */
void explain_put_summary(FILE *f, const struct explanation *e);
/* "Guard nonblock is not built yet …", or NULL. */
const char *explain_not_built(const struct explanation *e);
/* Names that are like this one, best first; how many. */
size_t explain_near(const char *id, const char *ret[], size_t max);
/* A mistake in the texts themselves: an unknown heading, an ID that does not exist or comes twice. NULL: none. */
const char *explain_mistake(void);

/* The files of shim/findings/, made into an array by the build. */
extern const char explain_text[];

#endif
