/* SPDX-License-Identifier: MIT */
/* For the programs that compare our configuration with libc's: they live in a mount namespace with an /etc of their own (test_libc.sh). */
#ifndef TESTS_RESOLVER_LIBC_H
#define TESTS_RESOLVER_LIBC_H

#include "common.h"

#include "../harness/own_etc.h"

#include <sys/stat.h>
#include <unistd.h>

struct pile {
	char text[4096];
	size_t n;
};

static inline void pile_n(struct pile *p, const char *s, size_t n)
{
	assert_true(p->n + n < sizeof(p->text));
	memcpy(p->text + p->n, s, n);
	p->n += n;
	p->text[p->n] = '\0';
}

static inline void pile(struct pile *p, const char *s)
{
	pile_n(p, s, strlen(s));
}

#define ANY_OF(list) ((list)[any(COUNT(list))])

static inline void pile_blank(struct pile *p)
{
	static const char *const blanks[] = { " ", " ", "\t", "  ", " \t " };

	pile(p, ANY_OF(blanks));
}

/* Another inode than before, and another time: libc sees that it has changed. */
static inline void write_etc(const char *path, const struct pile *p)
{
	static long moments;
	struct timespec times[2] = { { 0, 0 }, { 1000000 + moments++, 0 } };
	FILE *f;

	need_own_etc();
	f = fopen("/etc/new", "w");
	times[0] = times[1];
	assert_non_null(f);
	assert_int_equal(fwrite(p->text, 1, p->n, f), p->n);
	assert_int_equal(fflush(f), 0);
	assert_int_equal(futimens(fileno(f), times), 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(rename("/etc/new", path), 0);
}

static inline struct fdg_text text_of_pile(const struct pile *p)
{
	return (struct fdg_text){ p->text, p->n };
}

#endif
