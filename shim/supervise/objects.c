// SPDX-License-Identifier: MIT
#include "supervise/objects.h"

#include <fcntl.h>
#include <string.h>

#include "base/elf.h"
#include "base/fmt.h"
#include "base/sys.h"
#include "supervise/maps.h"
#include "supervise/mounts.h"

#include "base/poison.h"

#define UNOPENED (-2)
#define PAGE_MASK UINT64_C(0xfff)

static bool see(void *cookie, uint64_t first, uint64_t behind, const char *name)
{
	struct fdg_objects *o = cookie;
	struct fdg_object *last = o->count ? &o->object[o->count - 1] : NULL;
	struct fdg_buf b;

	if (last && strcmp(last->name, name) == 0) {
		last->end = behind;
		return false;
	}
	if (o->count == FDG_OBJECTS)
		return true;
	last = &o->object[o->count++];
	*last = (struct fdg_object){ .first = first, .end = behind, .behind = behind, .fd = UNOPENED };
	b = (struct fdg_buf)FDG_BUF(last->name);
	fdg_put(&b, name);
	return false;
}

bool fdg_objects_look(struct fdg_process *p, struct fdg_objects *ret)
{
	ret->count = 0;
	fdg_maps_walk(p->pid, see, ret);
	return ret->count;
}

/* Its first page is the file's first one. */
static uint64_t bias_of(const struct fdg_elf *e, uint64_t first)
{
	Elf64_Phdr s;

	if (e->type != ET_DYN)
		return 0;
	for (unsigned i = 0; fdg_elf_segment(e, i, &s); i++)
		if (s.p_type == PT_LOAD)
			return first - (s.p_vaddr & ~PAGE_MASK);
	return first;
}

/* What the kernel writes behind a name that is gone, or was never there (memfd_create). */
static bool is_deleted(const char *name, size_t *ret_n)
{
	static const char mark[] = " (deleted)";
	size_t n = strlen(name), m = sizeof(mark) - 1;

	*ret_n = n;
	if (n <= m || strcmp(name + n - m, mark) != 0)
		return false;
	*ret_n = n - m;
	return true;
}

static void put_address(struct fdg_buf *b, uint64_t v)
{
	int shift = 60;

	while (shift && !(v >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		fdg_put_char(b, "0123456789abcdef"[v >> shift & 15]);
}

/* "/proc/4711/map_files/400000-401000", which the kernel keeps for those who may checkpoint processes. */
static void put_map(struct fdg_buf *b, int pid, const struct fdg_object *o)
{
	fdg_fmt(b, "/proc/%d/map_files/", pid);
	put_address(b, o->first);
	fdg_put_char(b, '-');
	put_address(b, o->behind);
}

/* As the process sees it: by its own root; of the program itself, and of what is deleted, by the kernel's link, for the name may be another file's by now. */
static int open_object(struct fdg_process *p, const struct fdg_object *o)
{
	char path[320];
	const char *exe = fdg_facts_exe(p);
	struct fdg_buf b = FDG_BUF(path);
	size_t n;
	bool deleted = is_deleted(o->name, &n), is_exe = strncmp(o->name, exe, n) == 0 && !exe[n];

	if (is_exe)
		fdg_fmt(&b, "/proc/%d/exe", p->pid);
	else if (deleted)
		put_map(&b, p->pid, o);
	else
		fdg_fmt(&b, "/proc/%d/root%s", p->pid, o->name);
	if (b.cut || (is_exe || deleted ? fdg_mounts_is_link_served(p->pid, path) : fdg_mounts_is_served(p->pid, o->name)))
		return -1;
	return fdg_sys_open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
}

static void open_it(struct fdg_process *p, struct fdg_object *o)
{
	struct fdg_elf e;

	o->fd = open_object(p, o);
	if (o->fd < 0)
		o->fd = -1;
	else if (fdg_elf_open(&e, o->fd))
		o->bias = bias_of(&e, o->first);
	else {
		fdg_sys_close(o->fd);
		o->fd = -1;
	}
}

struct fdg_object *fdg_objects_find(struct fdg_process *p, struct fdg_objects *o, uint64_t address)
{
	for (struct fdg_object *at = o->object; at < o->object + o->count; at++) {
		if (address < at->first || address >= at->end)
			continue;
		if (at->fd == UNOPENED)
			open_it(p, at);
		return at;
	}
	return NULL;
}

void fdg_objects_close(struct fdg_objects *o)
{
	for (unsigned i = 0; i < o->count; i++)
		if (o->object[i].fd >= 0)
			fdg_sys_close(o->object[i].fd);
	o->count = 0;
}
