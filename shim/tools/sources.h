/* SPDX-License-Identifier: MIT */
/*
 * The frames of a run as lines of source, and as paths of the repository that the run is about.
 *
 *     struct sources *s = sources_open(r, NULL);       after the run: reads the objects that the frames lie in
 *     sarif_write(r, s, f); junit_write(r, s, f); github_write(r, s, f);
 *     sources_close(s);
 *
 * s lives as long as r does at most; strings of it as long as s.
 */
#ifndef FDG_TOOLS_SOURCES_H
#define FDG_TOOLS_SOURCES_H

#include <stdbool.h>
#include <stdio.h>

#include "tools/log.h"

struct sources;

/* One line of source. A frame has several where functions were inlined, innermost first. */
struct source_line {
	const char *function; /* C++ names demangled; NULL: not known */
	const char *file;     /* as debug info has it, absolute where it can be; NULL: not known */
	const char *path;     /* the same file relative to the root, with '/'; NULL: it is not one of the repository's */
	unsigned line;        /* 0: not known */
	bool inlined;         /* into the next one */
};

/* Where a finding is shown in a repository. */
struct source_spot {
	const char *path;              /* relative to the root; never NULL */
	unsigned line;                 /* from 1 on */
	bool exact;                    /* false: no frame is known to lie in the repository; path is a file that it is sure to have */
	const struct log_frame *frame; /* the frame that it comes from, else the finding's first one; NULL: it has none */
	const char *function;          /* of that frame, or NULL */
};

/* root: NULL is the top of the git work tree around r->directory, or r->directory itself. NULL for s is no error in what follows: nothing is known then. */
struct sources *sources_open(const struct run *r, const char *root);
void sources_close(struct sources *s);

const char *sources_root(const struct sources *s); /* absolute; "" if not known */
/* The lines of a frame; how many, which may be none. */
unsigned sources_lines(const struct sources *s, const struct log_frame *f, const struct source_line **ret);
/* The frame's function as people call it: from debug info, else the log's symbol, demangled, without offset. NULL: not known. */
const char *sources_function(const struct sources *s, const struct log_frame *f);
/* The one that sources_put_frame begins with, and whether it is inlined into others. */
const char *sources_shown(const struct sources *s, const struct log_frame *frame, bool *ret_inlined);
void sources_spot(const struct sources *s, const struct run_finding *f, struct source_spot *ret);
/* "dns_pool_open at src/pool.c:42 (monitor+0x19c2)", as much of it as is known, nothing that a terminal would obey. */
void sources_put_frame(const struct sources *s, const struct log_frame *frame, FILE *f);

/* Sentences about what is missing ("no source lines for libsdk.so: it has no debug information; build it with -g"), one for each object and cause; NULL behind the last. */
const char *sources_missing(const struct sources *s, size_t i);

#endif
