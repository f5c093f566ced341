// SPDX-License-Identifier: MIT
/* Terminals. libc makes most of them inside, and none close-on-exec: where the kind is forced, it is done after the return. */
#include "wrap/wrap.h"

#include "guards/nonblock/nonblock.h"

WRAP(int, posix_openpt, (int flags))
{
	bool force;

	FDG_PASS(posix_openpt, flags);
	force = !(flags & O_CLOEXEC) && fdg_cloexec_forces(FDG_KIND_PTY_BIT);
	return fdg_made(real_posix_openpt(flags | (force ? O_CLOEXEC : 0)), FDG_KINDWORD(TTY) | FDG_NONBLOCK_IN(flags), force, flags & O_CLOEXEC, FDG_SITE);
}

WRAP(int, getpt, (void))
{
	FDG_PASS(getpt);
	return fdg_made_inside(real_getpt(), FDG_KINDWORD(TTY), false, FDG_SITE);
}

WRAP(int, openpty, (int *master, int *slave, char *name, const struct termios *termios, const struct winsize *size))
{
	int r;

	FDG_PASS(openpty, master, slave, name, termios, size);
	r = real_openpty(master, slave, name, termios, size);
	if (r == 0) {
		fdg_made_inside(*master, FDG_KINDWORD(TTY), false, FDG_SITE);
		fdg_made_inside(*slave, FDG_KINDWORD(TTY), false, FDG_SITE);
	}
	return r;
}

WRAP(int, forkpty, (int *master, char *name, const struct termios *termios, const struct winsize *size))
{
	int r;

	if (!fdg_follows())
		return real_forkpty(master, name, termios, size);
	fdg_before_fork();
	r = real_forkpty(master, name, termios, size);
	fdg_after_fork(r);
	if (r > 0 && !fdg_out())
		fdg_made_inside(*master, FDG_KINDWORD(TTY), false, FDG_SITE);
	return r;
}

/* Makes fd the standard input, output and error, and closes it if it was another. */
WRAP(int, login_tty, (int fd))
{
	int r;

	FDG_PASS(login_tty, fd);
	fdg_nonblock_give_up(fd);
	r = real_login_tty(fd);
	if (r == 0 && fd > 2)
		fdg_ledger_forget(fd);
	return r;
}
