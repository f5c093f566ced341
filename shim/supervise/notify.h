/* SPDX-License-Identifier: MIT */
/*
 * One notification: looked at, answered.
 */
#ifndef FDG_SUPERVISE_NOTIFY_H
#define FDG_SUPERVISE_NOTIFY_H

#include "supervise/listener.h"

/* The one that was taken is looked at, and answered. */
void fdg_notify_handle(const struct fdg_listener *l);

#endif
