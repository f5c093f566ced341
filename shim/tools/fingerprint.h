/* SPDX-License-Identifier: MIT */
/* What stays the same about a finding from build to build and from machine to machine; see struct run_finding in log.h. */
#ifndef FDG_TOOLS_FINGERPRINT_H
#define FDG_TOOLS_FINGERPRINT_H

#include "tools/log.h"

/* "cloexec.leaked site=monitor:probe_fork created=monitor:dns_pool_open peer=none". Words are separated by one space; spaces, percent signs, '#' and control
 * characters within them are written %XX. */
const char *fingerprint_of(struct pool *pool, const struct log_line *l);
/* loopback, private, public, unix or none. */
const char *peer_class(const char *peer);

#endif
