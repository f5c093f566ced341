/* SPDX-License-Identifier: MIT */
/* What kind of program a file is: whether a preloaded library gets into it, and if not, why. */
#ifndef FDG_TOOLS_BINARY_H
#define FDG_TOOLS_BINARY_H

#include "base/image.h"

enum binary_kind {
	BINARY_DYNAMIC,    /* the loader preloads; also what we do not know: the kernel decides */
	BINARY_ASAN,       /* so does it here, but AddressSanitizer's runtime objects to not being first */
	BINARY_STATIC,     /* no loader in it; what it starts may have one */
	BINARY_FOREIGN,    /* another architecture or another C library */
	BINARY_PRIVILEGED, /* set-user-ID, set-group-ID or file capabilities: the loader ignores LD_PRELOAD */
	BINARY_MISSING,    /* a script whose interpreter is not there */
	BINARY_GO,         /* dynamically linked, and makes its system calls past the C library */
	BINARY_UNREAD,     /* we may not read it */
};

/* The end of a sentence that begins with "it": "is statically linked, ..." */
struct binary {
	enum binary_kind kind;
	bool is_watchable; /* by the supervisor: this machine's kernel makes its system calls itself, and it gains no privilege by its start */
	char why[512];
};

/* Looks at the file, and for a script at the interpreter that its first line names. */
void binary_look(const char *path, struct binary *ret);
/* The same of a file that somebody else looked at: base/image.h. */
void binary_tell(enum fdg_image_kind kind, unsigned detail, const char *loader, struct binary *ret);
const char *binary_word(enum binary_kind kind);

#endif
