/* SPDX-License-Identifier: MIT */
/*
 * The call stack of a thread of a program that is not Go's, without libc and Rust's standard library.
 */
#ifndef FDG_SUPERVISE_NATIVE_H
#define FDG_SUPERVISE_NATIVE_H

#include "guards/nonblock/shared.h"
#include "supervise/facts.h"

#define FDG_NATIVE_FRAMES 8

/* The outermost frame that was reached: who called there is not known. */
struct fdg_native_end {
	uint64_t pc, sp;
};

/*
 * At most max and FDG_NATIVE_FRAMES places, the innermost first. pc, sp: behind the system call. Objects' names stay, symbols until the next walk. Each stack is walked once, and known again by what is
 * on it.
 */
unsigned fdg_native_stack(struct fdg_process *p, int tid, uint64_t pc, uint64_t sp, struct fdg_place *ret, struct fdg_source *ret_source, unsigned max,
			  struct fdg_native_end *ret_end);

/* By its symbol: does it belong to libc, or Rust's library? In a static program they are in the same file as the rest. */
bool fdg_native_is_library(const char *symbol);
/* By the object's name. */
bool fdg_native_is_libc(const char *object);

#endif
