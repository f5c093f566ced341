// SPDX-License-Identifier: MIT
/* Other processes: one that acts on what it inherited and is gone, one on borrowed memory, one that holds what it was left. */
#include "model.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t holder;

static void must(bool what)
{
	if (!what)
		abort();
}

static void await(pid_t child)
{
	int status;

	must(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void end_child(void)
{
	take_back(FIRST, NUMBERS - 1);
	for (struct registration *r = common->registration; r < common->registration + REGISTRATIONS; r++)
		if (r->owner == me)
			r->set = 0;
	_exit(0);
}

void step_fork(void)
{
	uint64_t seed = dice();
	int steps = 1 + (int)below(10), ordinal = ++common->children;
	pid_t child;

	if (me)
		return;
	say("child %d {\n", ordinal);
	child = fork();
	must(child >= 0);
	if (child == 0) {
		me = ordinal;
		dice_from(seed);
		while (steps-- > 0)
			step();
		if (unseen && in(300))
			besiege();
		end_child();
	}
	await(child);
	say("} child %d\n", ordinal);
	common->count[COUNT_CHILDREN]++;
}

static void borrowed_steps(void)
{
	int steps = 1 + (int)below(4);

	me = VFORKED;
	while (steps-- > 0) {
		struct registration *r = any_registration();

		if (in(400))
			step_close();
		else if (in(500))
			step_duplicate();
		else if (r && number_of(r->set) >= 0 && is_open(r->number))
			control(number_of(r->set), EPOLL_CTL_DEL, r->number, NULL);
	}
	_exit(0);
}

void step_vfork(void)
{
	static struct descriptor kept[NUMBERS];
	volatile int was = me;
	volatile pid_t child;

	if (me)
		return;
	memcpy(kept, numbers, sizeof(kept));
	say("vfork {\n");
	child = vfork();
	if (child == 0)
		borrowed_steps();
	me = was;
	memcpy(numbers, kept, sizeof(kept));
	must(child > 0);
	await(child);
	say("}\n");
	common->count[COUNT_VFORKED]++;
}

/* Who executes a program with a list in it may have it serve that: then epoll=fix takes nothing out. */
static void keep_lists(void)
{
	for (int n = FIRST; (tame || mended) && n < NUMBERS; n++)
		if (is_open(n) && numbers[n].kind == EPOLL)
			fcntl(n, F_SETFD, FD_CLOEXEC);
}

/* The pipe's end that exec closes: when that is gone, the child is another program, with all that has no close-on-exec mark. */
void step_hold(void)
{
	char byte;
	int gone[2];

	if (me || holder)
		return end_holder();
	if (pipe2(gone, O_CLOEXEC) < 0)
		return;
	say("holder\n");
	holder = fork();
	must(holder >= 0);
	if (holder == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		keep_lists();
		execl("/proc/self/exe", "epoll-model", "hold", (char *)NULL);
		_exit(127);
	}
	close(gone[1]);
	must(read(gone[0], &byte, 1) == 0);
	close(gone[0]);
	common->count[COUNT_HELD]++;
}

void end_holder(void)
{
	int status;

	if (me || !holder)
		return;
	say("holder ends\n");
	must(kill(holder, SIGKILL) == 0 && waitpid(holder, &status, 0) == holder && WIFSIGNALED(status));
	holder = 0;
}
