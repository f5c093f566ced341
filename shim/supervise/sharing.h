/* SPDX-License-Identifier: MIT */
/*
 * Who else holds a description, of the processes that are supervised. Hints first: descriptors that were duplicated. Each is asked about, so that one that is old costs nothing but the question.
 */
#ifndef FDG_SUPERVISE_SHARING_H
#define FDG_SUPERVISE_SHARING_H

#include "supervise/facts.h"

struct fdg_sharer {
	int pid, fd;
};

bool fdg_sharing_find(const struct fdg_process *p, int fd, const struct fdg_file *f, struct fdg_sharer *ret);

#endif
