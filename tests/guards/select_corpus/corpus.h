// SPDX-License-Identifier: MIT
/* The corpus: programs that put a descriptor beyond FD_SETSIZE into an fd_set, written as programs write it. Each pattern is a function that waits
   for something on scene->fd, and says how that ended; the scene (scene.c) knows what really happened. */
#ifndef SELECT_CORPUS_H
#define SELECT_CORPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/select.h>
#include <sys/time.h>

/* What a program is given. */
struct scene {
	int fd;               /* it waits for this one: FD_SETSIZE or more */
	int other;            /* fd + 1: can neither be read nor written */
	int low;              /* below FD_SETSIZE: nothing to read */
	int early;            /* below FD_SETSIZE: a byte is there from the start */
	struct timeval limit; /* its time limit */
};

/* What a program says. */
enum outcome {
	TIMED_OUT,
	READY,
	FAILED,   /* select returned -1 */
	EXTRA,    /* a count that is too high, or a descriptor that is not ready */
	MISSED,   /* a count, but the descriptor's bit is not set */
	TOO_SOON, /* ready, it said, and there was nothing to read */
	DAMAGED,  /* something beside the set has changed, by more than FD_SET did */
};

#define PATTERN(name, ...) enum outcome name(const struct scene *scene);
#include "patterns.def"
#undef PATTERN

/* The outcome of a wait for one descriptor. */
enum outcome outcome_of(int n, bool is_set);

/* Has select changed this memory? It was remembered when all FD_SETs had been done, so that only the bits of `sets` of them may have changed. */
void remember(void *before, const void *now, size_t size);
bool changed(const void *now, const void *before, size_t size, int sets);

/* The same for memory that was copied earlier. FD_SET may have taken a word each: behind FD_ZERO, compilers take a word of the set to be 0, and store. */
bool spoilt(const void *now, const void *before, size_t size, int sets);

#endif
