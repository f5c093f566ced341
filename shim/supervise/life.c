// SPDX-License-Identifier: MIT
#include "supervise/life.h"

#include <errno.h>
#include <linux/wait.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/epoll.h>

#include "base/fmt.h"
#include "base/sys.h"
#include "supervise/above.h"
#include "supervise/facts.h"
#include "supervise/guardian.h"
#include "supervise/hand_over.h"
#include "supervise/inherit.h"
#include "supervise/listeners.h"
#include "supervise/marks.h"
#include "supervise/notify.h"
#include "supervise/process.h"
#include "supervise/runs.h"
#include "supervise/tally.h"
#include "supervise/undo.h"
#include "supervise/voice.h"

#include "base/poison.h"

#define EVENTS 16
#define OURS FDG_PROCESS_KEPT /* the socket; the guardian's is the next */
#define GUARDIAN UINT64_C(0x100000000) /* no pid */
#define LISTENERS (GUARDIAN + 1)

struct life {
	struct fdg_listener *l;
	int epoll, guardian; /* epoll: of processes, ours and theirs */
};

/* Where none can be made there is none; we go on. */
static void make_guardian(struct life *s, int sock)
{
	struct epoll_event e = { .events = EPOLLIN, .data.u64 = GUARDIAN };

	s->guardian = fdg_guardian_start(s->l, s->epoll, sock);
	if (s->guardian >= 0)
		fdg_sys4(SYS_epoll_ctl, s->epoll, EPOLL_CTL_ADD, s->guardian, &e);
}

static void bury_guardian(struct life *s)
{
	int status;

	fdg_sys_close(s->guardian);
	while (fdg_sys4(SYS_wait4, -1, &status, __WALL, NULL) == -EINTR)
		continue;
}

/* Nobody is left to guard. Where orphans are not waited for, this leaves one of us less to be seen. */
static void end_guardian(struct life *s)
{
	if (s->guardian < 0)
		return;
	fdg_sys4(SYS_pidfd_send_signal, s->guardian, SIGKILL, NULL, 0);
	bury_guardian(s);
}

static void ended(int pid)
{
	struct fdg_process *p = fdg_facts_find(pid);

	if (!p)
		return;
	fdg_voice_ended(pid);
	fdg_listeners_ended(p);
	fdg_tally_end(p);
	fdg_marks_forget(p);
	fdg_undo_forget(p);
	fdg_runs_ended(p);
	fdg_facts_forget(p);
}

static void handle_end(struct life *s, uint64_t who)
{
	if (who == LISTENERS) {
		fdg_listeners_tick();
		return;
	}
	if (who != GUARDIAN) {
		ended((int)who);
		return;
	}
	bury_guardian(s);
	make_guardian(s, -1);
}

/* Before each call is looked at: a number that is used again means the new process from here on. */
static void look_for_ends(struct life *s)
{
	struct epoll_event e[EVENTS];
	long n;

	do {
		n = fdg_sys6(SYS_epoll_pwait, s->epoll, (long)e, EVENTS, 0, 0, 0);
		for (long i = 0; i < n; i++)
			handle_end(s, e[i].data.u64);
	} while (n == EVENTS);
}

static void live(struct life *s)
{
	int r;

	do {
		r = fdg_listener_take(s->l);
		look_for_ends(s);
		if (r == 0)
			fdg_notify_handle(s->l);
	} while (r == 0 || !fdg_listener_is_over(s->l));
}

static void set_title(int program)
{
	char title[64];
	struct fdg_buf b = FDG_BUF(title);

	fdg_fmt(&b, "fdguard: supervises %d", program);
	fdg_process_title(title);
}

static bool prepare(struct life *s, int program, int sock, int guardians_sock)
{
	fdg_process_hide();
	fdg_process_catch(SIGUSR1);
	set_title(program);
	fdg_sys1(SYS_chdir, "/");
	fdg_above_start(program);
	if (fdg_runs_start(program) < 0 || fdg_process_drop_files(sock, guardians_sock) < 0)
		return false;
	s->epoll = (int)fdg_sys1(SYS_epoll_create1, EPOLL_CLOEXEC);
	fdg_listeners_start(s->epoll, LISTENERS);
	return s->epoll >= 0 && fdg_facts_start(s->epoll) == 0 && fdg_inherit_start(program) == 0;
}

/* While it may be looked into: it will have the same user and be ours. */
static void lend(const struct fdg_process *p)
{
	if (p)
		fdg_voice_lend(p->pid, p->pidfd);
}

void fdg_life(struct fdg_listener *l, int program, int sock, int guardians_sock)
{
	struct life s = { .l = l, .guardian = -1 };

	if (!prepare(&s, program, sock, guardians_sock))
		fdg_process_exit(1);
	make_guardian(&s, OURS + 1);
	fdg_sys_close(OURS + 1);
	if (fdg_hand_say(OURS, fdg_sys_getpid()) < 0)
		fdg_process_exit(1);
	l->fd = fdg_hand_take(OURS);
	if (l->fd < 0)
		fdg_process_exit(1);
	lend(fdg_facts_of(program));
	fdg_hand_say(OURS, 0);
	fdg_sys_close(OURS);
	live(&s);
	end_guardian(&s);
	for (struct fdg_process *p = fdg_facts_next(NULL); p; p = fdg_facts_next(p))
		ended(p->pid);
	fdg_process_exit(0);
}
