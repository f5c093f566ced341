// SPDX-License-Identifier: MIT
#include "supervise/fetch.h"

#include <sys/stat.h>

#include "base/sys.h"
#include "supervise/known.h"

#include "base/poison.h"

#define KINDS 4096

/* By inode, of which a socket's is not given to another one for a long time. */
static struct { uint64_t dev, ino; fdg_kindword kind; } asked[KINDS];

static bool is_it(int local, const struct fdg_open *o)
{
	struct stat st;

	return fdg_fstat_known(local, &st) && st.st_ino == o->what.ino && st.st_dev == o->what.dev;
}

/* To close a copy of a file asks who serves it, who may wait for us. */
int fdg_fetch(const struct fdg_process *p, const struct fdg_open *o)
{
	int local = S_ISREG(o->mode) || S_ISDIR(o->mode) ? -1 : (int)fdg_sys3(SYS_pidfd_getfd, p->pidfd, o->fd, 0);

	if (local < 0)
		return -1;
	if (is_it(local, o))
		return local;
	fdg_sys_close(local);
	return -1;
}

bool fdg_fetch_knows(const struct fdg_open *o, fdg_kindword *ret_kind)
{
	unsigned i = (unsigned)(o->what.ino % KINDS);

	if (!S_ISSOCK(o->mode) || asked[i].ino != o->what.ino || asked[i].dev != o->what.dev)
		return false;
	*ret_kind = asked[i].kind;
	return true;
}

fdg_kindword fdg_fetch_kind(const struct fdg_process *p, const struct fdg_open *o, int local)
{
	unsigned i = (unsigned)(o->what.ino % KINDS);
	fdg_kindword kind;

	if (local < 0 || fdg_kind_ask(local, &kind) < 0)
		return fdg_open_kind(p->pid, o);
	asked[i].dev = o->what.dev;
	asked[i].ino = o->what.ino;
	asked[i].kind = kind;
	return kind;
}
