/* SPDX-License-Identifier: MIT */
/*
 * Guard reuseport: no handshake ends on a listener at the moment when it is closed. See quiet.c. Async-signal-safe. Only where bpf() may be called (migrate.h).
 */
#ifndef FDG_GUARDS_REUSEPORT_QUIET_H
#define FDG_GUARDS_REUSEPORT_QUIET_H

#include <stdbool.h>

/* To be called right before fd is closed. True: it is done. What is not closed after all hears again after 20 ms. */
bool fdg_quiet(int fd);
/* It goes on to listen after all. */
void fdg_quiet_end(int fd);

#endif
