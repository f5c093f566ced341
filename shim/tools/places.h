/* SPDX-License-Identifier: MIT */
/* The lines of source that share a finding's fingerprint: it tells a function, and a function can do a thing wrong more than once. */
#ifndef FDG_TOOLS_PLACES_H
#define FDG_TOOLS_PLACES_H

#include "tools/log.h"
#include "tools/sources.h"

/* The frame that is to be mended: the first one of "created" or of "site", as the explanation of the finding says. NULL: there is none. */
const struct log_frame *places_frame(const struct log_line *l);
/* What "site" is in this finding: "started at", "changed at", … as the library's text has it (site_label in guards/). */
const char *places_act(const struct log_line *l);
/* One more report of the finding. */
void places_add(struct pool *pool, struct run_finding *f, const struct log_line *l);
/* What a compiler made of one line of source, is one place. s may be NULL: then each address is one. */
void places_fold(struct run_finding *f, const struct sources *s);

#endif
