// SPDX-License-Identifier: MIT
/*
 * The kernel finds a registration by its description and its number. The number is closed here, or another file's, and another thread may take it at any time; so the
 * description is put under that number in a copy of our descriptor table (base/apart.h): a child that shares our memory, and not the table, does that and EPOLL_CTL_DEL,
 * and is gone.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>

#include "base/apart.h"
#include "base/sys.h"
#include "guards/epoll/stale.h"

#include "base/poison.h"

struct job {
	int from, to, epfd;
};

/* In the child. */
static int take_out_there(void *arg)
{
	struct job *j = arg;
	long r = fdg_sys3(SYS_dup3, j->from, j->to, 0);

	if (r >= 0)
		r = fdg_sys4(SYS_epoll_ctl, j->epfd, EPOLL_CTL_DEL, j->to, 0);
	return r < 0 ? (int)-r : 0;
}

/* 0, the errno of what failed there, or a negative one: there was no child. */
static int take_out(int from, int to, int epfd)
{
	struct job j = { from, to, epfd };

	if (from == to) /* the number is what it was again */
		return (int)-fdg_sys4(SYS_epoll_ctl, epfd, EPOLL_CTL_DEL, to, 0);
	return fdg_apart(take_out_there, &j);
}

int fdg_stale_take(int pid, int fd)
{
	int process = (int)fdg_sys2(SYS_pidfd_open, pid, 0), copy;

	if (process < 0)
		return process;
	copy = (int)fdg_sys3(SYS_pidfd_getfd, process, fd, 0);
	fdg_sys_close(process);
	return copy;
}

bool fdg_stale_cure(const struct fdg_stale *s, const char **ret_why)
{
	int from = s->other, error;

	if (s->other < 0) {
		*ret_why = "who holds it was not found";
		return false;
	}
	if (s->other_pid && (from = fdg_stale_take(s->other_pid, s->other)) < 0) {
		*ret_why = from == -EPERM ? "the kernel does not let us take a descriptor of that process"
					  : "that process's descriptor is not to be had";
		return false;
	}
	error = take_out(from, s->fd, s->epfd);
	if (s->other_pid)
		fdg_sys_close(from);
	if (error)
		*ret_why = error < 0         ? "the kernel made no short-lived thread or process for it"
			   : error == ENOENT ? "the kernel has it under another number"
					     : "its old number cannot be taken";
	return !error;
}
