/* SPDX-License-Identifier: MIT */
/*
 * Text without stdio: appends to a buffer that the caller owns.
 *
 * Async-signal-safe, no allocation, no locale. A buffer that is full takes no more, not even what would fit, and remembers it
 * (`cut`); it is NUL-terminated at all times. A string that is NULL reads "(null)".
 */
#ifndef FDG_BASE_FMT_H
#define FDG_BASE_FMT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fdg_buf {
	char *text;
	size_t len; /* without the NUL */
	size_t cap; /* with the NUL; at least 1 */
	bool cut;   /* something did not fit */
};

/* struct fdg_buf b = FDG_BUF(array); */
#define FDG_BUF(array) { (array), 0, sizeof(array), (((array)[0] = '\0'), false) }

void fdg_put_n(struct fdg_buf *b, const char *s, size_t n);
void fdg_put(struct fdg_buf *b, const char *s);
void fdg_put_char(struct fdg_buf *b, char c);
void fdg_put_u64(struct fdg_buf *b, uint64_t v);
void fdg_put_i64(struct fdg_buf *b, int64_t v);
void fdg_put_hex(struct fdg_buf *b, uint64_t v); /* 0x… */
/* With a comma between thousands: 1,100. */
void fdg_put_count(struct fdg_buf *b, uint64_t v);
/* So many milliseconds, in two units at most: 2d4h, 1h40m, 3m5s, 12s, 1.2s, 800ms. */
void fdg_put_time(struct fdg_buf *b, uint64_t ms);
/* The inside of a JSON string: escapes quotes, backslashes and control bytes; bytes that are not UTF-8 become U+FFFD. Where
 * the buffer ends, no escape and no character is split. NULL is "". */
void fdg_put_json(struct fdg_buf *b, const char *s);
/* n bytes of somebody's text, for people: control bytes and bytes that are not UTF-8 read \x1b. Nothing is split here either. */
void fdg_put_printable(struct fdg_buf *b, const char *s, size_t n);
/* The same as UTF-8 for machines: a control byte reads ?, bytes that are not UTF-8 U+FFFD. */
void fdg_put_utf8(struct fdg_buf *b, const char *s, size_t n);
/* Understands %s %c %d %ld %u %lu %zu %x %lx %% and nothing else: no width, no precision. %x is as printf's, without 0x. */
void fdg_fmt(struct fdg_buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void fdg_vfmt(struct fdg_buf *b, const char *format, va_list ap);

#endif
