// SPDX-License-Identifier: MIT
#include "supervise/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/sys.h"

#include "base/poison.h"

#define PAGE 4096

int fdg_listener_prepare(struct fdg_listener *l)
{
	struct seccomp_notif_sizes sizes;
	char *pages;
	long r = fdg_sys3(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes);

	if (r < 0)
		return (int)r;
	if (sizes.seccomp_notif > PAGE || sizes.seccomp_notif_resp > PAGE)
		return -E2BIG;
	pages = fdg_sys_mmap(2 * PAGE, true);
	if (!pages)
		return -ENOMEM;
	*l = (struct fdg_listener){ -1, (struct seccomp_notif *)pages, (struct seccomp_notif_resp *)(pages + PAGE), sizes.seccomp_notif, sizes.seccomp_notif_resp };
	return 0;
}

/* A signal can come between while the kernel waits for its lock: an answer that is not given is a thread that hangs. */
static long control(const struct fdg_listener *l, unsigned long request, void *argument)
{
	long r;

	do
		r = fdg_sys3(SYS_ioctl, l->fd, request, argument);
	while (r == -EINTR);
	return r;
}

int fdg_listener_take(const struct fdg_listener *l)
{
	memset(l->request, 0, l->request_size); /* the kernel insists */
	return (int)fdg_sys3(SYS_ioctl, l->fd, SECCOMP_IOCTL_NOTIF_RECV, l->request);
}

int fdg_listener_answer(const struct fdg_listener *l, const struct fdg_answer *a)
{
	long r;

	memset(l->response, 0, l->response_size);
	l->response->id = l->request->id;
	if (a->carry_on)
		l->response->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	else if (a->value < 0)
		l->response->error = (int)a->value;
	else
		l->response->val = a->value;
	r = control(l, SECCOMP_IOCTL_NOTIF_SEND, l->response);
	l->request->pid = 0;
	return (int)r;
}

int fdg_listener_replace(const struct fdg_listener *l, int ours, int theirs, unsigned flags)
{
	struct seccomp_notif_addfd a = {
		.id = l->request->id, .flags = SECCOMP_ADDFD_FLAG_SETFD, .srcfd = (uint32_t)ours, .newfd = (uint32_t)theirs, .newfd_flags = flags,
	};
	long r = control(l, SECCOMP_IOCTL_NOTIF_ADDFD, &a);

	return r == theirs ? 0 : r < 0 ? (int)r : -EIO;
}

bool fdg_listener_waits(const struct fdg_listener *l)
{
	return control(l, SECCOMP_IOCTL_NOTIF_ID_VALID, &l->request->id) == 0;
}

bool fdg_listener_is_over(const struct fdg_listener *l)
{
	struct pollfd p = { .fd = l->fd };

	return fdg_sys_poll(&p, 1, 0) == 1 && (p.revents & (POLLHUP | POLLERR | POLLNVAL));
}
