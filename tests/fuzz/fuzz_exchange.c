// SPDX-License-Identifier: MIT
/*
 * What an exchange makes of bytes that a server sent: the first two bytes say how they are taken; the rest is a message to a question's port, or a stream
 * that comes in pieces.
 */
#include <stdlib.h>
#include <string.h>

#include "driver.h"
#include "resolver/judge.h"

#define QUESTION "\3www\2de\0\0\1\0\1"
#define ASKED "\x12\x34\1\0\0\1\0\0\0\0\0\0" QUESTION
#define RECORD "\xc0\x0c\0\1\0\1\0\0\0\x3d\0\4\1\2\3\4"
#define OPT "\0\0\x29\4\xd0\1\0\x80\0\0\0"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("\0\0\x12\x34\x81\x80\0\1\0\1\0\0\0\0" QUESTION RECORD),
	FUZZ_TEXT("\1\0\x12\x34\x81\x80\0\1\0\1\0\0\0\1" QUESTION RECORD OPT),
	FUZZ_TEXT("\1\0\x12\x34\x81\x81\0\0\0\0\0\0\0\0"),
	FUZZ_TEXT("\0\0\x12\x34\x83\x80\0\1\0\0\0\0\0\0" QUESTION),
	FUZZ_TEXT("\2\0\x12\x34\x81\x82\0\1\0\0\0\0\0\0\3WWW\2De\0\0\1\0\1"),
	FUZZ_TEXT("\0\5\0\x29\x12\x34\x81\x80\0\1\0\1\0\0\0\0" QUESTION RECORD "\0\x19\x12\x34\x81\x83\0\1\0\0\0\0\0\0" QUESTION "\0\0\0\1x"),
};
const size_t fuzz_seed_count = sizeof(fuzz_seeds) / sizeof(fuzz_seeds[0]);

static void must(bool what)
{
	if (!what)
		abort();
}

/* What is taken for an answer has the question's own name and type; what ends it can be walked, or is called malformed. */
static void check(const struct fdg_asked *asked, const uint8_t *msg, size_t len, enum fdg_verdict v)
{
	struct fdg_dns_message m;
	struct fdg_dns_question q;
	struct fdg_dns_record r;
	enum fdg_dns_error error;

	must((v == FDG_VERDICT_SHORT) == (len < FDG_DNS_HEADER));
	if (v < FDG_VERDICT_TRUNCATED)
		return;
	must(!fdg_dns_open(&m, msg, len) && m.header.answer && !m.header.opcode);
	if (v == FDG_VERDICT_PLAIN) {
		must(asked->opt);
		return;
	}
	must(m.header.count[0] == 1 && !fdg_dns_next_question(&m, &q));
	must(q.type == 1 && q.class_ == 1 && q.name.len == 8 && (q.name.wire[1] | 0x20) == 'w' && (q.name.wire[6] | 0x20) == 'e');
	if (v < FDG_VERDICT_MALFORMED)
		return;
	while (!(error = fdg_dns_next(&m, &r)))
		;
	must((error == FDG_DNS_END) == (v == FDG_VERDICT_FINAL));
}

static void judge(const uint8_t *data, size_t n, unsigned how)
{
	struct fdg_asked asked = { (const uint8_t *)ASKED, sizeof(ASKED) - 1, how & 1 };

	check(&asked, data, n, fdg_judge(&asked, data, n, how & 2));
}

/* The same messages come of a stream in one piece and of one that comes in parts. */
static void read_stream(const uint8_t *data, size_t n, size_t part)
{
	size_t whole = 0, pieces = 0, have = 0, at = 0, len;
	const uint8_t *msg;

	while (fdg_frame_next(data, n, &at, &msg, &len)) {
		must(msg + len <= data + n && at == (size_t)(msg + len - data));
		judge(msg, len, 0);
		whole += len + 1;
	}
	must(at <= n);
	for (at = 0; have < n;) {
		have = have + part < n ? have + part : n;
		while (fdg_frame_next(data, have, &at, &msg, &len))
			pieces += len + 1;
	}
	must(whole == pieces);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (n < 2)
		return 0;
	judge(data + 2, n - 2, data[0]);
	if (data[1])
		read_stream(data + 2, n - 2, data[1]);
	return 0;
}
