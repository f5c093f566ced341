// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tools/scan.h"

#define HOT 60 /* percent of a processor */

static bool read_of(const struct scan_process *p, int tid, const char *what, char *ret, size_t size)
{
	char name[48];
	int fd;
	ssize_t n;

	snprintf(name, sizeof(name), "task/%d/%s", tid, what);
	fd = openat(p->dir, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, ret, size - 1);
	if (n < 0) {
		int error = errno;

		close(fd);
		errno = error;
		return false;
	}
	close(fd);
	ret[n] = '\0';
	return true;
}

uint64_t scan_sleeps(const struct scan_process *p, int tid)
{
	char text[4096];
	uint64_t n = 0;

	return read_of(p, tid, "status", text, sizeof(text)) && scan_read_sleeps(text, &n) ? n : 0;
}

static void look_at_call(struct scan_process *p, struct scan_thread *t)
{
	char text[256];

	t->has_call = t->is_running = false;
	if (p->is_other_class || p->why_calls)
		return;
	if (read_of(p, t->tid, "syscall", text, sizeof(text))) {
		t->has_call = scan_read_call(text, &t->call);
		t->is_running = strncmp(text, "running", 7) == 0;
	} else if (errno == EPERM || errno == EACCES) {
		p->why_calls = errno;
	}
	if (t->is_running)
		t->sleeps = scan_sleeps(p, t->tid);
}

static void look_at(struct scan_process *p, struct scan_thread *t)
{
	char text[256];

	t->has_busy = read_of(p, t->tid, "schedstat", text, sizeof(text)) && scan_read_schedstat(text, &t->busy);
	t->at = scan_now();
	look_at_call(p, t);
}

static bool add(void *cookie, int tid)
{
	struct scan_process *p = cookie;
	struct scan_thread t = { .tid = tid };

	if (p->threads >= SCAN_THREADS_MAX) {
		p->is_cut = true;
		return false;
	}
	look_at(p, &t);
	p->thread = pool_grow(p->thread, p->threads, &p->thread_room, sizeof(t));
	p->thread[p->threads++] = t;
	return true;
}

void scan_threads_read(struct scan_process *p)
{
	scan_each_number(p->dir, "task", add, p);
}

static bool is_same_call(const struct scan_call *a, const struct scan_call *b)
{
	return a->nr == b->nr && a->arg[0] == b->arg[0] && a->arg[1] == b->arg[1] && a->sp == b->sp && a->pc == b->pc;
}

void scan_threads_again(struct scan_process *p)
{
	for (size_t i = 0; i < p->threads; i++) {
		struct scan_thread *t = &p->thread[i], was = *t;

		look_at(p, t);
		t->is_still = was.has_call && t->has_call && is_same_call(&was.call, &t->call) && t->busy - was.busy < 1000000;
		if (was.has_busy && t->has_busy && t->at > was.at)
			t->load = (unsigned)((t->busy - was.busy) * 100 / (t->at - was.at));
		/* What it waits for a processor is counted when it has got one. */
		t->is_hot = t->load >= HOT || (was.is_running && t->is_running && was.sleeps == t->sleeps);
	}
}

static bool is_one_of(long nr, const long *of)
{
	while (*of >= 0 && *of != nr)
		of++;
	return *of >= 0;
}

bool scan_is_restarted(const struct scan_call *c)
{
	static const long calls[] = { SYS_read, SYS_readv, SYS_recvfrom, SYS_recvmsg, SYS_accept, SYS_accept4, SYS_write, SYS_writev, SYS_sendto, SYS_sendmsg, -1 };

	return is_one_of(c->nr, calls);
}

bool scan_waits_on_fd(const struct scan_call *c)
{
	static const long calls[] = { SYS_connect, SYS_recvmmsg, SYS_sendmmsg, -1 };

	return scan_is_restarted(c) || is_one_of(c->nr, calls);
}

bool scan_waits_for_events(const struct scan_call *c)
{
	static const long calls[] = { SYS_epoll_pwait,
#ifdef SYS_epoll_wait
				      SYS_epoll_wait,
#endif
#ifdef SYS_epoll_pwait2
				      SYS_epoll_pwait2,
#endif
				      -1 };

	return is_one_of(c->nr, calls);
}
