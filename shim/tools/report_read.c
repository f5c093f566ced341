// SPDX-License-Identifier: MIT
/* LOG… -> lines. What cannot be read is said and counted, and the rest is read. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fmt.h"
#include "tools/report.h"

#define ROOM (1u << 20)
#define SHOWN_MAX 60 /* bytes of a line that is no line */

struct reading {
	struct report *p;
	size_t file;
	uint64_t line;
	bool too_long; /* the rest of this line is passed over */
	char *text;
	size_t have;
};

static struct report_file *file_of(struct reading *g)
{
	return &g->p->file[g->file];
}

static size_t add_file(struct report *p, const char *path, const char *host)
{
	p->file = pool_grow(p->file, p->files, &p->file_room, sizeof(*p->file));
	p->file[p->files] = (struct report_file){ .path = pool_copy(&p->r.pool, path), .host = pool_copy(&p->r.pool, host) };
	return p->files++;
}

static void bad_line(struct reading *g, const char *text, size_t n, const char *why)
{
	struct report_file *f = file_of(g);
	char shown[4 * SHOWN_MAX + 8];
	struct fdg_buf b = FDG_BUF(shown);

	g->p->bad++;
	if (f->bad++ >= REPORT_BAD_SHOWN)
		return;
	fdg_put_printable(&b, text, n < SHOWN_MAX ? n : SHOWN_MAX);
	f->why[f->bad - 1] = pool_format(&g->p->r.pool, "line %llu: %s (%s%s)", (unsigned long long)g->line, why, shown, n > SHOWN_MAX ? "…" : "");
}

static void take_line(struct reading *g, const char *text, size_t n, bool whole)
{
	struct log_line l;
	const char *why;

	g->line++;
	if (n && text[n - 1] == '\r')
		n--;
	if (n == 0)
		return;
	if (log_parse(&g->p->scratch, text, n, &l, &why)) {
		file_of(g)->lines++;
		report_take(g->p, file_of(g), &l);
	} else {
		file_of(g)->half |= !whole;
		bad_line(g, text, n, whole ? why : "it has no end: it was cut off, or is being written");
	}
	pool_empty(&g->p->scratch);
}

static void end_line(struct reading *g, const char *text, size_t n)
{
	if (g->too_long)
		g->line++;
	else
		take_line(g, text, n, true);
	g->too_long = false;
}

/* The whole lines that are there; the rest is moved to the front. */
static void take_lines(struct reading *g)
{
	char *at = g->text, *end = g->text + g->have, *newline;

	while ((newline = memchr(at, '\n', (size_t)(end - at)))) {
		end_line(g, at, (size_t)(newline - at));
		at = newline + 1;
	}
	g->have = (size_t)(end - at);
	memmove(g->text, at, g->have);
	if (g->have <= LOG_LINE_MAX)
		return;
	if (!g->too_long) {
		g->line++;
		bad_line(g, g->text, g->have, "it is too long");
		g->line--;
	}
	g->too_long = true;
	g->have = 0;
}

static void read_all(struct reading *g, int fd)
{
	ssize_t n;

	do {
		n = read(fd, g->text + g->have, ROOM - g->have);
		if (n > 0) {
			g->have += (size_t)n;
			take_lines(g);
		}
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0)
		file_of(g)->problem = pool_format(&g->p->r.pool, "it could not be read to its end: %s", strerror(errno));
	if (g->have && !g->too_long)
		take_line(g, g->text, g->have, false);
}

static void read_open(struct report *p, size_t file, int fd)
{
	static char room[ROOM]; /* one file is read at a time */
	struct reading g = { .p = p, .file = file, .text = room };
	struct report_file *f;

	read_all(&g, fd);
	f = file_of(&g);
	if (!f->lines && f->bad && !f->problem)
		f->problem = "has no line of a JSON log (fdguard run --json writes them)";
}

static void pass_over(struct report *p, const char *path, const char *host, const char *why)
{
	size_t n = add_file(p, path, host);

	p->file[n].problem = why;
}

static bool unread(struct report *p, const char *path, const char *host, const char *why)
{
	pass_over(p, path, host, pool_copy(&p->r.pool, why));
	p->unread++;
	return false;
}

/* A FIFO is waited for; a terminal or another device is no log. */
static bool read_file(struct report *p, const char *path, const char *host)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	bool good = fd >= 0 && fstat(fd, &st) == 0 && (S_ISREG(st.st_mode) || S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));

	if (good)
		read_open(p, add_file(p, path, host), fd);
	else
		unread(p, path, host, fd < 0 ? strerror(errno) : "is no file");
	if (fd >= 0)
		close(fd);
	return good;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names in a directory, sorted, without hidden ones. NULL: errno says why. */
static char **names_in(struct report *p, const char *directory, size_t *ret_n)
{
	DIR *d = opendir(directory);
	char **name = NULL;
	size_t room = 0;

	*ret_n = 0;
	if (!d)
		return NULL;
	for (struct dirent *e; (e = readdir(d));) {
		if (e->d_name[0] == '.')
			continue;
		name = pool_grow(name, *ret_n, &room, sizeof(*name));
		name[(*ret_n)++] = pool_copy(&p->r.pool, e->d_name);
	}
	closedir(d);
	if (*ret_n)
		qsort(name, *ret_n, sizeof(*name), by_name);
	return name ? name : malloc(1);
}

/* Beside logs there are other files: one without a line of ours in its first 64 KiB, and that is not empty, is none. */
static bool is_log(struct report *p, const char *path)
{
	char *text = malloc(LOG_LINE_MAX);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	ssize_t n = fd >= 0 && text ? read(fd, text, LOG_LINE_MAX) : -1;
	bool is = n <= 0;
	struct log_line l;
	const char *why;

	for (char *at = text, *end; !is && n > 0; n -= end + 1 - at, at = end + 1) {
		end = memchr(at, '\n', (size_t)n);
		is = log_parse(&p->scratch, at, end ? (size_t)(end - at) : (size_t)n, &l, &why);
		pool_empty(&p->scratch);
		if (!end)
			break;
	}
	if (fd >= 0)
		close(fd);
	free(text);
	return is;
}

/* Its files; of its directories each is a host. */
static bool read_directory(struct report *p, const char *directory, const char *host, bool below)
{
	size_t n, read = 0;
	char **name = names_in(p, directory, &n);

	if (!name)
		return unread(p, directory, host, strerror(errno));
	for (size_t i = 0; i < n; i++) {
		const char *path = pool_format(&p->r.pool, "%s/%s", directory, name[i]);
		struct stat st;

		if (stat(path, &st) < 0)
			unread(p, path, host, strerror(errno));
		else if (S_ISDIR(st.st_mode) && below)
			read += read_directory(p, path, *host ? host : name[i], false);
		else if (S_ISREG(st.st_mode) && is_log(p, path))
			read += read_file(p, path, host);
		else if (S_ISREG(st.st_mode))
			pass_over(p, path, host, "was passed over: its first lines are none of a log");
	}
	free(name);
	return read > 0;
}

static bool read_path(struct report *p, const char *path, const char *host)
{
	struct stat st;

	if (strcmp(path, "-") == 0) {
		read_open(p, add_file(p, "standard input", host), STDIN_FILENO);
		return true;
	}
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return read_directory(p, path, host, true);
	return read_file(p, path, host);
}

bool report_read(struct report *p, const char *log)
{
	const char *equals = strchr(log, '=');
	struct stat st;

	/* What is there under the whole of the name is meant by it. */
	if (!equals || equals == log || memchr(log, '/', (size_t)(equals - log)) || stat(log, &st) == 0)
		return read_path(p, log, "");
	return read_path(p, equals + 1, pool_text(&p->r.pool, log, (size_t)(equals - log)));
}
