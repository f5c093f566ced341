// SPDX-License-Identifier: MIT
#include "supervise/maps.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/exe.h"
#include "base/fmt.h"
#include "base/sys.h"

#include "base/poison.h"

#define ROOM (64u << 10) /* more than the longest line */

static struct { char text[ROOM + 1]; } *room;

/* "7f01-7f02 r-xp 00000000 fe:01 4711   /path" */
static bool see_line(char *line, fdg_maps_see *see, void *cookie)
{
	char *rest, *name = strchr(line, '/');
	uint64_t first = strtoull(line, &rest, 16), behind = *rest == '-' ? strtoull(rest + 1, NULL, 16) : 0;

	return name && see(cookie, first, behind, name);
}

/* The whole lines of `have` bytes; *have becomes what is left. */
static bool see_lines(size_t *have, fdg_maps_see *see, void *cookie)
{
	char *line = room->text, *end;
	bool found = false;

	room->text[*have] = '\0';
	for (; !found && (end = strchr(line, '\n')); line = end + 1) {
		*end = '\0';
		found = see_line(line, see, cookie);
	}
	*have -= (size_t)(line - room->text);
	memmove(room->text, line, *have);
	return found;
}

bool fdg_maps_walk(int pid, fdg_maps_see *see, void *cookie)
{
	char path[64];
	struct fdg_buf b = FDG_BUF(path);
	bool found = false;
	size_t have = 0;
	long n = 1;
	int fd;

	if (!room && !(room = fdg_sys_mmap(sizeof(*room), false)))
		return false;
	fdg_fmt(&b, "/proc/%d/maps", pid);
	fd = fdg_sys_open(path, O_RDONLY | O_CLOEXEC, 0);
	while (fd >= 0 && !found && n > 0 && have < ROOM) {
		n = fdg_sys_read(fd, room->text + have, ROOM - have);
		have += n > 0 ? (size_t)n : 0;
		found = see_lines(&have, see, cookie);
	}
	if (fd >= 0)
		fdg_sys_close(fd);
	return found;
}

static bool is_preload(void *cookie, uint64_t first, uint64_t behind, const char *name)
{
	(void)cookie, (void)first, (void)behind;
	return strcmp(fdg_base_name(name), "libfdguard.so") == 0;
}

struct search {
	uint64_t address;
	enum fdg_maps_caller caller;
};

static enum fdg_maps_caller caller_of(const char *object)
{
	if (strcmp(object, "libfdguard.so") == 0)
		return FDG_CALLER_PRELOAD;
	return strncmp(object, "libc.so", 7) == 0 || strncmp(object, "libc-2.", 7) == 0 ? FDG_CALLER_LIBC : FDG_CALLER_OTHER;
}

static bool is_there(void *cookie, uint64_t first, uint64_t behind, const char *name)
{
	struct search *s = cookie;

	if (s->address < first || s->address >= behind)
		return false;
	s->caller = caller_of(fdg_base_name(name));
	return true;
}

bool fdg_maps_has_preload(int pid)
{
	return fdg_maps_walk(pid, is_preload, NULL);
}

enum fdg_maps_caller fdg_maps_caller(struct fdg_process *p, uint64_t address)
{
	struct search s = { address, FDG_CALLER_OTHER };

	if (p->preload == FDG_PRELOAD_UNKNOWN)
		p->preload = fdg_maps_has_preload(p->pid) ? FDG_PRELOADED : FDG_NOT_PRELOADED;
	if (p->preload == FDG_PRELOADED)
		fdg_maps_walk(p->pid, is_there, &s);
	return s.caller;
}

bool fdg_maps_judged(struct fdg_process *p, uint64_t address)
{
	return fdg_maps_caller(p, address) != FDG_CALLER_OTHER;
}
