// SPDX-License-Identifier: MIT
#include "supervise/guardian.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/time.h>

#include "base/sys.h"
#include "supervise/hand_over.h"
#include "supervise/process.h"

#include "base/poison.h"

#define KNOCK_MS 10

/* Kernels before 6.11 do not wake who waits for a call when the last user has ended. */
static void wake_every_second(void)
{
	struct itimerval second = { { 1, 0 }, { 1, 0 } };

	fdg_process_catch(SIGALRM);
	fdg_sys3(SYS_setitimer, ITIMER_REAL, &second, NULL);
}

static void serve(const struct fdg_listener *l)
{
	static const struct fdg_answer pass = { .carry_on = true };

	if (l->request->pid)
		fdg_listener_answer(l, &pass);
	wake_every_second();
	for (;;) {
		if (fdg_listener_take(l) == 0)
			fdg_listener_answer(l, &pass);
		else if (fdg_listener_is_over(l))
			return;
	}
}

/* Wakes the supervisor, which waits for a call. It may be on its way to: again, until nothing is left to be told. */
static void knock(int supervisor)
{
	fdg_sys4(SYS_pidfd_send_signal, supervisor, SIGUSR1, NULL, 0);
}

enum { SUPERVISOR, LISTENER, ENDS, WATCHED };

static void guard(const struct fdg_listener *l, int supervisor, int ends)
{
	struct pollfd p[WATCHED] = { { .fd = supervisor, .events = POLLIN }, { .fd = l->fd }, { .fd = ends, .events = POLLIN } };
	bool is_told = false;

	for (;;) {
		/* What was told of a moment ago is looked at again after a pause. */
		if (fdg_sys_poll(p, is_told ? 1 : WATCHED, is_told ? KNOCK_MS : -1) < 0)
			continue;
		if (p[SUPERVISOR].revents) {
			serve(l);
			return;
		}
		is_told = !is_told && (p[LISTENER].revents || p[ENDS].revents);
		if (is_told)
			knock(supervisor);
	}
}

/* In the guardian. The program says nothing if it could not have its filter. */
static void be_guardian(const struct fdg_listener *l, int supervisor, int ends, int sock)
{
	struct fdg_listener own = *l;

	fdg_process_title("fdguard: stands in for the supervisor");
	if (sock >= 0) {
		fdg_sys_close(FDG_PROCESS_KEPT); /* the supervisor's: whoever is at its other end is to see that it died */
		own.fd = fdg_hand_take(sock);
		fdg_hand_say(sock, 0);
		fdg_sys_close(sock);
	}
	if (own.fd >= 0)
		guard(&own, supervisor, ends);
}

int fdg_guardian_start(const struct fdg_listener *l, int ends, int sock)
{
	int supervisor = (int)fdg_sys2(SYS_pidfd_open, fdg_sys_getpid(), 0), child, pidfd;

	if (supervisor < 0)
		return supervisor;
	child = fdg_process_fork();
	if (child == 0) {
		be_guardian(l, supervisor, ends, sock);
		fdg_process_exit(0);
	}
	fdg_sys_close(supervisor);
	if (child < 0)
		return child;
	pidfd = (int)fdg_sys2(SYS_pidfd_open, child, 0);
	return pidfd;
}
