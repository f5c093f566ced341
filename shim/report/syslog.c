// SPDX-License-Identifier: MIT
/*
 * finding -> one message of RFC 5424:
 *
 *     <12>1 2026-11-22T22:00:00.123Z web3 shopd 811 closewait.leak [fdguard@32473 id="closewait.leak" level="warning" … peer="10.0.0.7:8001"] fdguard: warning: 360 sockets to …
 *
 * MSGID is the finding's id, the structured data has all its fields. 32473 is the number that RFC 5612 keeps for those who have none of their own.
 */
#include <string.h>
#include <sys/utsname.h>

#include "base/sys.h"
#include "report/fields.h"
#include "report/run.h"

#include "base/poison.h"

#define FACILITY 1 /* user-level messages, as syslog(3) has it for who asks for none */
#define HOST_MAX 255
#define PROGRAM_MAX 48
#define BOM "\xef\xbb\xbf" /* in front of what is UTF-8 and more than ASCII */

/* A word of the header: visible ASCII, "-" where there is none. */
static void put_word(struct fdg_buf *b, const char *s, size_t max)
{
	if (!*s)
		fdg_put_char(b, '-');
	for (size_t i = 0; s[i] && i < max; i++)
		fdg_put_char(b, s[i] > ' ' && s[i] < 0x7f ? s[i] : '_');
	fdg_put_char(b, ' ');
}

static void put_host(struct fdg_buf *b)
{
	struct utsname name;

	if (fdg_is_err(fdg_sys1(SYS_uname, &name)))
		name.nodename[0] = '\0';
	put_word(b, name.nodename, HOST_MAX);
}

static void put_header(struct fdg_buf *b, const struct fdg_finding *f)
{
	fdg_fmt(b, "<%d>1 ", FACILITY * 8 + fdg_severity(f));
	fdg_put_now(b);
	fdg_put_char(b, ' ');
	put_host(b);
	put_word(b, fdg_base_name(fdg_run_exe()), PROGRAM_MAX);
	fdg_fmt(b, "%d %s ", fdg_run_pid(), fdg_finding_name(f->id));
}

static void put_escaped(struct fdg_buf *b, const char *s, size_t n)
{
	for (size_t i = 0, end; i < n; i = end + 1) {
		for (end = i; end < n && s[end] != '"' && s[end] != '\\' && s[end] != ']';)
			end++;
		fdg_put_utf8(b, s + i, end - i);
		if (end < n) {
			fdg_put_char(b, '\\');
			fdg_put_char(b, s[end]);
		}
	}
}

static void put_param(void *cookie, const char *name, const char *value, size_t n, bool cut)
{
	struct fdg_buf *b = cookie;

	fdg_fmt(b, " %s=\"", name);
	put_escaped(b, value, n);
	fdg_put(b, cut ? "…\"" : "\"");
}

static void put_some(struct fdg_buf *b, const char *s, size_t max)
{
	size_t n = strnlen(s, max);

	while (n == max && n && ((unsigned char)s[n] & 0xc0) == 0x80)
		n--;
	fdg_put_utf8(b, s, n);
	if (s[n])
		fdg_put(b, "…");
}

static bool is_ascii(const char *s)
{
	while (s && *s > 0)
		s++;
	return !s || !*s;
}

void fdg_put_syslog_item(struct fdg_buf *b, const struct fdg_item *item, const struct fdg_share *share)
{
	const struct fdg_finding *f = item->f;

	put_header(b, f);
	fdg_put(b, "[fdguard@32473");
	fdg_each_field(item, share, put_param, b);
	fdg_fmt(b, "] %sfdguard: %s: ", is_ascii(f->message) && is_ascii(f->fix) ? "" : BOM, fdg_level_word(f->level));
	put_some(b, f->message, share->string);
	fdg_fmt(b, " [%s]", fdg_finding_name(f->id));
	if (f->fix) {
		fdg_put(b, "; fix: ");
		put_some(b, f->fix, share->string);
	}
}
