// SPDX-License-Identifier: MIT
/* Descriptors that arrive by SCM_RIGHTS. */
#include "wrap/wrap.h"

#include <string.h>

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
	fdg_made(fd, kind, forced, cloexec, site);
}

void fdg_message_arrived(struct msghdr *m, bool forced, bool cloexec, const void *site)
{
	if (forced)
		m->msg_flags &= ~MSG_CMSG_CLOEXEC; /* the kernel echoes it; the program did not ask */
	if (!m->msg_control || !m->msg_controllen)
		return;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = 0; at + sizeof(int) <= c->cmsg_len - CMSG_LEN(0); at += sizeof(int)) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + at, sizeof(fd));
			arrived(fd, forced, cloexec, site);
		}
	}
}

WRAP(ssize_t, recvmsg, (int fd, struct msghdr *m, int flags))
{
	bool force;
	ssize_t r;

	FDG_PASS(recvmsg, fd, m, flags);
	force = fdg_message_forces(flags);
	r = real_recvmsg(fd, m, flags | (force ? MSG_CMSG_CLOEXEC : 0));
	if (r >= 0)
		fdg_message_arrived(m, force, flags & MSG_CMSG_CLOEXEC, FDG_SITE);
	return r;
}

/* Bad pointers are the kernel's to refuse: a header is read only after it was filled. */
WRAP(int, recvmmsg, (int fd, struct mmsghdr *v, unsigned n, int flags, struct timespec *timeout))
{
	bool force;
	int r;

	FDG_PASS(recvmmsg, fd, v, n, flags, timeout);
	force = fdg_message_forces(flags);
	r = real_recvmmsg(fd, v, n, flags | (force ? MSG_CMSG_CLOEXEC : 0), timeout);
	for (int i = 0; i < r; i++)
		fdg_message_arrived(&v[i].msg_hdr, force, flags & MSG_CMSG_CLOEXEC, FDG_SITE);
	return r;
}
