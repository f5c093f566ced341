// SPDX-License-Identifier: MIT
#include "guards/reuseport/lent_look.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "base/apart.h"
#include "base/fmt.h"
#include "base/sys.h"

#include "base/poison.h"

enum { ROOM = 8192, LOOK_NS = 50000000, WALL_NS = 200000000, EACH = 16 };

struct folder {
	int fd;
	long len, at;
	char buffer[ROOM];
};

struct look {
	struct folder processes, numbers;
	const uint64_t *inode; /* of n sockets; and is somebody else seen to have each? */
	uint64_t least, greatest;
	bool *found;
	unsigned n;
	uint64_t since, parent; /* when this process began, and who started it */
	unsigned looks, most;
	int64_t until, begun; /* ns of CLOCK_MONOTONIC, and of the CPU: what others had it for is not its own */
	bool guesses;         /* who may not be read may have it */
	enum fdg_unseen unseen;
};

struct entry {
	uint64_t inode;
	int64_t offset;
	uint16_t len;
	unsigned char type;
	char name[];
};

static bool open_folder(struct folder *f, const char *path)
{
	f->fd = fdg_sys_open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	f->len = f->at = 0;
	return f->fd >= 0;
}

/* The next name that begins with a digit; NULL: no more. */
static const char *next_name(struct folder *f)
{
	for (;;) {
		struct entry *e = (void *)(f->buffer + f->at);

		if (f->at >= f->len) {
			f->len = fdg_sys3(SYS_getdents64, f->fd, f->buffer, sizeof(f->buffer));
			f->at = 0;
			if (f->len <= 0)
				return NULL;
			continue;
		}
		f->at += e->len;
		if (e->name[0] >= '0' && e->name[0] <= '9')
			return e->name;
	}
}

/* Fields 4 and 22 of /proc/PID/stat. False: it is gone. */
static bool ask_stat(const char *pid, uint64_t *ret_parent, uint64_t *ret_began)
{
	char path[48], text[512];
	struct fdg_buf b = FDG_BUF(path);
	const char *at;
	long n = -1;
	int file;

	fdg_fmt(&b, "/proc/%s/stat", pid);
	file = fdg_sys_open(path, O_RDONLY | O_CLOEXEC, 0);
	if (file >= 0) {
		n = fdg_sys_read(file, text, sizeof(text) - 1);
		fdg_sys_close(file);
	}
	if (n <= 0)
		return false;
	text[n] = '\0';
	at = strrchr(text, ')');
	for (unsigned field = 3; at && field <= 22; field++) {
		uint64_t v = 0;

		at = strchr(at, ' ');
		for (at = at ? at + 1 : NULL; at && *at >= '0' && *at <= '9'; at++)
			v = v * 10 + (uint64_t)(*at - '0');
		if (field == 4)
			*ret_parent = v;
		else if (field == 22)
			*ret_began = v;
	}
	return at != NULL;
}

/* It may not be read: what began before us, and the kernel's own threads (children of 2), have it not. */
static bool may_have(const struct look *l, const char *pid)
{
	uint64_t parent = 0, began = 0;

	return l->guesses && ask_stat(pid, &parent, &began) && parent != 2 && began >= l->since;
}

static void note(struct look *l, const char *link)
{
	uint64_t inode = 0;

	if (strncmp(link, "socket:[", 8) != 0)
		return;
	for (link += 8; *link >= '0' && *link <= '9'; link++)
		inode = inode * 10 + (uint64_t)(*link - '0');
	for (unsigned i = 0; i < l->n && inode >= l->least && inode <= l->greatest; i++)
		l->found[i] |= l->inode[i] == inode;
}

static bool all_found(const struct look *l)
{
	for (unsigned i = 0; i < l->n; i++)
		if (!l->found[i])
			return false;
	return true;
}

/* It may have any of them. */
static bool has_any(struct look *l)
{
	memset(l->found, 1, l->n);
	return true;
}

static int64_t ns_of(int clock)
{
	struct timespec t = { 0, 0 };

	fdg_sys_clock(clock, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static int64_t took(const struct look *l)
{
	return ns_of(CLOCK_THREAD_CPUTIME_ID) - l->begun;
}

static bool is_too_much(const struct look *l)
{
	return l->looks >= l->most ||
	       (l->looks % EACH == 0 && (took(l) >= LOOK_NS || ns_of(CLOCK_MONOTONIC) >= l->until));
}

/* True: nothing more is to be found, or no more is looked at. */
static bool look_at(struct look *l, const char *pid)
{
	char path[32], link[40];
	struct fdg_buf b = FDG_BUF(path);
	const char *name;
	bool too_much;

	fdg_fmt(&b, "/proc/%s/fd", pid);
	if (!open_folder(&l->numbers, path))
		return l->numbers.fd != -ENOENT && l->numbers.fd != -ESRCH && may_have(l, pid) && has_any(l);
	while (!(too_much = is_too_much(l)) && (name = next_name(&l->numbers))) {
		long n = fdg_sys4(SYS_readlinkat, l->numbers.fd, name, link, sizeof(link) - 1);

		link[n > 0 ? n : 0] = '\0';
		note(l, link);
		l->looks++;
	}
	fdg_sys_close(l->numbers.fd);
	if (too_much)
		return true;
	if (l->numbers.len < 0 && l->numbers.len != -ENOENT && l->numbers.len != -ESRCH && may_have(l, pid))
		return has_any(l);
	return all_found(l);
}

static bool is_number(const char *name, int n)
{
	int v = 0;

	for (; *name >= '0' && *name <= '9'; name++)
		v = v * 10 + (*name - '0');
	return v == n;
}

enum whom { ALL, RELATIVES, OTHERS };

/* What was made here, and sent to nobody, others have by fork alone: those that began later. And a parent may take what its child has. */
static bool is_wanted(struct look *l, const char *pid, enum whom whom)
{
	uint64_t parent = 0, began = 0;

	if (whom == ALL)
		return true;
	l->looks++;
	return (is_number(pid, (int)l->parent) || (ask_stat(pid, &parent, &began) && began >= l->since)) ==
	       (whom == RELATIVES);
}

/* True: nothing more is to be found, or there is no time to. */
static bool walk(struct look *l, enum whom whom, bool *ret_self)
{
	int pid = fdg_sys_getpid();
	const char *name;
	bool ends = false;

	if (!open_folder(&l->processes, "/proc"))
		return false;
	l->unseen = whom == OTHERS ? FDG_OLDER_UNSEEN : FDG_UNSEEN;
	while (!(ends = is_too_much(l)) && (name = next_name(&l->processes))) {
		*ret_self |= is_number(name, pid);
		if (!is_number(name, pid) && is_wanted(l, name, whom) && (ends = look_at(l, name)))
			break;
	}
	fdg_sys_close(l->processes.fd);
	if (!ends || all_found(l))
		l->unseen = FDG_ALL_SEEN;
	return ends;
}

/* In a moment with a table of its own: no other thread meets with what is open here. */
static int look(void *arg)
{
	struct look *l = arg;
	bool ends, any = false;

	l->begun = ns_of(CLOCK_THREAD_CPUTIME_ID);
	if (!ask_stat("self", &l->parent, &l->since))
		return -1;
	ends = l->guesses ? walk(l, RELATIVES, &any) || walk(l, OTHERS, &any) : walk(l, ALL, &any);
	l->begun = took(l);
	return ends || any ? 0 : -1; /* another namespace's /proc does not show us */
}

static void set_range(struct look *l)
{
	l->least = l->greatest = l->inode[0];
	for (unsigned i = 1; i < l->n; i++) {
		l->least = l->inode[i] < l->least ? l->inode[i] : l->least;
		l->greatest = l->inode[i] > l->greatest ? l->inode[i] : l->greatest;
	}
}

enum fdg_unseen fdg_lent_look(struct fdg_lent_look *w)
{
	struct look *l = fdg_sys_mmap(sizeof(*l), false);
	enum fdg_unseen unseen;

	w->cpu = 0;
	memset(w->found, 0, w->n);
	if (!l)
		return FDG_UNSEEN;
	l->inode = w->inode;
	l->found = w->found;
	l->n = w->n;
	l->most = w->looks;
	l->guesses = w->guesses;
	l->until = ns_of(CLOCK_MONOTONIC) + WALL_NS;
	set_range(l);
	if (fdg_aside(look, l) < 0)
		has_any(l);
	else
		w->cpu = l->begun;
	unseen = l->unseen;
	fdg_sys_munmap(l, sizeof(*l));
	return unseen;
}
