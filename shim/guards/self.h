/* SPDX-License-Identifier: MIT */
/*
 * What a person calls this program.
 */
#ifndef FDG_GUARDS_SELF_H
#define FDG_GUARDS_SELF_H

#include <stdbool.h>

#include "base/fmt.h"

/* In the constructor. argv is kept by reference; may be NULL. */
void fdg_self_start(char *const argv[]);
/* The name that was exec'd (a #! script's own), "tcp.py (python3)" for a script given to its interpreter. Async-signal-safe. */
void fdg_put_self(struct fdg_buf *b);
/* "sh", "bash", …: programs that open descriptors for their children on their users' behalf. */
bool fdg_is_shell(const char *exe);

#endif
