/* SPDX-License-Identifier: MIT */
/*
 * Who answers when the supervisor is dead. Without it every call that is told of would fail with ENOSYS for ever, execve among them. A child of the supervisor holds the listener and sleeps;
 * if the supervisor dies first, it has the kernel make all calls as they are, beginning with the one that the supervisor had in hand.
 *
 * If both are killed nothing can be done: the filter cannot be taken away.
 */
#ifndef FDG_SUPERVISE_GUARDIAN_H
#define FDG_SUPERVISE_GUARDIAN_H

#include "supervise/listener.h"

/*
 * Forks it; its pidfd, or a negative errno. Both have all signals blocked, but the supervisor takes SIGUSR1, which ends its waiting for a call: sent when the filter's last user has ended, or
 * when there is something in the epoll `ends`. The listener comes through `sock`; -1: it is there already.
 */
int fdg_guardian_start(const struct fdg_listener *l, int ends, int sock);

#endif
