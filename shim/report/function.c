// SPDX-License-Identifier: MIT
#include "report/function.h"

#include <string.h>

#include "report/symbol.h"

#include "base/poison.h"

/* One part of a qualified name. */
struct part {
	const char *text;
	size_t n;
};

struct names {
	struct fdg_buf out;
	struct part last; /* constructors and destructors are called like their class */
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void put_part(struct names *s, const char *before, struct part p)
{
	static const char hidden[] = "_GLOBAL__N_1";

	fdg_put(&s->out, s->out.len ? "::" : "");
	fdg_put(&s->out, before);
	if (p.n == sizeof(hidden) - 1 && memcmp(p.text, hidden, p.n) == 0)
		fdg_put(&s->out, "(anonymous namespace)");
	else
		fdg_put_n(&s->out, p.text, p.n);
}

/* "h" and 16 hexadecimal digits: Rust's own. */
static bool is_hash(struct part p)
{
	return p.n == 17 && p.text[0] == 'h' && strspn(p.text + 1, "0123456789abcdef") >= 16;
}

/* 7connect: a length and so many bytes. Returns what is behind them, or NULL. */
static const char *take_sized(const char *at, struct part *ret)
{
	size_t n = 0;

	while (is_digit(*at) && n < FDG_FUNCTION_MAX)
		n = n * 10 + (size_t)(*at++ - '0');
	if (!n || strnlen(at, n) < n || memchr(at, '+', n))
		return NULL;
	*ret = (struct part){ at, n };
	return at + n;
}

static const char *take_part(struct names *s, const char *at)
{
	struct part p;

	if (*at == 'L')
		at++;
	if (is_digit(*at)) {
		at = take_sized(at, &p);
		if (at && !is_hash(p)) {
			put_part(s, "", p);
			s->last = p;
		}
		return at;
	}
	if (*at == 'B') /* an ABI tag */
		return take_sized(at + 1, &p);
	if (at[0] == 'S' && at[1] == 't' && !s->out.len) {
		fdg_put(&s->out, "std");
		return at + 2;
	}
	if ((*at != 'C' && *at != 'D') || !is_digit(at[1]) || !s->last.n)
		return NULL;
	put_part(s, *at == 'D' ? "~" : "", s->last);
	return at + 2;
}

static const char *take_name(struct names *s, const char *at)
{
	bool is_std = at[0] == 'S' && at[1] == 't';

	if (*at != 'N') {
		at = take_part(s, at);
		return at && is_std ? take_part(s, at) : at;
	}
	at += 1 + strspn(at + 1, "rVKRO");
	while (at && *at && *at != 'E')
		at = take_part(s, at);
	return at && *at == 'E' ? at + 1 : NULL;
}

const char *fdg_function(const char *symbol, char room[FDG_FUNCTION_MAX])
{
	struct names s = { { room, 0, FDG_FUNCTION_MAX, false }, { NULL, 0 } };
	const char *end;

	if (!symbol || strncmp(symbol, "_Z", 2) != 0)
		return symbol;
	room[0] = '\0';
	end = take_name(&s, symbol + 2);
	if (!end || *end == 'I' || !s.last.n)
		return symbol;
	end = strrchr(end, '+');
	fdg_put(&s.out, end ? end : "");
	return s.out.cut ? symbol : room;
}

bool fdg_function_of(const struct fdg_place *p, struct fdg_buf *ret)
{
	char symbol[FDG_FUNCTION_MAX], room[FDG_FUNCTION_MAX];
	struct fdg_buf s = FDG_BUF(symbol);

	if (!fdg_symbol_of(p, &s))
		return false;
	fdg_put(ret, fdg_function(symbol, room));
	return true;
}
