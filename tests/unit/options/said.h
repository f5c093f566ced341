/* SPDX-License-Identifier: MIT */
/* What the parser said in a test, and the include of everything that these tests need. */
#ifndef TESTS_UNIT_OPTIONS_SAID_H
#define TESTS_UNIT_OPTIONS_SAID_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "options/options.h"

static struct {
	int mistakes, notes;
	char text[1 << 16]; /* a sentence a line */
	size_t len;
} said;

static struct fdg_options options;

static inline void hear(void *cookie, bool severe, const char *sentence)
{
	size_t n = strlen(sentence);

	assert_ptr_equal(cookie, &said);
	*(severe ? &said.mistakes : &said.notes) += 1;
	for (size_t i = 0; i < n; i++)
		assert_true((unsigned char)sentence[i] >= 0x20 && sentence[i] != 0x7f);
	if (said.len + n + 2 > sizeof(said.text))
		return;
	memcpy(said.text + said.len, sentence, n);
	memcpy(said.text + said.len + n, "\n", 2);
	said.len += n + 1;
}

/* Each test begins with the defaults and silence. */
static inline int fresh(void **state)
{
	(void)state;
	fdg_arena_forget();
	memset(&said, 0, sizeof(said));
	memset(&options, 0xff, sizeof(options));
	fdg_options_defaults(&options);
	return 0;
}

static inline int read_text(const char *text)
{
	int mistakes;

	said.len = 0;
	said.mistakes = said.notes = 0;
	said.text[0] = '\0';
	errno = 4711;
	mistakes = fdg_options_read(&options, text, hear, &said);
	assert_int_equal(errno, 4711);
	assert_int_equal(mistakes, said.mistakes);
	return mistakes;
}

/* Text that is read without a mistake, and without a word but for options that are not built yet. */
static inline void good(const char *text)
{
	read_text(text);
	if (said.mistakes)
		fail_msg("%s: %s", text ? text : "", said.text);
}

/* Text with one mistake, and what is said of it. */
static inline void bad(const char *text, const char *sentence)
{
	char want[1024];

	snprintf(want, sizeof(want), "%s\n", sentence);
	assert_int_equal(read_text(text), 1);
	assert_string_equal(said.text, want);
}

#define test(name) cmocka_unit_test_setup(name, fresh)

#endif
