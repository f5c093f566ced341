// SPDX-License-Identifier: MIT
/* include=FILE. Whatever FILE turns out to be, we neither wait for it nor wake a device up by opening it. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/sys.h"
#include "options/reader.h"

#include "base/poison.h"

enum {
	MAX_DEPTH = 4,
	MAX_FILES = 32, /* in one text: files that include each other twice would make us read for ever */
	MAX_SIZE = 64 << 10,
};

static const char *error_text(long error)
{
	switch (-error) {
	case ENOENT:
	case ENOTDIR:
		return "there is no such file";
	case EACCES:
	case EPERM:
		return "permission is denied";
	case ELOOP:
		return "it is a loop of symbolic links";
	case ENAMETOOLONG:
		return "its name is too long";
	default:
		return "the kernel gives an error";
	}
}

/* Returns the open file, or a negative number and why. */
static int open_regular(const char *path, struct stat *ret_st, const char **ret_why)
{
	int fd, r = fdg_sys_stat(path, ret_st);

	if (r == 0 && !S_ISREG(ret_st->st_mode)) {
		*ret_why = "it is not a regular file";
		return -1;
	}
	fd = r < 0 ? r : fdg_sys_open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);
	if (fd < 0) {
		*ret_why = error_text(fd);
		return -1;
	}
	if (fdg_sys_fstat(fd, ret_st) < 0 || !S_ISREG(ret_st->st_mode)) { /* it changed meanwhile */
		*ret_why = "it is not a regular file";
		fdg_sys_close(fd);
		return -1;
	}
	return fd;
}

/* Up to cap bytes; or a negative errno. */
static long read_all(int fd, char *buf, size_t cap)
{
	size_t got = 0;

	while (got < cap) {
		long n = fdg_sys_read(fd, buf + got, cap - got);

		if (n < 0)
			return n;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (long)got;
}

static const char *read_file(struct fdg_reader *r, int fd, struct fdg_option_source *source, char *buf)
{
	long n = read_all(fd, buf, MAX_SIZE + 1);

	if (n < 0)
		return error_text(n);
	if (n > MAX_SIZE)
		return "it is larger than 64 KiB";
	if (memchr(buf, '\0', (size_t)n))
		return "it is not a text";
	source->start = buf;
	fdg_read_source(r, source, (size_t)n);
	return NULL;
}

static const char *source_trouble(const struct fdg_reader *r, const struct fdg_option_source *source)
{
	unsigned depth = 0;

	for (const struct fdg_option_source *s = r->source; s; s = s->parent) {
		if (s->name.s && s->dev == source->dev && s->ino == source->ino)
			return "it includes itself";
		depth += s->name.s != NULL;
	}
	return depth >= MAX_DEPTH ? "includes nest deeper than 4" : NULL;
}

static const char *include(struct fdg_reader *r, struct fdg_slice name)
{
	char path[PATH_MAX], *buf = NULL;
	struct fdg_option_source source = { .name = name };
	const char *why = NULL;
	struct stat st;
	int fd;

	if (!name.n || name.n >= sizeof(path))
		return name.n ? "its name is too long" : "it has no name";
	if (r->files >= MAX_FILES)
		return "more than 32 files are included";
	r->files++;
	memcpy(path, name.s, name.n);
	path[name.n] = '\0';
	fd = open_regular(path, &st, &why);
	if (fd < 0)
		return why;
	source.dev = st.st_dev;
	source.ino = st.st_ino;
	why = source_trouble(r, &source);
	if (!why && !(buf = fdg_sys_mmap(MAX_SIZE + 1, false)))
		why = "there is no memory";
	if (!why)
		why = read_file(r, fd, &source, buf);
	if (buf)
		fdg_sys_munmap(buf, MAX_SIZE + 1);
	fdg_sys_close(fd);
	return why;
}

void fdg_read_include(struct fdg_reader *r, struct fdg_slice name)
{
	const char *why = include(r, name);
	char after[96];
	struct fdg_buf b = FDG_BUF(after);

	if (!why)
		return;
	fdg_fmt(&b, " is not included: %s", why);
	fdg_say(r, true, "file ", name, after);
}
