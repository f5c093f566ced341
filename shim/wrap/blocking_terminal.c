// SPDX-License-Identifier: MIT
/* VMIN and VTIME of terminals. */
#include "wrap/blocking_wait.h"

#include "wrap/wrap.h"

#include <termios.h>

/* The kernel's own. */
struct modes {
	uint32_t input, output, control, local;
	unsigned char line, characters[19];
};

/* The other end of a pseudo-terminal answers for the terminal, and follows no rule itself. */
static bool is_master(int fd)
{
	unsigned number;

	return fdg_sys3(SYS_ioctl, fd, TIOCGPTN, &number) == 0;
}

bool fdg_terminal_rule(int fd, unsigned *ret_min, unsigned *ret_tenths)
{
	struct modes t;

	if (fdg_sys3(SYS_ioctl, fd, TCGETS, &t) < 0 || t.local & ICANON || is_master(fd))
		return false;
	*ret_min = t.characters[VMIN];
	*ret_tenths = t.characters[VTIME];
	return true;
}
