/* SPDX-License-Identifier: MIT */
/*
 * One notification: looked at, answered.
 */
#ifndef FDG_SUPERVISE_NOTIFY_H
#define FDG_SUPERVISE_NOTIFY_H

#include "supervise/listener.h"

/* execve(NULL, NULL, NULL, FDG_PROBE) is answered with FDG_PROBE_ANSWER: is this process supervised already? The kernel says EFAULT. */
#define FDG_PROBE 0x66646770u
#define FDG_PROBE_ANSWER 1

/* The one that was taken is looked at, and answered. */
void fdg_notify_handle(const struct fdg_listener *l);

#endif
