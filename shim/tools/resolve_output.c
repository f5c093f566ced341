// SPDX-License-Identifier: MIT
#include "tools/resolve_output.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int resolve_output_open(struct resolve_output *o, int fd, bool ordered)
{
	struct stat st;

	*o = (struct resolve_output){ .fd = fd, .ordered = ordered };
	if (fstat(fd, &st) < 0)
		return errno;
	o->ready = S_ISREG(st.st_mode) || S_ISBLK(st.st_mode);
	o->eager = !o->ready;
	o->ahead = ordered ? calloc(RESOLVE_AHEAD, sizeof(*o->ahead)) : NULL;
	return ordered && !o->ahead ? ENOMEM : 0;
}

static size_t waiting(const struct resolve_output *o)
{
	return o->to - o->from;
}

bool resolve_output_is_empty(const struct resolve_output *o)
{
	return !waiting(o);
}

bool resolve_output_has_room(const struct resolve_output *o, uint64_t number)
{
	return o->held + waiting(o) < RESOLVE_HELD_MAX && (!o->ordered || number - o->head < RESOLVE_AHEAD);
}

static int append(struct resolve_output *o, const char *text, size_t len)
{
	if (o->from == o->to)
		o->from = o->to = 0;
	if (o->to + len > o->room && o->from && o->from >= o->room / 2) {
		memmove(o->text, o->text + o->from, waiting(o));
		o->to -= o->from;
		o->from = 0;
	}
	if (o->to + len > o->room) {
		size_t room = 2 * (o->to + len) + RESOLVE_WRITE;
		char *bigger = realloc(o->text, room);

		if (!bigger)
			return ENOMEM;
		o->text = bigger;
		o->room = room;
	}
	memcpy(o->text + o->to, text, len);
	o->to += len;
	return 0;
}

static int release(struct resolve_output *o)
{
	char **at;

	for (o->head++; *(at = &o->ahead[o->head % RESOLVE_AHEAD]); o->head++) {
		size_t len = strlen(*at);

		if (append(o, *at, len))
			return ENOMEM;
		o->held -= len;
		free(*at);
		*at = NULL;
	}
	return 0;
}

int resolve_output_put(struct resolve_output *o, uint64_t number, const char *text, size_t len)
{
	char *copy;

	if (!o->ordered)
		return append(o, text, len);
	if (number == o->head)
		return append(o, text, len) ? ENOMEM : release(o);
	copy = malloc(len + 1);
	if (!copy)
		return ENOMEM;
	memcpy(copy, text, len);
	copy[len] = '\0';
	o->ahead[number % RESOLVE_AHEAD] = copy;
	o->held += len;
	return 0;
}

static void count_lines(struct resolve_output *o, const char *s, size_t n)
{
	o->cut = s[n - 1] != '\n';
	for (const char *end = s + n; (s = memchr(s, '\n', (size_t)(end - s))) != NULL; s++)
		o->lines++;
}

/* A pipe that can be written to takes PIPE_BUF bytes without waiting, and perhaps no more. */
static ssize_t write_some(struct resolve_output *o)
{
	struct pollfd p = { .fd = o->fd, .events = POLLOUT };
	size_t n = waiting(o);

	if (o->ready)
		return write(o->fd, o->text + o->from, n);
	if (poll(&p, 1, 0) <= 0) {
		errno = EAGAIN;
		return -1;
	}
	return write(o->fd, o->text + o->from, n < PIPE_BUF ? n : PIPE_BUF);
}

void resolve_output_flush(struct resolve_output *o, bool all)
{
	while (!o->error && waiting(o) && (all || o->eager || waiting(o) >= RESOLVE_WRITE)) {
		ssize_t n = write_some(o);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) {
			o->error = errno;
			return;
		}
		count_lines(o, o->text + o->from, (size_t)n);
		o->from += (size_t)n;
	}
}

void resolve_output_free(struct resolve_output *o)
{
	for (size_t i = 0; o->ahead && i < RESOLVE_AHEAD; i++)
		free(o->ahead[i]);
	free(o->ahead);
	free(o->text);
}
