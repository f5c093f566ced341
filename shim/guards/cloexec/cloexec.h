/* SPDX-License-Identifier: MIT */
/*
 * Guard cloexec: descriptors that children inherit. The story is at the top of cloexec.c; inherited.c is the half that runs in the child.
 */
#ifndef FDG_GUARDS_CLOEXEC_CLOEXEC_H
#define FDG_GUARDS_CLOEXEC_CLOEXEC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/kind.h"
#include "base/state.h"
#include "guards/cloexec/note.h"

/* Kinds (bits) that get close-on-exec at creation: 0 unless cloexec=fix. */
extern unsigned fdg_cloexec_kinds;

/* Is a new descriptor of this kind to be forced? Never in memory that is not ours, where we could not remember it. */
static inline bool fdg_cloexec_forces(unsigned kind_bit)
{
	return (fdg_cloexec_kinds & kind_bit) && !fdg_foreign_memory();
}

/* Sets fdg_cloexec_kinds from the options; before the program runs. */
void fdg_cloexec_start(void);

/* True between a fork and the exec that follows it, in the child. */
bool fdg_cloexec_in_forked_child(void);
/* The program is about to forbid system calls: takes our mark off everything, since from then on nothing could lift it. With `again`, puts it back. */
void fdg_cloexec_release(bool again);
/* Each child gets a note from now on, even an empty one: it tells that what is wrong with our options was said already. */
extern bool fdg_cloexec_always_note;
/* In a child of fork: what was made until now is its parent's work. */
void fdg_cloexec_forked(void);

#define FDG_LIFTED_LOW 8192 /* numbers below are kept in a map */
#define FDG_LIFTED_MAX 64   /* ranges of higher ones; what does not fit is not lifted */
#define FDG_TOLD_MAX FDG_NOTE_GROUPS

/* One exec or spawn. The caller fills the first part, and keeps the struct on its stack. */
struct fdg_exec {
	bool spawned;      /* the child is another process: what is lifted here must be put back */
	const char *file;  /* may be a name to be looked up in PATH, or NULL */
	char *const *argv; /* may be NULL */
	char *const *envp; /* may be NULL */
	const void *site;
	int program_fd;    /* fexecve: the descriptor that is run, which a script's interpreter opens again by its number; else -1 */
	const int *chosen; /* numbers that the child will have on purpose: posix_spawn's adddup2 and addopen; may be NULL */
	unsigned chosen_count;

	struct fdg_note note;
	uint64_t lifted_low[FDG_LIFTED_LOW / 64];
	unsigned lifted_count;
	struct { int first, last; } lifted[FDG_LIFTED_MAX];
	unsigned told_count;
	uint64_t told[FDG_TOLD_MAX];
};

/* Is there anything to ask guard cloexec about? Most execs have nothing open that is known, and pay for nothing else. */
bool fdg_cloexec_has_work(unsigned chosen_count);
/*
 * Before the real call: lifts our mark from descriptors that are meant for the child, and fills x->note. Returns true if the note has something to say.
 * Async-signal-safe, and right in a vfork child: writes to *x and to the descriptors of this process, nothing else.
 */
bool fdg_cloexec_before(struct fdg_exec *x);
/* After a spawn returned, or after an exec failed: marks what was lifted again; `failed`: nothing was started. */
void fdg_cloexec_after(struct fdg_exec *x, bool failed);

/*
 * In the new image, before the program runs: looks at every descriptor above 2, reports what was leaked to us and what nobody named, closes it where
 * cloexec.inherited=close, and enters the rest in the ledger. `note` is the value of FDGUARD_NOTE, or NULL.
 */
void fdg_inherited_start(char *const argv[], char *const envp[], const char *note);

#endif
