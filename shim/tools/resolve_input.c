// SPDX-License-Identifier: MIT
#include "tools/resolve_input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int resolve_input_open(struct resolve_input *in, const char *path, char *const *words)
{
	bool standard = !path || !strcmp(path, "-");
	struct stat st;

	in->words = *words ? words : NULL;
	in->fd = -1;
	in->called = *words ? "the command line" : standard ? "standard input" : path;
	for (; *words; words++)
		in->size++;
	if (in->words)
		return 0;
	in->fd = standard ? 0 : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (in->fd < 0 || fstat(in->fd, &st) < 0)
		return errno;
	if (S_ISDIR(st.st_mode))
		return EISDIR;
	in->ready = S_ISREG(st.st_mode);
	if (in->ready) {
		off_t at = lseek(in->fd, 0, SEEK_CUR);

		in->size = at >= 0 && st.st_size > at ? (uint64_t)(st.st_size - at) : 0;
	}
	return 0;
}

static bool may_read(const struct resolve_input *in)
{
	struct pollfd p = { .fd = in->fd, .events = POLLIN };

	return in->ready || poll(&p, 1, 0) != 0;
}

/* Makes room, and reads. False: nothing for now. */
static bool fill(struct resolve_input *in)
{
	ssize_t n;

	if (!may_read(in))
		return false;
	memmove(in->buffer, in->buffer + in->from, in->to - in->from);
	in->to -= in->from;
	in->from = 0;
	n = read(in->fd, in->buffer + in->to, RESOLVE_BUFFER - in->to);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return false;
	if (n <= 0) {
		in->ended = true;
		in->error = n < 0 ? errno : 0;
		if (in->error)
			in->from = in->to; /* half a name is none */
		return true;
	}
	if (!in->read && n >= 3 && !memcmp(in->buffer, "\xef\xbb\xbf", 3))
		in->from = 3; /* a byte order mark */
	in->read += (uint64_t)n;
	in->to += (size_t)n;
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static const char *what_is_wrong(const char *s, size_t n)
{
	if (n > RESOLVE_NAME_MAX)
		return "the line is longer than any name (255 bytes)";
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == ' ' || c == '\t')
			return "there is more than one word in the line";
		if (!c)
			return "there is a NUL in the line";
		if (c < ' ' || c == 127)
			return "there is a control character in the line";
		if (c > 127)
			return "there are letters beyond ASCII in it, which DNS writes as xn--...";
	}
	return NULL;
}

/* Trims the bytes; false: there is no name in them. */
static bool is_name(char *s, size_t n, uint64_t line, struct resolve_name *ret)
{
	for (; n && is_blank(*s); n--)
		s++;
	while (n && is_blank(s[n - 1]))
		n--;
	if (!n || *s == '#')
		return false;
	s[n] = '\0';
	*ret = (struct resolve_name){ s, n, line, what_is_wrong(s, n) };
	return true;
}

static enum resolve_input_state next_word(struct resolve_input *in, struct resolve_name *ret)
{
	char *word = in->words[in->line];

	in->ended = !word;
	if (!word)
		return RESOLVE_INPUT_END;
	in->read = ++in->line;
	*ret = (struct resolve_name){ word, strlen(word), in->line, what_is_wrong(word, strlen(word)) };
	if (!*word)
		ret->bad = "it is empty";
	return RESOLVE_INPUT_NAME;
}

/* Cuts a line off the buffer: where it begins, with its length. NULL: there is none to be had without reading more. */
static char *cut(struct resolve_input *in, size_t *ret_len)
{
	char *start = in->buffer + in->from, *end = memchr(start, '\n', in->to - in->from);
	size_t held = in->to - in->from;

	if (!end && held < RESOLVE_BUFFER && !(in->ended && held))
		return NULL;
	*ret_len = end ? (size_t)(end - start) : held;
	in->from += *ret_len + (end != NULL);
	if (!in->rest)
		in->line++;
	return start;
}

enum resolve_input_state resolve_input_next(struct resolve_input *in, struct resolve_name *ret)
{
	if (in->words)
		return next_word(in, ret);
	for (;;) {
		size_t before = in->from, len;
		char *s = cut(in, &len);

		if (!s && in->ended)
			return RESOLVE_INPUT_END;
		if (!s && !fill(in))
			return RESOLVE_INPUT_WAIT;
		if (!s)
			continue;
		if (in->rest) {
			in->rest = in->from == before + len && !in->ended;
			continue;
		}
		in->rest = len == RESOLVE_BUFFER;
		if (is_name(s, len, in->line, ret))
			return RESOLVE_INPUT_NAME;
	}
}

uint64_t resolve_input_taken(const struct resolve_input *in)
{
	return in->read - (in->to - in->from);
}
