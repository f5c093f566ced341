// SPDX-License-Identifier: MIT
/*
 * What is in a posix_spawn_file_actions_t. libc has no call that tells, and a table of our own, kept by wrapping the four add functions, would have to follow
 * objects that programs copy and forget. The list's layout has not changed since glibc 2.2 (new actions got new tags); the call test spawn_targets
 * compares it with what the running libc writes.
 */
#include "wrap/spawn.h"

#include <stddef.h>
#include <sys/types.h>

enum tag { DO_CLOSE, DO_DUP2, DO_OPEN, DO_CLOSEFROM = 5, DO_LAST_KNOWN = 15 };

struct action {
	int tag;
	union {
		struct { int fd; } close;
		struct { int fd, target; } dup2;
		struct { int target; char *path; int flags; mode_t mode; } open;
		struct { int from; } closefrom;
	};
};

void fdg_spawn_sources(const posix_spawn_file_actions_t *actions, void (*f)(int fd))
{
#if defined(__GLIBC__)
	const struct action *a = (const struct action *)actions->__actions;

	if (!a || actions->__used < 0 || actions->__used > actions->__allocated)
		return;
	for (int i = 0; i < actions->__used && a[i].tag >= 0 && a[i].tag <= DO_LAST_KNOWN; i++)
		if (a[i].tag == DO_DUP2)
			f(a[i].dup2.fd);
#else
	(void)actions, (void)f;
#endif
}

bool fdg_spawn_closes(const posix_spawn_file_actions_t *actions, int fd)
{
#if defined(__GLIBC__)
	const struct action *a = (const struct action *)actions->__actions;

	if (!a || actions->__used < 0 || actions->__used > actions->__allocated)
		return false;
	for (int i = 0; i < actions->__used && a[i].tag >= 0 && a[i].tag <= DO_LAST_KNOWN; i++)
		if ((a[i].tag == DO_CLOSE && a[i].close.fd == fd) || (a[i].tag == DO_CLOSEFROM && a[i].closefrom.from <= fd))
			return true;
#else
	(void)actions, (void)fd;
#endif
	return false;
}

unsigned fdg_spawn_targets(const posix_spawn_file_actions_t *actions, int *ret_fds, unsigned max)
{
#if defined(__GLIBC__)
	const struct action *a = (const struct action *)actions->__actions;
	unsigned n = 0;

	if (!a || actions->__used < 0 || actions->__used > actions->__allocated)
		return 0;
	for (int i = 0; i < actions->__used && n < max; i++) {
		if (a[i].tag < 0 || a[i].tag > DO_LAST_KNOWN)
			return n;
		if (a[i].tag == DO_DUP2)
			ret_fds[n++] = a[i].dup2.target;
		else if (a[i].tag == DO_OPEN)
			ret_fds[n++] = a[i].open.target;
	}
	return n;
#else
	(void)actions, (void)ret_fds, (void)max;
	return 0;
#endif
}
