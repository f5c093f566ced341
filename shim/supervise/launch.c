// SPDX-License-Identifier: MIT
#include "supervise/launch.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "base/fmt.h"
#include "base/judged.h"
#include "base/sys.h"
#include "supervise/filter.h"
#include "supervise/hand_over.h"
#include "supervise/life.h"
#include "supervise/notify.h"
#include "supervise/process.h"

#include "base/poison.h"

static bool is_covered(void)
{
	long r = fdg_sys2(SYS_prctl, PR_GET_SECCOMP, FDG_PROBE);

	return r > 0 && (r & FDG_PROBE_SUPERVISED);
}

static long set_filter(const struct sock_fprog *program, unsigned flags)
{
	return fdg_sys3(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, program);
}

/* With what of the flags this kernel knows: the newest first. */
static long set_filter_as_known(const struct sock_fprog *program)
{
	static const unsigned flags[] = { SECCOMP_FILTER_FLAG_SPEC_ALLOW | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, SECCOMP_FILTER_FLAG_SPEC_ALLOW, 0 };
	long r = -EINVAL;

	for (size_t i = 0; r == -EINVAL && i < sizeof(flags) / sizeof(flags[0]); i++)
		r = set_filter(program, flags[i] | SECCOMP_FILTER_FLAG_NEW_LISTENER);
	return r;
}

/* The listener. Programs that gain privilege stop doing so only where we have none ourselves. */
static long install(unsigned guards, bool free)
{
	struct sock_filter code[FDG_FILTER_MAX];
	struct sock_fprog program = { .filter = code, .len = (unsigned short)fdg_filter_make(code, guards) };
	long r = set_filter_as_known(&program);

	if (r != -EACCES || free)
		return r;
	r = fdg_sys5(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return r < 0 ? r : set_filter_as_known(&program);
}

/* Else its numbers of processes are of another namespace than those that we are told. */
static bool has_own_proc(void)
{
	char self[32], link[32];
	struct fdg_buf b = FDG_BUF(self);
	long n = fdg_sys_readlink("/proc/self", link, sizeof(link));

	fdg_put_i64(&b, fdg_sys_getpid());
	return n == (long)b.len && memcmp(link, self, b.len) == 0;
}

static bool has_pidfds(void)
{
	long fd = fdg_sys2(SYS_pidfd_open, fdg_sys_getpid(), 0);

	if (fd >= 0)
		fdg_sys_close((int)fd);
	return fd >= 0;
}

static const char *reason(long r)
{
	switch (-r) {
	case EBUSY:
		return "is under a seccomp filter that another program answers for, and there can be only one of those";
	case EPERM:
	case EACCES:
		return "may not have a seccomp filter here (a container's rules, or a filter that is there already)";
	case ENOSYS:
	case EINVAL:
		return "needs seccomp notifications, which this kernel does not have (Linux 5.5)";
	default:
		return "could not be put under supervision: the supervisor was killed at once, or the system has no process, memory or descriptor left";
	}
}

/* The guardian has it first: from then on there is somebody to answer, whoever is killed. */
static long hand_over(struct fdg_listener *l, unsigned guards, bool free, int supervisor, int guardian)
{
	long r = fdg_hand_hear(supervisor);

	if (r < 0)
		return r;
	fdg_sys5(SYS_prctl, PR_SET_PTRACER, r, 0, 0, 0); /* it is no ancestor, which Yama may want it to be; where there is no Yama this fails */
	r = install(guards, free);
	if (r < 0)
		return r;
	l->fd = (int)r;
	if (fdg_hand_give(guardian, l->fd) == 0)
		fdg_hand_hear(guardian);
	r = fdg_hand_give(supervisor, l->fd);
	if (r == 0)
		r = fdg_hand_hear(supervisor);
	fdg_sys_close(l->fd);
	return r;
}

/* In the supervisor, which has the other ends. */
static noreturn void supervise(struct fdg_listener *l, int program, const int pair[4])
{
	fdg_sys_close(pair[0]);
	fdg_sys_close(pair[2]);
	fdg_life(l, program, pair[1], pair[3]);
}

static long start(struct fdg_listener *l, unsigned guards, bool free)
{
	int pair[4] = { -1, -1, -1, -1 }, program = fdg_sys_getpid();
	long r = fdg_sys4(SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair);

	if (r == 0)
		r = fdg_sys4(SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair + 2);
	if (r == 0) {
		r = fdg_process_fork_apart();
		if (r == 0)
			supervise(l, program, pair);
	}
	for (int i = 1; i < 4; i += 2)
		if (pair[i] >= 0)
			fdg_sys_close(pair[i]);
	if (r > 0)
		r = hand_over(l, guards, free, pair[0], pair[2]);
	for (int i = 0; i < 4; i += 2)
		if (pair[i] >= 0)
			fdg_sys_close(pair[i]);
	return r;
}

enum fdg_launch fdg_launch(unsigned guards, bool free, const char **ret_why)
{
	struct fdg_listener l;
	long r;

	if (is_covered())
		return FDG_LAUNCH_COVERED;
	if (!has_pidfds()) {
		*ret_why = "needs pidfd_open, which this kernel does not have (Linux 5.3), or a container's rules refuse";
		return FDG_LAUNCH_NOT;
	}
	if (!has_own_proc()) {
		*ret_why = "runs where /proc is not mounted, or is that of another namespace of processes";
		return FDG_LAUNCH_NOT;
	}
	r = fdg_listener_prepare(&l);
	if (r == 0)
		r = start(&l, guards, free);
	if (r == 0)
		return FDG_LAUNCH_SUPERVISED;
	*ret_why = reason(r);
	return FDG_LAUNCH_NOT;
}
