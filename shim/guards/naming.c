// SPDX-License-Identifier: MIT
#include "guards/naming.h"

#include <stddef.h>
#include <string.h>

#include "base/kind.h"

#include "base/poison.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_kept(const struct fdg_named *n, int fd)
{
	if (fd < FDG_NAMED_LOW)
		return n->low[fd / 64] >> (fd % 64) & 1;
	for (unsigned i = 0; i < n->count; i++)
		if (n->high[i] == fd)
			return true;
	return false;
}

static void add(struct fdg_named *n, int fd)
{
	if (fd < 3 || is_kept(n, fd) || !n->interesting(fd))
		return;
	if (fd < FDG_NAMED_LOW)
		n->low[fd / 64] |= UINT64_C(1) << (fd % 64);
	else if (n->count < FDG_NAMED_MAX)
		n->high[n->count++] = fd;
	else
		n->all = true;
}

bool fdg_named_has(const struct fdg_named *n, int fd)
{
	return n->all || (fd >= 3 && (fd < n->listen_end || is_kept(n, fd)));
}

/* The number at s[i], and in *ret_end where its digits end; -1 if it is no descriptor's. */
static int number_at(const char *s, size_t i, size_t end, size_t *ret_end)
{
	int v = 0;

	for (; i < end && is_digit(s[i]); i++)
		v = v < 100000000 ? v * 10 + (s[i] - '0') : 1000000000;
	*ret_end = i;
	return v < 1000000000 ? v : -1;
}

static bool ends_with(const char *s, size_t end, const char *tail)
{
	size_t n = strlen(tail);

	return end >= n && memcmp(s + end - n, tail, n) == 0;
}

static bool lower_contains(const char *s, size_t n, const char *word)
{
	size_t w = strlen(word);

	for (size_t i = 0; i + w <= n; i++) {
		size_t k = 0;

		while (k < w && (s[i + k] == word[k] || (s[i + k] >= 'A' && s[i + k] <= 'Z' && (s[i + k] | 0x20) == word[k])))
			k++;
		if (k == w)
			return true;
	}
	return false;
}

/* 12:13:14, 6;7; and 3,4: a list of numbers and nothing else. */
static bool is_list(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!is_digit(s[i]) && !strchr(":;,", s[i]))
			return false;
	return true;
}

/* Does the run of digits [from, to) of the word s[0, n) name a descriptor? `hint`: the word speaks of fds. */
static bool names(const char *s, size_t n, size_t from, size_t to, bool hint)
{
	char left = from ? s[from - 1] : '\0', right = to < n ? s[to] : '\0';

	if (ends_with(s, from, "/fd/") || ends_with(s, from, "fd://"))
		return true;
	if (left == '&' && from >= 2 && strchr("<>", s[from - 2])) /* <&5 */
		return true;
	if (!left && right && strchr("<>", right)) /* 5> */
		return true;
	if (from == 2 && s[0] == '-' && is_letter(s[1]) && !right) /* -f5 */
		return true;
	if (!hint || is_letter(right) || right == '.')
		return false;
	return ends_with(s, from, "fd") || ends_with(s, from, "FD") || (!is_letter(left) && left != '.');
}

/* Returns whether the word speaks of fds, for the next one: {"control_fd": 3}. Punctuation between the two hands it on. */
static bool word(struct fdg_named *n, const char *s, size_t len, bool hint)
{
	const char *equals = memrchr(s, '=', len);
	size_t value = equals ? (size_t)(equals - s) + 1 : 0; /* --socket=5, --jobserver-auth=3,4 */
	size_t list = is_list(s + value, len - value) ? value : len; /* where a list of nothing but numbers begins */
	bool own = lower_contains(s, len, "fd") || lower_contains(s, len, "handle"), plain = true;

	for (size_t i = 0; i < len;) {
		size_t end;
		int fd;

		plain = plain && !is_digit(s[i]) && !is_letter(s[i]);
		if (!is_digit(s[i])) {
			i++;
			continue;
		}
		fd = number_at(s, i, len, &end);
		if (fd >= 0 && (i >= list || names(s, len, i, end, own || hint)))
			add(n, fd);
		i = end;
	}
	return own || (hint && plain);
}

static size_t text_n(struct fdg_named *n, const char *text, size_t limit)
{
	bool hint = false;
	size_t i = 0;

	while (i < limit && text[i]) {
		size_t from = i;

		while (i < limit && text[i] && !strchr(" \t\n\"'()`", text[i]))
			i++;
		if (i > from)
			hint = word(n, text + from, i - from, hint);
		else
			i++;
	}
	return i;
}

void fdg_named_text(struct fdg_named *n, const char *text)
{
	text_n(n, text, FDG_NAMED_BYTES);
}

/* make hands MAKEFLAGS to every recipe, and the pipe only to those that it takes for makes: in the others the numbers are free, and get another meaning. */
static void add_pipe(struct fdg_named *n, int fd)
{
	fdg_kindword kind;

	if (fd >= 0 && fdg_kind_ask(fd, &kind) == 0 && fdg_kindword_kind(kind) == FDG_KIND_PIPE)
		add(n, fd);
}

/* make: the last of several counts. R,W names a pipe; fifo:PATH names none. */
static void jobserver(struct fdg_named *n, const char *value)
{
	static const char *const words[] = { "--jobserver-auth=", "--jobserver-fds=" };
	const char *last = NULL;

	for (unsigned w = 0; w < 2; w++)
		for (const char *p = value; (p = strstr(p, words[w])); p += strlen(words[w]))
			if (!last || p + strlen(words[w]) > last)
				last = p + strlen(words[w]);
	if (last && is_digit(*last)) {
		size_t end;
		int r = number_at(last, 0, strlen(last), &end);

		add_pipe(n, r);
		if (last[end] == ',' && is_digit(last[end + 1]))
			add_pipe(n, number_at(last, end + 1, strlen(last), &end));
	}
}

static void every_number(struct fdg_named *n, const char *s)
{
	size_t len = strlen(s);

	for (size_t i = 0; i < len;) {
		size_t end = i + 1;

		if (is_digit(s[i])) {
			int fd = number_at(s, i, len, &end);

			if (!(i && is_letter(s[i - 1])) && !is_letter(s[end]))
				add(n, fd);
		}
		i = end;
	}
}

static void paths(struct fdg_named *n, const char *s)
{
	size_t len = strlen(s);

	for (const char *p = s; (p = strstr(p, "fd")); p += 2) {
		size_t at = (size_t)(p - s) + 2, end;

		if (s[at] == '/')
			at++;
		else if (strncmp(s + at, "://", 3) == 0)
			at += 3;
		else
			continue;
		if (is_digit(s[at]))
			add(n, number_at(s, at, len, &end));
	}
}

/* LISTEN_FD, NODE_CHANNEL_FD, UNICORN_FD, NGINX (restart: 6;7;), PUMA_INHERIT_0 (3:tcp://…), EINHORN_FD_0, … */
static bool speaks_of_fds(const char *name, size_t n)
{
	static const char *const words[] = { "_fd_", "inherit", "listen", "socket" };

	if ((n == 5 && memcmp(name, "NGINX", 5) == 0) || ends_with(name, n, "FD") || ends_with(name, n, "FDS") || ends_with(name, n, "_fd"))
		return true;
	for (unsigned i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (lower_contains(name, n, words[i]))
			return true;
	return false;
}

static void variable(struct fdg_named *n, const char *entry)
{
	const char *value = strchr(entry, '=');
	size_t name = value ? (size_t)(value++ - entry) : 0, end;

	if (!value || strncmp(entry, "FDGUARD_", 8) == 0)
		return;
	if (name == 10 && memcmp(entry, "LISTEN_FDS", 10) == 0) {
		int fds = number_at(value, 0, strlen(value), &end);

		n->listen_end = fds > 0 && fds < 65536 ? 3 + fds : 0;
	} else if (name == 10 && memcmp(entry, "LISTEN_PID", 10) == 0) {
		n->listen_pid = number_at(value, 0, strlen(value), &end);
	} else if (ends_with(entry, name, "MAKEFLAGS") || ends_with(entry, name, "MFLAGS")) {
		jobserver(n, value);
	} else if (speaks_of_fds(entry, name)) {
		every_number(n, value);
	} else if (strncmp(entry, "BATS_", 5) == 0) {
		add(n, 3);
		add(n, 4);
	} else {
		paths(n, value);
	}
}

/*
 * What was started by a service that was itself activated has its variables, and not its descriptors: libraries compare LISTEN_PID with their own pid. A child that is
 * still to be made (posix_spawn) has no number to compare with; that of its starter is old for certain, and any other may be set right by what runs
 * in between (sh -c 'LISTEN_PID=$$ exec …'). Without LISTEN_PID, some do not compare.
 */
static bool listens_for_reader(const struct fdg_named *n)
{
	if (n->listen_pid <= 0)
		return true;
	return n->reader ? n->listen_pid == n->reader : n->listen_pid != n->starter;
}

void fdg_named_collect(struct fdg_named *n, char *const argv[], char *const envp[])
{
	size_t left = FDG_NAMED_BYTES;

	for (size_t i = 0; argv && argv[i] && !n->all; i++) {
		left -= text_n(n, argv[i], left);
		n->all = left == 0;
	}
	for (size_t i = 0; envp && envp[i]; i++)
		variable(n, envp[i]);
	if (!listens_for_reader(n))
		n->listen_end = 0;
}

/* ---- why ---- */

#define WHY_MAX 320 /* a word of 64 bytes, each as four */

static bool any(int fd)
{
	return fd >= 3;
}

static bool speaks(const char *s, size_t n)
{
	static const char *const words[] = { "fd", "handle", "sock", "pipe", "listen", "inherit", "jobserver", "stream", "channel", "<", ">" };

	for (unsigned i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (lower_contains(s, n, words[i]))
			return true;
	return false;
}

static void put_word(struct fdg_buf *b, const char *s, size_t n, bool whole)
{
	fdg_put(b, whole ? "the argument " : "");
	fdg_put_printable(b, s, n < 64 ? n : 64);
	fdg_put(b, n > 64 ? "…" : "");
	fdg_put(b, whole ? " names it" : ", in an argument, names it");
}

/* As text_n, a word at a time. *told: the word before spoke of descriptors. */
static bool argument_names(const char *text, int fd, bool *told, struct fdg_buf *ret, bool *ret_weak)
{
	bool hint = false, found = false, weak;

	for (size_t i = 0; i < FDG_NAMED_BYTES && text[i];) {
		struct fdg_named one = { .interesting = any };
		size_t from = i;

		i += strcspn(text + i, " \t\n\"'()`");
		if (i == from) {
			i++;
			continue;
		}
		hint = word(&one, text + from, i - from, hint);
		weak = !speaks(text + from, i - from) && !*told;
		*told = speaks(text + from, i - from);
		if (!fdg_named_has(&one, fd) || (found && weak))
			continue;
		*ret = (struct fdg_buf){ ret->text, 0, ret->cap, false };
		put_word(ret, text + from, i - from, from == 0 && !text[i]);
		found = true;
		*ret_weak = weak;
		if (!weak)
			break;
	}
	return found;
}

static bool variable_names(const struct fdg_named *n, const char *entry, int fd, struct fdg_buf *ret)
{
	struct fdg_named one = { .interesting = any };

	variable(&one, entry);
	if (one.listen_end > n->listen_end)
		one.listen_end = n->listen_end;
	if (!fdg_named_has(&one, fd))
		return false;
	fdg_put(ret, "the variable ");
	fdg_put_printable(ret, entry, strnlen(entry, strcspn(entry, "=") < 64 ? strcspn(entry, "=") : 64));
	fdg_put(ret, " names it");
	return true;
}

/* What an argument says with more certainty replaces what was found before. */
static bool arguments_name(char *const argv[], int fd, char ret[WHY_MAX], bool *ret_weak)
{
	bool found = false, told = false, weak;

	for (size_t i = 0; argv && argv[i] && !(found && !*ret_weak); i++) {
		char text[WHY_MAX];
		struct fdg_buf b = FDG_BUF(text);

		told = told && i > 1; /* what the program's own name speaks of is nothing */
		if (!argument_names(argv[i], fd, &told, &b, &weak) || (found && weak))
			continue;
		memcpy(ret, text, sizeof(text));
		found = true;
		*ret_weak = weak;
	}
	return found;
}

bool fdg_named_why(const struct fdg_named *n, char *const argv[], char *const envp[], int fd, struct fdg_buf *ret, bool *ret_weak)
{
	char argument[WHY_MAX];
	bool found;

	*ret_weak = false;
	if (!fdg_named_has(n, fd))
		return false;
	found = arguments_name(argv, fd, argument, ret_weak);
	if (!found || *ret_weak)
		for (size_t i = 0; envp && envp[i]; i++)
			if (variable_names(n, envp[i], fd, ret)) {
				*ret_weak = false;
				return true;
			}
	*ret_weak |= !found;
	fdg_put(ret, found ? argument : "the arguments are too long to look for it");
	return true;
}
