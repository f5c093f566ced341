/* SPDX-License-Identifier: MIT */
/*
 * From a function's frame to its caller's, by the tables that compilers write for exceptions (.eh_frame); elfutils reads them. A build without elfutils has no such step.
 */
#ifndef FDG_SUPERVISE_UNWIND_H
#define FDG_SUPERVISE_UNWIND_H

#include <stdbool.h>
#include <stdint.h>

/* What is known of a frame: nobody shows us the other registers of a thread that we do not stop. */
struct fdg_frame {
	uint64_t pc, sp, fp;
	bool has_fp; /* the frame pointer is known: some function saved it */
};

typedef bool fdg_unwind_word(void *cookie, uint64_t address, uint64_t *ret);

struct fdg_unwinder;
/* Of an object's file. NULL: it has no such tables. fd stays open until it is closed. */
struct fdg_unwinder *fdg_unwind_open(int fd);
void fdg_unwind_close(struct fdg_unwinder *u);
/* f->pc is an address of the file, in the call; after it, the return address in memory. bias: what the file's addresses are off by there. False: it is not known who called. */
bool fdg_unwind_step(struct fdg_unwinder *u, struct fdg_frame *f, uint64_t bias, fdg_unwind_word *word, void *cookie);

#endif
