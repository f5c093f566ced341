// SPDX-License-Identifier: MIT
#include "report/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/apart.h"
#include "base/sys.h"
#include "report/daemon.h"
#include "report/high.h"
#include "report/pattern.h"
#include "report/quiet.h"
#include "report/run.h"

#include "base/poison.h"

#define WAIT_MS 20

struct sink {
	_Atomic bool torn;      /* the last line that it took is not whole */
	_Atomic bool impatient; /* the last wait was in vain */
};

static struct sink errors, file;
static bool to_file;
static const char *to_daemon; /* its socket; NULL: to none */

/* What fd 2 was at the start; dev and ino 0 0 if it was closed. */
static struct {
	_Atomic bool known;
	dev_t dev;
	ino_t ino;
} first_error;

/* A server that inetd started has its client there: what we say would be part of the protocol. */
static bool is_a_peer(int fd)
{
	int domain = 0;
	unsigned len = sizeof(domain);

	return fdg_sys_getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 && (domain == AF_INET || domain == AF_INET6);
}

static void remember_error(void)
{
	struct stat st;

	if (fdg_sys_fstat(2, &st) < 0 || (S_ISSOCK(st.st_mode) && is_a_peer(2)))
		st = (struct stat){ .st_dev = 0 };
	first_error.dev = st.st_dev;
	first_error.ino = st.st_ino;
	atomic_store_explicit(&first_error.known, true, memory_order_release);
}

static bool is_first_error(int fd)
{
	struct stat st;

	return fdg_sys_fstat(fd, &st) == 0 && st.st_dev == first_error.dev && st.st_ino == first_error.ino;
}

/* The descriptor that a path names by its number; -1: none. */
static int named_descriptor(const char *path)
{
	static const char *const folders[] = { "/dev/fd/", "/proc/self/fd/", "/proc/thread-self/fd/" };

	if (strcmp(path, "/dev/stdin") == 0 || strcmp(path, "/dev/stdout") == 0)
		return 0;
	if (strcmp(path, "/dev/stderr") == 0)
		return 2;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		size_t n = strlen(folders[i]);

		if (strncmp(path, folders[i], n) == 0 && path[n])
			return path[n] == '2' && !path[n + 1] ? 2 : 0;
	}
	return -1;
}

void fdg_sink_start(void)
{
	const char *path = fdg_options.log.path;
	int named;

	remember_error();
	to_file = false;
	to_daemon = fdg_options.log.where == FDG_LOG_SYSLOG ? FDG_SYSLOG_SOCKET : fdg_options.log.where == FDG_LOG_JOURNAL ? FDG_JOURNAL_SOCKET : NULL;
	if (fdg_options.log.where != FDG_LOG_FILE || !path)
		return;
	named = named_descriptor(path);
	to_file = named < 0;
	if (named >= 0 && named != 2)
		fdg_report_say("log: the number of a descriptor means something else in every process, and findings never go to standard output: "
			       "writing to standard error");
}

void fdg_sink_fork_child(void)
{
	atomic_store(&errors.torn, false);
	atomic_store(&file.torn, false);
}

/* A link's target is opened as it is and kept if it is no regular file. */
static int follow_link(const char *path, int flags)
{
	int fd = fdg_open_high(path, flags & ~(O_CREAT | O_NOFOLLOW), 0);
	struct stat st;

	if (fd < 0)
		return fd == -ENOENT ? -ELOOP : fd;
	if (fdg_sys_fstat(fd, &st) == 0 && !S_ISREG(st.st_mode))
		return fd;
	fdg_sys_close(fd);
	return -ELOOP;
}

static int open_path(const char *path)
{
	int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW, fd = fdg_open_high(path, flags, 0600);

	return fd == -ELOOP ? follow_link(path, flags) : fd;
}

/* A duplicate: what we looked at is what we write to, whatever another thread does to fd 2 in between. Where no number is free, fd 2 itself. */
static int open_error(void)
{
	int fd = fdg_dup_high(2);

	if (fd == -EMFILE || fd == -EINVAL)
		fd = 2;
	if (fd < 0 || is_first_error(fd))
		return fd;
	if (fd != 2)
		fdg_sys_close(fd);
	return -FDG_SINK_REPLACED;
}

static int wait_for_room(struct sink *s, int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	int r = fdg_sys_poll(&p, 1, atomic_load(&s->impatient) ? 0 : WAIT_MS);

	atomic_store(&s->impatient, r == 0);
	return r > 0 || r == -EINVAL ? 0 : -EAGAIN; /* a soft limit of 0 descriptors: poll takes none */
}

static int write_line(struct sink *s, int fd, struct fdg_line *l)
{
	int r = wait_for_room(s, fd);
	long lead, n;

	if (r < 0)
		return r;
	lead = atomic_exchange(&s->torn, false);
	l->newline = '\n';
	n = fdg_quiet_write(fd, lead ? &l->newline : l->text, l->len + (size_t)lead);
	if (n == lead + (long)l->len)
		return 0;
	if (n < 0 ? lead : n != lead)
		atomic_store(&s->torn, true);
	return n < 0 ? (int)n : -FDG_SINK_SHORT;
}

struct writing {
	struct fdg_line *line;
	const char *path;
};

static int write_opened(struct sink *s, int fd, struct fdg_line *l)
{
	int r = fd < 0 ? fd : write_line(s, fd, l);

	if (fd >= 0 && fd != 2)
		fdg_sys_close(fd);
	return -r;
}

/* Within fdg_aside, and so positive errnos. */
static int write_error(void *arg)
{
	return write_opened(&errors, open_error(), ((struct writing *)arg)->line);
}

static int write_file(void *arg)
{
	const struct writing *w = arg;

	return write_opened(&file, open_path(w->path), w->line);
}

int fdg_sink_stderr(struct fdg_line *l)
{
	struct writing w = { l, NULL };
	int r;

	if (!atomic_load_explicit(&first_error.known, memory_order_acquire))
		remember_error();
	r = fdg_aside(write_error, &w);
	return r < 0 ? r : -r;
}

static int write_to(const char *path, struct fdg_line *l)
{
	struct writing w = { l, path };
	int r = fdg_aside(write_file, &w);

	if (r == EMFILE && (r = fdg_aside_anyhow(write_file, &w)) < 0) /* the program's table is full, which may be what is to be told */
		r = EMFILE;
	return r < 0 ? r : -r;
}

/* The path is made in a mapping, not on a stack that may be small; and here, where %p is this process. */
static int write_to_file(struct fdg_line *l)
{
	char *path = fdg_sys_mmap(PATH_MAX, false);
	struct fdg_buf b = { path, 0, PATH_MAX, false };
	int r = -ENAMETOOLONG;

	if (!path)
		return -ENOMEM;
	fdg_put_pattern(&b, fdg_options.log.path);
	if (!b.cut)
		r = write_to(path, l);
	fdg_sys_munmap(path, PATH_MAX);
	return r;
}

enum fdg_form fdg_sink_form(void)
{
	if (to_daemon)
		return fdg_options.log.where == FDG_LOG_SYSLOG ? FDG_FORM_SYSLOG : FDG_FORM_JOURNAL;
	return fdg_options.format == FDG_JSON ? FDG_FORM_JSON : FDG_FORM_TEXT;
}

const char *fdg_sink_socket(void)
{
	return to_daemon;
}

int fdg_sink_write(struct fdg_line *l)
{
	if (to_daemon)
		return fdg_daemon_send(to_daemon, l);
	return to_file ? write_to_file(l) : fdg_sink_stderr(l);
}

void fdg_sink_put_name(struct fdg_buf *b)
{
	if (to_daemon)
		fdg_fmt(b, "%s, nor to standard error", to_daemon);
	else if (to_file)
		fdg_put_pattern(b, fdg_options.log.path);
	else
		fdg_put(b, "standard error");
}

/* In our own words: strerror is translated, and not async-signal-safe. */
void fdg_sink_put_reason(struct fdg_buf *b, int error)
{
	static const struct { int error; const char *words; } known[] = {
		{ ENOSPC, "the disk is full" },
		{ EDQUOT, "the disk quota is used up" },
		{ EROFS, "the file system is read-only" },
		{ EACCES, "permission was denied" },
		{ EPERM, "it may not be written to" },
		{ ENOENT, "its folder does not exist" },
		{ ENOTDIR, "a part of its path is no folder" },
		{ EISDIR, "it is a folder" },
		{ ELOOP, "it is a symbolic link" },
		{ ENAMETOOLONG, "its name is too long" },
		{ EMFILE, "the program had no descriptor left" },
		{ ENFILE, "the system had no descriptor left" },
		{ EFBIG, "it reached the limit for the size of a file" },
		{ EIO, "the device failed" },
		{ EAGAIN, "it was full and nobody read it" },
		{ EPIPE, "its reader is gone" },
		{ ENXIO, "nobody reads it" },
		{ ECONNREFUSED, "nobody listens there" },
		{ EPROTOTYPE, "it is no socket for datagrams" },
		{ EBADF, "it was closed" },
		{ FDG_SINK_REPLACED, "the program had put something else in its place" },
		{ FDG_SINK_SHORT, "only a part of a line was taken" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].error == error) {
			fdg_put(b, known[i].words);
			return;
		}
	}
	fdg_fmt(b, "error %d", error);
}
