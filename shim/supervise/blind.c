// SPDX-License-Identifier: MIT
#include "supervise/blind.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/exe.h"
#include "base/fmt.h"
#include "base/sys.h"
#include "guards/nonblock/shared.h"
#include "guards/uncovered.h"
#include "supervise/maps.h"
#include "supervise/runs.h"
#include "supervise/voice.h"

#include "base/poison.h"

static const char why[] = "may not be looked into by the supervisor: it has another user, is not dumpable or may not be read by its user, or kernel.yama.ptrace_scope is against it";
static const char cure[] = "give fdguard CAP_SYS_PTRACE (root has it; for a container: --cap-add SYS_PTRACE); or accept it, with a line in the suppressions file";

static bool is_no(long r)
{
	return r == -EACCES || r == -EPERM;
}

/* Its descriptors: /proc asks of this what kcmp does. */
static bool is_hidden(int tid)
{
	char path[64], to[8];
	struct fdg_buf b = FDG_BUF(path);

	fdg_fmt(&b, "/proc/%d/exe", tid);
	return is_no(fdg_sys_readlink(path, to, sizeof(to)));
}

static bool is_memory_hidden(int tid)
{
	char path[64];
	struct fdg_buf b = FDG_BUF(path);
	int fd;

	fdg_fmt(&b, "/proc/%d/mem", tid);
	fd = fdg_sys_open(path, O_RDONLY | O_CLOEXEC, 0);
	if (fd >= 0)
		fdg_sys_close(fd);
	return is_no(fd);
}

/* What anybody sees of it: the arguments, or its name where there are none. They change by an exec, mostly. */
static uint64_t title_of(int pid, char *text, size_t room)
{
	static const char *const files[] = { "cmdline", "comm" };
	long n = 0;

	for (unsigned i = 0; i < 2 && n <= 0; i++) {
		struct fdg_buf b = { text, 0, room, false };
		int fd;

		fdg_fmt(&b, "/proc/%d/%s", pid, files[i]);
		fd = fdg_sys_open(text, O_RDONLY | O_CLOEXEC, 0);
		if (fd < 0)
			continue;
		n = fdg_sys_read(fd, text, room - 1);
		fdg_sys_close(fd);
	}
	n = n > 0 ? n : 0;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return fdg_hash(1, text, (size_t)n);
}

/* By itself, or as a copy of its parent. */
static bool is_preloaded(struct fdg_process *p, uint64_t title)
{
	const struct fdg_process *parent = fdg_facts_find(p->parent);

	if (p->blind.has_asked && p->blind.title && p->blind.title != title) /* an exec that was tried succeeded */
		p->blind.has_asked = false;
	if (p->blind.has_asked)
		return true;
	return p->image == p->born && p->parent > 1 && ((parent && parent->blind.has_asked) || fdg_maps_has_preload(p->parent));
}

static bool was_told(const struct fdg_process *p, uint64_t title)
{
	return p->blind.told && (p->blind.told == title || p->blind.image == p->image);
}

/* Also of who forks them one after another: NULL: this one is no copy any more. */
static struct fdg_process *original_of(const struct fdg_process *p)
{
	return p->image == p->born ? fdg_facts_find(p->parent) : NULL;
}

static void keep_told(struct fdg_process *p, uint64_t title)
{
	p->blind.told = title;
	p->blind.image = p->image;
}

static void tell(struct fdg_process *p, int tid)
{
	char text[512], message[PATH_MAX + 256];
	struct fdg_buf m = FDG_BUF(message);
	uint64_t title = title_of(p->pid, text, sizeof(text));
	struct fdg_process *original = original_of(p);

	if (is_preloaded(p, title) || was_told(p, title) || (original && original->blind.told == title))
		return;
	keep_told(p, title);
	if (original)
		keep_told(original, title);
	if (fdg_runs_leave_out(*text ? text : "?"))
		return;
	fdg_facts_exe(p);
	if (p->is_exe_known || fdg_runs_is_known(p))
		fdg_runs_speak_for(p, tid);
	else
		fdg_runs_speak_as(p, *text ? text : "?");
	fdg_voice_borrow_above(p->pid);
	fdg_fmt(&m, "%s runs unguarded: it %s", *text ? fdg_base_name(text) : "a program", why);
	fdg_uncovered_partly(message, cure);
	fdg_voice_keep();
	fdg_runs_silent();
}

void fdg_blind_tell(struct fdg_process *p, int tid)
{
	if (is_hidden(tid))
		tell(p, tid);
}

void fdg_blind_exec(struct fdg_process *p, int tid)
{
	char text[512];

	if (is_hidden(tid) || is_memory_hidden(tid))
		tell(p, tid);
	if (p->blind.has_asked)
		p->blind.title = title_of(p->pid, text, sizeof(text));
}

void fdg_blind_crowd(int tid, unsigned known)
{
	static bool is_said;
	char message[256];
	struct fdg_buf b = FDG_BUF(message);
	struct fdg_process *p = fdg_facts_find(fdg_facts_parent(tid));

	p = p ? p : fdg_facts_next(NULL);
	if (is_said || !p)
		return;
	is_said = true;
	fdg_fmt(&b, "more than %u processes run at a time, and the supervisor has no room for more: those that come then are not guarded", known);
	fdg_runs_speak_for(p, p->pid);
	fdg_uncovered_partly(message, "raise the hard limit of open descriptors (ulimit -Hn), of which the supervisor needs one for each process; or accept it, with a line in the suppressions file");
	fdg_runs_silent();
}

void fdg_blind_seen(const struct fdg_process *p)
{
	if (p->execs && fdg_voice_is_lent(p->pid) && !is_hidden(p->pid))
		fdg_voice_return();
}

void fdg_blind_asked(struct fdg_process *p)
{
	p->blind.has_asked = true;
	p->blind.title = 0;
}
