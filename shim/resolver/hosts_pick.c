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
	const char *end = memchr(text + at, '\n', n - at);

	return end ? (size_t)(end - text) + 1 : n;
}

/* Many places at a time: a file of 10,000 lines is read for each name that is looked up in it now and then. */
typedef unsigned char block __attribute__((vector_size(16)));

/* Letters are small then, and other characters are themselves or others: where two agree, the name is compared. */
static block block_of(const char *text)
{
	block b;

	memcpy(&b, text, sizeof(b));
	return b | 0x20;
}

static block all_of(char c)
{
	block b;

	memset(&b, c | 0x20, sizeof(b));
	return b;
}

static bool any(block b)
{
	uint64_t halves[2];

	memcpy(halves, &b, sizeof(b));
	return halves[0] | halves[1];
}

/* Where it stands first, from `at` on; n: nowhere. */
static size_t find(const char *text, size_t n, size_t at, const char *name, size_t len)
{
	block first = all_of(name[0]), last = all_of(name[len - 1]);

	for (; at + len - 1 + sizeof(block) <= n; at += sizeof(block)) {
		block hit = (block)(block_of(text + at) == first) & (block)(block_of(text + at + len - 1) == last);

		for (unsigned i = 0; any(hit) && i < sizeof(block); i++)
			if (hit[i] && begins(text + at + i, name, len))
				return at + i;
	}
	for (; at + len <= n; at++)
		if (begins(text + at, name, len))
			return at;
	return n;
}

/* Wherever in the line the name stands, and be it a part of another one: the lines that stay are parsed as ever. */
static size_t keep_name(char *text, size_t n, const char *name)
{
	size_t len = strlen(name), kept = 0, done = 0, at;

	if (!len) /* a line without a name has this one */
		return n;
	while ((at = find(text, n, done, name, len)) < n) {
		size_t line = at, end = line_end(text, n, at);

		while (line > done && text[line - 1] != '\n')
			line--;
		memmove(text + kept, text + line, end - line);
		kept += end - line;
		done = end;
	}
	return kept;
}

/* Lines are told by how they begin, most of them: an AF_INET address has one text, but for those in AF_INET6's. */
struct wanted {
	const struct fdg_ip *ip;
	uint8_t six[16];
	char text[16]; /* AF_INET's */
	size_t len;
};

static struct wanted wanted_of(const struct fdg_ip *ip)
{
	struct wanted w = { .ip = ip };
	char *end = w.text;

	fdg_ip_to_six(ip, w.six);
	for (unsigned i = 0; ip->family == AF_INET && i < 4; i++) {
		end = fdg_text_put_number(end, ip->bytes[i]);
		if (i < 3)
			*end++ = '.';
	}
	w.len = (size_t)(end - w.text);
	return w;
}

static bool may_have(const struct wanted *w, const char *text, size_t n)
{
	return n && (!w->len || *text == ':' || *text == '0' || (n >= w->len && !memcmp(text, w->text, w->len)));
}

static bool has_address(struct fdg_text text, const struct wanted *w)
{
	static const uint8_t loopback4[4] = { 127, 0, 0, 1 }, loopback6[16] = { [15] = 1 };
	struct fdg_text line, word;
	struct fdg_ip ip;
	uint8_t has[16];

	text = fdg_text_trim_start(text);
	if (!may_have(w, text.s, text.n) || !fdg_text_line(&text, &line))
		return false;
	line = fdg_text_until(&line, "#");
	if (!fdg_text_word(&line, &word) || !fdg_ip_parse(word, AF_UNSPEC, &ip))
		return false;
	if (w->ip->family == AF_INET6 && ip.family == AF_INET)
		return false;
	fdg_ip_to_six(&ip, has);
	return !memcmp(has, w->six, sizeof(has)) ||
	       (w->ip->family == AF_INET && !memcmp(w->ip->bytes, loopback4, sizeof(loopback4)) &&
		!memcmp(has, loopback6, sizeof(has)));
}

/* The first line that has it says what it is called. */
static size_t keep_address(char *text, size_t n, const struct fdg_ip *ip)
{
	struct wanted w = wanted_of(ip);
	size_t end;

	for (size_t at = 0; at < n; at = end) {
		struct fdg_text line;

		end = line_end(text, n, at);
		line = (struct fdg_text){ text + at, end - at };
		if (!has_address(line, &w))
			continue;
		memmove(text, text + at, end - at);
		return end - at;
	}
	return 0;
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
	return kept && p->want.ip ? -ECANCELED : 0;
}

void fdg_hosts_pick_free(struct fdg_hosts_pick *p)
{
	if (p->room)
		fdg_sys_munmap(p->text, p->room);
	p->room = 0;
	p->text = NULL;
}
