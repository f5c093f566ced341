/* SPDX-License-Identifier: MIT */
/*
 * A process is about to become another program.
 */
#ifndef FDG_SUPERVISE_EXEC_H
#define FDG_SUPERVISE_EXEC_H

#include <linux/seccomp.h>

#include "supervise/facts.h"

void fdg_exec_seen(struct fdg_process *p, const struct seccomp_notif *n);

#endif
