// SPDX-License-Identifier: MIT
/* All is read below the directory that /proc/PID was when it was opened: where another process gets the number, that is empty. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/fmt.h"
#include "guards/epoll/fdinfo.h"
#include "tools/scan.h"

#define INTEREST_BYTES (64u << 20)

uint64_t scan_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static char *read_open(int fd, size_t most, size_t *ret_n)
{
	size_t room = 4096, n = 0;
	char *text = malloc(room + 1), *more;
	ssize_t r = 0;

	while (text && n < most && (r = read(fd, text + n, room - n)) > 0) {
		n += (size_t)r;
		if (n < room)
			continue;
		room *= 4;
		more = realloc(text, room + 1);
		if (!more)
			break;
		text = more;
	}
	if (!text || (r < 0 && n == 0)) {
		free(text);
		return NULL;
	}
	text[n] = '\0';
	*ret_n = n;
	return text;
}

char *scan_read_file(int dir, const char *name, size_t most, size_t *ret_n)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC), error;
	char *text;

	if (fd < 0)
		return NULL;
	text = read_open(fd, most, ret_n);
	error = errno;
	close(fd);
	errno = error;
	return text;
}

/* The beginning of a file, without the heap. */
static bool read_head(int dir, const char *name, char *ret, size_t size)
{
	int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, ret, size - 1);
	close(fd);
	ret[n > 0 ? n : 0] = '\0';
	return n > 0;
}

bool scan_each_number(int dir, const char *name, bool (*f)(void *cookie, int number), void *cookie)
{
	int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!d) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	while ((e = readdir(d)))
		if (e->d_name[0] >= '0' && e->d_name[0] <= '9' && !f(cookie, atoi(e->d_name)))
			break;
	closedir(d);
	return true;
}

static void read_exe(struct scan_process *p)
{
	static const char deleted[] = " (deleted)";
	ssize_t n = readlinkat(p->dir, "exe", p->exe, sizeof(p->exe) - 1);
	const char *slash;

	if (n <= 0) { /* somebody else's, or a thread of the kernel's */
		read_head(p->dir, "comm", p->exe, 64);
		p->exe[strcspn(p->exe, "\n")] = '\0';
	} else {
		p->exe[n] = '\0';
		if (n > (ssize_t)sizeof(deleted) && strcmp(p->exe + n - (sizeof(deleted) - 1), deleted) == 0)
			p->exe[n - (ssize_t)(sizeof(deleted) - 1)] = '\0';
	}
	slash = strrchr(p->exe, '/');
	p->name = slash ? slash + 1 : p->exe;
}

static void read_class(struct scan_process *p)
{
	unsigned char head[5] = { 0 };
	int fd = openat(p->dir, "exe", O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return;
	p->is_other_class = read(fd, head, sizeof(head)) == (ssize_t)sizeof(head) && head[4] == 1;
	close(fd);
}

bool scan_process_open(struct scan_process *p, int pid)
{
	char text[4096];
	struct fdg_buf path = FDG_BUF(text);
	struct stat net;

	*p = (struct scan_process){ .pid = pid, .dir = -1, .pidfd = -1, .name = p->exe };
	fdg_fmt(&path, "/proc/%d", pid);
	p->dir = open(text, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (p->dir < 0)
		return false;
	if (!read_head(p->dir, "status", text, sizeof(text)) || !scan_read_status(text, &p->status) || p->status.pid != pid) {
		scan_process_close(p);
		errno = ESRCH; /* it ended, or is a thread of another */
		return false;
	}
	if (read_head(p->dir, "stat", text, sizeof(text)))
		scan_read_start(text, &p->start);
	p->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fstatat(p->dir, "ns/net", &net, 0) == 0)
		p->net = net.st_ino;
	read_exe(p);
	return true;
}

void scan_process_close(struct scan_process *p)
{
	if (p->dir >= 0)
		close(p->dir);
	if (p->pidfd >= 0)
		close(p->pidfd);
	free(p->fd);
	free(p->interest);
	free(p->thread);
	p->fd = NULL;
	p->interest = NULL;
	p->thread = NULL;
	p->fds = p->interests = p->threads = 0;
	p->dir = p->pidfd = -1;
}

static bool read_fdinfo(const struct scan_process *p, int fd, struct scan_fdinfo *ret)
{
	char name[32], text[512];

	snprintf(name, sizeof(name), "fdinfo/%d", fd);
	return read_head(p->dir, name, text, sizeof(text)) && scan_read_fdinfo(text, ret);
}

static bool add_fd(void *cookie, int number)
{
	struct scan_process *p = cookie;
	struct scan_fd f = { .fd = number };
	struct scan_fdinfo info;
	char name[32], link[64];
	ssize_t n;

	if (p->fds >= SCAN_FDS_MAX) {
		p->is_cut = true;
		return false;
	}
	snprintf(name, sizeof(name), "fd/%d", number);
	n = readlinkat(p->dir, name, link, sizeof(link) - 1);
	if (n <= 0) /* closed meanwhile */
		return true;
	link[n] = '\0';
	f.kind = scan_kind_of(link, &f.ino);
	if ((f.kind == SCAN_SOCKET || f.kind == SCAN_EPOLL) && read_fdinfo(p, number, &info))
		f.flags = info.flags;
	p->fd = pool_grow(p->fd, p->fds, &p->fd_room, sizeof(*p->fd));
	p->fd[p->fds++] = f;
	p->kinds[f.kind]++;
	return true;
}

static int by_number(const void *a, const void *b)
{
	const struct scan_fd *x = a, *y = b;

	return (x->fd > y->fd) - (x->fd < y->fd);
}

const struct scan_fd *scan_find_fd(const struct scan_process *p, int fd)
{
	const struct scan_fd key = { .fd = fd };

	return p->fds ? bsearch(&key, p->fd, p->fds, sizeof(key), by_number) : NULL;
}

uint64_t scan_ino_of(const struct scan_process *p, int fd)
{
	const struct scan_fd *f = scan_find_fd(p, fd);
	struct scan_fdinfo info;

	if (!f || f->ino)
		return f ? f->ino : 0;
	return read_fdinfo(p, fd, &info) ? info.ino : 0;
}

static void add_interest(struct scan_process *p, int epfd, const struct fdg_fdinfo *line)
{
	p->interest = pool_grow(p->interest, p->interests, &p->interest_room, sizeof(*p->interest));
	p->interest[p->interests++] = (struct scan_interest){ epfd, line->fd, line->events, line->data, line->ino, line->has_file, false };
}

static void read_interest(struct scan_process *p, int epfd)
{
	struct fdg_fdinfo_reader r = { .is_begun = false };
	char name[32], *text;
	size_t n;

	snprintf(name, sizeof(name), "fdinfo/%d", epfd);
	text = scan_read_file(p->dir, name, INTEREST_BYTES, &n);
	for (size_t i = 0; text && i < n; i++)
		if (fdg_fdinfo_take(&r, text[i]))
			add_interest(p, epfd, &r.line);
	free(text);
}

void scan_process_read(struct scan_process *p)
{
	if (!scan_each_number(p->dir, "fd", add_fd, p)) {
		p->is_gone = errno == ENOENT || errno == ESRCH;
		p->why_fds = p->is_gone ? 0 : errno;
		return;
	}
	if (p->fds)
		qsort(p->fd, p->fds, sizeof(*p->fd), by_number);
	read_class(p);
	for (size_t i = 0; i < p->fds; i++)
		if (p->fd[i].kind == SCAN_EPOLL)
			read_interest(p, p->fd[i].fd);
}

int scan_fetch(struct scan_process *p, const struct scan_fd *f)
{
	int copy = (int)syscall(SYS_pidfd_getfd, p->pidfd, f->fd, 0);
	struct stat st;

	if (copy < 0) {
		if (errno == EPERM || errno == EACCES || errno == ENOSYS)
			p->why_fetch = errno;
		return -1;
	}
	if (f->ino == 0 || (fstat(copy, &st) == 0 && st.st_ino == f->ino))
		return copy;
	close(copy);
	errno = EBADF;
	return -1;
}
