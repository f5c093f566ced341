/* SPDX-License-Identifier: MIT */
/* A finding of scan's, put together. */
#ifndef FDG_TOOLS_SCAN_FACTS_H
#define FDG_TOOLS_SCAN_FACTS_H

#include "base/fmt.h"
#include "tools/scan.h"

#define SCAN_FACTS_MAX 12

struct scan_finding {
	struct fdg_finding f;
	struct fdg_fact fact[SCAN_FACTS_MAX];
	char message[512], key[128], peer[128], what[128];
};

void scan_finding_begin(struct scan_finding *r, enum fdg_finding_id id);
/* text NULL: a number. Texts live in the pool of s. */
void scan_add(struct scan *s, struct scan_finding *r, const char *name, const char *label, const char *text, int64_t number);
void scan_finding_say(struct scan *s, struct scan_finding *r);
/* "nginx (pid 12)", "process 12" */
const char *scan_name_of(struct scan *s, int pid);
/* "1,100 UDP sockets" is too much to ask: "1 socket", "1,100 sockets" */
void scan_put_kind(struct fdg_buf *b, enum scan_kind k, uint64_t count);
/* "TCP socket to 10.0.0.1:80", "pipe": of a copy, which is not closed */
void scan_put_what(struct fdg_buf *b, int copy);

#endif
