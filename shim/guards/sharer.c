// SPDX-License-Identifier: MIT
#include "guards/sharer.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/files.h"
#include "base/fmt.h"
#include "base/same.h"
#include "base/sys.h"
#include "guards/holders.h"

#include "base/poison.h"

#define ANCESTORS 16
#define PROCESSES 4096
#define NUMBERS 1024 /* descriptors of an ancestor that are looked at */
#define NUMBERS_OF_ONE 16384
#define NUMBERS_OF_STRANGERS 4096 /* of all together: this is at the exit of a program, on a machine that may have a million */
#define YOUNG 10 /* ticks */
#define LINK 128

struct search {
	int fd, self;
	char link[LINK]; /* what /proc says that fd is: compared first, because a look at a file of another process may hang with its file system */
	struct fdg_sharer *ret;
	const struct fdg_heirs *heirs;
	int ancestor[ANCESTORS];
	bool hidden; /* somebody who may have it does not let us look */
	unsigned left; /* of NUMBERS_OF_STRANGERS */
	struct fdg_numbers room[2];
};

static _Atomic int known_ancestor[ANCESTORS]; /* those of this program image, as long as it may outlive its parent */

/* pid 0: this process. */
static long fd_link(int pid, int fd, char link[LINK])
{
	char path[48];
	struct fdg_buf b = FDG_BUF(path);
	long n;

	if (pid)
		fdg_fmt(&b, "/proc/%d/fd/%d", pid, fd);
	else
		fdg_fmt(&b, "/proc/thread-self/fd/%d", fd); /* /proc/self has none when the first thread has ended */
	n = fdg_sys_readlink(path, link, LINK - 1);
	link[n > 0 ? n : 0] = '\0';
	return n;
}

void fdg_sharer_name(int pid, char name[64])
{
	char path[32];
	struct fdg_buf b = FDG_BUF(path);
	long n;

	fdg_fmt(&b, "/proc/%d/comm", pid);
	n = fdg_read_file(path, name, 63);
	name[n > 0 ? n - 1 : 0] = '\0';
}

/* 1: it does; 0: it does not; negative: we may not look. */
static int holds_at(const struct search *s, int pid, int number)
{
	char link[LINK];
	long n = fd_link(pid, number, link);

	if (n < 0)
		return n == -ENOENT ? 0 : (int)n;
	if (strcmp(link, s->link) != 0 || fdg_same_there(s->fd, pid, number) == FDG_NOT_SAME)
		return 0;
	s->ret->pid = pid;
	s->ret->fd = number;
	fdg_sharer_name(pid, s->ret->program);
	return 1;
}

/* At the numbers where a shared description usually is. */
static int holds(const struct search *s, int pid)
{
	int r = 0;

	for (int n = 0; n <= 2 && r == 0; n++)
		r = holds_at(s, pid, n);
	return r == 0 && s->fd > 2 ? holds_at(s, pid, s->fd) : r;
}

struct process {
	struct search *s;
	int pid;
};

static int process_number(void *cookie, int n)
{
	const struct process *p = cookie;

	p->s->left -= p->s->left > 0;
	return holds_at(p->s, p->pid, n) == 1;
}

/* As holds_at, at any of `numbers` numbers. */
static int holds_anywhere(struct search *s, int pid, unsigned numbers)
{
	struct process p = { s, pid };
	char folder[32];
	struct fdg_buf b = FDG_BUF(folder);
	int r = holds(s, pid);

	if (r)
		return r;
	fdg_fmt(&b, "/proc/%d/fd", pid);
	return fdg_each_number(&s->room[1], folder, numbers, process_number, &p);
}

/* Its frame is not to lie under the search: a program may end in a handler that has little stack. */
__attribute__((noinline)) long fdg_sharer_stat(int pid, int field)
{
	char text[512];
	struct fdg_buf path = FDG_BUF(text);
	long n, value = 0;
	int at = 2;

	fdg_fmt(&path, "/proc/%d/stat", pid);
	n = fdg_read_file(text, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	/* The second one is a name in parentheses, and may hold anything. */
	for (const char *p = strrchr(text, ')'); p && *p && at <= field; p++) {
		at += *p == ' ';
		if (at == field && *p >= '0' && *p <= '9')
			value = value * 10 + (*p - '0');
	}
	return value;
}

static int parent_of(int pid)
{
	return (int)fdg_sharer_stat(pid, 4);
}

long fdg_sharer_now(void)
{
	struct timespec now = { 0, 0 };

	fdg_sys_clock(CLOCK_BOOTTIME, &now);
	return now.tv_sec * 100 + now.tv_nsec / 10000000;
}

static int process(void *cookie, int pid)
{
	const struct search *s = cookie;

	return pid != s->self && holds(s, pid) == 1;
}

static struct search *begin(int fd, struct fdg_sharer *ret)
{
	struct search *s = fdg_sys_mmap(sizeof(*s), false);

	if (!s)
		return NULL;
	s->fd = fd;
	s->self = fdg_sys_getpid();
	s->ret = ret;
	if (fd_link(0, fd, s->link) > 0)
		return s;
	fdg_sys_munmap(s, sizeof(*s));
	return NULL;
}

enum fdg_shared fdg_find_sharer(int fd, struct fdg_sharer *ret)
{
	struct search *s = begin(fd, ret);
	int pid = fdg_sys_getppid(), r = 0;
	bool hidden = false;

	if (!s)
		return FDG_SHARED_NOT_TOLD;
	for (unsigned i = 0; i < ANCESTORS && pid > 0 && r != 1; i++, pid = parent_of(pid)) {
		r = holds_anywhere(s, pid, NUMBERS);
		hidden = hidden || r < -1;
	}
	if (r != 1)
		r = fdg_each_number(&s->room[0], "/proc", PROCESSES, process, s);
	fdg_sys_munmap(s, sizeof(*s));
	return r == 1 ? FDG_SHARED_BY_ONE : hidden ? FDG_SHARED_NOT_TOLD : FDG_SHARED_BY_NONE;
}

void fdg_sharer_know_ancestors(void)
{
	int pid = fdg_sys_getppid();

	for (unsigned i = 0; !known_ancestor[0] || (i && i < ANCESTORS); i++, pid = parent_of(pid)) {
		if (pid <= 0)
			return;
		known_ancestor[i] = pid;
	}
}

static bool is_ancestor(const struct search *s, int pid)
{
	for (unsigned i = 0; i < ANCESTORS; i++)
		if (pid == s->ancestor[i] || pid == known_ancestor[i])
			return true;
	return false;
}

static bool descends_from(int pid, int from)
{
	for (unsigned i = 0; i < ANCESTORS && pid > 0; i++, pid = parent_of(pid))
		if (pid == from)
			return true;
	return false;
}

/* A copy of this process, made since: it knows what we know. */
static bool is_heir(const struct search *s, int pid)
{
	return fdg_holders_is_forked_since(pid, s->heirs->since) && !fdg_holders_has_execd(pid) && (s->heirs->of != s->self || descends_from(pid, s->self));
}

/* Who was just forked by a shell may have what is its neighbour's, at a number above 2, for the moment until it closes it. */
static bool is_passing(int pid, int fd)
{
	return fd > 2 && fdg_sharer_now() - fdg_sharer_stat(pid, 22) < YOUNG;
}

static bool is_in_our_session(int pid)
{
	return fdg_sharer_stat(pid, 6) == fdg_sys1(SYS_getsid, 0);
}

/* *s->ret is the first one that is found, or an heir. */
static int stranger(void *cookie, int pid)
{
	struct search *s = cookie;
	struct fdg_sharer first = *s->ret;
	int r;

	if (pid == s->self || is_ancestor(s, pid))
		return 0;
	r = holds_anywhere(s, pid, s->left);
	s->hidden = s->hidden || r == -1 || (r < 0 && is_in_our_session(pid));
	if (r == 1 && is_heir(s, pid)) {
		s->ret->is_heir = true;
		return 1;
	}
	if (r == 1 && is_passing(pid, s->ret->fd)) {
		s->hidden = true; /* nobody can tell whether it will use it */
		*s->ret = first;
	} else if (r == 1 && first.pid) {
		*s->ret = first;
	}
	return 0;
}

enum fdg_shared fdg_find_stranger(int fd, const struct fdg_heirs *heirs, struct fdg_sharer *ret)
{
	struct search *s = begin(fd, ret);
	int pid = fdg_sys_getppid(), r;

	*ret = (struct fdg_sharer){ 0 };
	if (!s)
		return FDG_SHARED_NOT_TOLD;
	s->heirs = heirs;
	s->left = NUMBERS_OF_STRANGERS;
	for (unsigned i = 0; i < ANCESTORS && pid > 0; i++, pid = parent_of(pid))
		s->ancestor[i] = pid;
	r = fdg_each_number(&s->room[0], "/proc", PROCESSES, stranger, s);
	s->hidden = s->hidden || r < 0;
	r = ret->pid ? FDG_SHARED_BY_ONE : s->hidden ? FDG_SHARED_NOT_TOLD : FDG_SHARED_BY_NONE;
	fdg_sys_munmap(s, sizeof(*s));
	return (enum fdg_shared)r;
}

bool fdg_sharer_has(int pid, int fd)
{
	struct fdg_sharer found;
	struct search *s = begin(fd, &found);
	int r = s ? holds_anywhere(s, pid, NUMBERS_OF_ONE) : -1;

	if (s)
		fdg_sys_munmap(s, sizeof(*s));
	return r == 1 || (r < 0 && r != -ESRCH);
}
