/* SPDX-License-Identifier: MIT */
/* What stays the same about a finding from build to build and from machine to machine; see struct run_finding in log.h. */
#ifndef FDG_TOOLS_FINGERPRINT_H
#define FDG_TOOLS_FINGERPRINT_H

#include "tools/log.h"

/* "cloexec.leaked kind=UDP-socket site=monitor:probe_fork created=monitor:dns_pool_open peer=none". Words are separated by one space; spaces, percent signs, '#' and control
 * characters within them are written %XX. */
const char *fingerprint_of(struct pool *pool, const struct log_line *l);
/* As it is where `stacks` asks for no callers. */
const char *fingerprint_without_caller(struct pool *pool, const char *fingerprint);
/* As it was before it told the kind. */
const char *fingerprint_without_kind(struct pool *pool, const char *fingerprint);
/* How much of "name+0x4b" is there in every build: without the offset, GCC's and LLVM's clones (.constprop.0, .cold, .llvm.123), Rust's hash (17h… E). */
size_t fingerprint_symbol_length(const char *symbol);
/* loopback, private, public, unix or none. */
const char *peer_class(const char *peer);

#endif
