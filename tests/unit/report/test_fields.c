// SPDX-License-Identifier: MIT
/* The forms that daemons take: syslog's and the journal's. */
#include "report/fields.h"

#include "common.h"
#include "report/run.h"

static struct fdg_line line;

static int setup(void **state)
{
	(void)state;
	set_options(FDG_TEXT, NULL);
	fdg_run.exe = EXE;
	return 0;
}

static const char *compose(enum fdg_form form, const struct fdg_finding *f)
{
	static char text[FDG_LINE_MAX + 1];

	memset(&line, 'X', sizeof(line));
	fdg_compose_as(&(struct fdg_item){ .f = f }, form, &line);
	assert_true(line.len <= FDG_LINE_MAX);
	memcpy(text, line.text, line.len);
	text[line.len] = '\0';
	return text;
}

static void syslog_has_a_header_the_fields_and_the_sentence(void **state)
{
	struct fdg_finding f = leak();
	const char *text = compose(FDG_FORM_SYSLOG, &f);
	char header[128];

	(void)state;
	assert_memory_equal(text, "<12>1 20", 8);
	snprintf(header, sizeof(header), " shopd %d closewait.leak [fdguard@32473 id=\"closewait.leak\" guard=\"closewait\" level=\"warning\" action=\"reported\" pid=\"%d\" tid=\"", (int)getpid(), (int)getpid());
	assert_contains(text, header);
	assert_contains(text, " exe=\"" EXE "\" fd=\"1045\" count=\"360\" peer=\"10.0.0.7:8001\" age_ms=\"61000\" fix=\"close the socket when read returns 0\"] fdguard: warning: 360 TCP sockets "
			      "to 10.0.0.7:8001 are in CLOSE_WAIT [closewait.leak]; fix: close the socket when read returns 0");
	assert_lacks(text, "\n");
}

static void syslog_priorities_are_the_kernels(void **state)
{
	struct fdg_finding f = leak();

	(void)state;
	f.level = FDG_LEVEL_ERROR;
	assert_memory_equal(compose(FDG_FORM_SYSLOG, &f), "<11>1 ", 6);
	f.level = FDG_LEVEL_NOTE;
	assert_memory_equal(compose(FDG_FORM_SYSLOG, &f), "<13>1 ", 6);
	f.id = FDG_RUN_START;
	assert_memory_equal(compose(FDG_FORM_SYSLOG, &f), "<14>1 ", 6);
}

static void syslog_escapes_what_would_end_a_value(void **state)
{
	struct fdg_finding f = leak();

	(void)state;
	f.peer = "a\"b\\c]d\ne\xff\xc3\xa9";
	assert_contains(compose(FDG_FORM_SYSLOG, &f), " peer=\"a\\\"b\\\\c\\]d?e\xef\xbf\xbd\xc3\xa9\" ");
}

static void syslog_marks_a_message_that_is_more_than_ascii(void **state)
{
	struct fdg_finding f = leak();

	(void)state;
	f.message = "caf\xc3\xa9";
	assert_contains(compose(FDG_FORM_SYSLOG, &f), "] \xef\xbb\xbf" "fdguard: warning: caf\xc3\xa9 [");
}

static void syslog_has_a_program_of_visible_characters(void **state)
{
	struct fdg_finding f = leak();

	(void)state;
	fdg_run.exe = "/x/a b\xc3\xa9\"0123456789012345678901234567890123456789012345678901234567890";
	assert_contains(compose(FDG_FORM_SYSLOG, &f), " a_b__\"012345678901234567890123456789012345678901 ");
}

static void a_journal_value_has_a_name_of_capitals(void **state)
{
	const struct fdg_fact fact = { "last_used_ms", NULL, NULL, 7 };
	struct fdg_finding f = leak();
	const char *text;

	(void)state;
	f.fact = &fact;
	f.facts = 1;
	text = compose(FDG_FORM_JOURNAL, &f);
	assert_memory_equal(text, "MESSAGE\n", 8);
	compose(FDG_FORM_JOURNAL, &f);
	text = memmem(line.text, line.len, "\nPRIORITY=4\nSYSLOG_IDENTIFIER=shopd\n", 36);
	assert_non_null(text);
	assert_contains(text, "\nFDGUARD_ID=closewait.leak\n");
	assert_contains(text, "\nFDGUARD_PEER=10.0.0.7:8001\n");
	assert_contains(text, "\nFDGUARD_LAST_USED_MS=7\n");
	assert_int_equal(line.text[line.len - 1], '\n');
}

static void a_journal_value_of_lines_has_its_length(void **state)
{
	struct fdg_finding f = leak();

	(void)state;
	f.peer = "two\nlines";
	compose(FDG_FORM_JOURNAL, &f);
	assert_non_null(memmem(line.text, line.len, "\nFDGUARD_PEER\n\x09\0\0\0\0\0\0\0two\nlines\n", 32));
}

static void the_message_has_the_length_of_its_paragraph(void **state)
{
	struct fdg_finding f = leak();
	uint64_t n = 0;

	(void)state;
	compose(FDG_FORM_JOURNAL, &f);
	for (int i = 7; i >= 0; i--)
		n = n << 8 | (unsigned char)line.text[8 + i];
	assert_true(16 + n < line.len);
	assert_memory_equal(line.text + 16, "fdguard: warning: ", 18);
	assert_memory_equal(line.text + 16 + n, "\nPRIORITY=", 10);
}

static void what_is_too_long_is_cut_and_says_so(void **state)
{
	static char message[3 * FDG_LINE_MAX], fix[FDG_LINE_MAX];
	struct fdg_finding f = leak();

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(message); i += 2)
		memcpy(message + i, "\xc3\xa9", 2);
	memset(fix, 'f', sizeof(fix) - 1);
	f.message = message;
	f.fix = fix;
	assert_contains(compose(FDG_FORM_SYSLOG, &f), " cut=\"true\"] \xef\xbb\xbf");
	compose(FDG_FORM_JOURNAL, &f);
	assert_non_null(memmem(line.text, line.len, "\nFDGUARD_CUT=true\n", 18));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(syslog_has_a_header_the_fields_and_the_sentence, setup),
		cmocka_unit_test_setup(syslog_priorities_are_the_kernels, setup),
		cmocka_unit_test_setup(syslog_escapes_what_would_end_a_value, setup),
		cmocka_unit_test_setup(syslog_marks_a_message_that_is_more_than_ascii, setup),
		cmocka_unit_test_setup(syslog_has_a_program_of_visible_characters, setup),
		cmocka_unit_test_setup(a_journal_value_has_a_name_of_capitals, setup),
		cmocka_unit_test_setup(a_journal_value_of_lines_has_its_length, setup),
		cmocka_unit_test_setup(the_message_has_the_length_of_its_paragraph, setup),
		cmocka_unit_test_setup(what_is_too_long_is_cut_and_says_so, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
