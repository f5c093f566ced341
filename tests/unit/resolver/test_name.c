// SPDX-License-Identifier: MIT
#include "resolver/name.h"

#include "common.h"

#include <arpa/nameser.h>
#include <resolv.h>

static struct fdg_dns_name parsed(const char *text)
{
	struct fdg_dns_name name;
	enum fdg_dns_error error = fdg_dns_name_from_text(text, strlen(text), &name);

	if (error)
		fail_msg("%s: %s", text, fdg_dns_sentence(error));
	return name;
}

static enum fdg_dns_error error_of(const char *text)
{
	struct fdg_dns_name name;

	return fdg_dns_name_from_text(text, strlen(text), &name);
}

static void text_becomes_labels(void **state)
{
	struct fdg_dns_name name = parsed("www.example.com");

	(void)state;
	assert_int_equal(name.len, 17);
	assert_memory_equal(name.wire, "\3www\7example\3com", 17);
	assert_true(fdg_dns_name_equal(&name, &(struct fdg_dns_name){ 17, "\3WWW\7exAmple\3com" }));
	name = parsed("www.example.com.");
	assert_int_equal(name.len, 17);
	name = parsed("");
	assert_int_equal(name.len, 1);
	name = parsed(".");
	assert_int_equal(name.len, 1);
	name = parsed("a\\.b\\000\\255.c\\\\");
	assert_int_equal(name.len, 10);
	assert_memory_equal(name.wire, "\5a.b\0\377\2c\\", 10);
}

static void bad_text_is_told_by_its_fault(void **state)
{
	static const struct { const char *text; enum fdg_dns_error error; } rows[] = {
		{ "a..b", FDG_DNS_LABEL_EMPTY }, { ".a", FDG_DNS_LABEL_EMPTY }, { "..", FDG_DNS_LABEL_EMPTY },
		{ "a\\", FDG_DNS_ESCAPE }, { "a\\25", FDG_DNS_ESCAPE }, { "a\\256", FDG_DNS_ESCAPE }, { "a\\2x5", FDG_DNS_ESCAPE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(error_of(rows[i].text), rows[i].error);
}

/* Labels of 63 bytes, and a last one of `last`. */
static void long_name(char *text, unsigned last)
{
	unsigned n = 0;

	for (unsigned i = 0; i < 3; i++) {
		memset(text + n, 'a', 63);
		n += 63;
		text[n++] = '.';
	}
	memset(text + n, 'b', last);
	text[n + last] = '\0';
}

static void the_limits_are_exact(void **state)
{
	char text[300], back[FDG_DNS_TEXT_MAX];
	struct fdg_dns_name name;

	(void)state;
	long_name(text, 61);
	name = parsed(text);
	assert_int_equal(name.len, FDG_DNS_NAME_MAX);
	assert_int_equal(fdg_dns_name_to_text(&name, back), 253);
	assert_string_equal(back, text);
	long_name(text, 62);
	assert_int_equal(error_of(text), FDG_DNS_NAME_LONG);
	long_name(text, 64);
	assert_int_equal(error_of(text), FDG_DNS_LABEL_LONG);
}

static void the_longest_text_fits(void **state)
{
	struct fdg_dns_name name = { .len = 255 };
	char text[FDG_DNS_TEXT_MAX];

	(void)state;
	memset(name.wire, 1, sizeof(name.wire));
	for (unsigned i = 0; i < 192; i += 64)
		name.wire[i] = 63;
	name.wire[192] = 61;
	name.wire[254] = 0;
	assert_int_equal(fdg_dns_name_to_text(&name, text), 250 * 4 + 3);
	assert_true(strlen(text) < FDG_DNS_TEXT_MAX);
}

/* Bytes that make trouble come often. */
static void any_text(char *text, size_t max)
{
	static const char often[] = "a1\\.-_.0AZ\"$@();\\";
	size_t n = any(12) ? any(20) : any((uint32_t)max);

	for (size_t i = 0; i < n; i++)
		text[i] = any(3) ? often[any(sizeof(often) - 1)] : (char)(1 + any(255));
	text[n] = '\0';
}

/* libc's parser and printer are the judges. */
static void names_are_read_and_written_as_libc_does(void **state)
{
	char text[400], ours[FDG_DNS_TEXT_MAX], theirs[FDG_DNS_TEXT_MAX];
	uint8_t wire[256];
	struct fdg_dns_name name;
	unsigned good = 0;

	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		int status;

		any_text(text, sizeof(text) - 1);
		status = ns_name_pton(text, wire, 255);
		if ((status < 0) != (error_of(text) != FDG_DNS_OK))
			fail_msg("'%s': libc %d, we: %s", text, status, fdg_dns_sentence(error_of(text)));
		if (status < 0)
			continue;
		good++;
		name = parsed(text);
		assert_memory_equal(name.wire, wire, name.len);
		fdg_dns_name_to_text(&name, ours);
		assert_true(ns_name_ntop(wire, theirs, sizeof(theirs)) >= 0);
		assert_string_equal(ours, theirs);
		if (*text && fdg_dns_name_is_host(&name) != !!res_hnok(text))
			fail_msg("'%s' is %s host name to libc", text, res_hnok(text) ? "a" : "no");
	}
	assert_true(good > 20000);
}

static enum fdg_dns_error read_at(const char *msg, size_t len, size_t at, size_t *end)
{
	struct fdg_dns_name name;

	return fdg_dns_name_read((const uint8_t *)msg, len, at, &name, end);
}

#define READ(msg, at) read_at((msg), sizeof(msg) - 1, (at), &end)

static void pointers_go_backwards(void **state)
{
	static const char good[] = "\3com\0\7example\xc0\0\3www\xc0\5";
	struct fdg_dns_name name;
	size_t end;

	(void)state;
	assert_int_equal(fdg_dns_name_read((const uint8_t *)good, sizeof(good) - 1, 15, &name, &end), FDG_DNS_OK);
	assert_int_equal(end, 21);
	assert_memory_equal(name.wire, "\3www\7example\3com", 17);
	assert_int_equal(fdg_dns_name_skip((const uint8_t *)good, sizeof(good) - 1, 15, &end), FDG_DNS_OK);
	assert_int_equal(end, 21);
	assert_int_equal(READ("\xc0\0", 0), FDG_DNS_POINTER);
	assert_int_equal(READ("\xc0\2\0", 0), FDG_DNS_POINTER);
	assert_int_equal(READ("\1a\xc0\0", 0), FDG_DNS_POINTER);
	assert_int_equal(READ("\0\xc0\3\xc0\1", 3), FDG_DNS_POINTER);
	assert_int_equal(READ("\1a\xc0", 0), FDG_DNS_CUT);
	assert_int_equal(READ("\1a", 0), FDG_DNS_CUT);
	assert_int_equal(READ("\2a", 0), FDG_DNS_CUT);
	assert_int_equal(READ("\x41\0", 0), FDG_DNS_LABEL_TYPE);
	assert_int_equal(READ("\x80\0", 0), FDG_DNS_LABEL_TYPE);
}

static void pointers_are_counted(void **state)
{
	uint8_t msg[2 * (FDG_DNS_POINTERS_MAX + 3)] = { 0 };
	struct fdg_dns_name name;
	size_t end;

	(void)state;
	for (unsigned i = 1; i < sizeof(msg) / 2; i++) {
		msg[2 * i] = (uint8_t)(0xc0 | (2 * i - 2) >> 8);
		msg[2 * i + 1] = (uint8_t)(2 * i - 2);
	}
	assert_int_equal(fdg_dns_name_read(msg, sizeof(msg), 2 * FDG_DNS_POINTERS_MAX, &name, &end), FDG_DNS_OK);
	assert_int_equal(fdg_dns_name_read(msg, sizeof(msg), 2 * FDG_DNS_POINTERS_MAX + 2, &name, &end), FDG_DNS_POINTERS);
}

static void a_name_of_pieces_has_the_same_limit(void **state)
{
	uint8_t msg[512] = { 0 };
	struct fdg_dns_name name;
	size_t end;

	(void)state;
	for (unsigned i = 0; i < 192; i += 64)
		msg[i] = 63;
	msg[300] = 61;
	msg[362] = 0xc0;
	assert_int_equal(fdg_dns_name_read(msg, sizeof(msg), 300, &name, &end), FDG_DNS_OK);
	assert_int_equal(name.len, 255);
	msg[300] = 62;
	msg[363] = 0xc0;
	msg[364] = 0;
	assert_int_equal(fdg_dns_name_read(msg, sizeof(msg), 300, &name, &end), FDG_DNS_NAME_LONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_becomes_labels),
		cmocka_unit_test(bad_text_is_told_by_its_fault),
		cmocka_unit_test(the_limits_are_exact),
		cmocka_unit_test(the_longest_text_fits),
		cmocka_unit_test(names_are_read_and_written_as_libc_does),
		cmocka_unit_test(pointers_go_backwards),
		cmocka_unit_test(pointers_are_counted),
		cmocka_unit_test(a_name_of_pieces_has_the_same_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
