/* SPDX-License-Identifier: MIT */
/*
 * The text of configuration files, line by line and word by word, as libc reads it: no locale, no allocation, nothing written to the text.
 */
#ifndef FDG_RESOLVER_TEXT_H
#define FDG_RESOLVER_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fdg_text {
	const char *s; /* not NUL-terminated */
	size_t n;
};

/* Numeric addresses, interface names, and keywords are shorter; a word that is longer is none. */
enum { FDG_TEXT_WORD = 64 };

/* Blank, tab, and the ends of lines: isspace() of the C locale. */
static inline bool fdg_text_is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}
/* Cuts the next line off, without its end. What follows a NUL in a line is no part of it. */
bool fdg_text_line(struct fdg_text *rest, struct fdg_text *ret);
/* Cuts the next word off; false when none is left. */
bool fdg_text_word(struct fdg_text *rest, struct fdg_text *ret);
/* Cuts the part before the first of `ends` off, and that byte; all of it if there is none. */
struct fdg_text fdg_text_until(struct fdg_text *rest, const char *ends);
struct fdg_text fdg_text_trim_start(struct fdg_text t);
bool fdg_text_is(struct fdg_text t, const char *word);
bool fdg_text_starts(struct fdg_text t, const char *word);
bool fdg_text_has(struct fdg_text t, char c);
/* The same in any letter case. */
bool fdg_text_is_any_case(struct fdg_text t, const char *word);
/* A NUL-terminated copy; false if it is longer than FDG_TEXT_WORD - 1 bytes. */
bool fdg_text_copy(struct fdg_text t, char ret[FDG_TEXT_WORD]);
/* As strtoul, base 10, of a word that must end behind the number: a '+' may stand before it, and "" is 0. False above `max`. */
bool fdg_text_number(struct fdg_text t, uint32_t max, uint32_t *ret);
/* The number and a NUL, at most 11 bytes; returns where the NUL is. */
char *fdg_text_put_number(char *to, uint32_t n);
/* A variable of the environment; not by getenv, of which a program may have one of its own (bash). NULL: there is none. */
const char *fdg_text_variable(const char *name);

#endif
