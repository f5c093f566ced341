/* SPDX-License-Identifier: MIT */
/*
 * The Go program that a process runs: its table of functions, in its memory, where the loader has put all addresses right, whether it was linked by Go or by C's linker, at a fixed place or not,
 * stripped or not.
 */
#ifndef FDG_SUPERVISE_GOPROGRAM_H
#define FDG_SUPERVISE_GOPROGRAM_H

#include "supervise/facts.h"
#include "supervise/gopclntab.h"

#define FDG_GO_HEAD 80 /* bytes of a table that tell it from others */

struct fdg_go_program {
	int pid;            /* 0: none */
	bool is_go;
	uint64_t mark;      /* of this image of the process */
	uint64_t key;       /* of the table and where it is: the same for the same program */
	uint64_t bias;      /* what the addresses of the file are off by */
	uint64_t first, end; /* its code */
	uint8_t head[FDG_GO_HEAD];
	struct fdg_gopcln table;
};

/* NULL: it is no Go program, or cannot be looked at. A table that was found is looked at again: by exec the process may have become another program. */
const struct fdg_go_program *fdg_go_program_of(int pid);
/* Was the program that p runs made by Go? Asked once of each; false where it cannot be looked at. */
bool fdg_go_is(struct fdg_process *p);
/* The same from what is looked at: for tests. */
bool fdg_go_program_look(int pid, struct fdg_go_program *ret);

#endif
