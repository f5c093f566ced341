/* SPDX-License-Identifier: MIT */
/*
 * Strings of another process.
 */
#ifndef FDG_SUPERVISE_MEMORY_H
#define FDG_SUPERVISE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FDG_STRINGS 8192
#define FDG_STRING_BYTES (1u << 20)

/* A vector of strings, as argv and environ are; large: in a mapping. */
struct fdg_strings {
	unsigned count;
	bool is_whole; /* else there were more than fit, or some could not be read */
	char *string[FDG_STRINGS + 1];
	size_t used;
	char text[FDG_STRING_BYTES];
};

/* `at` is where the vector of pointers is, of 4 bytes each in a 32-bit program; 0: it is empty. */
void fdg_strings_read(int tid, uint64_t at, bool is_32, struct fdg_strings *ret);
/* The value of NAME=, or NULL. */
const char *fdg_strings_value(const struct fdg_strings *s, const char *name);

#endif
