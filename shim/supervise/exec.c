// SPDX-License-Identifier: MIT
#include "supervise/exec.h"

#include <fcntl.h>
#include <string.h>

#include "base/elf.h"
#include "base/sys.h"
#include "guards/uncovered.h"
#include "supervise/filter.h"
#include "supervise/inherit.h"
#include "supervise/look.h"
#include "supervise/maps.h"
#include "supervise/marks.h"
#include "supervise/numbers.h"
#include "supervise/runs.h"
#include "supervise/tally.h"

#include "base/poison.h"

#define ENVIRONMENT 4096 /* variables looked at */
#define PAGE 4096

/* Where the arguments of execve and execveat are. */
struct call {
	int tid, directory;
	bool is_32, is_empty_path;
	uint64_t path, argv, envp;
};

static struct call call_of(const struct seccomp_notif *n)
{
	const __u64 *a = n->data.args;
	struct call c = { .tid = (int)n->pid, .directory = AT_FDCWD, .is_32 = n->data.arch != FDG_ARCH, .path = a[0], .argv = a[1], .envp = a[2] };

	if (fdg_filter_notice(&n->data) == FDG_NOTICE_EXECAT)
		c = (struct call){ c.tid, (int)a[0], c.is_32, a[4] & AT_EMPTY_PATH, a[1], a[2], a[3] };
	return c;
}

/* A string, cut to what fits; by pages, as the next one may not be there. False: nothing of it is to be had. */
static bool read_string(int tid, uint64_t at, char *to, size_t room)
{
	size_t n = 0, part;
	long got;

	while (n + 1 < room) {
		part = PAGE - (at + n) % PAGE;
		got = fdg_facts_read(tid, at + n, to + n, part < room - 1 - n ? part : room - 1 - n);
		if (got <= 0)
			break;
		if (memchr(to + n, '\0', (size_t)got))
			return true;
		n += (size_t)got;
	}
	to[n] = '\0';
	return n > 0;
}

/* The i-th of a vector of pointers; 0: there is none. */
static uint64_t pointer(const struct call *c, uint64_t vector, unsigned i)
{
	uint64_t value = 0;
	unsigned size = c->is_32 ? 4 : 8;

	return vector && fdg_facts_read(c->tid, vector + (uint64_t)i * size, &value, size) == (long)size ? value : 0;
}

static void read_arguments(const struct call *c, struct fdg_run_image *ret)
{
	size_t used = 0;
	uint64_t at;
	int i;

	for (i = 0; i < FDG_ARGUMENTS && used + 2 < sizeof(ret->text) && (at = pointer(c, c->argv, (unsigned)i)); i++) {
		ret->argv[i] = ret->text + used;
		if (!read_string(c->tid, at, ret->argv[i], sizeof(ret->text) - used))
			ret->argv[i][0] = '\0';
		used += strlen(ret->argv[i]) + 1;
	}
	ret->argv[i] = NULL;
	ret->argc = i;
}

/* Will the loader preload us? */
static bool has_preload(const struct call *c)
{
	static const char name[] = "LD_PRELOAD=";
	char text[PATH_MAX];
	uint64_t at;

	for (unsigned i = 0; i < ENVIRONMENT && (at = pointer(c, c->envp, i)); i++)
		if (fdg_facts_read(c->tid, at, text, sizeof(name) - 1) == sizeof(name) - 1 && memcmp(text, name, sizeof(name) - 1) == 0)
			return read_string(c->tid, at, text, sizeof(text)) && strstr(text, "libfdguard.so");
	return false;
}

bool fdg_exec_is_go(const char *path)
{
	int fd = fdg_sys_open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0);
	struct fdg_elf e;
	bool found = fd >= 0 && fdg_elf_open(&e, fd) && fdg_elf_is_go(&e);

	if (fd >= 0)
		fdg_sys_close(fd);
	return found;
}

enum foreseen { NO_PROGRAM, PROGRAM, TOO_LATE };

static enum foreseen foresee(const struct call *c, struct fdg_run_image *ret)
{
	static struct fdg_look l;

	if (!read_string(c->tid, c->path, l.name, sizeof(l.name)) && !c->is_empty_path)
		return NO_PROGRAM;
	l.tid = c->tid;
	l.directory = c->directory;
	if (!fdg_look(&l))
		return TOO_LATE;
	if (!l.is_program)
		return NO_PROGRAM;
	memcpy(ret->exe, l.exe, sizeof(ret->exe));
	ret->file = l.file;
	read_arguments(c, ret);
	ret->is_preloaded = (l.image.kind == FDG_IMAGE_DYNAMIC || l.image.kind == FDG_IMAGE_ASAN) && has_preload(c);
	ret->is_go = l.is_go;
	return PROGRAM;
}

/* What it was started with, and what it then does with it, is not known any more: it is judged again from the next one on that is. */
static void say_too_late(struct fdg_process *p, int tid)
{
	static bool is_said;

	p->execs = 0;
	if (is_said)
		return;
	is_said = true;
	fdg_runs_speak_for(p, tid);
	fdg_uncovered_report(fdg_facts_exe(p), "starts a program from a file system that does not answer within 100 ms (FUSE, NFS), and that start is not looked at, nor are others until it answers");
	fdg_runs_silent();
}

/* What it hands on is judged as the program that it was, and told of as the one that it becomes. */
static bool become(struct fdg_process *p, const struct call *c, const struct fdg_listener *l, bool hands_on)
{
	static struct fdg_run_image image;
	const struct fdg_inherit_call i = { l, c->tid, c->is_32, c->argv, c->envp, hands_on && fdg_maps_judged(p, l->request->data.instruction_pointer) };
	enum foreseen foreseen = foresee(c, &image);
	bool is_known = foreseen == PROGRAM;

	if (foreseen == TOO_LATE) {
		say_too_late(p, c->tid);
		return false;
	}
	if (hands_on)
		fdg_inherit_judge(p, &i, is_known ? &image : NULL);
	if (!is_known)
		return false;
	fdg_tally_end(p);
	fdg_runs_exec(p, &image);
	if (hands_on)
		fdg_inherit_tell(p, &image);
	return true;
}

void fdg_exec_seen(struct fdg_process *p, const struct fdg_listener *l)
{
	bool hands_on = fdg_inherit_look(p, l), is_known = true;
	struct call c = call_of(l->request);

	p->judged = 0;
	if (hands_on || fdg_runs_are_told() || fdg_tally_any(p))
		is_known = become(p, &c, l, hands_on);
	fdg_facts_exec(p);
	if (hands_on && !is_known) /* a shell looks for a program in each folder of PATH */
		return;
	fdg_marks_forget(p);
	p->execs++;
}
