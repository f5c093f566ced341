// SPDX-License-Identifier: MIT
#include "said.h"

static void a_near_key_is_suggested(void **state)
{
	(void)state;
	bad("cloexce=off", "unknown key 'cloexce' (did you mean 'cloexec'?)");
	bad("cloexc=off", "unknown key 'cloexc' (did you mean 'cloexec'?)");
	bad("close.kinds=off", "unknown key 'close.kinds'");
	bad("cloexec.kind=all", "unknown key 'cloexec.kind' (did you mean 'cloexec.kinds'?)");
	bad("includes=/x", "unknown key 'includes' (did you mean 'include'?)");
	bad("keepalive.usertimeout=1", "unknown key 'keepalive.usertimeout' (did you mean 'keepalive.user_timeout'?)");
	bad("keepalive.user_timeouts=1", "unknown key 'keepalive.user_timeouts' (did you mean 'keepalive.user_timeout'?)");
	bad("logs=/x", "unknown key 'logs' (did you mean 'log'?)");
	bad("lo=/x", "unknown key 'lo' (did you mean 'log'?)");
}

static void the_nearest_of_two_is_suggested(void **state)
{
	(void)state;
	bad("skips=x", "unknown key 'skips' (did you mean 'skip'?)");
	bad("closwait=off", "unknown key 'closwait' (did you mean 'closewait'?)");
}

static void a_far_key_is_not(void **state)
{
	(void)state;
	bad("colour=1", "unknown key 'colour'");
	bad("x=1", "unknown key 'x'");
	bad("foo=1", "unknown key 'foo'");
	bad("on=1", "unknown key 'on'");
	bad("keepalive.user_timeouts.and.more=1", "unknown key 'keepalive.user_timeouts.and.more'");
}

static void long_texts_are_clipped(void **state)
{
	char key[300] = "", want[400];

	(void)state;
	memset(key, 'k', 200);
	snprintf(want, sizeof(want), "unknown key '%.63s...'", key);
	strcpy(key + 200, "=1");
	bad(key, want);
}

static void a_clip_splits_neither_characters_nor_escapes(void **state)
{
	char text[300] = "";

	(void)state;
	for (int i = 0; i < 50; i++)
		strcat(text, "\xe2\x82\xac");
	strcat(text, "=1");
	read_text(text);
	assert_non_null(strstr(said.text, "\xe2\x82\xac...'"));
	text[0] = '\0';
	for (int i = 0; i < 50; i++)
		strcat(text, "\x01");
	strcat(text, "=1");
	read_text(text);
	assert_non_null(strstr(said.text, "\\x01...'"));
}

static void the_longest_sentence_is_whole(void **state)
{
	char file[512] = "/tmp/", text[2048];

	(void)state;
	memset(file + 5, 'f', 200);
	snprintf(text, sizeof(text), "keepalive=%s", file);
	read_text(text);
	assert_non_null(strstr(said.text, "...' for key 'keepalive': expected off, on, or IDLE/INTVL/CNT: two times 1 to 32767 seconds, "
					  "and 1 to 127 probes\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_near_key_is_suggested),
		test(the_nearest_of_two_is_suggested),
		test(a_far_key_is_not),
		test(long_texts_are_clipped),
		test(a_clip_splits_neither_characters_nor_escapes),
		test(the_longest_sentence_is_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
