// SPDX-License-Identifier: MIT
#include "resolver/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/sys.h"

#include "base/poison.h"

/* What has no size (a device, a FIFO that is written to) is read up to this. */
enum { UNSIZED = 64 << 10 };

enum { PART = 64 << 10 /* bytes of a file that is read in parts */ };

static void take_stamp(const struct stat *st, struct fdg_file_stamp *ret)
{
	*ret = (struct fdg_file_stamp){
		.device = st->st_dev,
		.inode = st->st_ino,
		.size = (uint64_t)st->st_size,
		.modified_s = st->st_mtim.tv_sec,
		.modified_ns = st->st_mtim.tv_nsec,
		.changed_s = st->st_ctim.tv_sec,
		.changed_ns = st->st_ctim.tv_nsec,
	};
}

void fdg_file_stamp(const char *path, struct fdg_file_stamp *ret)
{
	struct stat st;
	int error = fdg_sys_stat(path, &st);

	if (error < 0)
		*ret = (struct fdg_file_stamp){ .error = error };
	else
		take_stamp(&st, ret);
}

bool fdg_file_same(const struct fdg_file_stamp *a, const struct fdg_file_stamp *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size && a->modified_s == b->modified_s &&
	       a->modified_ns == b->modified_ns && a->changed_s == b->changed_s && a->changed_ns == b->changed_ns &&
	       a->error == b->error;
}

/* Up to `room` bytes; the one byte behind what is wanted shows that there is more. */
static long read_all(int fd, char *to, size_t room)
{
	size_t n = 0;

	while (n < room) {
		long got = fdg_sys_read(fd, to + n, room - n);

		if (got < 0)
			return got;
		if (!got)
			break;
		n += (size_t)got;
	}
	return (long)n;
}

static int load_from(int fd, size_t max, struct fdg_file *ret)
{
	struct stat st;
	int error = fdg_sys_fstat(fd, &st);
	size_t want;
	char *text;
	long n;

	if (error < 0)
		return error;
	take_stamp(&st, &ret->stamp);
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	want = S_ISREG(st.st_mode) ? (size_t)st.st_size : UNSIZED;
	if (want > max)
		return -EFBIG;
	text = fdg_sys_mmap(want + 1, false);
	if (!text)
		return -ENOMEM;
	n = read_all(fd, text, want + 1);
	if (n < 0 || (size_t)n > want) { /* it grows while it is read: it will be read again */
		fdg_sys_munmap(text, want + 1);
		return n < 0 ? (int)n : -EAGAIN;
	}
	ret->text = (struct fdg_text){ text, (size_t)n };
	ret->mapped = want + 1;
	return 0;
}

static int open_file(const char *path, struct fdg_file *ret)
{
	ret->fd = fdg_sys_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
	return ret->fd < 0 ? ret->fd : 0;
}

static void close_file(struct fdg_file *f)
{
	int fd = f->fd;

	f->fd = -1;
	fdg_sys_close(fd);
}

int fdg_file_load(const char *path, size_t max, struct fdg_file *ret)
{
	int error;

	*ret = (struct fdg_file){ .fd = -1 };
	for (int tries = 0; tries < 3; tries++) {
		error = open_file(path, ret);
		if (error) {
			ret->stamp = (struct fdg_file_stamp){ .error = error };
			ret->fd = -1;
			return error;
		}
		error = load_from(ret->fd, max, ret);
		close_file(ret);
		if (error != -EAGAIN)
			break;
	}
	return error;
}

void fdg_file_free(struct fdg_file *f)
{
	if (f->mapped)
		fdg_sys_munmap((void *)(uintptr_t)f->text.s, f->mapped);
	*f = (struct fdg_file){ .fd = -1 };
}

/* What lies behind the last newline is moved to the front: returns its length. */
static long hand_over(struct fdg_file *f, size_t n, bool last, fdg_file_part *take, void *cookie)
{
	char *text = (char *)(uintptr_t)f->text.s;
	size_t whole = n;
	int error;

	while (!last && whole && text[whole - 1] != '\n')
		whole--;
	error = whole ? take(cookie, text, whole) : 0;
	if (error)
		return error;
	for (size_t i = whole; i < n; i++)
		text[i - whole] = text[i];
	return (long)(n - whole);
}

static int longer(struct fdg_file *f, size_t n, size_t max)
{
	size_t room = f->mapped ? 2 * f->mapped : PART;
	char *more = room > max ? NULL : fdg_sys_mmap(room, false);

	if (!more)
		return room > max ? -EFBIG : -ENOMEM;
	for (size_t i = 0; i < n; i++)
		more[i] = f->text.s[i];
	if (f->mapped)
		fdg_sys_munmap((void *)(uintptr_t)f->text.s, f->mapped);
	f->text.s = more;
	f->mapped = room;
	return 0;
}

static int read_parts(struct fdg_file *f, size_t max, fdg_file_part *take, void *cookie)
{
	long have = 0;

	for (;;) {
		int error = (size_t)have == f->mapped ? longer(f, (size_t)have, max) : 0;
		long got = error ? error
				 : fdg_sys_read(f->fd, (char *)(uintptr_t)f->text.s + have, f->mapped - (size_t)have);

		if (got < 0)
			return (int)got;
		have = hand_over(f, (size_t)(have + got), !got, take, cookie);
		if (have < 0 || !got)
			return have < 0 ? (int)have : 0;
	}
}

int fdg_file_read(const char *path, size_t max, struct fdg_file *f, fdg_file_part *take, void *cookie)
{
	int error;

	*f = (struct fdg_file){ .fd = -1 };
	error = open_file(path, f);
	if (error) {
		f->fd = -1;
		return error;
	}
	error = read_parts(f, max, take, cookie);
	close_file(f);
	return error;
}
