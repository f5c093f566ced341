// SPDX-License-Identifier: MIT
#include "base/exe.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/auxv.h>

#include "base/arena.h"
#include "base/sys.h"

#include "base/poison.h"

#define ROOM 4096

/* The link's text into a page of its own: this may be asked on a signal stack. */
static const char *read_link(char *path)
{
	static const char deleted[] = " (deleted)";
	const size_t tail = sizeof(deleted) - 1;
	long n = fdg_sys_readlink("/proc/self/exe", path, ROOM);

	if (n > (long)tail && memcmp(path + n - tail, deleted, tail) == 0)
		n -= (long)tail;
	return n > 0 ? fdg_arena_strndup(path, (size_t)n) : NULL;
}

static const char *ask(void)
{
	char *room = fdg_sys_mmap(ROOM, false);
	const char *copy = room ? read_link(room) : NULL;

	if (room)
		fdg_sys_munmap(room, ROOM);
	if (!copy)
		copy = (const char *)getauxval(AT_EXECFN);
	return copy && *copy ? copy : "?";
}

/* Two threads may ask at once: the first answer stays, the other costs its bytes. */
const char *fdg_exe(void)
{
	static const char *_Atomic known;
	const char *exe = atomic_load_explicit(&known, memory_order_acquire), *none = NULL;

	if (exe)
		return exe;
	exe = ask();
	return atomic_compare_exchange_strong(&known, &none, exe) ? exe : none;
}
