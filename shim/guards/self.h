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
/* What this process is about to become is what it is called. */
void fdg_self_becomes(const char *file, char *const argv[]);
/* The same of any program; argv may be NULL. */
void fdg_put_called(struct fdg_buf *b, const char *exe, char *const argv[]);
/* "sh", "bash", …: programs that open descriptors for their children on their users' behalf. */
bool fdg_is_shell(const char *exe);

#endif
