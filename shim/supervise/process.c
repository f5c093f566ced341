// SPDX-License-Identifier: MIT
#include "supervise/process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/wait.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/sys.h"

#include "base/poison.h"

#define SET_SIZE sizeof(uint64_t)
#define OLD_KERNELS_FILES 65536 /* looked at one by one where there is no close_range (before Linux 5.9) */

int fdg_process_fork(void)
{
	return (int)fdg_sys5(SYS_clone, 0, 0, 0, 0, 0);
}

static bool gets_orphans(void)
{
	int is_reaper = 0;

	return fdg_sys_getpid() == 1 || (fdg_sys2(SYS_prctl, PR_GET_CHILD_SUBREAPER, &is_reaper) == 0 && is_reaper);
}

int fdg_process_fork_apart(void)
{
	int child, status = 0;

	if (gets_orphans()) {
		child = fdg_process_fork();
		return child > 0 ? 1 : child;
	}
	child = fdg_process_fork();
	if (child < 0)
		return child;
	if (child == 0) {
		child = fdg_process_fork();
		if (child)
			fdg_process_exit(child < 0);
		return 0;
	}
	while (fdg_sys4(SYS_wait4, child, &status, __WALL, NULL) == -EINTR)
		continue;
	return status == 0 ? 1 : -EAGAIN;
}

void fdg_process_exit(int status)
{
	for (;;)
		fdg_sys1(SYS_exit_group, status);
}

void fdg_process_hide(void)
{
	uint64_t all = ~UINT64_C(0);

	fdg_sys4(SYS_rt_sigprocmask, SIG_SETMASK, &all, NULL, SET_SIZE);
	fdg_sys0(SYS_setsid);
}

static void nothing(int signal)
{
	(void)signal;
}

void fdg_process_catch(int number)
{
	struct sigaction action = { .sa_handler = nothing };
	uint64_t bit = UINT64_C(1) << (number - 1);

	sigaction(number, &action, NULL);
	fdg_sys4(SYS_rt_sigprocmask, SIG_UNBLOCK, &bit, NULL, SET_SIZE);
}

/* As many as it may: a pidfd for each process. */
static void raise_limit(void)
{
	struct rlimit files;

	if (fdg_sys4(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		fdg_sys4(SYS_prlimit64, 0, RLIMIT_NOFILE, &files, NULL);
	}
}

/* By way of numbers above both. */
static int move_down(const int from[2])
{
	int above[2];

	for (int i = 0; i < 2; i++)
		if ((above[i] = fdg_sys_fcntl(from[i], F_DUPFD_CLOEXEC, FDG_PROCESS_KEPT + 2)) < 0)
			return above[i];
	for (int i = 0; i < 2; i++)
		fdg_sys3(SYS_dup3, above[i], FDG_PROCESS_KEPT + i, O_CLOEXEC);
	return 0;
}

int fdg_process_drop_files(int keep, int next)
{
	int null, r = move_down((const int[]){ keep, next });

	if (r < 0)
		return r;
	if (fdg_sys3(SYS_close_range, FDG_PROCESS_KEPT + 2, ~0U, 0) < 0)
		for (int fd = FDG_PROCESS_KEPT + 2; fd < OLD_KERNELS_FILES; fd++)
			fdg_sys_close(fd);
	null = fdg_sys_open("/dev/null", O_RDWR | O_CLOEXEC, 0);
	for (int fd = 0; fd < 2; fd++)
		if (null >= 0 && null != fd)
			fdg_sys3(SYS_dup3, null, fd, 0);
		else if (null < 0)
			fdg_sys_close(fd);
	if (null > 2)
		fdg_sys_close(null);
	raise_limit();
	return 0;
}

static char *title_room;
static size_t title_size;

void fdg_process_title_room(char *argv[])
{
	char *end = argv[0];

	for (int i = 0; argv[i] && argv[i] == end; i++)
		end += strlen(end) + 1;
	title_room = argv[0];
	title_size = (size_t)(end - argv[0]);
}

void fdg_process_title(const char *title)
{
	fdg_sys2(SYS_prctl, PR_SET_NAME, "fdguard");
	if (!title_size)
		return;
	memset(title_room, 0, title_size);
	memcpy(title_room, title, strnlen(title, title_size - 1));
}
