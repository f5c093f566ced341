// SPDX-License-Identifier: MIT
#include "wrap/runs.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/apart.h"
#include "base/image.h"
#include "base/sys.h"

#include "base/poison.h"

/* The kernel's: of one string, and of all with their pointers, of which it is a quarter of the stack's. */
enum { STRING_MAX = 131072, LEAST = 131072, MOST = 6291456 };

struct asked {
	const char *path;
	struct fdg_image image;
};

static int look(void *arg)
{
	struct asked *a = arg;

	fdg_image_look(a->path, &a->image);
	return 0;
}

static bool is_there(const char *path, int how)
{
	return fdg_sys3(SYS_faccessat, AT_FDCWD, path, how) == 0;
}

static bool is_runnable(const struct fdg_image *image)
{
	switch (image->kind) {
	case FDG_IMAGE_UNKNOWN:
	case FDG_IMAGE_MISSING:
		return false;
	case FDG_IMAGE_FOREIGN:
		return image->detail == 0 && is_there(image->loader, F_OK);
	default:
		return is_there(image->program, X_OK);
	}
}

/* *left is what is left of the room. */
static bool fits(char *const list[], uint64_t *left)
{
	for (; list && *list; list++) {
		size_t n = strlen(*list) + 1;

		if (n > STRING_MAX || n + sizeof(*list) > *left)
			return false;
		*left -= n + sizeof(*list);
	}
	return true;
}

static uint64_t room(void)
{
	struct rlimit64 stack = { MOST * 4, 0 };

	fdg_sys4(SYS_prlimit64, 0, RLIMIT_STACK, NULL, &stack);
	if (stack.rlim_cur / 4 > MOST)
		return MOST;
	return stack.rlim_cur / 4 < LEAST ? LEAST : stack.rlim_cur / 4;
}

bool fdg_runs(const char *path, char *const argv[], char *const envp[])
{
	uint64_t left = room();
	struct asked *a;
	bool r;

	if (!fits(argv, &left) || !fits(envp, &left) || !(a = fdg_sys_mmap(sizeof(*a), false)))
		return false;
	a->path = path;
	r = fdg_aside(look, a) == 0 && is_runnable(&a->image);
	fdg_sys_munmap(a, sizeof(*a));
	return r;
}
