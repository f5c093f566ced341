/* SPDX-License-Identifier: MIT */
/*
 * What eight bytes of memory look like: 64 descriptors of a set, or something else that lies behind one.
 */
#ifndef FDG_GUARDS_SELECT_WORD_H
#define FDG_GUARDS_SELECT_WORD_H

#include <stdbool.h>
#include <stdint.h>

enum fdg_word {
	FDG_WORD_BITS,    /* nothing else that we know */
	FDG_WORD_CANARY,  /* of a stack protector; up to four more bits may be set */
	FDG_WORD_RETURN,  /* an address behind a call, in a position-independent object */
	FDG_WORD_POINTER, /* an address of something that is mapped (the heap, stacks, code) */
	FDG_WORD_TEXT,    /* printable characters */
};

/* Async-signal-safe. Most sets of bits are told from the rest without a system call. */
enum fdg_word fdg_word_look(uint64_t word);
/* This thread's; 0: not known. */
uint64_t fdg_word_canary(void);

#endif
