// SPDX-License-Identifier: MIT
/*
 * finding -> one datagram of the journal's native protocol: NAME=value lines; a value with a newline in it is NAME, its length as 64 bits, least significant byte first, and the bytes.
 *
 *     MESSAGE    what a log file would have, a paragraph
 *     PRIORITY   3 error, 4 warning, 5 note, 6 what is said of runs
 *     SYSLOG_IDENTIFIER, SYSLOG_PID   the program
 *     FDGUARD_…  all fields: FDGUARD_ID, FDGUARD_LEVEL, FDGUARD_PEER, FDGUARD_SITE (one for each frame) …
 */
#include <string.h>

#include "report/fields.h"
#include "report/run.h"

#include "base/poison.h"

/* The length, where it was left out when the value was not there yet. */
static void patch_length(struct fdg_buf *b, size_t at)
{
	uint64_t n = b->len - at - 8;

	if (b->cut)
		return;
	for (int i = 0; i < 8; i++)
		b->text[at + (size_t)i] = (char)(n >> (8 * i));
}

static size_t begin_binary(struct fdg_buf *b, const char *name)
{
	static const char none[8];
	size_t at;

	fdg_fmt(b, "%s\n", name);
	at = b->len;
	fdg_put_n(b, none, sizeof(none));
	return at;
}

static void end_binary(struct fdg_buf *b, size_t at)
{
	patch_length(b, at);
	fdg_put_char(b, '\n');
}

static void put_value(struct fdg_buf *b, const char *value, size_t n, bool cut)
{
	fdg_put_n(b, value, n);
	if (cut)
		fdg_put(b, "…");
}

static void put_name(struct fdg_buf *b, const char *name)
{
	fdg_put(b, "FDGUARD_");
	for (; *name; name++)
		fdg_put_char(b, *name >= 'a' && *name <= 'z' ? (char)(*name - 'a' + 'A') : (*name >= '0' && *name <= '9') ? *name : '_');
}

static void put_field(void *cookie, const char *name, const char *value, size_t n, bool cut)
{
	struct fdg_buf *b = cookie;
	size_t at;

	put_name(b, name);
	if (!memchr(value, '\n', n)) {
		fdg_put_char(b, '=');
		put_value(b, value, n, cut);
		fdg_put_char(b, '\n');
		return;
	}
	at = begin_binary(b, "");
	put_value(b, value, n, cut);
	end_binary(b, at);
}

static void put_identifier(struct fdg_buf *b)
{
	const char *name = fdg_base_name(fdg_run_exe());

	fdg_put(b, "SYSLOG_IDENTIFIER=");
	fdg_put_utf8(b, name, strlen(name));
	fdg_fmt(b, "\nSYSLOG_PID=%d\n", fdg_run_pid());
}

void fdg_put_journal_item(struct fdg_buf *b, const struct fdg_item *item, const struct fdg_share *share)
{
	size_t at = begin_binary(b, "MESSAGE");

	fdg_put_text_item(b, item, share);
	end_binary(b, at);
	fdg_fmt(b, "PRIORITY=%d\n", fdg_severity(item->f));
	put_identifier(b);
	fdg_each_field(item, share, put_field, b);
}
