// SPDX-License-Identifier: MIT
#include "supervise/mode.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/address.h"
#include "base/exe.h"
#include "base/fmt.h"
#include "base/sys.h"
#include "guards/nonblock/shared.h"
#include "supervise/blind.h"
#include "supervise/goprogram.h"
#include "supervise/maps.h"
#include "supervise/runs.h"
#include "supervise/sharing.h"
#include "supervise/stack.h"
#include "supervise/tally.h"
#include "supervise/voice.h"

#include "base/poison.h"

/* One change that is asked for. */
struct change {
	struct fdg_process *p;
	int tid, fd, flags; /* flags: what F_SETFL is to set; of FIONBIO those that are set, but O_NONBLOCK */
	const char *call;
	const struct seccomp_data *data;
	struct fdg_file file;
	struct fdg_sharer sharer;
	char what[96], peer[160], local[160];
};

/* Words about the description, while we have it. */
static void describe(struct change *c)
{
	struct fdg_buf what = FDG_BUF(c->what), peer = FDG_BUF(c->peer), local = FDG_BUF(c->local);

	if (c->file.local < 0) {
		fdg_put(&what, S_ISSOCK(c->file.mode) ? "socket" : S_ISFIFO(c->file.mode) ? "pipe" : "descriptor");
		return;
	}
	fdg_put_what(&what, c->file.local);
	fdg_put_peer(&peer, c->file.local);
	fdg_put_local(&local, c->file.local);
}

/* What else F_SETFL changes has to be done, by us; which takes the description. */
static bool apply_rest(const struct change *c)
{
	const int settable = O_APPEND | O_DIRECT | O_NOATIME;

	if ((c->flags ^ c->file.flags) & O_ASYNC) /* the kernel keeps by which number: it would be ours */
		return false;
	if (((c->flags ^ c->file.flags) & settable) == 0)
		return true;
	return c->file.local >= 0 && fdg_sys_fcntl(c->file.local, F_SETFL, c->flags | O_NONBLOCK) == 0;
}

/* Go's os.(*File).Fd is what turns nearly all of them blocking there. */
static const char *advice(const struct fdg_source *source)
{
	static const char fd[] = "os.(*File).Fd", inside[] = "internal/poll.(*FD).SetBlocking";
	const char *callee = source ? source->callee : NULL;

	if (!callee || (strcmp(callee, fd) != 0 && strcmp(callee, inside) != 0))
		return NULL;
	return "leave out File() and Fd(), which turns the connection itself blocking: each read on it then keeps a thread, and no deadline ends it; set options within "
	       "SyscallConn().Control(func(fd uintptr) { … }), or in net.Dialer's Control";
}

/* Else a child has what its parent is about to close, as it happens in each server that forks: both may be right, and which, only the calls tell that we do not see. */
static bool is_its_own(const struct change *c)
{
	return c->sharer.pid == c->p->pid;
}

static void report(struct change *c, bool fixed)
{
	struct fdg_place site[FDG_FRAMES_MAX];
	struct fdg_shared s = { .fd = c->fd, .other = c->sharer.fd, .other_pid = is_its_own(c) ? 0 : c->sharer.pid, .fixed = fixed, .call = c->call,
				.level = is_its_own(c) ? FDG_LEVEL_WARNING : FDG_LEVEL_NOTE };
	struct fdg_shared_facts f = { .self = fdg_base_name(fdg_facts_exe(c->p)), .what = c->what, .peer = c->peer, .local = c->local, .site = site };

	if (fdg_options.stacks)
		f.sites = fdg_site_of(c->tid, c->data, site, fdg_options.stacks);
	if (!fdg_tally_is_due(c->p, site, f.sites, c->call, &f.count))
		return;
	f.source = fdg_site_sources();
	f.fix = advice(f.source);
	fdg_runs_speak_for(c->p, c->tid);
	fdg_shared_report_of(&s, &f);
	fdg_voice_keep();
	fdg_runs_silent();
	fdg_tally_keep(c->p, &s, &f);
}

/* The kernel looks at these before it changes anything. */
static bool may_be_refused(const struct change *c)
{
	return (S_ISSOCK(c->file.mode) && (c->flags & O_DIRECT)) || (c->flags & ~c->file.flags & O_NOATIME);
}

/* Terminals and files are left to those who share them on purpose, and so is what stands at 0 to 2. */
static bool is_ours_to_judge(const struct change *c)
{
	return c->fd > 2 && (S_ISSOCK(c->file.mode) || S_ISFIFO(c->file.mode)) && !may_be_refused(c);
}

/* The description was looked at, and the call waits still: so it was this process's. */
static bool turns_shared_blocking(struct change *c, const struct fdg_listener *l)
{
	if (!(c->file.flags & O_NONBLOCK) || !is_ours_to_judge(c) || !fdg_sharing_find(c->p, c->fd, &c->file, &c->sharer))
		return false;
	describe(c);
	return fdg_listener_waits(l);
}

/* By a preload, which in a Go program leaves it to us: copies that Go makes are unknown to it. */
static bool is_judged(const struct change *c)
{
	enum fdg_maps_caller caller = fdg_maps_caller(c->p, c->data->instruction_pointer);

	return caller == FDG_CALLER_PRELOAD || (caller == FDG_CALLER_LIBC && !fdg_go_is(c->p));
}

static void judge(struct change *c, const struct fdg_listener *l, struct fdg_answer *a)
{
	bool is_found, is_fixed = false;

	if (is_judged(c))
		return;
	if (!fdg_file_look(c->p, c->tid, c->fd, &c->file)) {
		fdg_blind_tell(c->p, c->tid);
		return;
	}
	if (c->flags < 0)
		c->flags = c->file.flags & ~O_NONBLOCK;
	is_found = turns_shared_blocking(c, l);
	if (is_found && fdg_options.nonblock == FDG_FIX && S_ISSOCK(c->file.mode) && is_its_own(c))
		is_fixed = apply_rest(c);
	fdg_file_close(&c->file);
	if (is_found)
		report(c, is_fixed);
	if (is_fixed)
		*a = (struct fdg_answer){ .value = 0 };
}

static struct change *change(struct fdg_process *p, const struct fdg_listener *l, const char *call, int flags)
{
	static struct change c;

	c = (struct change){ .p = p, .tid = (int)l->request->pid, .fd = (int)l->request->data.args[0], .flags = flags, .call = call, .data = &l->request->data };
	c.file.local = -1;
	return &c;
}

void fdg_mode_setfl(struct fdg_process *p, const struct fdg_listener *l, struct fdg_answer *a)
{
	judge(change(p, l, "F_SETFL", (int)(l->request->data.args[2] & 0x7fffffff)), l, a);
}

/* The kernel reads the number again: what is answered here counts for what is answered, and else only for the report. */
void fdg_mode_fionbio(struct fdg_process *p, const struct fdg_listener *l, struct fdg_answer *a)
{
	int value;

	if (fdg_facts_read((int)l->request->pid, l->request->data.args[2], &value, sizeof(value)) == sizeof(value) && value == 0)
		judge(change(p, l, "FIONBIO", -1), l, a);
}
