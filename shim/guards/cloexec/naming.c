// SPDX-License-Identifier: MIT
#include "guards/cloexec/naming_parts.h"

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

/* A descriptor's path: /dev/fd/63, /proc/self/fd/3, /proc/$$/fd/3; not http://fd/3. end: where its number begins. */
static bool ends_a_path(const char *s, size_t end)
{
	size_t at = end;

	while (at > 0 && (is_letter(s[at - 1]) || is_digit(s[at - 1]) || strchr("/-${}", s[at - 1])))
		at--;
	if (end - at < 4 || memcmp(s + end - 4, "/fd/", 4) != 0)
		return false;
	return ends_with(s, end, "/dev/fd/") || (end - at > 10 && memcmp(s + at, "/proc/", 6) == 0);
}

bool fdg_naming_contains(const char *s, size_t n, const char *word)
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

	if (ends_a_path(s, from) || ends_with(s, from, "fd://"))
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

bool fdg_naming_word(struct fdg_named *n, const char *s, size_t len, bool hint)
{
	const char *equals = memrchr(s, '=', len);
	size_t value = equals ? (size_t)(equals - s) + 1 : 0; /* --socket=5, --jobserver-auth=3,4 */
	size_t list = is_list(s + value, len - value) ? value : len; /* where a list of nothing but numbers begins */
	bool own = fdg_naming_contains(s, len, "fd") || fdg_naming_contains(s, len, "handle"), plain = true;

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
			hint = fdg_naming_word(n, text + from, i - from, hint);
		else
			i++;
	}
	return i;
}

void fdg_named_text(struct fdg_named *n, const char *text)
{
	text_n(n, text, FDG_NAMED_BYTES);
}

static bool is_pipe(int fd)
{
	fdg_kindword kind;

	return fdg_kind_ask(fd, &kind) == 0 && fdg_kindword_kind(kind) == FDG_KIND_PIPE;
}

/* make hands MAKEFLAGS to every recipe, and the pipe only to those that it takes for makes: in the others the numbers are free, and get another meaning. */
static void add_pipe(struct fdg_named *n, int fd)
{
	if (fd >= 0 && (n->is_pipe ? n->is_pipe(fd) : is_pipe(fd)))
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

			/* Not a word's, nor an address's. */
			if (!(i && (is_letter(s[i - 1]) || s[i - 1] == '.')) && !is_letter(s[end]) && s[end] != '.')
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

		if (s[at] == '/' && ends_a_path(s, at + 1))
			at++;
		else if (strncmp(s + at, "://", 3) == 0)
			at += 3;
		else
			continue;
		if (is_digit(s[at]))
			add(n, number_at(s, at, len, &end));
	}
}

/* HAPROXY_PROCESSES=|type=m;fd=-1;pid=70;…|type=w;fd=3;pid=71;…: what the master tells itself when it starts itself again. */
static void every_fd_field(struct fdg_named *n, const char *s)
{
	for (size_t end; (s = strstr(s, ";fd="));)
		if (is_digit(*(s += 4)))
			add(n, number_at(s, 0, strlen(s), &end));
}

static bool is(const char *name, size_t n, const char *word)
{
	return n == strlen(word) && memcmp(name, word, n) == 0;
}

/* LISTEN_FD, NODE_CHANNEL_FD, UNICORN_FD, EINHORN_FD_0, NGINX (restart: 6;7;), WAYLAND_SOCKET */
static bool speaks_of_fds(const char *name, size_t n)
{
	return is(name, n, "NGINX") || is(name, n, "WAYLAND_SOCKET") || ends_with(name, n, "FD") || ends_with(name, n, "FDS") || ends_with(name, n, "_fd") ||
	       fdg_naming_contains(name, n, "_fd_");
}

/* PUMA_INHERIT_0=3:tcp://0.0.0.0:80 */
static bool is_puma(const char *name, size_t n)
{
	return n > 13 && memcmp(name, "PUMA_INHERIT_", 13) == 0;
}

/* Descriptors, or how many, or seconds. */
static bool may_speak_of_fds(const char *name, size_t n)
{
	return fdg_naming_contains(name, n, "inherit") || fdg_naming_contains(name, n, "listen") || fdg_naming_contains(name, n, "socket");
}

static bool is_of_a_test(const char *name, size_t n)
{
	return is(name, n, "BATS_TEST_NAME") || is(name, n, "BATS_TEST_FILENAME") || is(name, n, "BATS_RUN_TMPDIR");
}

bool fdg_naming_variable(struct fdg_named *n, const char *entry)
{
	const char *value = strchr(entry, '=');
	size_t name = value ? (size_t)(value++ - entry) : 0, end;

	if (!value || strncmp(entry, "FDGUARD_", 8) == 0)
		return true;
	if (is(entry, name, "LISTEN_FDS")) {
		int fds = number_at(value, 0, strlen(value), &end);

		n->listen_end = fds > 0 && fds < 65536 ? 3 + fds : 0;
	} else if (is(entry, name, "LISTEN_PID")) {
		n->listen_pid = number_at(value, 0, strlen(value), &end);
	} else if (ends_with(entry, name, "MAKEFLAGS") || ends_with(entry, name, "MFLAGS")) {
		jobserver(n, value);
	} else if (speaks_of_fds(entry, name)) {
		every_number(n, value);
	} else if (is(entry, name, "HAPROXY_PROCESSES")) {
		every_fd_field(n, value);
	} else if (is_puma(entry, name)) {
		add(n, number_at(value, 0, strlen(value), &end));
	} else if (may_speak_of_fds(entry, name)) {
		text_n(n, value, FDG_NAMED_BYTES); /* as an argument: 3, fd=3, … */
		paths(n, value);
		return fdg_naming_contains(value, strlen(value), "fd");
	} else {
		n->bats |= is_of_a_test(entry, name);
		paths(n, value);
	}
	return true;
}

bool fdg_named_bats(const struct fdg_named *n, int fd, enum fdg_kind kind)
{
	return n->bats && (fd == 3 || fd == 4) && (kind == FDG_KIND_PIPE || kind == FDG_KIND_FILE || kind == FDG_KIND_TTY || kind == FDG_KIND_DEVICE);
}

bool fdg_named_activated(const struct fdg_named *n, int fd)
{
	return fd >= 3 && fd < n->listen_end && n->listen_pid > 0 && !n->all && !is_kept(n, fd);
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
		fdg_naming_variable(n, envp[i]);
	if (!listens_for_reader(n))
		n->listen_end = 0;
}
