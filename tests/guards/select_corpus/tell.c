// SPDX-License-Identifier: MIT
#include "runner.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

static const char *const modes[SHOWN] = { "bare", "ours", "ideal" };
static const char *const endings[] = { "right", "crashes", "aborts", "hangs", "lost",    "early",
				       "short", "missed",  "extra",  "error", "damaged", "other" };
#define ENDINGS (int)(sizeof endings / sizeof *endings)

static const char *ending(int status)
{
	if (status == HUNG)
		return "hangs";
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGABRT ? "aborts" : "crashes";
	switch (WEXITSTATUS(status)) {
	case RIGHT:
		return "right";
	case IS_ERROR:
		return "error";
	case IS_LOST:
		return "lost";
	case IS_EARLY:
		return "early";
	case IS_SHORT:
		return "short";
	case IS_EXTRA:
		return "extra";
	case IS_MISSED:
		return "missed";
	case IS_DAMAGED:
		return "damaged";
	}
	return "other";
}

bool is_right(const struct test *test, int mode)
{
	return test->status[mode] == 0;
}

void share_add(struct share *share, const struct test *test)
{
	share->of++;
	for (int mode = 0; mode < SHOWN; mode++)
		share->right[mode] += is_right(test, mode);
}

double percent(const struct share *share, int mode)
{
	return share->of ? 100.0 * share->right[mode] / share->of : 0;
}

static void tell_share(const struct corpus *corpus, const struct share *share)
{
	printf(" ");
	for (int mode = 0; mode < SHOWN; mode++)
		if (corpus->preload[mode] && share->of)
			printf(" %5.1f", percent(share, mode));
		else if (corpus->preload[mode])
			printf(" %5s", "-");
}

void tell_line(const struct corpus *corpus, const char *name, const struct share *share)
{
	if (share->of == 0)
		return;
	printf("%-20s", name);
	tell_share(corpus, share);
	printf("  of %d\n", share->of);
}

static void tell_modes(const struct corpus *corpus)
{
	printf(" ");
	for (int mode = 0; mode < SHOWN; mode++)
		if (corpus->preload[mode])
			printf(" %5s", modes[mode]);
}

/* A line for each pattern; columns for each compiler without and with stack protector. */
static void tell_patterns(const struct corpus *corpus)
{
	int width = 2 + 6 * (1 + !!corpus->preload[OURS] + !!corpus->preload[IDEAL]);

	printf("\n%-20s  %-*s%-*s%-*s%s\n%-20s", "% right", width, "gcc", width, "gcc ssp", width, "clang", "clang ssp",
	       "");
	for (int i = 0; i < COMPILERS * 2; i++)
		tell_modes(corpus);
	printf("\n");
	for (int row = 0; row < row_count; row++) {
		struct share shares[COMPILERS * 2] = { 0 };
		for (int i = 0; i < corpus->count; i++) {
			const struct test *test = &corpus->tests[i];
			if (test->row == row)
				share_add(&shares[build_compiler(test->build) * 2 + build_protected(test->build)],
					  test);
		}
		printf("%-20s", rows[row].name);
		for (int i = 0; i < COMPILERS * 2; i++)
			tell_share(corpus, &shares[i]);
		printf("\n");
	}
}

const char *place_name(enum place place)
{
	static const char *const names[PLACES] = { "argument", "nothing", "canary", "other" };
	return names[place];
}

static int of_place(const struct test *test)
{
	return (int)test->place * 2 + build_protected(test->build);
}

static int of_protection(const struct test *test)
{
	return build_protected(test->build);
}

static int of_build(const struct test *test)
{
	return test->build;
}

static int of_fd(const struct test *test)
{
	return test->fd;
}

static int of_table(const struct test *test)
{
	return test->crowd * 2 + test->ready;
}

static void tell_where(const struct corpus *corpus, const char *name, int (*of)(const struct test *), int value)
{
	struct share share = { 0 };
	for (int i = 0; i < corpus->count; i++)
		if (of(&corpus->tests[i]) == value)
			share_add(&share, &corpus->tests[i]);
	tell_line(corpus, name, &share);
}

static void tell_title(const struct corpus *corpus, const char *title)
{
	printf("\n%-20s", title);
	tell_modes(corpus);
	printf("\n");
}

static void tell_endings(const struct corpus *corpus)
{
	printf("\n%-16s", "endings");
	for (int e = 0; e < ENDINGS; e++)
		printf(" %7s", endings[e]);
	printf("\n");
	for (int kind = 0; kind < 2 * SHOWN; kind++) {
		int mode = kind % SHOWN, protected = kind / SHOWN;
		if (!corpus->preload[mode])
			continue;
		printf("%-6s %-9s", modes[mode], protected ? "ssp" : "plain");
		for (int e = 0; e < ENDINGS; e++) {
			int count = 0;
			for (int i = 0; i < corpus->count; i++) {
				const struct test *test = &corpus->tests[i];
				count += build_protected(test->build) == protected &&
					 strcmp(ending(test->status[mode]), endings[e]) == 0;
			}
			printf(" %7d", count);
		}
		printf("\n");
	}
}

void tell_tables(const struct corpus *corpus)
{
	char name[64];

	tell_patterns(corpus);
	tell_title(corpus, "build");
	for (int build = 0; build < BUILDS; build++)
		tell_where(corpus, build_name(build), of_build, build);
	tell_title(corpus, "descriptor");
	for (int fd = 0; fd < FDS; fd++) {
		snprintf(name, sizeof name, "%d", fds[fd]);
		tell_where(corpus, name, of_fd, fds[fd]);
	}
	tell_title(corpus, "table");
	for (int kind = 0; kind < CROWDS * 2; kind++) {
		snprintf(name, sizeof name, "%s, %s", crowds[kind / 2], kind % 2 ? "ready" : "idle");
		tell_where(corpus, name, of_table, kind);
	}
	tell_endings(corpus);
	tell_title(corpus, "class");
	for (int kind = 0; kind < PLACES * 2 && corpus->preload[IDEAL]; kind++) {
		snprintf(name, sizeof name, "%s%s", place_name((enum place)(kind / 2)), kind % 2 ? ", ssp" : "");
		tell_where(corpus, name, of_place, kind);
	}
	for (int protection = 0; protection < 2; protection++)
		tell_where(corpus, protection ? "all, ssp" : "all", of_protection, protection);
}

void tell_cases(const struct corpus *corpus, int wrong, const char *title)
{
	int count = 0;

	for (int i = 0; i < corpus->count; i++) {
		const struct test *test = &corpus->tests[i];
		if (wrong != MODES && is_right(test, wrong))
			continue;
		if (count++ == 0)
			printf("\n%s:\n", title);
		printf("  %s %s %d %s %s:", build_name(test->build), rows[test->row].name, test->fd,
		       crowds[test->crowd], test->ready ? "ready" : "idle");
		for (int mode = 0; mode < SHOWN; mode++)
			if (corpus->preload[mode])
				printf(" %s %s", modes[mode], ending(test->status[mode]));
		printf("%s%s%s\n", test->reported ? " reported" : "", corpus->preload[IDEAL] ? " " : "",
		       corpus->preload[IDEAL] ? place_name(test->place) : "");
	}
}
