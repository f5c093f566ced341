// SPDX-License-Identifier: MIT
/* Of /etc/hosts the lines that have one name or address: who asks once does not want the table of a file of many megabytes. */
#include <errno.h>
#include <string.h>

#include "base/sys.h"
#include "resolver/hosts.h"

#include "base/poison.h"

enum { FIRST = 4096 /* bytes that are kept */ };

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool begins(const char *text, const char *name, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (lower(text[i]) != lower(name[i]))
			return false;
	return true;
}

/* The end of the line that has text[at], behind its newline. */
static size_t line_end(const char *text, size_t n, size_t at)
{
	while (at < n && text[at] != '\n')
		at++;
	return at < n ? at + 1 : n;
}

/* Wherever in the line the name stands, and be it a part of another one: the lines that stay are parsed as ever. */
static size_t keep_name(char *text, size_t n, const char *name)
{
	size_t len = strlen(name), kept = 0, line = 0;
	char small = lower(*name), large = small >= 'a' && small <= 'z' ? (char)(small & ~0x20) : small;

	if (!len) /* a line without a name has this one */
		return n;
	for (size_t at = 0; at + len <= n; at++) {
		size_t end;

		if (text[at] == '\n')
			line = at + 1;
		if ((text[at] != small && text[at] != large) || !begins(text + at, name, len))
			continue;
		end = line_end(text, n, at);
		memmove(text + kept, text + line, end - line);
		kept += end - line;
		line = end;
		at = end - 1;
	}
	return kept;
}

static bool has_address(struct fdg_text line, const struct fdg_ip *want)
{
	static const struct fdg_ip loopback4 = { .family = AF_INET, .bytes = { 127, 0, 0, 1 } };
	static const struct fdg_ip loopback6 = { .family = AF_INET6, .bytes = { [15] = 1 } };
	struct fdg_text word;
	struct fdg_ip ip;
	uint8_t has[16], six[16];

	if (!fdg_text_word(&line, &word) || !fdg_ip_parse(word, AF_UNSPEC, &ip))
		return false;
	fdg_ip_to_six(&ip, has);
	fdg_ip_to_six(want, six);
	return !memcmp(has, six, sizeof(six)) ||
	       (want->family == AF_INET && !memcmp(want->bytes, loopback4.bytes, 4) &&
		!memcmp(has, loopback6.bytes, sizeof(has)));
}

static size_t keep_address(char *text, size_t n, const struct fdg_ip *ip)
{
	size_t kept = 0, end;

	for (size_t at = 0; at < n; at = end) {
		struct fdg_text line;

		end = line_end(text, n, at);
		line = (struct fdg_text){ text + at, end - at };
		if (!has_address(fdg_text_until(&line, "#"), ip))
			continue;
		memmove(text + kept, text + at, end - at);
		kept += end - at;
	}
	return kept;
}

size_t fdg_hosts_keep(const struct fdg_hosts_want *want, char *text, size_t n)
{
	return want->ip ? keep_address(text, n, want->ip) : keep_name(text, n, want->name);
}

static int make_room(struct fdg_hosts_pick *p, size_t n)
{
	size_t room = p->room ? p->room : FIRST;
	char *more;

	if (p->len + n <= p->room)
		return 0;
	while (room < p->len + n)
		room *= 2;
	more = room > 2 * (size_t)FDG_TABLE_TEXT_MAX ? NULL : fdg_sys_mmap(room, false);
	if (!more)
		return -ENOMEM;
	if (p->len)
		memcpy(more, p->text, p->len);
	fdg_hosts_pick_free(p);
	p->text = more;
	p->room = room;
	return 0;
}

int fdg_hosts_pick_lines(void *pick, char *lines, size_t n)
{
	struct fdg_hosts_pick *p = pick;
	size_t kept = fdg_hosts_keep(&p->want, lines, n);
	int error = kept ? make_room(p, kept) : 0;

	if (error)
		return error;
	if (kept)
		memcpy(p->text + p->len, lines, kept);
	p->len += kept;
	return 0;
}

void fdg_hosts_pick_free(struct fdg_hosts_pick *p)
{
	if (p->room)
		fdg_sys_munmap(p->text, p->room);
	p->room = 0;
	p->text = NULL;
}
