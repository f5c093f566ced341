// SPDX-License-Identifier: MIT
/*
 * syscall(2) for the numbers that make, copy, close or re-flag a descriptor, move data, wait for events, or exec. All other numbers never get here: the assembly entry jumps straight to
 * libc's syscall. What is known of a number is in one table; what it does to the ledger in one switch.
 */
#include "wrap/wrap.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>

#include "guards/closewait/keepalive.h"
#include "guards/closewait/sweep.h"
#include "guards/epoll/epoll.h"
#include "guards/epoll/stale.h"
#include "guards/epoll/turns.h"
#include "guards/metrics/wakeups.h"
#include "guards/nonblock/marks.h"
#include "guards/nonblock/nonblock.h"
#include "guards/nonblock/stall.h"
#include "guards/reuseport/reuseport.h"
#include "guards/select/select.h"
#include "guards/sharer.h"
#include "report/report.h"
#include "wrap/blocking.h"
#include "wrap/lookups.h"
#include "wrap/sweeper.h"

/* Makers: the argument that holds the close-on-exec flag, and that flag; argument 0 where the call has none. */
struct maker {
	short nr;
	unsigned char kind, argument;
	int flag;
};

static const struct maker makers[] = {
	{ SYS_openat, FDG_KIND_FILE, 3, O_CLOEXEC },
	{ SYS_open_by_handle_at, FDG_KIND_FILE, 3, O_CLOEXEC },
	{ SYS_memfd_create, FDG_KIND_MEMFD, 2, MFD_CLOEXEC },
	{ SYS_fsopen, FDG_KIND_MOUNT, 2, FSOPEN_CLOEXEC },
	{ SYS_fspick, FDG_KIND_MOUNT, 3, FSPICK_CLOEXEC },
	{ SYS_fsmount, FDG_KIND_MOUNT, 2, FSMOUNT_CLOEXEC },
	{ SYS_open_tree, FDG_KIND_MOUNT, 3, OPEN_TREE_CLOEXEC },
	{ SYS_socket, FDG_KIND_SOCKET, 2, SOCK_CLOEXEC },
	{ SYS_accept, FDG_KIND_SOCKET, 0, 0 },
	{ SYS_accept4, FDG_KIND_SOCKET, 4, SOCK_CLOEXEC },
	{ SYS_epoll_create1, FDG_KIND_EPOLL, 1, EPOLL_CLOEXEC },
	{ SYS_eventfd2, FDG_KIND_EVENT, 2, EFD_CLOEXEC },
	{ SYS_timerfd_create, FDG_KIND_TIMER, 2, TFD_CLOEXEC },
	{ SYS_signalfd4, FDG_KIND_SIGNAL, 4, SFD_CLOEXEC },
	{ SYS_inotify_init1, FDG_KIND_INOTIFY, 1, IN_CLOEXEC },
	{ SYS_fanotify_init, FDG_KIND_FANOTIFY, 1, FAN_CLOEXEC },
#if defined(__x86_64__)
	{ SYS_open, FDG_KIND_FILE, 2, O_CLOEXEC },
	{ SYS_creat, FDG_KIND_FILE, 0, 0 },
	{ SYS_epoll_create, FDG_KIND_EPOLL, 0, 0 },
	{ SYS_eventfd, FDG_KIND_EVENT, 0, 0 },
	{ SYS_signalfd, FDG_KIND_SIGNAL, 0, 0 },
	{ SYS_inotify_init, FDG_KIND_INOTIFY, 0, 0 },
#endif
};

/* One byte a number: 0 passes through, OTHER is in the switch below, MAKER in makers, DATA moves data or waits for a connection. Read by the assembly entry. */
enum { OTHER = 1, MAKER = 2, DATA = 3 };
extern const unsigned char fdg_syscall_watched[512];
const unsigned char fdg_syscall_watched[512] = {
	[SYS_openat] = MAKER, [SYS_open_by_handle_at] = MAKER, [SYS_memfd_create] = MAKER, [SYS_fsopen] = MAKER,
	[SYS_fspick] = MAKER, [SYS_fsmount] = MAKER, [SYS_open_tree] = MAKER, [SYS_socket] = MAKER, [SYS_accept] = MAKER,
	[SYS_accept4] = MAKER, [SYS_epoll_create1] = MAKER, [SYS_eventfd2] = MAKER, [SYS_timerfd_create] = MAKER, [SYS_signalfd4] = MAKER,
	[SYS_inotify_init1] = MAKER, [SYS_fanotify_init] = MAKER,
	[SYS_socketpair] = OTHER, [SYS_pipe2] = OTHER, [SYS_dup] = OTHER, [SYS_dup3] = OTHER, [SYS_fcntl] = OTHER, [SYS_ioctl] = OTHER,
	[SYS_close] = OTHER, [SYS_close_range] = OTHER, [SYS_recvmsg] = OTHER, [SYS_recvmmsg] = OTHER, [SYS_execve] = OTHER, [SYS_execveat] = OTHER,
	[SYS_seccomp] = OTHER, [SYS_prctl] = OTHER, [SYS_exit_group] = OTHER, [SYS_exit] = OTHER, [SYS_pidfd_open] = OTHER, [SYS_mq_open] = OTHER, [SYS_pidfd_getfd] = OTHER,
	[SYS_pselect6] = OTHER, [SYS_ppoll] = OTHER, [SYS_epoll_ctl] = OTHER, [SYS_epoll_pwait] = OTHER, [SYS_epoll_pwait2] = OTHER,
	[SYS_read] = DATA, [SYS_readv] = DATA, [SYS_pread64] = DATA, [SYS_preadv] = DATA, [SYS_preadv2] = DATA, [SYS_write] = DATA, [SYS_writev] = DATA,
	[SYS_pwrite64] = DATA, [SYS_pwritev] = DATA, [SYS_pwritev2] = DATA, [SYS_recvfrom] = DATA, [SYS_sendto] = DATA, [SYS_sendmsg] = DATA,
	[SYS_sendmmsg] = DATA, [SYS_connect] = DATA, [SYS_sendfile] = DATA, [SYS_splice] = DATA, [SYS_shutdown] = DATA, [SYS_getsockopt] = DATA,
	[SYS_setsockopt] = OTHER, [SYS_listen] = OTHER, [SYS_bind] = OTHER, [SYS_tee] = OTHER, [SYS_io_submit] = OTHER, [SYS_unshare] = OTHER,
	[SYS_setns] = OTHER,
#if defined(__x86_64__)
	[SYS_open] = MAKER, [SYS_creat] = MAKER, [SYS_epoll_create] = MAKER, [SYS_eventfd] = MAKER, [SYS_signalfd] = MAKER,
	[SYS_inotify_init] = MAKER, [SYS_pipe] = OTHER, [SYS_dup2] = OTHER,
	[SYS_select] = OTHER, [SYS_poll] = OTHER, [SYS_epoll_wait] = OTHER,
#endif
};

static const struct maker *maker_of(long nr)
{
	for (size_t i = 0; i < sizeof(makers) / sizeof(*makers); i++)
		if (makers[i].nr == nr)
			return &makers[i];
	return NULL;
}

/* signalfd of an existing descriptor makes none. */
static bool only_changes(long nr, const long a[6])
{
#if defined(__x86_64__)
	if (nr == SYS_signalfd)
		return (int)a[0] != -1;
#endif
	return nr == SYS_signalfd4 && (int)a[0] != -1;
}

/* A DATA call: is one of its descriptors a guard's business? */
static inline bool is_watched(long nr, long first, long second, long third)
{
	bool is = nr == SYS_getsockopt || nr == SYS_accept || nr == SYS_accept4 || nr == SYS_connect ? fdg_sweep_watched_else((int)first) : fdg_sweep_watched((int)first);

	if (nr == SYS_sendfile || nr == SYS_splice)
		return fdg_sweep_watched((int)(nr == SYS_sendfile ? second : third)) || is;
	return is || (nr == SYS_shutdown && fdg_groups_has((int)first));
}

static void sent(long nr, const long a[6], long r)
{
	const struct mmsghdr *v = (const struct mmsghdr *)a[1];
	const struct msghdr *m = (const struct msghdr *)a[1];

	if (nr == SYS_sendmsg && r >= 0 && m->msg_control && m->msg_controllen)
		fdg_message_left(m);
	for (long i = 0; nr == SYS_sendmmsg && i < r; i++)
		if (v[i].msg_hdr.msg_control && v[i].msg_hdr.msg_controllen)
			fdg_message_left(&v[i].msg_hdr);
}

static void sending(long nr, const long a[6])
{
	const struct mmsghdr *v = (const struct mmsghdr *)a[1];

	if (nr == SYS_sendmsg)
		fdg_message_leaves((const struct msghdr *)a[1]);
	for (unsigned i = 0; nr == SYS_sendmmsg && i < (unsigned)a[2] && i < 1024; i++)
		fdg_message_leaves(&v[i].msg_hdr);
}

static long data(long nr, const long a[6], const void *site)
{
	long r;

	if (fdg_mark_any())
		sending(nr, a);
	if (is_watched(nr, a[0], a[1], a[2]))
		r = fdg_raw_watched(nr, a, site);
	else
		r = real_syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	sent(nr, a, r);
	if (nr == SYS_connect && (r == 0 || errno == EINPROGRESS || errno == EINTR) && !fdg_out())
		fdg_connection_connected((int)a[0], site);
	return r;
}

static long make(const struct maker *m, long a[6], const void *site)
{
	fdg_kindword kind = m->kind;
	bool cloexec, force;
	long r;

	if (m->nr == SYS_socket)
		kind = fdg_kindword_of(FDG_KIND_SOCKET, (int)a[0], (int)a[1]);
	if (m->argument)
		kind |= FDG_NONBLOCK_IN(a[m->argument - 1]);
	cloexec = m->argument && a[m->argument - 1] & m->flag;
	force = m->argument && !cloexec && fdg_cloexec_forces(fdg_kind_bit((enum fdg_kind)m->kind));
	if (force)
		a[m->argument - 1] |= m->flag;
	if (m->nr == SYS_accept || m->nr == SYS_accept4)
		r = fdg_accept_by_number(data, m->nr, a, site);
	else
		r = real_syscall(m->nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (m->nr == SYS_socket)
		fdg_keepalive_socket((int)r, (int)a[0], (int)a[1]);
	else if (m->nr == SYS_accept || m->nr == SYS_accept4)
		fdg_keepalive_accepted((int)a[0], (int)r);
	if (m->nr == SYS_accept || m->nr == SYS_accept4)
		return fdg_accepted((int)r, kind, force, cloexec, site);
	return m->argument ? fdg_made((int)r, kind, force, cloexec, site) : fdg_made_inside((int)r, kind, false, site);
}

/* Our wrappers of the same names: libc's functions are the raw calls there. (close, fcntl and recvmsg are cancellation points in libc, and raw are not.) */
int fdg_wrap_close_range(unsigned, unsigned, int) __asm__("close_range");
int fdg_wrap_prctl(int, unsigned long, unsigned long, unsigned long, unsigned long) __asm__("prctl");

static void copied(long nr, const long a[6], long r, const void *site)
{
	uint32_t flag = 0;

	if (nr == SYS_dup3)
		flag = a[2] & O_CLOEXEC ? FDG_CLOEXEC : FDG_MEANT;
	else if (nr != SYS_dup)
		flag = FDG_MEANT;
	if (a[0] == r)
		fdg_named_itself((int)r);
	else
		fdg_copied((int)a[0], (int)r, flag, site);
	if (nr == SYS_dup)
		fdg_select_obtained((int)r);
}

static void made_two(long nr, const long a[6], const void *site)
{
	const int *pair = (const int *)(nr == SYS_socketpair ? a[3] : a[0]);
	fdg_kindword kind = nr == SYS_socketpair ? fdg_kindword_of(FDG_KIND_SOCKET, (int)a[0], (int)a[1]) : FDG_KINDWORD(PIPE);
	long flags = nr == SYS_pipe2 || nr == SYS_socketpair ? a[1] : 0;
	bool cloexec = (nr == SYS_socketpair && a[1] & SOCK_CLOEXEC) || (nr == SYS_pipe2 && a[1] & O_CLOEXEC);

	for (int i = 0; i < 2; i++)
		fdg_made_inside(pair[i], kind | FDG_NONBLOCK_IN(flags), cloexec, site);
}

static long receive(long nr, long a[6], const void *site)
{
	struct mmsghdr *v = (struct mmsghdr *)a[1];
	int flag = nr == SYS_recvmsg ? 2 : 3;
	bool cloexec = a[flag] & MSG_CMSG_CLOEXEC, force = fdg_message_forces((int)a[flag]);
	long r;

	a[flag] |= force ? MSG_CMSG_CLOEXEC : 0;
	r = data(nr, a, site);
	if (nr == SYS_recvmsg && r >= 0)
		fdg_message_arrived((struct msghdr *)a[1], force, cloexec, site);
	for (long i = 0; nr == SYS_recvmmsg && i < r; i++)
		fdg_message_arrived(&v[i].msg_hdr, force, cloexec, site);
	return r;
}

/* Calls that another wrapper does whole; true, and the result in *ret. */
static bool delegated(long nr, long a[6], const void *site, long *ret)
{
	switch (nr) {
	case SYS_close_range:
		*ret = fdg_close_range((unsigned)a[0], (unsigned)a[1], (int)a[2], site);
		return true;
	case SYS_ioctl:
		*ret = fdg_ioctl((int)a[0], (unsigned long)a[1], (void *)a[2], site);
		return true;
	case SYS_fcntl:
		if ((int)a[1] != F_SETFL)
			return false;
		*ret = fdg_set_flags((int)a[0], a[2], site);
		return true;
	case SYS_epoll_ctl:
		*ret = fdg_epoll_ctl((int)a[0], (int)a[1], (int)a[2], (struct epoll_event *)a[3], site);
		return true;
	case SYS_listen:
		*ret = fdg_listen((int)a[0], (int)a[1]);
		return true;
	case SYS_bind:
		*ret = fdg_bind_socket((int)a[0], (const struct sockaddr *)a[1], (socklen_t)a[2]);
		return true;
	case SYS_execve:
		*ret = fdg_execve((const char *)a[0], (char *const *)a[1], (char *const *)a[2], site);
		return true;
	case SYS_execveat:
		*ret = fdg_execveat((int)a[0], (const char *)a[1], (char *const *)a[2], (char *const *)a[3], (int)a[4], site);
		return true;
	case SYS_prctl:
		*ret = fdg_wrap_prctl((int)a[0], (unsigned long)a[1], (unsigned long)a[2], (unsigned long)a[3], (unsigned long)a[4]);
		return true;
	case SYS_recvmsg:
	case SYS_recvmmsg:
		*ret = receive(nr, a, site);
		return true;
	case SYS_pselect6:
#if defined(__x86_64__)
	case SYS_select:
#endif
		*ret = fdg_raw_select(nr, a, site);
		return true;
	case SYS_ppoll:
#if defined(__x86_64__)
	case SYS_poll:
#endif
		*ret = fdg_raw_poll(nr, a, site);
		return true;
	default:
		return false;
	}
}

static bool sets_filter(long nr, const long a[6])
{
	if (nr != SYS_seccomp || (a[0] == SECCOMP_SET_MODE_STRICT && (a[1] || a[2])))
		return false;
	return fdg_sets_filter((unsigned)a[0] + 1, (unsigned long)a[2]); /* the operations are the modes, less one */
}

static bool waits_for_events(long nr)
{
#if defined(__x86_64__)
	if (nr == SYS_epoll_wait)
		return true;
#endif
	return nr == SYS_epoll_pwait || nr == SYS_epoll_pwait2;
}

static bool may_wait(long nr, const long a[6])
{
	const struct timespec *t = (const struct timespec *)a[3];

	return nr == SYS_epoll_pwait2 ? !t || t->tv_sec || t->tv_nsec : (int)a[3] != 0;
}

/* A number that is closed by the call, or by what is copied over it. */
static bool closes(int nr, const long a[6], int *ret_fd)
{
	*ret_fd = (int)a[nr == SYS_close ? 0 : 1];
#if defined(__x86_64__)
	if (nr == SYS_dup2)
		return a[0] != a[1];
#endif
	return nr == SYS_close || (nr == SYS_dup3 && !(a[2] & ~O_CLOEXEC));
}

/* SYS_exit ends a thread, and with the last one the process. */
static bool ends_process(long nr)
{
	return nr == SYS_exit_group || (nr == SYS_exit && fdg_sharer_stat(fdg_sys_getpid(), 20) == 1);
}

static void before(long nr, const long a[6], const void *site)
{
	int fd;

	if (closes((int)nr, a, &fd)) {
		fdg_nonblock_tick();
		fdg_room_touched((unsigned)fd);
		if (nr == SYS_close) {
			fdg_reuseport_closing(fd, site);
			fdg_closing(fd, site);
		} else {
			fdg_reuseport_replacing((int)a[0], fd, site);
			fdg_closing_for((int)a[0], fd, site);
		}
	}
	if (nr == SYS_close)
		fdg_ledger_forget((int)a[0]);
	else if (ends_process(nr) && !fdg_foreign_memory())
		fdg_leaving();
	else if (sets_filter(nr, a))
		fdg_before_filter();
	else if (nr == SYS_tee || nr == SYS_io_submit)
		fdg_used_by_number(nr, a);
	else if (waits_for_events(nr)) {
		fdg_sweep_tick();
		fdg_room_tick();
		fdg_loop_waits((int)a[0]);
		fdg_stale_judge((int)a[0]);
	}
}

static long after(long nr, const long a[6], long r, const void *site)
{
	switch (nr) {
	case SYS_fcntl:
		return fdg_after_fcntl((int)a[0], (int)a[1], a[2], (int)r, site);
	case SYS_seccomp:
		if (sets_filter(nr, a))
			fdg_retire();
		return r;
#if defined(__x86_64__)
	case SYS_epoll_wait:
#endif
	case SYS_epoll_pwait:
	case SYS_epoll_pwait2:
		fdg_woke_up();
		fdg_epoll_woken((int)a[0], (struct epoll_event *)a[1], (int)r, r > 0 && may_wait(nr, a));
		fdg_turn_begins((int)r, (int)a[2]);
		return r;
	case SYS_setsockopt:
		fdg_keepalive_noted((int)a[0], (int)a[1], (int)a[2], (const void *)a[3]);
		fdg_groups_noted((int)a[0], (int)a[1], (int)a[2]);
		fdg_migrate_noted((int)a[0], (int)a[1], (int)a[2]);
		return r;
	case SYS_unshare:
	case SYS_setns:
		if (r == 0)
			fdg_lookups_moved();
		return r;
	case SYS_pidfd_open:
		return fdg_made((int)r, FDG_KINDWORD(PIDFD), false, true, site);
	case SYS_pidfd_getfd:
		fdg_arrived((int)r, FDG_KINDWORD(UNKNOWN), false, true, site);
		return r;
	case SYS_mq_open:
		return fdg_made((int)r, FDG_KINDWORD(MQUEUE), false, true, site);
	case SYS_socketpair:
	case SYS_pipe2:
#if defined(__x86_64__)
	case SYS_pipe:
#endif
		made_two(nr, a, site);
		return r;
	case SYS_dup:
	case SYS_dup3:
#if defined(__x86_64__)
	case SYS_dup2:
#endif
		copied(nr, a, r, site);
		return r;
	default:
		return r;
	}
}

static long other(long nr, long a[6], const void *site)
{
	long r;
	int fd;

	if (delegated(nr, a, site, &r))
		return r;
	before(nr, a, site);
	r = waits_for_events(nr) ? fdg_raw_epoll_wait(nr, a) : real_syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (closes((int)nr, a, &fd))
		fdg_reuseport_closed(fd);
	if (r < 0 && sets_filter(nr, a)) {
		fdg_cloexec_release(true);
		fdg_sweeper_again();
	}
	return r < 0 ? r : after(nr, a, r, site);
}

__attribute__((noinline)) static long done(long nr, long a[6], const void *site)
{
	const struct maker *m;

	if (fdg_syscall_watched[nr] == DATA)
		return data(nr, a, site);
	if (!fdg_follows())
		return real_syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (fdg_phase_now() == FDG_PASSIVE && nr != SYS_execve && nr != SYS_execveat)
		return real_syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	m = fdg_syscall_watched[nr] == MAKER && !only_changes(nr, a) ? maker_of(nr) : NULL;
	return m ? make(m, a, site) : other(nr, a, site);
}

long fdg_syscall(long nr, long a1, long a2, long a3, long a4, long a5, long a6);
long fdg_syscall(long nr, long a1, long a2, long a3, long a4, long a5, long a6)
{
	if (fdg_syscall_watched[nr] == DATA && nr != SYS_sendmsg && nr != SYS_sendmmsg && nr != SYS_connect && !is_watched(nr, a1, a2, a3))
		return real_syscall(nr, a1, a2, a3, a4, a5, a6);
	return done(nr, (long[]){ a1, a2, a3, a4, a5, a6 }, FDG_SITE);
}
