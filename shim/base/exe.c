// SPDX-License-Identifier: MIT
#include "base/exe.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/auxv.h>

#include "base/arena.h"
#include "base/sys.h"

#include "base/poison.h"

static const char *ask(void)
{
	static const char deleted[] = " (deleted)";
	const size_t tail = sizeof(deleted) - 1;
	char path[4096];
	long n = fdg_sys_readlink("/proc/self/exe", path, sizeof(path));
	const char *copy;

	if (n > (long)tail && memcmp(path + n - tail, deleted, tail) == 0)
		n -= (long)tail;
	copy = n > 0 ? fdg_arena_strndup(path, (size_t)n) : NULL;
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
