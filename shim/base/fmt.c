// SPDX-License-Identifier: MIT
#include "base/fmt.h"

#include <string.h>

#include "base/poison.h"

void fdg_put_n(struct fdg_buf *b, const char *s, size_t n)
{
	size_t room = b->cap - 1 - b->len;

	if (b->cut)
		return;
	if (n > room) {
		n = room;
		b->cut = true;
	}
	memcpy(b->text + b->len, s, n);
	b->len += n;
	b->text[b->len] = '\0';
}

void fdg_put(struct fdg_buf *b, const char *s)
{
	if (!s)
		s = "(null)";
	fdg_put_n(b, s, strlen(s));
}

void fdg_put_char(struct fdg_buf *b, char c)
{
	fdg_put_n(b, &c, 1);
}

/* As fdg_put_n, but all of it or nothing: a JSON escape is never split. */
static void put_whole(struct fdg_buf *b, const char *s, size_t n)
{
	if (n > b->cap - 1 - b->len)
		b->cut = true;
	else
		fdg_put_n(b, s, n);
}

/* Digits of v, with a comma between groups of `group` digits; 0: no commas. */
static void put_digits(struct fdg_buf *b, uint64_t v, unsigned base, unsigned group)
{
	char digits[32]; /* 2^64 - 1 has 20 digits and 6 commas */
	size_t at = sizeof(digits);
	unsigned n = 0;

	do {
		if (group && n && n % group == 0)
			digits[--at] = ',';
		digits[--at] = "0123456789abcdef"[v % base];
		v /= base;
		n++;
	} while (v);
	fdg_put_n(b, digits + at, sizeof(digits) - at);
}

void fdg_put_u64(struct fdg_buf *b, uint64_t v)
{
	put_digits(b, v, 10, 0);
}

void fdg_put_i64(struct fdg_buf *b, int64_t v)
{
	if (v < 0)
		fdg_put_char(b, '-');
	put_digits(b, v < 0 ? -(uint64_t)v : (uint64_t)v, 10, 0);
}

void fdg_put_hex(struct fdg_buf *b, uint64_t v)
{
	fdg_put_n(b, "0x", 2);
	put_digits(b, v, 16, 0);
}

void fdg_put_count(struct fdg_buf *b, uint64_t v)
{
	put_digits(b, v, 10, 3);
}

void fdg_put_time(struct fdg_buf *b, uint64_t ms)
{
	static const struct {
		uint64_t ms;
		const char *name;
	} units[] = { { 86400000, "d" }, { 3600000, "h" }, { 60000, "m" }, { 1000, "s" }, { 1, "ms" } };
	unsigned i = 0;

	while (i < 4 && ms < units[i].ms)
		i++;
	fdg_put_u64(b, ms / units[i].ms);
	if (i == 3 && ms < 10000 && ms / 100 % 10)
		fdg_fmt(b, ".%lu", (unsigned long)(ms / 100 % 10));
	fdg_put(b, units[i].name);
	ms %= units[i].ms;
	if (i < 3 && ms >= units[i + 1].ms)
		fdg_fmt(b, "%lu%s", (unsigned long)(ms / units[i + 1].ms), units[i + 1].name);
}

/* Length of the UTF-8 sequence at the start of the n > 0 bytes at s; 0 if there is none. Overlong forms and surrogates are none. */
static size_t utf8_len(const unsigned char *s, size_t n)
{
	unsigned char low = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;
	unsigned char high = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf;
	size_t len = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;

	if (len == 1)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4 || len > n || s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	return len;
}

static bool json_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

static void put_json_escape(struct fdg_buf *b, unsigned char c)
{
	static const char from[] = "\"\\\n\t\r\b\f", to[] = "\"\\ntrbf";
	const char *found = memchr(from, c, sizeof(from) - 1);
	char text[6] = { '\\', 'u', '0', '0', "0123456789abcdef"[c >> 4 & 0xf], "0123456789abcdef"[c & 0xf] };

	if (found)
		text[1] = to[found - from];
	put_whole(b, text, found ? 2 : 6);
}

void fdg_put_json(struct fdg_buf *b, const char *s)
{
	const unsigned char *p = (const unsigned char *)(s ? s : "");

	while (*p && !b->cut) {
		size_t n = 0;

		while (json_plain(p[n]))
			n++;
		fdg_put_n(b, (const char *)p, n);
		p += n;
		if (*p >= 0x80) {
			n = utf8_len(p, strnlen((const char *)p, 4));
			put_whole(b, n ? (const char *)p : "\xef\xbf\xbd", n ? n : 3);
			p += n ? n : 1;
		} else if (*p) {
			put_json_escape(b, *p++);
		}
	}
}

/* C0, DEL, and C1 in UTF-8: terminals act on them. */
static bool is_control(const unsigned char *s)
{
	return s[0] < 0x20 || s[0] == 0x7f || (s[0] == 0xc2 && s[1] < 0xa0);
}

void fdg_put_printable(struct fdg_buf *b, const char *s, size_t n)
{
	const unsigned char *p = (const unsigned char *)s, *end = p + n;

	while (p < end && !b->cut) {
		size_t len = utf8_len(p, (size_t)(end - p));
		char text[4] = { '\\', 'x', "0123456789abcdef"[*p >> 4], "0123456789abcdef"[*p & 0xf] };

		if (len && !is_control(p)) {
			put_whole(b, (const char *)p, len);
			p += len;
		} else {
			put_whole(b, text, sizeof(text));
			p++;
		}
	}
}

void fdg_put_utf8(struct fdg_buf *b, const char *s, size_t n)
{
	const unsigned char *p = (const unsigned char *)s, *end = p + n;

	while (p < end && !b->cut) {
		size_t len = utf8_len(p, (size_t)(end - p));

		if (!len)
			put_whole(b, "\xef\xbf\xbd", 3);
		else if (is_control(p))
			put_whole(b, "?", 1);
		else
			put_whole(b, (const char *)p, len);
		p += len ? len : 1;
	}
}

/* One conversion, p behind its '%'; returns how many bytes of the format it took. */
static size_t put_conversion(struct fdg_buf *b, const char *p, va_list *ap)
{
	size_t n = *p == 'l' || *p == 'z';
	unsigned long v;

	switch (p[n]) {
	case 's':
		fdg_put(b, va_arg(*ap, const char *));
		break;
	case 'c':
		fdg_put_char(b, (char)va_arg(*ap, int));
		break;
	case 'd':
		fdg_put_i64(b, n ? va_arg(*ap, long) : va_arg(*ap, int));
		break;
	case 'u':
	case 'x':
		v = n ? va_arg(*ap, unsigned long) : va_arg(*ap, unsigned);
		put_digits(b, v, p[n] == 'x' ? 16 : 10, 0);
		break;
	default:
		fdg_put_char(b, '%');
		return *p == '%';
	}
	return n + 1;
}

void fdg_vfmt(struct fdg_buf *b, const char *format, va_list ap)
{
	va_list own;

	va_copy(own, ap);
	while (*format) {
		size_t n = strcspn(format, "%");

		fdg_put_n(b, format, n);
		format += n;
		if (*format)
			format += 1 + put_conversion(b, format + 1, &own);
	}
	va_end(own);
}

void fdg_fmt(struct fdg_buf *b, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	fdg_vfmt(b, format, ap);
	va_end(ap);
}
