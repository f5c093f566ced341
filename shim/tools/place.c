// SPDX-License-Identifier: MIT
#include "tools/place.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/lost.h"

static bool complain(const char *path)
{
	fprintf(stderr, "fdguard: %s: %s\n", path, strerror(errno));
	return false;
}

static const char *base_name(const char *path)
{
	return strrchr(path, '/') + 1;
}

static const char *make_directory(struct pool *pool, const char *out, bool *ret_made)
{
	const char *tmp = getenv("TMPDIR");
	char *path, *real;

	path = out ? pool_copy(pool, out) : pool_format(pool, "%s/fdguard-check.XXXXXX", tmp && *tmp == '/' ? tmp : "/tmp");
	*ret_made = out ? mkdir(path, 0777) == 0 : mkdtemp(path) != NULL;
	if (!*ret_made && (!out || errno != EEXIST)) {
		complain(path);
		return NULL;
	}
	real = realpath(path, NULL);
	if (!real) {
		complain(path);
		return NULL;
	}
	path = pool_copy(pool, real);
	free(real);
	if (strchr(path, '\'') == NULL)
		return path;
	if (*ret_made)
		rmdir(path);
	fprintf(stderr, "fdguard: %s: the log cannot be in a directory with a quote in its name; let %s name another one\n", path, out ? "--out" : "TMPDIR");
	return NULL;
}

/* Programs of root's tree may become other users, and are to reach the log: they may append to it, if they know its name, which they find in their environment
 * alone. */
static bool open_shared(struct pool *pool, struct place *p)
{
	char *name;

	if (p->kept) {
		char *live = pool_format(pool, "%s/live.XXXXXX", p->directory);

		if (!mkdtemp(live))
			return complain(live);
		p->live = live;
	}
	name = pool_format(pool, "%s/log.XXXXXX", p->live);
	p->log_write = mkostemp(name, O_APPEND | O_CLOEXEC);
	p->log = name;
	return p->log_write >= 0 && chmod(p->live, 0711) == 0 && fchmod(p->log_write, 0622) == 0 ? true : complain(name);
}

static bool open_own(struct pool *pool, struct place *p)
{
	p->log = pool_format(pool, "%s/log.jsonl", p->directory);
	p->log_write = open(p->log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
	return p->log_write >= 0 ? true : complain(p->log);
}

/* Numbers that the library maps and counts up: as open to others as the log is. */
static bool open_lost(struct pool *pool, struct place *p)
{
	struct fdg_lost_tree none = { 0 };

	p->lost = pool_format(pool, "%s" FDG_LOST_SUFFIX, p->log);
	p->lost_fd = open(p->lost, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
	if (p->lost_fd < 0 || write(p->lost_fd, &none, sizeof(none)) != (ssize_t)sizeof(none))
		return complain(p->lost);
	return geteuid() != 0 || fchmod(p->lost_fd, 0666) == 0 ? true : complain(p->lost);
}

static bool open_log(struct pool *pool, struct place *p)
{
	p->live = p->directory;
	p->final = pool_format(pool, "%s/log.jsonl", p->directory);
	if (!(geteuid() == 0 ? open_shared(pool, p) : open_own(pool, p)))
		return false;
	p->log_read = open(p->log, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	return p->log_read >= 0 ? open_lost(pool, p) : complain(p->log);
}

static bool is_same_directory(const struct place *p)
{
	struct stat st, held;

	return lstat(p->directory, &st) == 0 && fstat(p->top, &held) == 0 && st.st_dev == held.st_dev && st.st_ino == held.st_ino;
}

static bool hold(const char *path, int *ret)
{
	*ret = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return *ret >= 0 ? true : complain(path);
}

static void close_all(struct place *p)
{
	const int fd[] = { p->lost_fd, p->log_read, p->log_write, p->hold, p->top };

	for (size_t i = 0; i < sizeof(fd) / sizeof(fd[0]); i++)
		if (fd[i] >= 0)
			close(fd[i]);
}

static void take_back(struct place *p)
{
	if (p->lost_fd >= 0)
		unlink(p->lost);
	if (p->log_write >= 0)
		unlink(p->log);
	if (p->live && p->live != p->directory)
		rmdir(p->live);
	if (p->made)
		rmdir(p->directory);
	close_all(p);
	p->left = true;
}

bool place_make(struct pool *pool, const char *out, struct place *ret)
{
	struct sigaction before, ignore = { .sa_handler = SIG_IGN };
	bool good;

	*ret = (struct place){ .kept = out != NULL, .log_read = -1, .log_write = -1, .lost_fd = -1, .top = -1, .hold = -1 };
	ret->directory = make_directory(pool, out, &ret->made);
	if (!ret->directory)
		return false;
	sigaction(SIGXFSZ, &ignore, &before); /* ulimit -f: an error will do */
	good = hold(ret->directory, &ret->top) && open_log(pool, ret) && hold(ret->live, &ret->hold);
	sigaction(SIGXFSZ, &before, NULL);
	if (!good)
		take_back(ret);
	return good;
}

/* What CMD may have put there in the meantime is not followed, nor waited for. */
int place_open(const struct place *p, const char *name)
{
	return openat(p->top, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK, 0666);
}

/* An empty line means nothing to a reader. */
int place_is_full(const struct place *p)
{
	ssize_t n = write(p->log_write, "\n", 1);

	return n == 1 ? 0 : n < 0 ? errno : ENOSPC;
}

uint64_t place_lost(const struct place *p)
{
	uint64_t n;

	return pread(p->lost_fd, &n, sizeof(n), 0) == sizeof(n) ? n : 0;
}

const char *place_lost_program(struct pool *pool, const struct place *p)
{
	char name[sizeof(((struct fdg_lost_tree *)0)->program)];
	ssize_t n = pread(p->lost_fd, name, sizeof(name), offsetof(struct fdg_lost_tree, program));

	return n > 0 && name[0] ? pool_text(pool, name, strnlen(name, (size_t)n)) : NULL;
}

const char *place_harm(const struct place *p)
{
	struct stat ours, named;

	if (fstat(p->log_read, &ours) < 0)
		return "could not be looked at";
	if (lstat(p->log, &named) < 0 || named.st_dev != ours.st_dev || named.st_ino != ours.st_ino)
		return "was deleted or replaced";
	return ours.st_size < lseek(p->log_read, 0, SEEK_CUR) ? "was truncated" : NULL;
}

void place_leave(struct place *p)
{
	if (p->left)
		return;
	p->left = true;
	unlinkat(p->hold, base_name(p->lost), 0);
	if (p->kept && p->live != p->directory) {
		fchmod(p->log_write, 0600);
		if (renameat(p->hold, base_name(p->log), p->top, base_name(p->final)) < 0)
			dprintf(STDERR_FILENO, "fdguard: %s: %s\n", p->final, strerrordesc_np(errno));
		unlinkat(p->top, base_name(p->live), AT_REMOVEDIR);
	}
	if (!p->kept) {
		unlinkat(p->hold, base_name(p->log), 0);
		if (is_same_directory(p))
			rmdir(p->directory);
	}
	close_all(p);
}
