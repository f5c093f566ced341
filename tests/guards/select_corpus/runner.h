// SPDX-License-Identifier: MIT
/* select-corpus: cases (runner.c), running them (run.c), telling what came out (tell.c), and what is asked of it (judge.c). */
#ifndef SELECT_CORPUS_RUNNER_H
#define SELECT_CORPUS_RUNNER_H

#include "verdict.h"

#include <stdbool.h>

enum { BARE, OURS, IDEAL, PROBE, MODES, SHOWN = PROBE };

enum {
	COMPILERS = 2,
	LEVELS = 5,
	BUILDS = COMPILERS * LEVELS * 2, /* each without and with stack protector */
	CROWDS = 3,
	FDS = 10,
	HUNG = -1,
};

struct test {
	int row, build, fd, crowd;
	bool ready;
	int status[MODES]; /* as wait tells it, or HUNG */
	bool reported;     /* the library reported an overflow */
	unsigned seen;     /* places: a bit for each; 0: select was never called */
	enum place place;
};

struct corpus {
	const char *directory;
	const char *preload[MODES]; /* NULL: this mode is not run */
	struct test *tests;
	int count;
};

extern const struct row rows[];
extern const int row_count;
extern const int fds[FDS];
extern const char *const compilers[COMPILERS];
extern const char *const crowds[CROWDS];

/* In a buffer of its own, until the next call. */
const char *build_name(int build);
static inline int build_compiler(int build)
{
	return build / 2 / LEVELS;
}
static inline int build_protected(int build)
{
	return build % 2;
}

/* Runs every test in every mode. False: it could not. */
bool run(struct corpus *corpus);

struct share {
	int right[MODES], of;
};
void share_add(struct share *share, const struct test *test);
double percent(const struct share *share, int mode);
void tell_line(const struct corpus *corpus, const char *name, const struct share *share);
void tell_tables(const struct corpus *corpus);
const char *place_name(enum place place);
/* Lists the cases that are wrong in a mode (MODES: all cases). */
void tell_cases(const struct corpus *corpus, int wrong, const char *title);
bool is_right(const struct test *test, int mode);

/* How much of it is not as it must be. Shares are judged only of the whole. */
int judge(const struct corpus *corpus, bool is_whole);

#endif
