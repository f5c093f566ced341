// SPDX-License-Identifier: MIT
#include "resolver/wire.h"

#include "common.h"

static struct fdg_dns_name named(const char *text)
{
	struct fdg_dns_name name;

	assert_int_equal(fdg_dns_name_from_text(text, strlen(text), &name), FDG_DNS_OK);
	return name;
}

static struct fdg_dns_query query_for(const char *name, uint16_t type)
{
	return (struct fdg_dns_query){ .name = named(name), .id = 0x1234, .type = type, .recurse = true };
}

static void a_query_is_its_bytes(void **state)
{
	static const char plain[] = "\x12\x34\1\0\0\1\0\0\0\0\0\0\3www\2de\0\0\x1c\0\1";
	static const char with_opt[] = "\x12\x34\1\x20\0\1\0\0\0\0\0\1\3www\2de\0\0\x1c\0\1\0\0\x29\4\xb0\0\0\0\0\0\0";
	struct fdg_dns_query q = query_for("www.de", FDG_DNS_AAAA);
	uint8_t buf[FDG_DNS_QUERY_MAX];
	size_t n;

	(void)state;
	assert_int_equal(fdg_dns_write(&q, buf, sizeof(buf), &n), FDG_DNS_OK);
	assert_int_equal(n, sizeof(plain) - 1);
	assert_memory_equal(buf, plain, n);
	q.payload = 1200;
	q.authentic = true;
	assert_int_equal(fdg_dns_write(&q, buf, sizeof(buf), &n), FDG_DNS_OK);
	assert_int_equal(n, sizeof(with_opt) - 1);
	assert_memory_equal(buf, with_opt, n);
	assert_int_equal(fdg_dns_write(&q, buf, n - 1, &n), FDG_DNS_ROOM);
	q.payload = 100;
	assert_int_equal(fdg_dns_write(&q, buf, sizeof(buf), &n), FDG_DNS_OK);
	assert_int_equal(buf[n - 8] << 8 | buf[n - 7], FDG_DNS_PAYLOAD_MIN);
}

static void the_longest_query_fits_the_limit(void **state)
{
	struct fdg_dns_query q = { .name = { .len = 255 }, .payload = 1200 };
	uint8_t buf[FDG_DNS_QUERY_MAX];
	size_t n;

	(void)state;
	assert_int_equal(fdg_dns_write(&q, buf, sizeof(buf), &n), FDG_DNS_OK);
	assert_int_equal(n, FDG_DNS_QUERY_MAX);
}

#define QUESTION "\3www\2de\0\0\1\0\1"
/* Answers to query_for("www.de", A), with n answers, authorities and others. */
#define HEAD(bits, n, a, o) "\x12\x34" bits "\0\1\0" n "\0" a "\0" o QUESTION
#define OK_BITS "\x81\x80"

static struct fdg_dns_message opened(const char *data, size_t n)
{
	struct fdg_dns_message m;
	struct fdg_dns_query q = query_for("www.de", FDG_DNS_A);
	enum fdg_dns_error error = fdg_dns_open(&m, data, n);

	if (!error)
		error = fdg_dns_answers(&m, &q);
	if (error)
		fail_msg("%s", fdg_dns_sentence(error));
	return m;
}

#define OPENED(text) opened((text), sizeof(text) - 1)

static void every_type_is_read(void **state)
{
	static const char message[] = HEAD(OK_BITS, "\4", "\1", "\2")
		"\xc0\x0c\0\5\0\1\0\0\0\x3c\0\6\3web\xc0\x10"                            /* 24: www.de CNAME web.de, at 36 */
		"\xc0\x24\0\1\0\1\0\0\0\x3d\0\4\1\2\3\4"                                    /* web.de A */
		"\xc0\x24\0\x1c\0\1\x80\0\0\0\0\x10" "0123456789abcdef"
		"\xc0\x24\0\x10\0\1\0\0\0\1\0\3\2hi"                                        /* TXT: passed over */
		"\xc0\x10\0\6\0\1\0\0\0\5\0\x20\2ns\xc0\x10\4mail\xc0\x10\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5"
		"\1" "4\0\0\x0c\0\1\0\0\0\5\0\2\xc0\x0c"                                    /* PTR */
		"\0\0\x29\4\xd0\1\0\x80\0\0\x0b\0\x0a\0\2xy\0\3\0\1z";
	struct fdg_dns_message m = OPENED(message);
	struct fdg_dns_record r;
	struct fdg_dns_name name;
	struct fdg_dns_soa soa;
	struct fdg_dns_opt opt;
	struct fdg_dns_option option;
	uint8_t bytes[16];
	char text[FDG_DNS_TEXT_MAX];

	(void)state;
	assert_true(m.header.answer && m.header.recurse && m.header.recursion && !m.header.truncated && !m.header.authoritative);
	assert_int_equal(fdg_dns_next(&m, &r), FDG_DNS_OK);
	assert_int_equal(r.section, FDG_DNS_ANSWER);
	assert_int_equal(r.ttl, 60);
	assert_int_equal(fdg_dns_read_target(&m, &r, &name), FDG_DNS_OK);
	fdg_dns_name_to_text(&name, text);
	assert_string_equal(text, "web.de");
	assert_int_equal(fdg_dns_read_a(&m, &r, bytes), FDG_DNS_TYPE);

	assert_int_equal(fdg_dns_next(&m, &r), FDG_DNS_OK);
	assert_int_equal(fdg_dns_read_owner(&m, &r, &name), FDG_DNS_OK);
	fdg_dns_name_to_text(&name, text);
	assert_string_equal(text, "web.de");
	assert_int_equal(fdg_dns_read_a(&m, &r, bytes), FDG_DNS_OK);
	assert_memory_equal(bytes, "\1\2\3\4", 4);
	assert_int_equal(fdg_dns_next(&m, &r), FDG_DNS_OK);
	assert_int_equal(r.ttl, 0); /* the high bit is set */
	assert_int_equal(fdg_dns_read_aaaa(&m, &r, bytes), FDG_DNS_OK);
	assert_memory_equal(bytes, "0123456789abcdef", 16);
	assert_int_equal(fdg_dns_next(&m, &r), FDG_DNS_OK);
	assert_int_equal(r.type, 16);

	assert_int_equal(fdg_dns_next(&m, &r), FDG_DNS_OK);
	assert_int_equal(r.section, FDG_DNS_AUTHORITY);
	assert_int_equal(fdg_dns_read_soa(&m, &r, &soa), FDG_DNS_OK);
	fdg_dns_name_to_text(&soa.mailbox, text);
	assert_string_equal(text, "mail.de");
	assert_int_equal(soa.serial * 10000 + soa.refresh * 1000 + soa.retry * 100 + soa.expire * 10 + soa.minimum, 12345);

	assert_int_equal(fdg_dns_next(&m, &r), FDG_DNS_OK);
	assert_int_equal(r.section, FDG_DNS_ADDITIONAL);
	assert_int_equal(fdg_dns_read_target(&m, &r, &name), FDG_DNS_OK);
	fdg_dns_name_to_text(&name, text);
	assert_string_equal(text, "www.de");

	assert_int_equal(fdg_dns_next(&m, &r), FDG_DNS_OK);
	assert_int_equal(fdg_dns_read_opt(&m, &r, &opt), FDG_DNS_OK);
	assert_int_equal(opt.payload, 1232);
	assert_int_equal(opt.rcode, FDG_DNS_BADVERS);
	assert_true(opt.secure);
	assert_int_equal(fdg_dns_opt_next(&m, &opt, &option), FDG_DNS_OK);
	assert_int_equal(option.code, 10);
	assert_memory_equal(message + option.data, "xy", option.data_len);
	assert_int_equal(fdg_dns_opt_next(&m, &opt, &option), FDG_DNS_OK);
	assert_int_equal(option.data_len, 1);
	assert_int_equal(fdg_dns_opt_next(&m, &opt, &option), FDG_DNS_END);
	assert_int_equal(fdg_dns_next(&m, &r), FDG_DNS_END);
	assert_int_equal(fdg_dns_next(&m, &r), FDG_DNS_END);
}

static void what_is_no_answer_to_us_is_told(void **state)
{
	static const struct { const char *data; size_t n; enum fdg_dns_error error; } rows[] = {
#define ROW(text, error) { text, sizeof(text) - 1, FDG_DNS_##error }
		ROW("\x12\x34\x81\x80\0\1\0\0\0\0\0", SHORT), ROW("", SHORT),
		ROW("\x12\x35\x81\x80\0\1\0\0\0\0\0\0" QUESTION, ID), ROW(HEAD("\1\0", "\0", "\0", "\0"), NOT_ANSWER),
		ROW(HEAD("\x91\x80", "\0", "\0", "\0"), OPCODE), ROW("\x12\x34\x81\x80\0\0\0\0\0\0\0\0", QUESTIONS),
		ROW("\x12\x34\x81\x80\0\2\0\0\0\0\0\0" QUESTION QUESTION, QUESTIONS),
		ROW("\x12\x34\x81\x80\0\1\0\0\0\0\0\0\3wwv\2de\0\0\1\0\1", QUESTION), ROW("\x12\x34\x81\x80\0\1\0\0\0\0\0\0\3www\2de\0\0\2\0\1", QUESTION),
		ROW("\x12\x34\x81\x80\0\1\0\0\0\0\0\0\3www\2de\0\0\1\0\3", QUESTION), ROW("\x12\x34\x81\x80\0\1\0\0\0\0\0\0\3www\2de\0\0\1\0", CUT),
		ROW("\x12\x34\x81\x80\0\1\0\0\0\0\0\0\3WWW\2De\0\0\1\0\1", OK),
#undef ROW
	};
	struct fdg_dns_query q = query_for("www.de", FDG_DNS_A);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fdg_dns_message m;
		enum fdg_dns_error error = fdg_dns_open(&m, rows[i].data, rows[i].n);

		if (!error)
			error = fdg_dns_answers(&m, &q);
		if (error != rows[i].error)
			fail_msg("row %zu: %s", i, fdg_dns_sentence(error));
	}
}

static void a_message_has_an_end(void **state)
{
	static char message[FDG_DNS_MESSAGE_MAX + 1];
	struct fdg_dns_message m;

	(void)state;
	assert_int_equal(fdg_dns_open(&m, message, sizeof(message) - 1), FDG_DNS_OK);
	assert_int_equal(fdg_dns_open(&m, message, sizeof(message)), FDG_DNS_LONG);
}

/* Any cut of a good message is an error, and always the same one. */
static void a_cut_message_is_an_error(void **state)
{
	static const char message[] = HEAD(OK_BITS, "\1", "\0", "\2") "\xc0\x0c\0\1\0\1\0\0\0\1\0\4\1\2\3\4"
		"\0\0\x29\4\xd0\0\0\0\0\0\0" "\xc0\x0c\0\1\0\1\0\0\0\1\0\4\1\2\3\4";

	(void)state;
	for (size_t n = 24; n < sizeof(message) - 1; n++) {
		struct fdg_dns_message m = opened(message, n);
		struct fdg_dns_record r;
		enum fdg_dns_error error;

		do
			error = fdg_dns_next(&m, &r);
		while (!error);
		assert_int_equal(error, FDG_DNS_CUT);
		assert_int_equal(fdg_dns_next(&m, &r), FDG_DNS_CUT);
	}
}

static enum fdg_dns_error first_record(const char *data, size_t n)
{
	struct fdg_dns_message m = opened(data, n);
	struct fdg_dns_record r;
	struct fdg_dns_name name;
	struct fdg_dns_soa soa;
	struct fdg_dns_opt opt;
	struct fdg_dns_option option;
	uint8_t bytes[16];
	enum fdg_dns_error error = fdg_dns_next(&m, &r);

	if (error)
		return error;
	switch (r.type) {
	case FDG_DNS_A:
		return fdg_dns_read_a(&m, &r, bytes);
	case FDG_DNS_AAAA:
		return fdg_dns_read_aaaa(&m, &r, bytes);
	case FDG_DNS_SOA:
		return fdg_dns_read_soa(&m, &r, &soa);
	case FDG_DNS_OPT:
		error = fdg_dns_read_opt(&m, &r, &opt);
		return error ? error : fdg_dns_opt_next(&m, &opt, &option);
	default:
		return fdg_dns_read_target(&m, &r, &name);
	}
}

static void data_have_the_length_of_their_type(void **state)
{
#define FIRST(text) first_record(HEAD(OK_BITS, "\1", "\0", "\0") text "\0\0\0\0\0\0\0\0", 24 + sizeof(text) - 1)
#define R(type, len, data) "\xc0\x0c" type "\0\1\0\0\0\1" len data
	(void)state;
	assert_int_equal(FIRST(R("\0\1", "\0\5", "12345")), FDG_DNS_DATA);
	assert_int_equal(FIRST(R("\0\1", "\0\3", "123")), FDG_DNS_DATA);
	assert_int_equal(FIRST(R("\0\x1c", "\0\4", "1234")), FDG_DNS_DATA);
	assert_int_equal(FIRST(R("\0\1", "\0\4", "1234")), FDG_DNS_OK);
	assert_int_equal(FIRST(R("\0\5", "\0\0", "")), FDG_DNS_DATA);
	assert_int_equal(FIRST(R("\0\5", "\0\1", "\xc0\x0c")), FDG_DNS_DATA);   /* the name goes on behind the data */
	assert_int_equal(FIRST(R("\0\5", "\0\3", "\xc0\x0c ")), FDG_DNS_DATA);  /* … or ends before them */
	assert_int_equal(FIRST(R("\0\x0c", "\0\2", "\xc0\x24")), FDG_DNS_POINTER);
	assert_int_equal(FIRST(R("\0\6", "\0\4", "\xc0\x0c\xc0\x0c")), FDG_DNS_DATA);
	assert_int_equal(FIRST(R("\0\6", "\0\2", "\xc0\x0c")), FDG_DNS_DATA);
	assert_int_equal(FIRST(R("\0\x29", "\0\0", "")), FDG_DNS_OWNER);
	assert_int_equal(FIRST("\0\0\x29\4\xd0\0\0\0\0\0\3abc"), FDG_DNS_DATA);
	assert_int_equal(FIRST("\0\0\x29\4\xd0\0\0\0\0\0\5\0\1\0\2a"), FDG_DNS_DATA);
	assert_int_equal(FIRST("\0\0\x29\4\xd0\0\0\0\0\0\0"), FDG_DNS_END);
	assert_int_equal(FIRST("\xc0\x18\0\1\0\1\0\0\0\1\0\0"), FDG_DNS_POINTER);
}

static void every_error_has_a_sentence_of_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < FDG_DNS_ERRORS; i++)
		for (int j = 0; j < i; j++)
			assert_string_not_equal(fdg_dns_sentence((enum fdg_dns_error)i), fdg_dns_sentence((enum fdg_dns_error)j));
	assert_non_null(fdg_dns_sentence((enum fdg_dns_error)99));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_query_is_its_bytes),
		cmocka_unit_test(the_longest_query_fits_the_limit),
		cmocka_unit_test(every_type_is_read),
		cmocka_unit_test(what_is_no_answer_to_us_is_told),
		cmocka_unit_test(a_message_has_an_end),
		cmocka_unit_test(a_cut_message_is_an_error),
		cmocka_unit_test(data_have_the_length_of_their_type),
		cmocka_unit_test(every_error_has_a_sentence_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
