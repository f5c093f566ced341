// SPDX-License-Identifier: MIT
#include "tools/caller.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GROUP_RANGES 16 /* of one group of a note: guards/cloexec/note.h */
#define GROUPS 16

static int by_number(const void *a, const void *b)
{
	return ((const struct caller_fd *)a)->fd - ((const struct caller_fd *)b)->fd;
}

static const char *target_of(struct pool *pool, int fd)
{
	char path[64], target[PATH_MAX];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, target, sizeof(target));
	return pool_text(pool, target, n > 0 ? (size_t)n : 0);
}

void caller_look(struct pool *pool, struct caller *ret)
{
	DIR *all = opendir("/proc/self/fd");
	size_t room = 0;

	*ret = (struct caller){ 0 };
	for (struct dirent *d; all && (d = readdir(all));) {
		int fd = atoi(d->d_name), flags = fd > 2 ? fcntl(fd, F_GETFD) : -1;

		if (flags < 0 || flags & FD_CLOEXEC)
			continue;
		ret->fd = pool_grow(ret->fd, ret->fds, &room, sizeof(*ret->fd));
		ret->fd[ret->fds++] = (struct caller_fd){ fd, target_of(pool, fd) };
	}
	if (all)
		closedir(all);
	if (ret->fds)
		qsort(ret->fd, ret->fds, sizeof(*ret->fd), by_number);
}

/* One range of consecutive numbers from i on; returns the index behind it. */
static size_t put_range(FILE *f, const struct caller *c, size_t i, const char *before)
{
	size_t end = i + 1;

	while (end < c->fds && c->fd[end].fd == c->fd[end - 1].fd + 1)
		end++;
	fprintf(f, end - i > 1 ? "%s%d-%d" : "%s%d", before, c->fd[i].fd, c->fd[end - 1].fd);
	return end;
}

static size_t range_end(const struct caller *c, size_t i)
{
	for (i++; i < c->fds && c->fd[i].fd == c->fd[i - 1].fd + 1; i++)
		;
	return i;
}

const char *caller_note(struct pool *pool, const struct caller *c, int pid)
{
	char *text = NULL;
	const char *note;
	size_t n, at = 0;
	FILE *f;

	if (!c->fds || !(f = open_memstream(&text, &n)))
		return NULL;
	fprintf(f, "1 x %d %d fdguard 0:fdguard", pid, (int)getpid());
	for (int groups = 0; groups < GROUPS && at < c->fds; groups++) {
		size_t end = at;

		for (int i = 0; i < GROUP_RANGES && end < c->fds; i++)
			end = range_end(c, end);
		fprintf(f, " q0.%zu", end - at);
		for (const char *before = ":"; at < end; before = ",")
			at = put_range(f, c, at, before);
	}
	fclose(f);
	note = pool_copy(pool, text);
	free(text);
	return note;
}

static const struct caller_fd *find(const struct caller *c, long fd)
{
	struct caller_fd key = { .fd = (int)fd };

	return fd >= 0 && fd <= INT_MAX && c->fds ? bsearch(&key, c->fd, c->fds, sizeof(key), by_number) : NULL;
}

/* "10,250-251": are all of them the caller's? */
static bool has_all(const struct caller *c, const char *fds)
{
	while (*fds) {
		char *end;
		long first = strtol(fds, &end, 10), last = first;

		if (end == fds)
			return false;
		if (*end == '-')
			last = strtol(end + 1, &end, 10);
		for (long fd = first; fd <= last; fd++)
			if (!find(c, fd))
				return false;
		if (*end != ',' && *end)
			return false;
		fds = end + (*end == ',');
	}
	return true;
}

/* "10 socket:[4711], 11 /etc/hosts, …": is each what it was? At least one must be told. */
static bool are_the_same(const struct caller *c, const char *what)
{
	bool any = false;

	while (*what && strncmp(what, "…", strlen("…")) != 0) {
		char *end;
		const struct caller_fd *have = find(c, strtol(what, &end, 10));
		size_t n = have ? strlen(have->what) : 0;

		/* The library cuts long names. */
		if (!have || *end != ' ' || !n || strncmp(end + 1, have->what, n < 126 ? n : 126) != 0 ||
		    (n < 126 && end[1 + n] && strncmp(end + 1 + n, ", ", 2) != 0))
			return false;
		any = true;
		what = end + 1 + (n < 126 ? n : 126);
		what += strcspn(what, ",");
		what += strspn(what, ", ");
	}
	return any;
}

bool caller_is_meant(const struct caller *c, const struct log_line *l)
{
	const char *fds = log_field(l, "fds"), *what = log_field(l, "what");

	return c->fds && strcmp(l->id, "cloexec.inherited") == 0 && fds && *fds && what && has_all(c, fds) && are_the_same(c, what);
}
