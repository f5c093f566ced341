/* SPDX-License-Identifier: MIT */
/*
 * The call stack of a goroutine that waits in a system call, and who in it is the program itself: not Go's runtime, nor its standard library.
 */
#ifndef FDG_SUPERVISE_GOSTACK_H
#define FDG_SUPERVISE_GOSTACK_H

#include "supervise/goprogram.h"

struct fdg_go_frame {
	uint64_t pc;     /* in the call */
	uint64_t callee; /* the same of the function that it called; 0: it made the system call itself */
};

struct fdg_go_source {
	struct fdg_go_line line; /* the first function there that is the program's own; it may be inlined into others */
	bool is_inlined;
	char callee[FDG_GO_NAME]; /* of the standard library, which it called; "": not known */
	char symbol[FDG_GO_NAME + 20]; /* of the one that it is inlined into, "main.main+0x1d2" */
};

/* The program's own frames, the innermost first; at most max. pc, sp: behind the system call. */
unsigned fdg_go_stack(const struct fdg_go_program *p, int tid, uint64_t pc, uint64_t sp, struct fdg_go_frame *ret, unsigned max);
/* C code, by cgo: pc and sp of the frame that called it become those of the goroutine, on the stack that it has itself. False: that frame did not. */
bool fdg_go_below_c(const struct fdg_go_program *p, int tid, uint64_t *pc, uint64_t *sp);
bool fdg_go_source_of(const struct fdg_go_program *p, const struct fdg_go_frame *frame, struct fdg_go_source *ret);

/* By its name, "net/http.(*Server).Serve": is a function of the runtime, the standard library, or the package that makes system calls for others? */
bool fdg_go_is_library(const char *function);
/* By its file's name. */
bool fdg_go_is_library_file(const char *file);

#endif
