// SPDX-License-Identifier: MIT
/* Duplicates and descriptor flags. Duplicates are never forced: a number that the program chose is a number that it means. */
#include "wrap/wrap.h"

#include "base/judged.h"
#include "guards/epoll/stale.h"
#include "guards/nonblock/nonblock.h"
#include "guards/nonblock/modes.h"
#include "guards/reuseport/handover.h"
#include "guards/reuseport/reuseport.h"
#include "guards/select/select.h"

WRAP(int, dup, (int fd))
{
	int copy;

	FDG_PASS(dup, fd);
	copy = FDG_WITH_ROOM(real_dup(fd));
	if (copy >= 0) {
		fdg_copied(fd, copy, 0, FDG_SITE);
		fdg_select_obtained(copy);
	}
	return copy;
}

/* The kernel does nothing for dup2(fd, fd); a program that says it means fd to be there for its child, and without us it would be. */
void fdg_named_itself(int fd)
{
	if (fdg_ledger_state(fd) & FDG_FORCED)
		fdg_sys_fcntl(fd, F_SETFD, 0);
	fdg_ledger_flag(fd, FDG_MEANT, FDG_FORCED);
}

WRAP(int, dup2, (int fd, int to))
{
	int r;

	FDG_PASS(dup2, fd, to);
	fdg_room_touched((unsigned)to);
	if (fd != to) {
		fdg_reuseport_replacing(fd, to, FDG_SITE);
		fdg_closing_for(fd, to, FDG_SITE);
	}
	if (fdg_handover_may())
		fdg_handover_last(to);
	r = real_dup2(fd, to);
	fdg_reuseport_closed(to);
	if (r >= 0 && fd == to)
		fdg_named_itself(fd);
	else if (r >= 0)
		fdg_copied(fd, to, FDG_MEANT, FDG_SITE);
	return r;
}
FDG_TWIN(__dup2, dup2)

WRAP(int, dup3, (int fd, int to, int flags))
{
	int r;

	FDG_PASS(dup3, fd, to, flags);
	fdg_room_touched((unsigned)to);
	if (!(flags & ~O_CLOEXEC)) {
		fdg_reuseport_replacing(fd, to, FDG_SITE);
		fdg_closing_for(fd, to, FDG_SITE);
	}
	if (fdg_handover_may())
		fdg_handover_last(to);
	r = real_dup3(fd, to, flags);
	fdg_reuseport_closed(to);
	if (r >= 0)
		fdg_copied(fd, to, flags & O_CLOEXEC ? FDG_CLOEXEC : FDG_MEANT, FDG_SITE);
	return r;
}

/*
 * What the program set, without what we added. In a vfork child the entry may be out of date: a number that it touched is the kernel's alone; and in a clone that
 * shares our memory and is no vfork nothing is known of what it did.
 */
static int as_the_program_set(int fd, int flags)
{
	if (flags <= 0 || !(fdg_ledger_state(fd) & FDG_FORCED))
		return flags;
	if (__builtin_expect(fdg_is_ordinary(), 1))
		return flags & ~FD_CLOEXEC;
	if (fdg_vfork_depth > 0 ? fdg_ledger_touch(fd) != FDG_UNTOUCHED && fdg_ledger_touch(fd) != FDG_TOUCHED_ASKED : fdg_foreign_memory())
		return flags;
	if (fdg_cloexec_in_forked_child())
		fdg_ledger_asked(fd);
	return flags & ~FD_CLOEXEC;
}

static void program_set(int fd, bool cloexec)
{
	fdg_ledger_flag(fd, cloexec ? FDG_CLOEXEC : FDG_MEANT, FDG_FORCED | (cloexec ? FDG_MEANT : FDG_CLOEXEC));
}

/* A supervisor's filter lets pass what has it. */
static long mark_of(bool nonblocking)
{
	return fdg_modes_are_judged(nonblocking) ? 0 : (long)FDG_JUDGED;
}

__attribute__((noinline)) static int set_shared_flags(int fd, long flags, const void *site)
{
	struct fdg_mode_change c;
	int r;

	fdg_nonblock_before(&c, fd, flags & O_NONBLOCK, "F_SETFL", site);
	r = real_fcntl(fd, F_SETFL, c.kernel ? flags | O_NONBLOCK : flags & ~(long)O_NONBLOCK, 0L, 0L, mark_of(c.kernel));
	if (r == 0)
		fdg_nonblock_after(&c);
	return r;
}

/* Many a kind of file has neither, and then the call fails and changes nothing. */
#define REFUSABLE (O_DIRECT | O_NOATIME)

int fdg_set_flags(int fd, long flags, const void *site)
{
	struct fdg_entry *e = fdg_ledger_find(fd);

	if (e && !(flags & REFUSABLE) && fdg_nonblock_simple(e, flags & O_NONBLOCK))
		return real_fcntl(fd, F_SETFL, flags, 0L, 0L, mark_of(flags & O_NONBLOCK));
	return set_shared_flags(fd, flags, site);
}

/* The kernel refuses a pointer that leads nowhere. */
static int set_nonblocking(int fd, void *arg, const void *site)
{
	struct fdg_mode_change c;
	int value, r;

	if (!fdg_sys_peek(arg, &value, sizeof(value)))
		return real_ioctl(fd, FIONBIO, arg);
	fdg_nonblock_before(&c, fd, value != 0, "FIONBIO", site);
	value = c.kernel;
	r = real_ioctl(fd, FIONBIO, &value, 0L, 0L, mark_of(value));
	if (r == 0)
		fdg_nonblock_after(&c);
	return r;
}

int fdg_after_fcntl(int fd, int cmd, long arg, int r, const void *site)
{
	if (r < 0)
		return r;
	switch (cmd) {
	case F_GETFD:
		return as_the_program_set(fd, r);
	case F_SETFD:
		program_set(fd, arg & FD_CLOEXEC);
		return r;
	case F_GETFL:
		return fdg_nonblock_getfl(fd, r);
	case F_DUPFD:
		fdg_copied(fd, r, 0, site);
		return r;
	case F_DUPFD_CLOEXEC:
		fdg_copied(fd, r, FDG_CLOEXEC, site);
		return r;
	default:
		return r;
	}
}

/* Apart, so that the wrapper itself keeps nothing over a call. */
__attribute__((noinline)) static int get_fd_flags(int fd, long arg)
{
	int r = real_fcntl(fd, F_GETFD, arg);

	return r > 0 ? as_the_program_set(fd, r) : r;
}

__attribute__((noinline)) static int get_flags(int fd, long arg)
{
	int r = real_fcntl(fd, F_GETFL, arg);

	return fdg_nonblock_getfl(fd, r);
}

__attribute__((noinline)) static int any_fcntl(int fd, int cmd, long arg, const void *site)
{
	return fdg_after_fcntl(fd, cmd, arg, FDG_WITH_ROOM(real_fcntl(fd, cmd, arg)), site);
}

WRAP(int, fcntl, (int fd, int cmd, long arg))
{
	FDG_PASS(fcntl, fd, cmd, arg);
	switch (cmd) {
	case F_GETFD:
		return get_fd_flags(fd, arg);
	case F_GETFL:
		return get_flags(fd, arg);
	case F_SETFL:
		if ((unsigned)fd < FDG_LEDGER_CHUNK && !(arg & REFUSABLE) && !fdg_modes_may_be_judged(arg & O_NONBLOCK) && fdg_nonblock_simple(&fdg_ledger_first[fd], arg & O_NONBLOCK))
			return real_fcntl(fd, cmd, arg, 0L, 0L, (long)FDG_JUDGED);
		return fdg_set_flags(fd, arg, FDG_SITE);
	default:
		return any_fcntl(fd, cmd, arg, FDG_SITE);
	}
}
FDG_TWIN(fcntl64, fcntl)
FDG_TWIN(__fcntl, fcntl)

int fdg_ioctl(int fd, unsigned long request, void *arg, const void *site)
{
	unsigned known = (unsigned)request; /* the kernel looks at no more */
	int r;

	if (known == FIONBIO)
		return set_nonblocking(fd, arg, site);
	r = real_ioctl(fd, request, arg);
	if (r == 0 && (known == FIOCLEX || known == FIONCLEX))
		program_set(fd, known == FIOCLEX);
	return r;
}

WRAP(int, ioctl, (int fd, unsigned long request, void *arg))
{
	FDG_PASS(ioctl, fd, request, arg);
	return fdg_ioctl(fd, request, arg, FDG_SITE);
}
