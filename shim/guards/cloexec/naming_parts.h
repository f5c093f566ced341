/* SPDX-License-Identifier: MIT */
/* Of naming.c, for naming_why.c, which looks again for the one that names. */
#ifndef FDG_GUARDS_CLOEXEC_NAMING_PARTS_H
#define FDG_GUARDS_CLOEXEC_NAMING_PARTS_H

#include <stddef.h>

#include "guards/cloexec/naming.h"

/* Has s an occurrence of word, which is in lower case, in either case? */
bool fdg_naming_contains(const char *s, size_t n, const char *word);
/* Adds what one word of an argument names. Returns whether the word speaks of fds, for the next one: {"control_fd": 3}. Punctuation between the two hands it on. */
bool fdg_naming_word(struct fdg_named *n, const char *s, size_t len, bool hint);
/* Adds what NAME=VALUE names. False: that may well be about something else. */
bool fdg_naming_variable(struct fdg_named *n, const char *entry);

#endif
