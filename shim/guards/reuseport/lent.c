// SPDX-License-Identifier: MIT
#include "guards/reuseport/lent.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "base/apart.h"
#include "base/big.h"
#include "base/fmt.h"
#include "base/state.h"
#include "base/sys.h"
#include "ledger/ledger.h"

#include "base/poison.h"

#ifndef __WALL
#define __WALL 0x40000000
#endif

enum { FROM_ELSEWHERE = 0, FIRST = 1, ROOM = 8192, LOOKS = 20000, LOOK_NS = 50000000, SECOND_NS = 200000000, EACH = 16 };

/* How often a process was started, and how often it had been when a number became a listener's. */
FDG_BIG static _Atomic uint32_t made[FDG_LEDGER_MAX];
static _Atomic uint32_t starts = FIRST, born = FIRST;
static _Atomic int self; /* 0: not known yet */
static _Atomic int64_t second, spent; /* in that second of CLOCK_MONOTONIC, on looks for one listener each, in ns */

static bool is_tracked(int fd)
{
	return (unsigned)fd < FDG_LEDGER_MAX && !fdg_foreign_memory();
}

void fdg_lent_made(int fd)
{
	int nobody = 0;

	if (!is_tracked(fd))
		return;
	atomic_compare_exchange_strong(&self, &nobody, fdg_sys_getpid());
	atomic_store_explicit(&made[fd], atomic_load_explicit(&starts, memory_order_relaxed), memory_order_relaxed);
}

void fdg_lent_copied(int from, int to)
{
	if (is_tracked(from) && is_tracked(to))
		atomic_store_explicit(&made[to], atomic_load_explicit(&made[from], memory_order_relaxed), memory_order_relaxed);
}

void fdg_lent_arrived(int fd)
{
	if (is_tracked(fd))
		atomic_store_explicit(&made[fd], FROM_ELSEWHERE, memory_order_relaxed);
}

void fdg_lent_starting(void)
{
	if (!fdg_foreign_memory())
		atomic_fetch_add_explicit(&starts, 1, memory_order_relaxed);
}

void fdg_lent_forked(void)
{
	atomic_store_explicit(&born, atomic_fetch_add_explicit(&starts, 1, memory_order_relaxed) + 1, memory_order_relaxed);
	atomic_store_explicit(&self, fdg_sys_getpid(), memory_order_relaxed);
}

/*
 * The look in /proc
 */

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
	uint64_t since; /* when this process began */
	unsigned looks, most;
	int64_t until; /* ns of CLOCK_MONOTONIC */
	bool guesses; /* who may not be read may have it */
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

static int64_t now(void)
{
	struct timespec t = { 0, 0 };

	fdg_sys_clock(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static bool is_too_much(const struct look *l)
{
	return l->looks >= l->most || (l->looks % EACH == 0 && now() >= l->until);
}

/* True: nothing more is to be found. */
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
		return has_any(l);
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

/* In a moment with a table of its own: no other thread meets with what is open here. */
static int look(void *arg)
{
	struct look *l = arg;
	int pid = fdg_sys_getpid();
	uint64_t parent;
	const char *name;
	bool ends = false, any = false;

	if (!ask_stat("self", &parent, &l->since) || !open_folder(&l->processes, "/proc"))
		return -1;
	while (!ends && (name = next_name(&l->processes))) {
		any |= is_number(name, pid);
		ends = !is_number(name, pid) && look_at(l, name);
	}
	fdg_sys_close(l->processes.fd);
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

/* One walk for all. */
static void look_for(const uint64_t inode[], bool found[], unsigned n, unsigned looks, bool guesses)
{
	struct look *l = fdg_sys_mmap(sizeof(*l), false);

	memset(found, l ? 0 : 1, n);
	if (!l)
		return;
	l->inode = inode;
	l->found = found;
	l->n = n;
	l->most = looks;
	l->guesses = guesses;
	l->until = now() + LOOK_NS;
	set_range(l);
	if (fdg_aside(look, l) < 0)
		has_any(l);
	fdg_sys_munmap(l, sizeof(*l));
}

static bool others_have(int fd, unsigned looks, bool guesses)
{
	uint64_t inode;
	struct stat st;
	bool found = true;

	if (fdg_sys_fstat(fd, &st) < 0)
		return true;
	inode = st.st_ino;
	look_for(&inode, &found, 1, looks, guesses);
	return found;
}

/* A child that nobody saw being started. */
static bool has_children(void)
{
	return fdg_sys5(SYS_waitid, P_ALL, 0, 0, WEXITED | WNOHANG | WNOWAIT | __WALL, 0) != -ECHILD;
}

/* Nor by a call that is not wrapped, as far as children tell. */
static bool is_since_the_last(uint32_t was)
{
	return was == atomic_load_explicit(&starts, memory_order_relaxed) && (was != FIRST || !has_children());
}

static bool is_made_here(uint32_t was)
{
	return was != FROM_ELSEWHERE && was >= atomic_load_explicit(&born, memory_order_relaxed) && atomic_load_explicit(&self, memory_order_relaxed) == fdg_sys_getpid();
}

static uint32_t made_at(int fd)
{
	return is_tracked(fd) ? atomic_load_explicit(&made[fd], memory_order_relaxed) : FROM_ELSEWHERE;
}

bool fdg_lent_never(int fd)
{
	uint32_t was = made_at(fd);

	return is_made_here(was) && is_since_the_last(was);
}

/* Of a program that closes many, one after the other. */
static bool has_no_time(int64_t at)
{
	int64_t s = at / 1000000000;

	if (atomic_exchange_explicit(&second, s, memory_order_relaxed) != s)
		atomic_store_explicit(&spent, 0, memory_order_relaxed);
	return atomic_load_explicit(&spent, memory_order_relaxed) >= SECOND_NS;
}

bool fdg_lent_maybe(int fd)
{
	uint32_t was = made_at(fd);
	int64_t begun;
	bool r;

	if (!is_made_here(was))
		return true;
	if (is_since_the_last(was))
		return false;
	begun = now();
	if (has_no_time(begun))
		return true;
	r = others_have(fd, LOOKS, true);
	atomic_fetch_add_explicit(&spent, now() - begun, memory_order_relaxed);
	return r;
}

void fdg_lent_maybe_each(const int fd[], const uint64_t inode[], bool ret[], unsigned n)
{
	bool any = false;

	for (unsigned i = 0; i < n && !any; i++)
		any = is_made_here(made_at(fd[i])) && !is_since_the_last(made_at(fd[i]));
	memset(ret, 0, n);
	if (any)
		look_for(inode, ret, n, LOOKS, true);
	for (unsigned i = 0; i < n; i++) {
		uint32_t was = made_at(fd[i]);

		ret[i] = !is_made_here(was) || (ret[i] && !is_since_the_last(was));
	}
}

bool fdg_lent_is_seen(int fd, unsigned looks)
{
	return others_have(fd, looks, false);
}
