/* SPDX-License-Identifier: MIT */
/*
 * Which descriptors do a command line and an environment name? "--status-fd 3", "/dev/fd/63", "LISTEN_FDS=2", "MAKEFLAGS=… --jobserver-auth=3,4".
 *
 * Generous on purpose: a number that might name a descriptor does. To leave a socket open that nobody needed costs a report; to close one that
 * was meant breaks the program; so what is too long to look at names everything. Pure functions; async-signal-safe; bounded work on any input.
 */
#ifndef FDG_GUARDS_CLOEXEC_NAMING_H
#define FDG_GUARDS_CLOEXEC_NAMING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fmt.h"
#include "base/kind.h"

#define FDG_NAMED_LOW 4096     /* numbers below are all kept */
#define FDG_NAMED_MAX 32       /* of higher ones so many */
#define FDG_NAMED_BYTES 65536u /* bytes of arguments looked at */

struct fdg_named {
	uint64_t low[FDG_NAMED_LOW / 64];
	unsigned count;
	int high[FDG_NAMED_MAX];
	bool all;       /* there was more than we look at or keep: any number may be named */
	int listen_end; /* LISTEN_FDS: 3 … listen_end - 1 */
	int listen_pid; /* LISTEN_PID; 0: there is none */
	bool bats;      /* a test of bats runs: its own descriptors are 3 and 4 */
	/* Set by the caller: the process that will have them, which LISTEN_PID has to name. 0: a child that is still to be made by `starter`. */
	int reader, starter;
	/* Only numbers for which this is true are kept. */
	bool (*interesting)(int fd);
	/* What a number is, of another process; NULL: of this one. */
	bool (*is_pipe)(int fd);
};

void fdg_named_collect(struct fdg_named *n, char *const argv[], char *const envp[]);
void fdg_named_text(struct fdg_named *n, const char *text); /* one argument, or a shell command */
bool fdg_named_has(const struct fdg_named *n, int fd);
/* Does nothing but LISTEN_FDS of this very process name it? It is for no third program. */
bool fdg_named_activated(const struct fdg_named *n, int fd);
/* Is fd one that bats, or a shell of its, gave to all that a test starts? Only for what no note knows. */
bool fdg_named_bats(const struct fdg_named *n, int fd, enum fdg_kind kind);
/*
 * Why n, which was collected from the same two, has fd: "the argument 3 names it". *ret_weak: what names it speaks of numbers, and not of descriptors. False: it does not
 * have it. Slow, for reports.
 */
bool fdg_named_why(const struct fdg_named *n, char *const argv[], char *const envp[], int fd, struct fdg_buf *ret, bool *ret_weak);

#endif
