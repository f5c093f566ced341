// SPDX-License-Identifier: MIT
#include "report/symbol.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>

#include "base/apart.h"
#include "base/exe.h"
#include "base/sys.h"
#include "report/elf.h"
#include "report/high.h"
#include "report/run.h"

#include "base/poison.h"

/* glibc 2.35; elsewhere there is no place that we could look up without the loader's lock. */
#pragma weak _dl_find_object

bool fdg_place_of(const void *pc, struct fdg_place *ret)
{
	struct dl_find_object o;
	/* The call that returns to pc may be the last instruction of its function. */
	uintptr_t call = (uintptr_t)pc - 1;

	if (!pc || !_dl_find_object || _dl_find_object((void *)call, &o) != 0 || !o.dlfo_link_map)
		return false;
	ret->object = o.dlfo_link_map->l_name;
	if (!ret->object || !*ret->object)
		ret->object = fdg_run_exe();
	ret->offset = call - o.dlfo_link_map->l_addr;
	return ret->object != NULL;
}

const void *fdg_pc_of(const struct fdg_place *p)
{
	struct dl_find_object self;
	const struct link_map *m;

	if (!p->object || !_dl_find_object || _dl_find_object((void *)(uintptr_t)fdg_pc_of, &self) != 0)
		return NULL;
	for (m = self.dlfo_link_map; m && m->l_prev; m = m->l_prev)
		;
	for (; m; m = m->l_next)
		if (strcmp(m->l_name && *m->l_name ? m->l_name : fdg_run_exe(), p->object) == 0)
			return (const void *)(m->l_addr + p->offset + 1);
	return NULL;
}

/* The running program by the kernel's own link: its path may name a newer file by now. */
static int open_object(const char *object)
{
	int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, fd = -1;

	if (object == fdg_run_exe())
		fd = fdg_open_high(fdg_exe_link(), flags, 0);
	return fd < 0 && strchr(object, '/') ? fdg_open_high(object, flags, 0) : fd;
}

struct variable {
	uint64_t offset, end;
	bool opened;
};

static int find_variable(void *arg)
{
	struct variable *v = arg;
	int fd = fdg_open_high(fdg_exe_link(), O_RDONLY | O_CLOEXEC, 0);

	v->opened = fd >= 0;
	if (fd < 0)
		return 0;
	v->end = fdg_elf_variable_end(fd, v->offset);
	fdg_sys_close(fd);
	return 0;
}

bool fdg_variable_end(const void *p, const void **ret_end)
{
	struct variable v = { 0 };
	struct fdg_place place;

	*ret_end = NULL;
	/* A place is the byte before a return address. */
	if (!fdg_place_of((const char *)p + 1, &place) || place.object != fdg_run_exe())
		return true;
	v.offset = place.offset;
	if (!fdg_run_is(FDG_RUN_RETIRED))
		fdg_aside(find_variable, &v);
	if (!v.opened)
		return false;
	if (v.end)
		*ret_end = (const char *)p + (v.end - v.offset);
	return true;
}

bool fdg_symbol_read(const struct fdg_place *p, struct fdg_buf *ret)
{
	int fd = p->object && !fdg_run_is(FDG_RUN_RETIRED) ? open_object(p->object) : -1;
	bool found;

	if (fd < 0)
		return false;
	found = fdg_elf_symbol(fd, p->offset, ret);
	fdg_sys_close(fd);
	return found;
}

struct question {
	const struct fdg_place *place;
	struct fdg_buf *ret;
	bool found;
};

static int find_symbol(void *arg)
{
	struct question *q = arg;

	q->found = fdg_symbol_read(q->place, q->ret);
	return 0;
}

bool fdg_symbol_of(const struct fdg_place *p, struct fdg_buf *ret)
{
	struct question q = { p, ret, false };

	if (p->object && !fdg_run_is(FDG_RUN_RETIRED))
		fdg_aside(find_symbol, &q);
	return q.found;
}
