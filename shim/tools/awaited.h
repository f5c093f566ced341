/* SPDX-License-Identifier: MIT */
/* An image that somebody set out to start, and what is to be said when it did not come. */
#ifndef FDG_TOOLS_AWAITED_H
#define FDG_TOOLS_AWAITED_H

#include "tools/binary.h"
#include "tools/log.h"

struct awaited {
	const char *file, *by, *time;
	int64_t by_pid; /* 0: the same process */
	bool looked, elsewhere; /* elsewhere: with options of its own */
	bool told;              /* who started it looked at the file, which may be gone by now, or not be seen from here */
	bool without_loader;    /* told: never anything but unguarded */
	bool unguarded;         /* it was seen to run so */
	const struct left_out_bar *bar; /* it could not be guarded; NULL: it could */
	const char *real;       /* file without links; file itself if it is gone */
	struct binary seen;
};

/* The strings are copied. by NULL: CMD. The rest is the caller's to fill in. */
struct awaited *awaited_new(struct pool *pool, const char *file, const char *by, int64_t by_pid, const char *time);
/* What its starter found out about the file, if it did: a line of run.exec. */
void awaited_tell(struct pool *pool, struct awaited *a, const struct log_line *l);
/* Looks at its file, once, if nobody told. */
void awaited_look(struct pool *pool, struct awaited *a);
/* The preload would have worked. After awaited_look. */
bool awaited_is_guardable(const struct awaited *a);
/* The image exe came, which is not the one: what was awaited has no loader, and has started exe itself; or it reports elsewhere, and its number is another's by now. */
bool awaited_is_another(struct pool *pool, struct awaited *a, const char *exe, bool supervised);
/* It did not come as process pid (a key of tools/numbers.h): counts it in the run as left out, nested or never begun, or makes up a finding, run.uncovered. */
void awaited_give_up(struct run *r, struct awaited *a, int64_t pid, void (*say)(void *cookie, const struct log_line *l), void *cookie);

#endif
