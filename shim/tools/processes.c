// SPDX-License-Identifier: MIT
#include "tools/processes.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fmt.h"

struct status {
	int64_t pid, ppid;
	char state;
	bool ours;
};

static ssize_t slurp(int64_t pid, const char *name, char *text, size_t size)
{
	char path[64];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%lld/%s", (long long)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, text, size - 1);
		close(fd);
	}
	text[n > 0 ? n : 0] = '\0';
	return n;
}

static bool read_status(int64_t pid, struct status *ret)
{
	char text[1024], *end;
	long long ppid;

	if (slurp(pid, "stat", text, sizeof(text)) <= 0)
		return false;
	end = strrchr(text, ')'); /* the name may hold anything */
	if (!end || sscanf(end + 1, " %c %lld", &ret->state, &ppid) != 2)
		return false;
	ret->pid = pid;
	ret->ppid = ppid;
	ret->ours = false;
	return true;
}

/* A supervisor, or who stands in for one: it ends by itself, after the last that it watches. */
static bool is_watcher(int64_t pid)
{
	char title[64];

	return slurp(pid, "comm", title, sizeof(title)) > 0 && strcmp(title, "fdguard\n") == 0 && slurp(pid, "cmdline", title, sizeof(title)) > 0 &&
	       strncmp(title, "fdguard: ", 9) == 0;
}

static size_t all_processes(struct status **ret)
{
	struct status *list = NULL;
	DIR *d = opendir("/proc");
	size_t n = 0, room = 0;

	for (struct dirent *e; d && (e = readdir(d));) {
		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		list = pool_grow(list, n, &room, sizeof(*list));
		n += read_status(atoll(e->d_name), &list[n]);
	}
	if (d)
		closedir(d);
	*ret = list;
	return n;
}

static bool is_ours(const struct status *list, size_t n, int64_t pid)
{
	if (pid == getpid())
		return true;
	for (size_t i = 0; i < n; i++)
		if (list[i].pid == pid)
			return list[i].ours;
	return false;
}

size_t processes_below(int64_t **ret_pids)
{
	struct status *list;
	size_t n = all_processes(&list), count = 0, room = 0;
	int64_t *pids = NULL;
	bool more = true;

	while (more) {
		more = false;
		for (size_t i = 0; i < n; i++)
			if (!list[i].ours && is_ours(list, n, list[i].ppid))
				more = list[i].ours = true;
	}
	for (size_t i = 0; i < n; i++) {
		if (!list[i].ours || list[i].state == 'Z' || list[i].state == 'X' || is_watcher(list[i].pid))
			continue;
		pids = pool_grow(pids, count, &room, sizeof(*pids));
		pids[count++] = list[i].pid;
	}
	free(list);
	*ret_pids = pids;
	return count;
}

static bool is_among(const int64_t *pids, size_t n, int64_t pid)
{
	for (size_t i = 0; i < n; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

size_t processes_signal(int signal)
{
	int64_t *before = NULL, *pids;
	size_t befores = 0, sent = 0, fresh = 1;

	/* One that was forked while we looked did not get it from its parent. */
	for (int round = 0; fresh && round < 10; round++) {
		size_t n = processes_below(&pids);

		fresh = 0;
		for (size_t i = 0; i < n; i++)
			if (!is_among(before, befores, pids[i]))
				fresh += kill((pid_t)pids[i], signal) == 0;
		sent += fresh;
		free(before);
		before = pids;
		befores = n;
	}
	free(before);
	return sent;
}

static const char *printable(struct pool *pool, const char *s, size_t n, size_t max)
{
	char text[512];
	struct fdg_buf b = { text, 0, max < sizeof(text) ? max : sizeof(text), false };

	text[0] = '\0';
	fdg_put_printable(&b, s, n);
	return pool_copy(pool, text);
}

/* The calls that programs hang in; `fd`: the first argument is a descriptor. */
static const struct { long nr; const char *name; bool fd; } calls[] = {
	{ SYS_read, "read", true }, { SYS_write, "write", true }, { SYS_readv, "readv", true }, { SYS_writev, "writev", true },
	{ SYS_recvfrom, "recv", true }, { SYS_recvmsg, "recvmsg", true }, { SYS_sendto, "send", true }, { SYS_sendmsg, "sendmsg", true },
	{ SYS_accept, "accept", true }, { SYS_accept4, "accept4", true }, { SYS_connect, "connect", true }, { SYS_flock, "flock", true },
	{ SYS_fcntl, "fcntl", true }, { SYS_ioctl, "ioctl", true }, { SYS_openat, "open", false }, { SYS_futex, "futex (a lock or condition)", false },
	{ SYS_wait4, "wait for a child", false }, { SYS_waitid, "wait for a child", false }, { SYS_ppoll, "poll", false },
	{ SYS_pselect6, "select", false }, { SYS_epoll_pwait, "epoll_wait", true }, { SYS_nanosleep, "sleep", false },
	{ SYS_clock_nanosleep, "sleep", false }, { SYS_rt_sigsuspend, "wait for a signal", false }, { SYS_rt_sigtimedwait, "wait for a signal", false },
#if defined(__x86_64__)
	{ SYS_poll, "poll", false }, { SYS_select, "select", false }, { SYS_epoll_wait, "epoll_wait", true }, { SYS_pause, "wait for a signal", false },
	{ SYS_open, "open", false },
#endif
};

/* "read of 3 (pipe:[123])" */
static const char *call_of(struct pool *pool, int64_t pid)
{
	char text[256], path[64], target[128];
	unsigned long long argument;
	ssize_t length;
	long nr;

	if (slurp(pid, "syscall", text, sizeof(text)) <= 0 || sscanf(text, "%ld %llx", &nr, &argument) != 2)
		return NULL;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (calls[i].nr != nr)
			continue;
		if (!calls[i].fd)
			return calls[i].name;
		snprintf(path, sizeof(path), "/proc/%lld/fd/%d", (long long)pid, (int)argument);
		length = readlink(path, target, sizeof(target));
		return pool_format(pool, "%s of %d (%s)", calls[i].name, (int)argument, printable(pool, target, length > 0 ? (size_t)length : 0, 128));
	}
	return pool_format(pool, "system call %ld", nr);
}

static const char *state_word(char state)
{
	switch (state) {
	case 'R': return "running";
	case 'S': return "sleeping";
	case 'D': return "waiting for a device";
	case 'T': return "stopped";
	case 't': return "stopped by a debugger";
	case 'Z': return "ended";
	default: return "there";
	}
}

static bool is_our_library(const char *line)
{
	static const char name[] = "/libfdguard.so";
	const char *at = strrchr(line, '/');

	return at && strncmp(at, name, strlen(name)) == 0 && strchr("\n. ", at[strlen(name)]);
}

bool processes_is_unguarded(int64_t pid)
{
	char path[64], *line = NULL;
	bool has_libc = false, has_us = false;
	size_t size = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%lld/maps", (long long)pid);
	f = fopen(path, "re");
	while (f && !has_us && getline(&line, &size, f) > 0) {
		has_libc |= strstr(line, "/libc.so.") || strstr(line, "/libc-");
		has_us |= is_our_library(line);
	}
	free(line);
	if (f)
		fclose(f);
	return has_libc && !has_us;
}

bool processes_describe(struct pool *pool, int64_t pid, struct run_stuck *ret)
{
	char text[512], path[64], exe[PATH_MAX], wchan[128];
	struct status s;
	const char *call;
	ssize_t n;

	if (!read_status(pid, &s))
		return false;
	ret->pid = pid;
	snprintf(path, sizeof(path), "/proc/%lld/exe", (long long)pid);
	n = readlink(path, exe, sizeof(exe));
	ret->exe = pool_text(pool, exe, n > 0 ? (size_t)n : 0);
	n = slurp(pid, "cmdline", text, sizeof(text));
	for (ssize_t i = 0; i + 1 < n; i++)
		text[i] = text[i] ? text[i] : ' ';
	ret->command = printable(pool, text, n > 0 ? strnlen(text, (size_t)n) : 0, 200);
	call = call_of(pool, pid);
	if (slurp(pid, "wchan", wchan, sizeof(wchan)) <= 0 || strcmp(wchan, "0") == 0)
		wchan[0] = '\0';
	if (call)
		ret->where = pool_format(pool, "%s in %s", state_word(s.state), call);
	else
		ret->where = pool_format(pool, "%s%s%s", state_word(s.state), *wchan ? " in the kernel's " : "", wchan);
	return true;
}
