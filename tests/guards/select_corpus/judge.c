// SPDX-License-Identifier: MIT
/* What the corpus asks of the library. */
#include "runner.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

/* Percent of the cases that must be right, without and with stack protector. What is there today is above: a case or two hang on chance. */
static const double least_of_arguments[2] = { 95, 82 }, least_of_all[2] = { 65, 60 };
#define LEAST_TIMES_BARE 2.5
#define AGAIN 8

static int without_scene(const struct corpus *corpus)
{
	int count = 0;

	for (int i = 0; i < corpus->count; i++)
		for (int mode = 0; mode < MODES; mode++) {
			int status = corpus->tests[i].status[mode];
			count += status != HUNG && WIFEXITED(status) && WEXITSTATUS(status) == NO_SCENE;
		}
	return count;
}

static int rights(const struct test *tests, int count, int mode)
{
	int right = 0;
	for (int i = 0; i < count; i++)
		right += is_right(&tests[i], mode);
	return right;
}

/*
 * Cases that are right bare and wrong with the library. In many it is chance what lies behind the set (addresses and canaries are random), so that each is run again:
 * what counts is right bare every time, and wrong with the library but for once.
 */
static int count_worse(const struct corpus *corpus)
{
	struct corpus again = { .directory = corpus->directory,
				.preload = { corpus->preload[BARE], corpus->preload[OURS] } };
	struct corpus worse = again;

	again.tests = calloc((size_t)corpus->count * AGAIN, sizeof *again.tests);
	worse.tests = calloc((size_t)corpus->count, sizeof *worse.tests);
	for (int i = 0; i < corpus->count; i++)
		if (is_right(&corpus->tests[i], BARE) && !is_right(&corpus->tests[i], OURS))
			for (int n = 0; n < AGAIN; n++)
				again.tests[again.count++] = corpus->tests[i];
	if (again.count > 0 && !run(&again))
		return again.count;
	for (int i = 0; i < again.count; i += AGAIN)
		if (rights(&again.tests[i], AGAIN, BARE) == AGAIN && rights(&again.tests[i], AGAIN, OURS) <= 1)
			worse.tests[worse.count++] = again.tests[i];
	printf("\nright bare and wrong with the library: %d, run %d times more: %d\n", again.count / AGAIN, AGAIN,
	       worse.count);
	tell_cases(&worse, MODES, "right bare and wrong with the library");
	return worse.count;
}

static int failed(bool bad, const char *sentence)
{
	printf("%s - %s\n", bad ? "not ok" : "ok", sentence);
	return bad;
}

static int failed_share(const struct share *share, int protection, double least, const char *cases)
{
	char sentence[160];

	snprintf(sentence, sizeof sentence, "at least %.0f %% of %s are right %s stack protector: %.1f %%", least,
		 cases, protection ? "with" : "without", percent(share, OURS));
	return failed(share->of == 0 || percent(share, OURS) < least, sentence);
}

static void tell_classes(void)
{
	printf("\nclasses, by what the bits of descriptors beyond FD_SETSIZE lie on:\n"
	       "In class argument, all of them lie on another argument of the same call (a set, the timeout, the signal mask), so that the call itself\n"
	       "says whose memory was written over: the high share is asked of these cases alone.\n"
	       "In the other classes, some lie on memory that no argument owns (nothing: it is not used any more; canary: the stack protector's; other: it\n"
	       "is in use), and neither the kernel nor the library can know what was there: these cases count only in the share of all.\n\n");
}

int judge(const struct corpus *corpus, bool is_whole)
{
	struct share all[2] = { 0 }, arguments[2] = { 0 };
	int failures = 0;

	for (int i = 0; i < corpus->count; i++) {
		const struct test *test = &corpus->tests[i];
		share_add(&all[build_protected(test->build)], test);
		if (corpus->preload[IDEAL] && test->place == ON_ARGUMENT)
			share_add(&arguments[build_protected(test->build)], test);
	}
	int worse = corpus->preload[OURS] ? count_worse(corpus) : 0;
	if (corpus->preload[IDEAL])
		tell_classes();
	failures += failed(without_scene(corpus) > 0, "every case could be set up");
	failures += failed(worse > 0, "nothing that is right bare is wrong with the library");
	for (int protection = 0; protection < 2 && corpus->preload[OURS] && is_whole; protection++) {
		if (corpus->preload[IDEAL])
			failures += failed_share(&arguments[protection], protection, least_of_arguments[protection],
						 "class argument");
		failures += failed_share(&all[protection], protection, least_of_all[protection], "all cases");
		failures += failed(all[protection].right[OURS] < LEAST_TIMES_BARE * all[protection].right[BARE],
				   "at least 2.5 times as many as bare");
	}
	return failures;
}
