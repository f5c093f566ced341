// SPDX-License-Identifier: MIT
/*
 * A thread that goes into another network namespace, or takes a descriptor table of its own: the sockets that lookups keep are of the one that they were made in, and from then
 * on none serves two lookups.
 */
#include "wrap/wrap.h"

#include <sched.h>

#include "wrap/lookups.h"

WRAP(int, unshare, (int flags))
{
	int r;

	FDG_PASS(unshare, flags);
	r = real_unshare(flags);
	if (r == 0 && flags & (CLONE_NEWNET | CLONE_FILES))
		fdg_lookups_moved();
	return r;
}

/* nstype 0: whichever kind fd is of. */
WRAP(int, setns, (int fd, int nstype))
{
	int r;

	FDG_PASS(setns, fd, nstype);
	r = real_setns(fd, nstype);
	if (r == 0 && (!nstype || nstype & CLONE_NEWNET))
		fdg_lookups_moved();
	return r;
}
