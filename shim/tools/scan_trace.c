// SPDX-License-Identifier: MIT
/*
 * By ptrace, in a child of ours: if that ends in whatever way, the kernel lets the threads that it traces go on. Nobody is sent a signal.
 *
 * A thread that sleeps in epoll_wait would see EINTR: only threads that do not sleep are traced.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/scan.h"

#define PATIENCE_MS 20 /* for a stop, before anything else is asked */
#define COMPUTES_MS 50 /* without a call */
#define LONGEST_MS 2000
#define CHILD_S 10
#define POLLED_MAX 256

struct shared {
	int error;
	size_t restarted;
	struct scan_trace trace;
};

/* R, S, D …; and the nanoseconds that it ran. */
static char state_of(int tid, uint64_t *ret_ran)
{
	char path[48], text[512];
	size_t n;
	char *stat, *schedstat, r = '?';

	snprintf(path, sizeof(path), "/proc/%d/stat", tid);
	stat = scan_read_file(AT_FDCWD, path, sizeof(text), &n);
	snprintf(path, sizeof(path), "/proc/%d/schedstat", tid);
	schedstat = scan_read_file(AT_FDCWD, path, sizeof(text), &n);
	*ret_ran = schedstat ? strtoull(schedstat, NULL, 10) : 0;
	if (stat && strrchr(stat, ')') && strlen(strrchr(stat, ')')) > 2)
		r = strrchr(stat, ')')[2];
	free(stat);
	free(schedstat);
	return r;
}

/* Nothing will come of waiting for it: it sleeps, or computes. On a machine with much else to do it may have had no processor yet. */
static bool is_in_vain(int tid, uint64_t began, uint64_t ran)
{
	uint64_t now = scan_now(), has_run;

	if (now < began + PATIENCE_MS * 1000000u)
		return false;
	return !strchr("RtT", state_of(tid, &has_run)) || has_run > ran + COMPUTES_MS * 1000000u || now > began + LONGEST_MS * 1000000u;
}

/* Waits until the thread stops; false: it does not, or has ended. */
static bool stops(int tid, int *ret_status)
{
	struct timespec pause = { 0, 20000 };
	uint64_t began = scan_now(), ran;
	int r;

	state_of(tid, &ran);
	while ((r = waitpid(tid, ret_status, __WALL | WNOHANG)) == 0 && !is_in_vain(tid, began, ran)) {
		nanosleep(&pause, NULL);
		pause.tv_nsec += pause.tv_nsec < 1000000 ? pause.tv_nsec / 2 : 0;
	}
	return r == tid && WIFSTOPPED(*ret_status);
}

static bool seize(int tid, long options, int *ret_status)
{
	if (ptrace(PTRACE_SEIZE, tid, NULL, options) < 0)
		return false;
	if (ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) == 0 && stops(tid, ret_status))
		return true;
	errno = ETIMEDOUT;
	return false;
}

/* ---- what it was told ---- */

static bool peek(int tid, uint64_t from, void *to, size_t n)
{
	struct iovec here = { to, n }, there = { (void *)(uintptr_t)from, n };

	return process_vm_readv(tid, &here, 1, &there, 1, 0) == (ssize_t)n;
}

static void add_event(struct scan_traced *c, uint32_t events, uint64_t data)
{
	if (c->events == SCAN_TRACE_EVENTS) {
		c->more++;
		return;
	}
	c->event[c->events].events = events;
	c->event[c->events++].data = data;
}

static void read_epoll(int tid, struct scan_traced *c)
{
	struct epoll_event e;

	for (long i = 0; i < c->ret && i < SCAN_TRACE_EVENTS; i++)
		if (peek(tid, c->arg[1] + (uint64_t)i * sizeof(e), &e, sizeof(e)))
			add_event(c, e.events, e.data.u64);
	c->more += c->ret > SCAN_TRACE_EVENTS;
}

static void read_poll(int tid, struct scan_traced *c)
{
	struct pollfd polled[POLLED_MAX];

	if (c->arg[1] > POLLED_MAX || !peek(tid, c->arg[0], polled, c->arg[1] * sizeof(*polled)))
		return;
	for (uint64_t i = 0; i < c->arg[1]; i++)
		if (polled[i].revents)
			add_event(c, (uint32_t)(uint16_t)polled[i].revents, (uint64_t)(unsigned)polled[i].fd);
}

static bool is_poll(long nr)
{
#ifdef SYS_poll
	if (nr == SYS_poll)
		return true;
#endif
	return nr == SYS_ppoll;
}

static void read_told(int tid, struct scan_traced *c)
{
	const struct scan_call call = { .nr = c->nr };

	if (c->ret <= 0)
		return;
	if (scan_waits_for_events(&call))
		read_epoll(tid, c);
	else if (is_poll(c->nr))
		read_poll(tid, c);
}

/* ---- the calls ---- */

/* At a stop at a call: true if it ended one that was seen from its beginning. */
static bool take_stop(int tid, struct scan_traced *c, bool *is_inside)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, tid, sizeof(info), &info) <= 0)
		return false;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
		*c = (struct scan_traced){ .nr = (long)info.entry.nr };
		memcpy(c->arg, info.entry.args, sizeof(c->arg));
		*is_inside = true;
	} else if (info.op == PTRACE_SYSCALL_INFO_EXIT && *is_inside) {
		c->ret = (long)info.exit.rval;
		*is_inside = false;
		read_told(tid, c);
		return true;
	}
	return false;
}

static void trace(int tid, struct shared *s)
{
	struct scan_trace *t = &s->trace;
	bool is_inside = false;
	int status = 0, sig;

	if (!seize(tid, PTRACE_O_TRACESYSGOOD, &status)) {
		s->error = errno;
		return;
	}
	while (t->calls < SCAN_TRACE_CALLS) {
		sig = WSTOPSIG(status) == (SIGTRAP | 0x80) || status >> 16 ? 0 : WSTOPSIG(status);
		if (ptrace(PTRACE_SYSCALL, tid, NULL, (long)sig) < 0 || !stops(tid, &status))
			return;
		if (WSTOPSIG(status) == (SIGTRAP | 0x80) && take_stop(tid, &t->call[t->calls], &is_inside))
			t->calls++;
		else if (status >> 16 == PTRACE_EVENT_STOP && WSTOPSIG(status) != SIGTRAP)
			break; /* somebody stops the process */
	}
	ptrace(PTRACE_DETACH, tid, NULL, NULL);
}

static void restart(const int *tid, size_t n, struct shared *s)
{
	int status;

	for (size_t i = 0; i < n; i++) {
		if (!seize(tid[i], 0, &status)) {
			s->error = errno;
			continue;
		}
		ptrace(PTRACE_DETACH, tid[i], NULL, NULL);
		s->restarted++;
	}
}

/* ---- the child ---- */

static struct shared *share(void)
{
	void *p = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static bool in_child(struct shared *s, const int *tid, size_t n, bool is_trace)
{
	pid_t child, parent = getpid();

	fflush(NULL);
	child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		alarm(CHILD_S);
		if (is_trace)
			trace(tid[0], s);
		else
			restart(tid, n, s);
		_exit(0);
	}
	if (child < 0)
		return false;
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		continue;
	return true;
}

bool scan_trace(const struct scan_process *p, int tid, struct scan_trace *ret)
{
	struct shared *s = share();
	bool r;

	*ret = (struct scan_trace){ .calls = 0 };
	if (!s)
		return false;
	if (p->status.tracer) { /* a debugger has it */
		s->error = EPERM;
		r = false;
	} else {
		r = in_child(s, &tid, 1, true) && !s->error;
		*ret = s->trace;
	}
	errno = s->error;
	munmap(s, sizeof(*s));
	return r;
}

size_t scan_restart(const int *tid, size_t n)
{
	struct shared *s = share();
	size_t r;

	if (!s)
		return 0;
	in_child(s, tid, n, false);
	r = s->restarted;
	munmap(s, sizeof(*s));
	return r;
}
