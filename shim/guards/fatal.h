/* SPDX-License-Identifier: MIT */
/*
 * The way out of a signal that ends the program, with nonblock=fix and a mode to put back: SIGINT, SIGTERM, SIGHUP, SIGPIPE and SIGALRM get a handler of ours where
 * they have their default action. It puts the modes back and raises the signal again, so that the parent sees what it would have seen. Async-signal-safe.
 */
#ifndef FDG_GUARDS_FATAL_H
#define FDG_GUARDS_FATAL_H

void fdg_fatal_catch(void);
/* The default action again, where the handler is still ours. */
void fdg_fatal_release(void);

#endif
