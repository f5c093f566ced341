/* SPDX-License-Identifier: MIT */
/*
 * In a seccomp filter that came from outside, any call that libc's own lookups do not make may be the end (systemd's SystemCallFilter=): no SO_COOKIE, so that no socket is
 * kept from one lookup to the next; no recvmmsg; no number out of the way for a descriptor; no page that a fork wipes, so that the process's number is asked for instead. Set once,
 * for the process, before the first lookup.
 */
#ifndef FDG_RESOLVER_MODEST_H
#define FDG_RESOLVER_MODEST_H

#include <stdatomic.h>
#include <stdbool.h>

extern _Atomic bool fdg_modest;

static inline bool fdg_is_modest(void)
{
	return __builtin_expect(atomic_load_explicit(&fdg_modest, memory_order_relaxed), 0);
}

#endif
