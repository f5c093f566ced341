// SPDX-License-Identifier: MIT
#include "tools/harness.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/processes.h"

#define TICK_MS 100
#define STUCK_MAX 64
#define KILL_ROUNDS 50

static const int watched[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

struct wait {
	struct harness *h;
	pid_t cmd;
	int signals;
	struct sigaction child, pipe, file_size; /* as CMD is to have them */
	bool cmd_ended, all_ended;
	int64_t deadline;  /* when to stop waiting; INT64_MAX: never */
	int64_t kill_at;   /* TERM was sent: when KILL follows; INT64_MAX: it was not */
	unsigned interrupts;
};

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Signals that check was told to ignore (nohup, a background job) stay ignored, by CMD as well. */
static bool prepare_signals(struct wait *w)
{
	struct sigaction ignored, standard = { .sa_handler = SIG_DFL }, ignore = { .sa_handler = SIG_IGN };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	for (size_t i = 0; i < sizeof(watched) / sizeof(watched[0]); i++)
		if (sigaction(watched[i], NULL, &ignored) == 0 && ignored.sa_handler != SIG_IGN)
			sigaddset(&set, watched[i]);
	sigaction(SIGCHLD, &standard, &w->child);
	sigaction(SIGPIPE, &ignore, &w->pipe);
	sigaction(SIGXFSZ, &ignore, &w->file_size);
	sigprocmask(SIG_BLOCK, &set, &w->h->before);
	w->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return w->signals >= 0;
}

static void become(const struct wait *w)
{
	const struct harness *h = w->h;
	const char *note = h->note ? h->note(h->cookie, getpid()) : NULL;

	if (note)
		setenv("FDGUARD_NOTE", note, 1);
	if (h->preload)
		setenv("LD_PRELOAD", h->preload, 1);
	else
		unsetenv("LD_PRELOAD");
	sigaction(SIGCHLD, &w->child, NULL);
	sigaction(SIGPIPE, &w->pipe, NULL);
	sigaction(SIGXFSZ, &w->file_size, NULL);
	sigprocmask(SIG_SETMASK, &w->h->before, NULL);
	execv(h->argv[0], (char *const *)h->argv);
	fprintf(stderr, "fdguard: %s: %s\n", h->argv[0], strerror(errno));
	_exit(errno == ENOENT ? 127 : 126);
}

static int shell_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* CMD has ended: for what it left behind, --max-time does not prolong the wait. */
static void stop_soon(struct wait *w)
{
	int64_t at = now_ms() + HARNESS_LINGER_MS;

	if (w->deadline > at || w->h->r->interrupted)
		w->deadline = at;
}

/* Our own child, and orphans that became ours. */
static void reap(struct wait *w)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != w->cmd)
			continue;
		w->h->r->cmd_status = shell_status(status);
		w->h->r->cmd_killed = WIFSIGNALED(status);
		w->cmd_ended = true;
		if (w->kill_at == INT64_MAX)
			stop_soon(w);
	}
	w->all_ended = pid < 0 && errno == ECHILD;
}

static void remember_stuck(struct run *r, bool ended)
{
	int64_t *pids;
	size_t n = processes_below(&pids);

	if (!r->stuck)
		r->stuck = pool_take(&r->pool, STUCK_MAX * sizeof(*r->stuck));
	for (size_t i = 0; i < n && r->stucks < STUCK_MAX; i++) {
		r->stuck[r->stucks].ended = ended;
		r->stucks += processes_describe(&r->pool, pids[i], &r->stuck[r->stucks]);
	}
	free(pids);
}

/* TERM to all; a stopped one gets it when it goes on. */
static void end_tree(struct wait *w)
{
	if (w->kill_at != INT64_MAX)
		return;
	remember_stuck(w->h->r, true);
	processes_signal(SIGTERM);
	processes_signal(SIGCONT);
	w->kill_at = now_ms() + HARNESS_GRACE_MS;
	w->deadline = INT64_MAX;
}

/* Those that another user runs may be out of our reach. */
static void mark_survivors(struct run *r)
{
	int64_t *pids;
	size_t n = processes_below(&pids);

	for (size_t i = 0; i < r->stucks; i++)
		for (size_t k = 0; k < n; k++)
			if (r->stuck[i].pid == pids[k])
				r->stuck[i].ended = false;
	free(pids);
}

/* Until none is left: some fork faster than we look. */
static void kill_tree(struct wait *w)
{
	for (int i = 0; i < KILL_ROUNDS && !w->all_ended; i++) {
		if (processes_signal(SIGKILL) == 0 && i > 0)
			poll(NULL, 0, 10);
		poll(NULL, 0, 10);
		reap(w);
	}
	if (!w->all_ended)
		mark_survivors(w->h->r);
	w->all_ended = true;
}

/* From the terminal, the whole process group has it already. */
static void interrupted(struct wait *w, const struct signalfd_siginfo *s)
{
	int signal = (int)s->ssi_signo;
	struct run *r = w->h->r;

	if (!r->interrupted)
		r->interrupted = signal;
	if (signal == SIGQUIT || (signal == SIGINT && w->interrupts++ == 0)) {
		if (s->ssi_code != SI_KERNEL)
			processes_signal(signal);
	} else {
		end_tree(w);
	}
}

static void read_signals(struct wait *w)
{
	struct signalfd_siginfo s;

	while (read(w->signals, &s, sizeof(s)) == sizeof(s))
		if (s.ssi_signo != SIGCHLD)
			interrupted(w, &s);
	reap(w);
}

static void time_is_up(struct wait *w)
{
	struct run *r = w->h->r;

	if (w->cmd_ended && !r->interrupted) {
		remember_stuck(r, false); /* a daemon: leave it alone */
		w->all_ended = true;
		return;
	}
	r->timed_out = !r->interrupted;
	end_tree(w);
}

static void wait_for_all(struct wait *w)
{
	struct pollfd p = { .fd = w->signals, .events = POLLIN };

	while (!w->all_ended) {
		poll(&p, 1, TICK_MS);
		read_signals(w);
		w->h->tick(w->h->cookie);
		if (!w->all_ended && now_ms() >= w->kill_at)
			kill_tree(w);
		else if (!w->all_ended && now_ms() >= w->deadline)
			time_is_up(w);
	}
}

bool harness_run(struct harness *h)
{
	struct wait w = { .h = h, .deadline = INT64_MAX, .kill_at = INT64_MAX };
	int64_t began = now_ms();

	if (!prepare_signals(&w) || prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0) {
		fprintf(stderr, "fdguard: cannot watch over processes: %s\n", strerror(errno));
		return false;
	}
	if (h->r->max_time_ms)
		w.deadline = began + h->r->max_time_ms;
	fflush(NULL);
	w.cmd = fork();
	if (w.cmd == 0)
		become(&w);
	if (w.cmd < 0) {
		fprintf(stderr, "fdguard: cannot start a process: %s\n", strerror(errno));
		return false;
	}
	h->started(h->cookie, w.cmd);
	wait_for_all(&w);
	h->tick(h->cookie);
	h->r->lasted_ms = now_ms() - began;
	close(w.signals);
	return true;
}

static void (*leave_before_death)(void);

static void die(int signal)
{
	leave_before_death();
	sigaction(signal, &(struct sigaction){ .sa_handler = SIG_DFL }, NULL);
	raise(signal);
}

void harness_release(const struct harness *h, void (*leave)(void))
{
	struct sigaction now, then = { .sa_handler = die };
	sigset_t meant_for_cmd;

	leave_before_death = leave;
	sigfillset(&then.sa_mask);
	sigemptyset(&meant_for_cmd);
	for (size_t i = 0; i < sizeof(watched) / sizeof(watched[0]); i++) {
		sigaddset(&meant_for_cmd, watched[i]);
		if (sigaction(watched[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
			sigaction(watched[i], &then, NULL);
	}
	/* Who presses Ctrl-C twice wants the summary all the same. */
	while (sigtimedwait(&meant_for_cmd, NULL, &(struct timespec){ 0, 0 }) > 0)
		;
	sigprocmask(SIG_SETMASK, &h->before, NULL);
}
