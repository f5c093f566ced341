// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/fmt.h"
#include "tools/scan.h"

#define PROCESSES_MAX (1u << 17)

/* The first look at the threads of a process. */
struct scan_first {
	int pid;
	uint64_t start;
	struct scan_thread *thread;
	size_t threads;
};

const struct scan_holders *scan_holders_of(struct scan *s)
{
	if (!s->has_holders)
		scan_holders_read(&s->holders, s->p);
	s->has_holders = true;
	return &s->holders;
}

/* Those of its network namespace, read once a round. */
static struct scan_sockets *sockets_of(struct scan *s)
{
	struct scan_sockets *n;

	for (size_t i = 0; i < s->namespace_count; i++)
		if (s->namespaces[i].net == s->p->net)
			return &s->namespaces[i];
	s->namespaces = pool_grow(s->namespaces, s->namespace_count, &s->namespace_room, sizeof(*s->namespaces));
	n = &s->namespaces[s->namespace_count++];
	*n = (struct scan_sockets){ .net = 0 };
	scan_sockets_read(n, s->p);
	return n;
}

static void join(struct scan *s)
{
	if (!s->p->kinds[SCAN_SOCKET])
		return;
	s->sockets = sockets_of(s);
	for (size_t i = 0; i < s->p->fds; i++)
		if (s->p->fd[i].kind == SCAN_SOCKET)
			s->p->fd[i].tcp = scan_socket_find(s->sockets, s->p->fd[i].ino);
}

static void wait_until(uint64_t then)
{
	uint64_t now = scan_now();
	struct timespec t;

	if (now >= then)
		return;
	t = (struct timespec){ (time_t)((then - now) / 1000000000u), (long)((then - now) % 1000000000u) };
	nanosleep(&t, NULL);
}

static const char *advice_on(int error)
{
	return error == EPERM || error == EACCES ? "the same user, root or CAP_SYS_PTRACE may; kernel.yama.ptrace_scope=1 and seccomp filters of containers restrict it further" : "this kernel has not the call";
}

static void say_unseen(struct scan *s)
{
	struct scan_process *p = s->p;

	s->partly += p->why_calls || p->why_fetch || p->why_trace;
	if (s->o->all)
		return;
	if (p->is_cut)
		scan_problem(s->out, "%s (pid %d): it has more descriptors or threads than scan looks at", p->name, p->pid);
	if (p->why_calls && (p->interests || p->threads > 1))
		scan_problem(s->out, "%s (pid %d): which calls its threads wait in cannot be seen (/proc/%d/task/TID/syscall: %s), so neither threads stuck on a socket nor loops: %s", p->name, p->pid, p->pid,
			     strerror(p->why_calls), advice_on(p->why_calls));
	if (p->status.tracer)
		scan_problem(s->out, "%s (pid %d): a debugger has it (process %d), so loops that turn cannot be seen", p->name, p->pid, p->status.tracer);
	else if (p->why_trace)
		scan_problem(s->out, "%s (pid %d): it has a thread that does not sleep, and what that does cannot be seen (ptrace: %s): %s", p->name, p->pid, strerror(p->why_trace),
			     advice_on(p->why_trace));
	if (p->why_fetch)
		scan_problem(s->out, "%s (pid %d): its descriptors cannot be fetched (pidfd_getfd: %s), so nothing of them can be cured or looked into: %s", p->name, p->pid, strerror(p->why_fetch),
			     advice_on(p->why_fetch));
}

/* Each of them looks at what was read, and says what it finds. */
static void judge(struct scan *s)
{
	scan_closewait(s);
	scan_blocking(s);
	scan_spins(s);
	scan_stale(s);
	scan_select(s);
	scan_cloexec(s);
	scan_listeners(s);
	scan_grows(s);
}

static void put_number(struct fdg_buf *b, uint64_t n, const char *what, const char *then)
{
	fdg_put_count(b, n);
	fdg_fmt(b, " %s%s%s", what, n == 1 ? "" : "s", then);
}

static void summarise(struct scan *s, uint64_t found, uint64_t cured, uint64_t began)
{
	const struct scan_process *p = s->p;
	char text[512];
	struct fdg_buf b = FDG_BUF(text);

	found = s->out->found - found;
	cured = s->out->cured - cured;
	if (s->o->all || p->why_fds || (s->is_again && !found))
		return;
	fdg_fmt(&b, "%s (pid %d): ", p->name, p->pid);
	put_number(&b, p->fds, "descriptor", " (");
	put_number(&b, p->kinds[SCAN_SOCKET], "socket", ", ");
	put_number(&b, p->kinds[SCAN_EPOLL], "epoll", " with ");
	put_number(&b, p->interests, "registration", ") and ");
	put_number(&b, p->threads, "thread", " looked at in ");
	fdg_put_time(&b, (scan_now() - began) / 1000000);
	fdg_put(&b, found ? ": " : ": nothing found");
	if (found)
		fdg_fmt(&b, "%lu found, %lu cured", (unsigned long)found, (unsigned long)cured);
	fdg_put(&b, p->is_gone ? "; it ended meanwhile" : "");
	scan_note(s->out, "%s", text);
}

/* Of others' processes there is nothing to see; --all passes over them. */
static bool refused(struct scan *s)
{
	if (!s->p->why_fds)
		return false;
	s->refused++;
	if (!s->o->all)
		scan_problem(s->out, "%s (pid %d): its descriptors cannot be seen (/proc/%d/fd: %s): it is user %u's; scan it as that user or as root", s->p->name, s->p->pid, s->p->pid, strerror(s->p->why_fds),
			     s->p->status.uid);
	return true;
}

/* Of all processes the threads were looked at first. */
static void look_at_threads(struct scan *s, const struct scan_first *first, uint64_t began)
{
	struct scan_process *p = s->p;

	if (first && first->start == p->start) {
		p->thread = first->thread;
		p->threads = first->threads;
	} else if (!s->o->all) {
		scan_threads_read(p);
	}
	join(s);
	if (!s->o->all)
		wait_until(began + SCAN_WINDOW_MS * 1000000u);
	scan_threads_again(p);
}

static void look(struct scan *s, const struct scan_first *first)
{
	struct scan_process *p = s->p;
	uint64_t began = scan_now(), found = s->out->found, cured = s->out->cured;

	scan_process_read(p);
	if (refused(s))
		return;
	s->looked++;
	s->fds += p->fds;
	look_at_threads(s, first, began);
	judge(s);
	p->is_gone = syscall(SYS_pidfd_send_signal, p->pidfd, 0, NULL, 0) < 0 && errno == ESRCH;
	say_unseen(s);
	summarise(s, found, cured, began);
}

/* One that ended between two rounds, or was in a list, is no news. */
static void say_missing(struct scan *s, const struct scan_process *p)
{
	if (s->o->all)
		return;
	if (p->status.pid > 0)
		scan_problem(s->out, "%d is a thread of process %d", p->pid, p->status.pid);
	else if (s->is_again)
		return;
	else if (kill(p->pid, 0) == 0 || errno == EPERM)
		scan_problem(s->out, "process %d is there, but cannot be seen: /proc does not show it (mounted with hidepid, or of another namespace of processes); scan it as its user or as root", p->pid);
	else
		scan_problem(s->out, "there is no process %d", p->pid);
}

static bool look_by(struct scan *s, int pid, struct scan_first *first)
{
	struct scan_process p;

	if (!scan_process_open(&p, pid)) {
		say_missing(s, &p);
		return false;
	}
	s->p = &p;
	s->sockets = NULL;
	s->has_holders = false;
	look(s, first);
	if (first && p.thread == first->thread)
		first->thread = NULL;
	scan_holders_free(&s->holders);
	pool_empty(&s->pool);
	scan_process_close(&p);
	s->p = NULL;
	return true;
}

bool scan_one(struct scan *s, int pid)
{
	return look_by(s, pid, NULL);
}

/* ---- all ---- */

struct list {
	struct scan_first *first;
	size_t count, room;
};

static bool add(void *cookie, int pid)
{
	struct list *l = cookie;
	struct scan_process p;

	if (pid == getpid() || l->count >= PROCESSES_MAX || !scan_process_open(&p, pid))
		return l->count < PROCESSES_MAX;
	scan_threads_read(&p);
	l->first = pool_grow(l->first, l->count, &l->room, sizeof(*l->first));
	l->first[l->count++] = (struct scan_first){ pid, p.start, p.thread, p.threads };
	p.thread = NULL;
	scan_process_close(&p);
	return true;
}

bool scan_all(struct scan *s)
{
	struct list l = { .first = NULL };
	uint64_t began = scan_now();
	bool r = scan_each_number(AT_FDCWD, "/proc", add, &l);

	s->looked = s->fds = s->refused = s->partly = 0;
	wait_until(began + SCAN_WINDOW_MS * 1000000u);
	for (size_t i = 0; i < l.count; i++) {
		look_by(s, l.first[i].pid, &l.first[i]); /* those that ended meanwhile are none */
		free(l.first[i].thread);
	}
	free(l.first);
	return r;
}

void scan_round_ends(struct scan *s)
{
	for (size_t i = 0; i < s->namespace_count; i++)
		scan_sockets_free(&s->namespaces[i]);
	s->namespace_count = 0;
}

void scan_free(struct scan *s)
{
	scan_round_ends(s);
	pool_free(&s->pool);
	free(s->namespaces);
	free(s->growth);
	free(s->out->said);
}
