/* SPDX-License-Identifier: MIT */
/* What a new image found open, between inherited.c, which looks, and inherited_say.c, which tells. */
#ifndef FDG_GUARDS_CLOEXEC_INHERITED_H
#define FDG_GUARDS_CLOEXEC_INHERITED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fmt.h"
#include "base/kind.h"
#include "guards/cloexec/naming.h"
#include "guards/cloexec/note.h"
#include "options/options.h"

struct fdg_meant;

#define FDG_KINDS_SEEN 8

/* What a parent's note says, and what of it is really here. */
struct fdg_child_told {
	struct fdg_note note;
	struct fdg_note_group found[FDG_NOTE_GROUPS]; /* what is open of note.group[i], */
	enum fdg_level worst[FDG_NOTE_GROUPS];        /* and the level of the worst of it */
};

struct fdg_child {
	char *const *argv, *const *envp;
	struct fdg_child_told *told; /* NULL: no note for us */
	int parent_is_shell; /* -1: not asked */
	int walker;          /* the descriptor of our own walk */
	bool any;            /* something above 2 is open: the fields below are set */
	struct fdg_named named;
	struct fdg_note_group unnamed;
	enum fdg_level worst; /* of what is unnamed, had it been leaked to us */
	unsigned kinds;
	struct { fdg_kindword kind; uint64_t count; } seen[FDG_KINDS_SEEN];
	int judged; /* a supervisor's answer, base/judged.h; -1: not asked */
	struct fdg_meant *meant; /* what is named here alone, and not in the note */
	char what[384]; /* of the first unnamed ones: 3 socket:[4711], 4 /etc/hosts */
	struct fdg_buf what_text;
};

/* Leaks are closed before the program begins: the user asked for it. */
bool fdg_inherited_closes(void);
/* The parent's executable; "" if it is not known. */
void fdg_inherited_parent(char exe[256]);
/* Reports what c has. */
void fdg_inherited_say(struct fdg_child *c);

#endif
