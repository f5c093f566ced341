/* SPDX-License-Identifier: MIT */
/* For programs that write files of /etc: only one that a test has put there, in a mount namespace of its own. */
#ifndef TESTS_HARNESS_OWN_ETC_H
#define TESTS_HARNESS_OWN_ETC_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/stat.h>

static inline void need_own_etc(void)
{
	struct statx st = { .stx_mask = 0 };

	if (syscall(SYS_statx, AT_FDCWD, "/etc", 0, 0, &st) == 0 && st.stx_attributes & STATX_ATTR_MOUNT_ROOT)
		return;
	fputs("This program writes /etc, and this one is the machine's: run the test's script, which mounts another.\n",
	      stderr);
	exit(99);
}

#endif
