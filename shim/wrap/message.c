// SPDX-License-Identifier: MIT
/* Descriptors that arrive and leave by SCM_RIGHTS. */
#include "wrap/wrap.h"

#include <string.h>

#include "guards/closewait/connections.h"
#include "guards/closewait/hush.h"
#include "guards/closewait/sweep.h"
#include "guards/epoll/stale.h"
#include "guards/nonblock/marks.h"
#include "guards/nonblock/nonblock.h"
#include "guards/passed.h"
#include "wrap/blocking.h"

/*
 * What kinds will come is not known before they are here, so the kernel is asked to mark them all (MSG_CMSG_CLOEXEC), and those of a kind that is not to
 * be forced are unmarked. The other order would leave a window in which a fork in another thread passes them on.
 */
bool fdg_message_forces(int flags)
{
	return !(flags & MSG_CMSG_CLOEXEC) &&
	       fdg_cloexec_forces(FDG_KIND_SOCKET_BIT | FDG_KIND_FILE_BIT | FDG_KIND_PIPE_BIT | FDG_KIND_EPOLL_BIT);
}

static void arrived(int fd, bool forced, bool cloexec, const void *site)
{
	fdg_kindword kind = FDG_KINDWORD(UNKNOWN);

	fdg_kind_ask(fd, &kind);
	if (forced && !fdg_cloexec_forces(fdg_kind_bit(fdg_kindword_kind(kind)))) {
		fdg_sys_fcntl(fd, F_SETFD, 0);
		forced = false;
	}
	fdg_arrived(fd, kind, forced, cloexec, site);
}

static int *fd_at(struct cmsghdr *c, size_t i)
{
	bool rights = c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS;

	return rights && (i + 1) * sizeof(int) <= c->cmsg_len - CMSG_LEN(0) ? (int *)(void *)CMSG_DATA(c) + i : NULL;
}

void fdg_message_arrived(struct msghdr *m, bool forced, bool cloexec, const void *site)
{
	if (forced)
		m->msg_flags &= ~MSG_CMSG_CLOEXEC; /* the kernel echoes it; the program did not ask */
	if (!m->msg_control || !m->msg_controllen)
		return;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
		for (size_t i = 0; fd_at(c, i); i++) {
			int fd;

			memcpy(&fd, fd_at(c, i), sizeof(fd));
			arrived(fd, forced, cloexec, site);
		}
}

/*
 * What is sent blocks for its receiver if the program was told so. Before the call, and so of memory that the kernel has not looked at: what cannot be read is the
 * kernel's to refuse. Control data beyond the room here is seen after the call.
 */
enum { CONTROL_MAX = 2048, MESSAGES_MAX = 1024 }; /* the kernel takes no more at once */

static bool fits(const struct msghdr *m, const struct cmsghdr *c)
{
	size_t at = (size_t)((const char *)c - (const char *)m->msg_control);

	return c->cmsg_len >= CMSG_LEN(0) && c->cmsg_len <= m->msg_controllen - at;
}

static void give_up_each(struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c && fits(m, c); c = CMSG_NXTHDR(m, c))
		for (size_t i = 0; fd_at(c, i); i++) {
			int fd;

			memcpy(&fd, fd_at(c, i), sizeof(fd));
			fdg_nonblock_give_up(fd);
		}
}

__attribute__((noinline)) void fdg_message_leaves(const struct msghdr *m)
{
	_Alignas(struct cmsghdr) char control[CONTROL_MAX];
	struct msghdr copy;

	if (fdg_out() || !fdg_sys_peek(m, &copy, sizeof(copy)) || !copy.msg_control || !copy.msg_controllen)
		return;
	if (copy.msg_controllen > sizeof(control) || !fdg_sys_peek(copy.msg_control, control, copy.msg_controllen))
		return;
	copy.msg_control = control;
	give_up_each(&copy);
}

/* What was sent may come back under another number, and is another program's as well. */
static void left(int fd)
{
	fdg_nonblock_give_up(fd);
	if (!fdg_ledger_state(fd) || fdg_foreign_memory())
		return;
	fdg_ledger_flag(fd, FDG_SHARED | FDG_PASSED, 0);
	if (fdg_kindword_kind(fdg_ledger_state(fd) & FDG_KIND_MASK) == FDG_KIND_EPOLL)
		atomic_store_explicit(&fdg_stale_epoll_passed, true, memory_order_relaxed);
	fdg_passed_add(fd);
	fdg_connection_sent(fd);
}

void fdg_message_left(const struct msghdr *m)
{
	struct msghdr copy = *m;

	if (fdg_out())
		return;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&copy); c && c->cmsg_len >= CMSG_LEN(0); c = CMSG_NXTHDR(&copy, c))
		for (size_t i = 0; fd_at(c, i); i++) {
			int fd;

			memcpy(&fd, fd_at(c, i), sizeof(fd));
			left(fd);
		}
}

static ssize_t send_noted(int fd, const struct msghdr *m, int flags, const void *site)
{
	bool used = fdg_sweep_used(fd);
	ssize_t r;

	if (fdg_hush_wants(fd))
		r = FDG_HUSHED(fd, used ? fdg_sendmsg_watched(fd, m, flags, site) : real_sendmsg(fd, m, flags));
	else
		r = used ? fdg_sendmsg_watched(fd, m, flags, site) : real_sendmsg(fd, m, flags);
	fdg_sweep_after();
	return r;
}

WRAP(ssize_t, sendmsg, (int fd, const struct msghdr *m, int flags))
{
	ssize_t r;

	if (fdg_mark_any())
		fdg_message_leaves(m);
	if (fdg_sweep_passes(fd))
		r = real_sendmsg(fd, m, flags);
	else
		r = send_noted(fd, m, flags, FDG_SITE);
	if (r >= 0 && m->msg_control && m->msg_controllen)
		fdg_message_left(m);
	return r;
}

WRAP(int, sendmmsg, (int fd, struct mmsghdr *v, unsigned n, int flags))
{
	int r;

	for (unsigned i = 0; fdg_mark_any() && i < n && i < MESSAGES_MAX; i++)
		fdg_message_leaves(&v[i].msg_hdr);
	r = fdg_sweep_watched(fd) ? fdg_sendmmsg_watched(fd, v, n, flags, FDG_SITE) : real_sendmmsg(fd, v, n, flags);
	fdg_sweep_after();
	for (int i = 0; i < r; i++)
		if (v[i].msg_hdr.msg_control && v[i].msg_hdr.msg_controllen)
			fdg_message_left(&v[i].msg_hdr);
	return r;
}

WRAP(ssize_t, recvmsg, (int fd, struct msghdr *m, int flags))
{
	bool force;
	ssize_t r;

	FDG_PASS(recvmsg, fd, m, flags);
	force = fdg_message_forces(flags);
	flags |= force ? MSG_CMSG_CLOEXEC : 0;
	r = fdg_sweep_watched(fd) ? fdg_recvmsg_watched(fd, m, flags, FDG_SITE) : real_recvmsg(fd, m, flags);
	fdg_sweep_after();
	if (r >= 0)
		fdg_message_arrived(m, force, !force && flags & MSG_CMSG_CLOEXEC, FDG_SITE);
	return r;
}

/* Bad pointers are the kernel's to refuse: a header is read only after it was filled. */
WRAP(int, recvmmsg, (int fd, struct mmsghdr *v, unsigned n, int flags, struct timespec *timeout))
{
	bool force;
	int r;

	FDG_PASS(recvmmsg, fd, v, n, flags, timeout);
	force = fdg_message_forces(flags);
	flags |= force ? MSG_CMSG_CLOEXEC : 0;
	r = fdg_sweep_watched(fd) ? fdg_recvmmsg_watched(fd, v, n, flags, timeout, FDG_SITE) : real_recvmmsg(fd, v, n, flags, timeout);
	fdg_sweep_after();
	for (int i = 0; i < r; i++)
		fdg_message_arrived(&v[i].msg_hdr, force, !force && flags & MSG_CMSG_CLOEXEC, FDG_SITE);
	return r;
}
