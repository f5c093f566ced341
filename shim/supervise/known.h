/* SPDX-License-Identifier: MIT */
/*
 * stat, as far as this kernel knows by itself: who serves the file (FUSE, NFS) is not asked, and cannot keep us waiting. For links of /proc, whose end needs no look-up by name.
 */
#ifndef FDG_SUPERVISE_KNOWN_H
#define FDG_SUPERVISE_KNOWN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/* Device, inode and mode; the rest is zero. */
bool fdg_stat_known(const char *path, struct stat *ret);
/* Of an open file. */
bool fdg_fstat_known(int fd, struct stat *ret);
/* Which mount it is of, by the number that /proc/PID/mountinfo begins its line with; 0: this kernel does not say (Linux 5.8). */
bool fdg_mount_known(const char *path, dev_t *ret_device, uint64_t *ret_mount);

#endif
