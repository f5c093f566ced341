/* SPDX-License-Identifier: MIT */
/* Parts of the SARIF writer; its one entry is in formats.h. */
#ifndef FDG_TOOLS_SARIF_H
#define FDG_TOOLS_SARIF_H

#include "tools/jsonout.h"

/* "name": { "text": text } */
void sarif_put_message(struct jsonout *j, const char *name, const char *text);
/* A reportingDescriptor. */
void sarif_put_rule(struct jsonout *j, const char *id);

#endif
