/* SPDX-License-Identifier: MIT */
/*
 * A configuration file: its text, and whether it has changed since. Straight to the kernel: no call passes a wrapper, and no descriptor is kept.
 */
#ifndef FDG_RESOLVER_FILE_H
#define FDG_RESOLVER_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolver/text.h"

/* What stat tells of a file. A file that cannot be looked at has a stamp too: the error. */
struct fdg_file_stamp {
	uint64_t device, inode, size;
	int64_t modified_s, modified_ns, changed_s, changed_ns;
	int error; /* negative errno, or 0 */
};

struct fdg_file {
	struct fdg_text text; /* in a mapping of its own */
	struct fdg_file_stamp stamp;
	size_t mapped;
	volatile int fd; /* while it is read; else -1 */
};

void fdg_file_stamp(const char *path, struct fdg_file_stamp *ret);
bool fdg_file_same(const struct fdg_file_stamp *a, const struct fdg_file_stamp *b);
/* 0, or a negative errno: -EFBIG if it has more than `max` bytes. The stamp is the one of the file that was read; it is there on failure too. */
int fdg_file_load(const char *path, size_t max, struct fdg_file *ret);
void fdg_file_free(struct fdg_file *f);

/* Whole lines, which may be written to; a negative errno ends it. */
typedef int fdg_file_part(void *cookie, char *lines, size_t n);
/* The file, part by part, in a buffer that is as long as its longest line at least; -EFBIG if that has more than `max` bytes. */
int fdg_file_read(const char *path, size_t max, struct fdg_file *f, fdg_file_part *take, void *cookie);

#endif
