// SPDX-License-Identifier: MIT
#include "resolver/judge.h"

#include "common.h"

#define QUESTION "\3www\2de\0\0\1\0\1"
#define ASKED "\x12\x34\1\0\0\1\0\0\0\0\0\0" QUESTION
#define RECORD "\xc0\x0c\0\1\0\1\0\0\0\x3d\0\4\1\2\3\4"

#define judge(message) judged((message), sizeof(message) - 1, false, false)
#define judge_opt(message) judged((message), sizeof(message) - 1, true, false)

static enum fdg_verdict judged(const char *message, size_t n, bool opt, bool cut)
{
	struct fdg_asked asked = { (const uint8_t *)ASKED, sizeof(ASKED) - 1, opt };
	uint8_t *copy = malloc(n ? n : 1); /* for sanitizers */
	enum fdg_verdict v;

	memcpy(copy, message, n);
	v = fdg_judge(&asked, copy, n, cut);
	free(copy);
	return v;
}

static void the_answer_is_told_from_what_is_none(void **state)
{
	(void)state;
	assert_int_equal(judge("\x12\x34\x81\x80\0\1\0\1\0\0\0\0" QUESTION RECORD), FDG_VERDICT_FINAL);
	assert_int_equal(judge("\x12\x34\x81\x80\0\1\0\1\0\0\0\0\3WwW\2De\0\0\1\0\1" RECORD), FDG_VERDICT_FINAL);
	assert_int_equal(judge("\x12\x34\x81\x83\0\1\0\0\0\0\0\0" QUESTION), FDG_VERDICT_FINAL);
	assert_int_equal(judge(""), FDG_VERDICT_SHORT);
	assert_int_equal(judge("\x12\x34\x81\x80\0\1\0\1\0\0\0"), FDG_VERDICT_SHORT);
	assert_int_equal(judge("\x12\x34\1\x80\0\1\0\1\0\0\0\0" QUESTION RECORD), FDG_VERDICT_NOT_ANSWER);
	assert_int_equal(judge("\x12\x34\x91\x80\0\1\0\1\0\0\0\0" QUESTION RECORD), FDG_VERDICT_NOT_ANSWER);
	assert_int_equal(judge("\x12\x34\x81\x80\0\0\0\1\0\0\0\0" RECORD), FDG_VERDICT_QUESTION);
	assert_int_equal(judge("\x12\x34\x81\x80\0\2\0\1\0\0\0\0" QUESTION QUESTION RECORD), FDG_VERDICT_QUESTION);
	assert_int_equal(judge("\x12\x34\x81\x80\0\1\0\1\0\0\0\0\3wwx\2de\0\0\1\0\1" RECORD), FDG_VERDICT_QUESTION);
	assert_int_equal(judge("\x12\x34\x81\x80\0\1\0\1\0\0\0\0\3www\2de\0\0\x1c\0\1" RECORD), FDG_VERDICT_QUESTION);
	assert_int_equal(judge("\x12\x34\x81\x80\0\1\0\1\0\0\0\0\3www\2de\0\0\1\0\3" RECORD), FDG_VERDICT_QUESTION);
	assert_int_equal(judge("\x12\x34\x81\x80\0\1\0\1\0\0\0\0"), FDG_VERDICT_QUESTION);
	assert_int_equal(judge("\x12\x34\x81\x80\0\1\0\1\0\0\0\0\3www\2d"), FDG_VERDICT_QUESTION);
}

static void failures_truncation_and_damage(void **state)
{
	(void)state;
	assert_int_equal(judge("\x12\x34\x83\x80\0\1\0\0\0\0\0\0" QUESTION), FDG_VERDICT_TRUNCATED);
	assert_int_equal(judged("\x12\x34\x81\x80\0\1\0\1\0\0\0\0" QUESTION, 24, false, true), FDG_VERDICT_TRUNCATED);
	assert_int_equal(judge("\x12\x34\x83\x82\0\1\0\0\0\0\0\0" QUESTION), FDG_VERDICT_SERVFAIL);
	assert_int_equal(judge("\x12\x34\x81\x82\0\1\0\1\0\0\0\0" QUESTION RECORD), FDG_VERDICT_SERVFAIL);
	assert_int_equal(judge("\x12\x34\x81\x84\0\1\0\0\0\0\0\0" QUESTION), FDG_VERDICT_REFUSED);
	assert_int_equal(judge("\x12\x34\x81\x85\0\1\0\0\0\0\0\0" QUESTION), FDG_VERDICT_REFUSED);
	assert_int_equal(judge("\x12\x34\x81\x81\0\1\0\0\0\0\0\0" QUESTION), FDG_VERDICT_FINAL);
	assert_int_equal(judge("\x12\x34\x81\0\0\1\0\0\0\0\0\0" QUESTION),
			 FDG_VERDICT_REFUSED); /* RA 0, AA 0, nothing in it */
	assert_int_equal(judge("\x12\x34\x85\0\0\1\0\0\0\0\0\0" QUESTION), FDG_VERDICT_FINAL);
	assert_int_equal(judge("\x12\x34\x81\x80\0\1\0\2\0\0\0\0" QUESTION RECORD), FDG_VERDICT_MALFORMED);
	assert_int_equal(judge("\x12\x34\x81\x80\0\1\0\1\0\0\0\0" QUESTION "\xc0\x0c\0\1\0\1\0\0\0\x3d\0\5\1\2\3\4"),
			 FDG_VERDICT_MALFORMED);
}

static void servers_without_edns_say_so_in_many_ways(void **state)
{
	static const char badvers[] = "\x12\x34\x81\x80\0\1\0\0\0\0\0\1" QUESTION "\0\0\x29\4\xd0\1\0\0\0\0\0";

	(void)state;
	assert_int_equal(judge_opt("\x12\x34\x81\x81\0\1\0\0\0\0\0\0" QUESTION), FDG_VERDICT_PLAIN);
	assert_int_equal(judge_opt("\x12\x34\x81\x84\0\1\0\0\0\0\0\0" QUESTION), FDG_VERDICT_PLAIN);
	assert_int_equal(judge_opt("\x12\x34\x81\x81\0\0\0\0\0\0\0\0"), FDG_VERDICT_PLAIN);
	assert_int_equal(judge("\x12\x34\x81\x81\0\0\0\0\0\0\0\0"), FDG_VERDICT_QUESTION);
	assert_int_equal(judge_opt("\x12\x34\x81\x80\0\0\0\0\0\0\0\0"), FDG_VERDICT_QUESTION);
	assert_int_equal(judged(badvers, sizeof(badvers) - 1, true, false), FDG_VERDICT_PLAIN);
	assert_int_equal(judged(badvers, sizeof(badvers) - 1, false, false), FDG_VERDICT_FINAL);
}

static void streams_are_cut_into_messages(void **state)
{
	static const uint8_t stream[] = { 0, 3, 'a', 'b', 'c', 0, 0, 0, 1, 'd', 1, 0, 'e' };
	const uint8_t *msg;
	size_t at = 0, len;

	(void)state;
	assert_true(fdg_frame_next(stream, sizeof(stream), &at, &msg, &len));
	assert_int_equal(len, 3);
	assert_memory_equal(msg, "abc", 3);
	assert_true(fdg_frame_next(stream, sizeof(stream), &at, &msg, &len));
	assert_int_equal(len, 0);
	assert_true(fdg_frame_next(stream, sizeof(stream), &at, &msg, &len));
	assert_int_equal(*msg, 'd');
	assert_false(fdg_frame_next(stream, sizeof(stream), &at, &msg, &len));
	assert_int_equal(at, 10);
	for (size_t n = 0; n < 5; n++) {
		at = 0;
		assert_false(fdg_frame_next(stream, n, &at, &msg, &len));
		assert_int_equal(at, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_answer_is_told_from_what_is_none),
		cmocka_unit_test(failures_truncation_and_damage),
		cmocka_unit_test(servers_without_edns_say_so_in_many_ways),
		cmocka_unit_test(streams_are_cut_into_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
