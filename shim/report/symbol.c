// SPDX-License-Identifier: MIT
#include "report/symbol.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>

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

bool fdg_variable_end(const void *p, const void **ret_end)
{
	struct fdg_place place;
	uint64_t end;
	int fd;

	*ret_end = NULL;
	/* A place is the byte before a return address. */
	if (!fdg_place_of((const char *)p + 1, &place) || place.object != fdg_run_exe())
		return true;
	fd = fdg_run_is(FDG_RUN_RETIRED) ? -1 : fdg_open_high(fdg_exe_link(), O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return false;
	end = fdg_elf_variable_end(fd, place.offset);
	fdg_sys_close(fd);
	if (end)
		*ret_end = (const char *)p + (end - place.offset);
	return true;
}

bool fdg_symbol_of(const struct fdg_place *p, struct fdg_buf *ret)
{
	bool found;
	int fd;

	if (!p->object || fdg_run_is(FDG_RUN_RETIRED))
		return false;
	fd = open_object(p->object);
	if (fd < 0)
		return false;
	found = fdg_elf_symbol(fd, p->offset, ret);
	fdg_sys_close(fd);
	return found;
}
