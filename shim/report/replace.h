/* SPDX-License-Identifier: MIT */
#ifndef FDG_REPORT_REPLACE_H
#define FDG_REPORT_REPLACE_H

#include <stddef.h>

/*
 * Puts n bytes into the file `path`, all at once: whoever reads it sees what was there before or all of it, never a part. They are written to a new file beside it (its name, the pid, a number
 * and ".tmp"), which takes its name. The new file is readable by all, as far as the umask lets it. What is there and is no regular file stays: a device, a FIFO, a symbolic link.
 *
 * 0, or a negative errno (-FDG_REPLACE_OTHER: there is something else); then nothing has changed. Raw system calls, in a moment of its own (base/apart.h); async-signal-safe.
 */
#define FDG_REPLACE_OTHER EEXIST
int fdg_replace_file(const char *path, const char *text, size_t n);

#endif
