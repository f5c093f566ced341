// SPDX-License-Identifier: MIT
#include "supervise/exec.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/elf.h"
#include "base/fmt.h"
#include "base/image.h"
#include "base/sys.h"
#include "supervise/filter.h"
#include "supervise/inherit.h"
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

/* The file as this process can open it: by the other one's root or working directory. */
static bool find_file(const struct call *c, char path[PATH_MAX])
{
	char name[PATH_MAX];
	struct fdg_buf b = { path, 0, PATH_MAX, false };

	if (!read_string(c->tid, c->path, name, sizeof(name)) && !c->is_empty_path)
		return false;
	fdg_fmt(&b, "/proc/%d/", c->tid);
	if (name[0] == '/')
		fdg_put(&b, "root");
	else if (c->directory == AT_FDCWD)
		fdg_put(&b, "cwd/");
	else
		fdg_fmt(&b, name[0] ? "fd/%d/" : "fd/%d", c->directory);
	fdg_put(&b, name);
	return !b.cut;
}

/* The file's own name, without links. */
static bool real_name(const char *path, char ret[PATH_MAX])
{
	int fd = fdg_sys_open(path, O_PATH | O_CLOEXEC, 0);
	char link[64];
	struct fdg_buf b = FDG_BUF(link);
	long n;

	if (fd < 0)
		return false;
	fdg_fmt(&b, "/proc/self/fd/%d", fd);
	n = fdg_sys_readlink(link, ret, PATH_MAX - 1);
	fdg_sys_close(fd);
	ret[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* A text without #! is refused by the kernel: execvp gives it to a shell then, by another call. */
static bool is_program(const char *path, const struct fdg_image *image)
{
	struct stat st;

	if (fdg_sys_stat(path, &st) < 0 || !S_ISREG(st.st_mode) || !(st.st_mode & 0111) || image->kind == FDG_IMAGE_MISSING)
		return false;
	return image->kind != FDG_IMAGE_UNKNOWN || image->fd < 0;
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

static bool foresee(const struct call *c, struct fdg_run_image *ret)
{
	static struct fdg_image image;
	static char path[PATH_MAX];

	if (!find_file(c, path))
		return false;
	fdg_image_look(path, &image);
	if (!is_program(path, &image) || !real_name(image.program, ret->exe))
		return false;
	read_arguments(c, ret);
	ret->is_preloaded = (image.kind == FDG_IMAGE_DYNAMIC || image.kind == FDG_IMAGE_ASAN) && has_preload(c);
	return true;
}

/* What it hands on is judged as the program that it was, and told of as the one that it becomes. */
static bool become(struct fdg_process *p, const struct call *c, const struct fdg_listener *l, bool hands_on)
{
	static struct fdg_run_image image;
	const struct fdg_inherit_call i = { l, c->tid, c->is_32, c->argv, c->envp, hands_on && fdg_maps_judged(p, l->request->data.instruction_pointer) };
	bool is_known = foresee(c, &image);

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
	bool hands_on = fdg_inherit_look(p), is_known = true;
	struct call c = call_of(l->request);

	p->judged = 0;
	if (hands_on || fdg_runs_are_written() || fdg_tally_any(p))
		is_known = become(p, &c, l, hands_on);
	fdg_facts_exec(p);
	if (hands_on && !is_known) /* a shell looks for a program in each folder of PATH */
		return;
	fdg_marks_forget(p);
	p->execs++;
}
