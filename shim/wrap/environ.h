/* SPDX-License-Identifier: MIT */
/*
 * The environment of a program that we are about to start: its own, with LD_PRELOAD and FDGUARD_OPTIONS put back where the program left them out
 * (option follow), and with the note of guard cloexec. Built on the caller's stack: an exec may be made in a vfork child or a signal handler, where nothing
 * can be allocated.
 *
 *     struct fdg_environ e;
 *     fdg_environ_plan(&e, envp, note);
 *     char **env = fdg_environ_fill(&e, alloca(e.size));
 */
#ifndef FDG_WRAP_ENVIRON_H
#define FDG_WRAP_ENVIRON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/image.h"

struct fdg_environ {
	char *const *envp;   /* the program's; may be NULL */
	size_t entries;
	size_t preload_at;   /* where LD_PRELOAD is, or entries */
	bool add_preload, add_options;
	bool drop_note;      /* a note of an earlier exec is in there */
	const char *note;    /* "FDGUARD_NOTE=…", or NULL */
	size_t size;         /* bytes that fill needs; 0: the program's own environment will do */
};

/* Keeps what the process was started with; before the program runs. `library` is the path that the loader knows us by. */
void fdg_environ_start(char *const envp[], const char *library);
void fdg_environ_plan(struct fdg_environ *e, char *const envp[], const char *note);
char **fdg_environ_fill(const struct fdg_environ *e, void *memory);
/* True if a program that is started with envp is given options other than those that this one was started with. */
bool fdg_environ_differs(char *const envp[]);
/* Why the loader will not preload us into what this process execs now with envp, as far as one can tell. */
enum fdg_barred fdg_environ_barred(char *const envp[]);

/*
 * For popen and wordexp, which read `environ` inside libc: points it at a vector of ours until they return. libc's own lock is not taken (it is not reset in a
 * forked child), and nothing of the program's is written. The vector lies in a mapping that is never taken away, since another thread may be reading it, or copy
 * it with setenv.
 */
struct fdg_environ_window { bool open; };
void fdg_environ_open(struct fdg_environ_window *w, const struct fdg_environ *e);
void fdg_environ_close(struct fdg_environ_window *w);

#endif
