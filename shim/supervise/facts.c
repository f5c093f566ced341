// SPDX-License-Identifier: MIT
#include "supervise/facts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "base/fmt.h"
#include "base/sys.h"
#include "supervise/known.h"
#include "supervise/rows.h"

#include "base/poison.h"

#define BUCKETS 8192
#define SPARE 48 /* descriptors */
#define STATUS 2048
#define THREADS 16384 /* remembered; each is asked about before it is believed */

static struct {
	struct fdg_rows table;
	struct fdg_process *free, *bucket[BUCKETS];
	unsigned used; /* of the table; what is behind was never touched */
	unsigned known, crowd;
	int highest; /* descriptor that a process may have: what is above is for looking */
	int tid[THREADS], pid[THREADS];
	int epoll;
	uint64_t images;
} all;

int fdg_facts_start(int epoll)
{
	struct rlimit files;

	all.epoll = epoll;
	all.highest = INT_MAX;
	if (fdg_sys4(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &files) == 0 && files.rlim_cur < INT_MAX)
		all.highest = (int)(files.rlim_cur > 2 * SPARE ? files.rlim_cur - SPARE : files.rlim_cur / 2);
	return fdg_rows_start(&all.table, sizeof(struct fdg_process));
}

/* ---- processes ---- */

static struct fdg_process *row(unsigned i)
{
	return fdg_row(&all.table, i);
}

static struct fdg_process **place_of(int pid)
{
	struct fdg_process **p = &all.bucket[(unsigned)pid % BUCKETS];

	while (*p && (*p)->pid != pid)
		p = &(*p)->next;
	return p;
}

struct fdg_process *fdg_facts_find(int pid)
{
	return *place_of(pid);
}

struct fdg_process *fdg_facts_next(const struct fdg_process *after)
{
	for (unsigned i = after ? after->index + 1 : 0; i < all.used; i++)
		if (row(i)->pid)
			return row(i);
	return NULL;
}

void fdg_facts_exec(struct fdg_process *p)
{
	p->is_exe_known = false;
	p->preload = FDG_PRELOAD_UNKNOWN;
	p->go = FDG_GO_UNKNOWN;
	p->image = p->family = ++all.images;
	p->is_hint_lost = false;
	p->is_select_told = false;
}

/* A free row, which stays that; NULL: there is no room. */
static struct fdg_process *free_row(void)
{
	if (!all.free && fdg_rows_grow(all.used) == 0) {
		all.free = row(all.used);
		all.free->index = all.used++;
		all.free->next = NULL;
	}
	return all.free;
}

unsigned fdg_facts_crowd(void)
{
	unsigned crowd = all.crowd;

	all.crowd = 0;
	return crowd;
}

/* One that was forked has copies of what its parent copied. One that has exec'd before we met it gets hints that are of no use, and each is asked about. */
static void join_parent(struct fdg_process *p)
{
	const struct fdg_process *parent = p->parent > 1 ? fdg_facts_find(p->parent) : NULL;

	if (!parent)
		return;
	p->family = parent->family;
	p->is_hint_lost = parent->is_hint_lost;
}

static struct fdg_process *add(int pid, int pidfd)
{
	struct epoll_event e = { .events = EPOLLIN, .data.u64 = (uint64_t)pid };
	struct fdg_process *p = pidfd <= all.highest ? free_row() : NULL, **place = place_of(pid);

	if (!p || fdg_sys4(SYS_epoll_ctl, all.epoll, EPOLL_CTL_ADD, pidfd, &e) < 0) {
		fdg_sys_close(pidfd);
		all.crowd = all.known;
		return NULL;
	}
	all.known++;
	all.free = p->next;
	p->next = NULL;
	p->pid = pid;
	p->pidfd = pidfd;
	p->parent = fdg_facts_parent(pid);
	p->exe[0] = '\0';
	fdg_facts_exec(p);
	p->born = p->image;
	join_parent(p);
	memset(&p->blind, 0, sizeof(p->blind));
	p->execs = 0;
	p->judged = 0;
	*place = p;
	return p;
}

void fdg_facts_forget(struct fdg_process *p)
{
	*place_of(p->pid) = p->next;
	all.known--;
	fdg_sys_close(p->pidfd); /* and with it its place in the epoll */
	p->pid = 0;
	p->next = all.free;
	all.free = p;
}

/* What stands behind a word at the beginning of a line of /proc/ID/status, up to the line's end; NULL: nothing. */
static const char *status_line(int id, const char *word, char text[STATUS])
{
	struct fdg_buf path = { text, 0, STATUS, false };
	const char *line;
	int fd;
	long n;

	fdg_fmt(&path, "/proc/%d/status", id);
	fd = fdg_sys_open(text, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return NULL;
	n = fdg_sys_read(fd, text, STATUS - 1);
	fdg_sys_close(fd);
	text[n > 0 ? n : 0] = '\0';
	line = strstr(text, word);
	if (!line)
		return NULL;
	line += strlen(word);
	text[line - text + (long)strcspn(line, "\n")] = '\0';
	return line;
}

static int status_number(int id, const char *word)
{
	char text[STATUS];
	const char *line = status_line(id, word, text);

	return line ? atoi(line) : 0;
}

int fdg_facts_filters(int tid)
{
	return status_number(tid, "\nSeccomp_filters:\t");
}

int fdg_facts_table(int pid)
{
	return status_number(pid, "\nFDSize:\t");
}

int fdg_facts_threads(int pid)
{
	return status_number(pid, "\nThreads:\t");
}

int fdg_facts_own_number(int pid)
{
	char text[STATUS];
	const char *line = status_line(pid, "\nNSpid:\t", text), *last = line ? strrchr(line, '\t') : NULL;

	return line ? atoi(last ? last + 1 : line) : 0;
}

int fdg_facts_parent(int pid)
{
	return status_number(pid, "\nPPid:\t");
}

/* A pidfd is for the first thread of a process alone, so having got one says that `tid` is that. */
static struct fdg_process *open_first(int tid)
{
	struct fdg_process *p = fdg_facts_find(tid);
	int pidfd;

	if (p)
		return p;
	pidfd = (int)fdg_sys2(SYS_pidfd_open, tid, 0);
	if (pidfd == -EMFILE || pidfd == -ENFILE)
		all.crowd = all.known;
	return pidfd < 0 ? NULL : add(tid, pidfd);
}

struct fdg_process *fdg_facts_of(int tid)
{
	unsigned i = (unsigned)tid % THREADS;
	struct fdg_process *p;
	int pid;

	/* 100 ns: the kernel says if that thread is of that process still. */
	if (all.tid[i] == tid && fdg_sys3(SYS_tgkill, all.pid[i], tid, 0) != -ESRCH && (p = fdg_facts_find(all.pid[i])))
		return p;
	p = open_first(tid);
	if (!p && (pid = status_number(tid, "\nTgid:\t")) > 0)
		p = open_first(pid);
	if (p) {
		all.tid[i] = tid;
		all.pid[i] = p->pid;
	}
	return p;
}

const char *fdg_facts_exe(struct fdg_process *p)
{
	static const char deleted[] = " (deleted)";
	char path[64];
	struct fdg_buf b = FDG_BUF(path);
	long n;

	if (p->is_exe_known)
		return p->exe;
	fdg_fmt(&b, "/proc/%d/exe", p->pid);
	n = fdg_sys_readlink(path, p->exe, sizeof(p->exe) - 1);
	if (n < 0)
		return *p->exe ? p->exe : "?";
	p->exe[n] = '\0';
	if (n > (long)sizeof(deleted) && strcmp(p->exe + n - (sizeof(deleted) - 1), deleted) == 0)
		p->exe[n - (long)(sizeof(deleted) - 1)] = '\0';
	p->is_exe_known = true;
	return p->exe;
}

static long read_by_file(int tid, uint64_t address, void *to, unsigned long n)
{
	char path[64];
	struct fdg_buf b = FDG_BUF(path);
	int fd;
	long r;

	fdg_fmt(&b, "/proc/%d/mem", tid);
	fd = fdg_sys_open(path, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return fd;
	r = fdg_sys4(SYS_pread64, fd, to, n, address);
	fdg_sys_close(fd);
	return r;
}

long fdg_facts_read(int tid, uint64_t address, void *to, unsigned long n)
{
	struct iovec here = { to, n }, there = { (void *)(uintptr_t)address, n };
	long r = fdg_sys6(SYS_process_vm_readv, tid, (long)&here, 1, (long)&there, 1, 0);

	if (r == -EPERM || r == -ENOSYS) /* a container's rules */
		r = read_by_file(tid, address, to, n);
	return r < 0 ? 0 : r;
}

/* ---- descriptors ---- */

/* "flags:\t02004002" */
static bool flags_of(int tid, int fd, int *ret_flags)
{
	char text[512];
	struct fdg_buf path = FDG_BUF(text);
	const char *line;
	int file;
	long n;

	fdg_fmt(&path, "/proc/%d/fdinfo/%d", tid, fd);
	file = fdg_sys_open(text, O_RDONLY | O_CLOEXEC, 0);
	if (file < 0)
		return false;
	n = fdg_sys_read(file, text, sizeof(text) - 1);
	fdg_sys_close(file);
	text[n > 0 ? n : 0] = '\0';
	line = strstr(text, "flags:\t");
	if (!line)
		return false;
	*ret_flags = (int)strtoul(line + 7, NULL, 8) & ~O_CLOEXEC;
	return true;
}

static bool stat_of(int pid, int fd, struct stat *ret)
{
	char path[64];
	struct fdg_buf b = FDG_BUF(path);

	fdg_fmt(&b, "/proc/%d/fd/%d", pid, fd);
	return fdg_stat_known(path, ret);
}

bool fdg_identity_of(int pid, int fd, struct fdg_identity *ret)
{
	struct stat st;

	if (!stat_of(pid, fd, &st))
		return false;
	*ret = (struct fdg_identity){ st.st_dev, st.st_ino };
	return true;
}

bool fdg_stream_of(int pid, int fd, struct fdg_identity *ret)
{
	struct stat st;

	if (!stat_of(pid, fd, &st) || !(S_ISSOCK(st.st_mode) || S_ISFIFO(st.st_mode)))
		return false;
	*ret = (struct fdg_identity){ st.st_dev, st.st_ino };
	return true;
}

bool fdg_facts_has_table(const struct fdg_process *p, int tid, int fd)
{
	struct fdg_identity its, ours;
	long r = tid == p->pid ? 0 : fdg_sys5(SYS_kcmp, tid, p->pid, KCMP_FILES, 0, 0);

	if (r >= 0)
		return r == 0;
	return fdg_identity_of(tid, fd, &its) && fdg_identity_of(p->pid, fd, &ours) && fdg_identity_same(&its, &ours);
}

/* To close a copy of a file asks who serves it, who may wait for us. */
static bool is_fetched(int tid, int fd)
{
	struct stat st;

	return !stat_of(tid, fd, &st) || S_ISSOCK(st.st_mode) || S_ISFIFO(st.st_mode);
}

bool fdg_file_look(const struct fdg_process *p, int tid, int fd, struct fdg_file *ret)
{
	struct stat st;
	bool is_known;

	ret->local = is_fetched(tid, fd) ? (int)fdg_sys3(SYS_pidfd_getfd, p->pidfd, fd, 0) : -1;
	if (ret->local >= 0) {
		ret->flags = fdg_sys_fcntl(ret->local, F_GETFL, 0);
		is_known = ret->flags >= 0 && fdg_fstat_known(ret->local, &st);
	} else {
		ret->local = -1;
		is_known = flags_of(tid, fd, &ret->flags) && stat_of(tid, fd, &st);
	}
	if (!is_known) {
		fdg_file_close(ret);
		return false;
	}
	ret->mode = st.st_mode;
	ret->dev = st.st_dev;
	ret->ino = st.st_ino;
	return true;
}

void fdg_file_close(struct fdg_file *f)
{
	if (f->local >= 0)
		fdg_sys_close(f->local);
	f->local = -1;
}

bool fdg_file_is_shared(const struct fdg_file *f, const struct fdg_process *p, int fd, int pid, int other)
{
	struct stat st;

	if (!stat_of(pid, other, &st) || st.st_ino != f->ino || st.st_dev != f->dev)
		return false;
	/* Of a socket the inode is proof; a FIFO or a file can be opened twice. */
	return S_ISSOCK(f->mode) || fdg_sys5(SYS_kcmp, p->pid, pid, KCMP_FILE, fd, other) == 0;
}
