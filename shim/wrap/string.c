// SPDX-License-Identifier: MIT
/*
 * The string functions that the library itself uses, linked into it and visible to nobody else. libc's would do, but the names are looked up like any other: in a
 * program with clang's ThreadSanitizer they are found in the program's own runtime, which is not ready when our constructor runs and jumps to address 0; and
 * twenty names that need no looking up are a tenth of our start. What we handle is short: simple loops, eight bytes at a time where much is copied.
 *
 * Compiled with -fno-builtin, so that no loop becomes a call of the function that it is in.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

/* At any address, of anything. */
typedef uint64_t __attribute__((may_alias, aligned(1))) eight;

/* Upwards: memmove counts on that. */
void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	char *t = to;
	const char *f = from;

	for (; n >= sizeof(eight); n -= sizeof(eight), t += sizeof(eight), f += sizeof(eight))
		*(eight *)t = *(const eight *)f;
	while (n--)
		*t++ = *f++;
	return to;
}

void *mempcpy(void *restrict to, const void *restrict from, size_t n)
{
	return (char *)memcpy(to, from, n) + n;
}

void *memmove(void *to, const void *from, size_t n)
{
	char *t = to;
	const char *f = from;

	if ((uintptr_t)t <= (uintptr_t)f)
		return memcpy(to, from, n);
	while (n--)
		t[n] = f[n];
	return to;
}

void *memset(void *to, int c, size_t n)
{
	const uint64_t all = (unsigned char)c * UINT64_C(0x0101010101010101);
	char *t = to;

	for (; n >= sizeof(eight); n -= sizeof(eight), t += sizeof(eight))
		*(eight *)t = all;
	while (n--)
		*t++ = (char)c;
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a, *y = b;

	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

void *memchr(const void *s, int c, size_t n)
{
	const unsigned char *p = s;

	for (; n; n--, p++)
		if (*p == (unsigned char)c)
			return (void *)p;
	return NULL;
}

void *memrchr(const void *s, int c, size_t n)
{
	const unsigned char *p = s;

	while (n--)
		if (p[n] == (unsigned char)c)
			return (void *)(p + n);
	return NULL;
}

void *memmem(const void *s, size_t n, const void *word, size_t w)
{
	const char *p = s;

	for (; n >= w; n--, p++)
		if (memcmp(p, word, w) == 0)
			return (void *)p;
	return NULL;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n])
		n++;
	return n;
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n])
		n++;
	return n;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++)
		if (*a != *b || !*a)
			return (unsigned char)*a - (unsigned char)*b;
	return 0;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

/* Of ASCII's letters, whatever the locale. */
static int small(char c)
{
	return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : (unsigned char)c;
}

int strncasecmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++)
		if (small(*a) != small(*b) || !*a)
			return small(*a) - small(*b);
	return 0;
}

int strcasecmp(const char *a, const char *b)
{
	return strncasecmp(a, b, SIZE_MAX);
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)s;
		if (!*s)
			return NULL;
	}
}

char *strrchr(const char *s, int c)
{
	const char *last = NULL;

	for (;; s++) {
		if (*s == (char)c)
			last = s;
		if (!*s)
			return (char *)last;
	}
}

size_t strspn(const char *s, const char *accept)
{
	size_t n = 0;

	while (s[n] && strchr(accept, s[n]))
		n++;
	return n;
}

size_t strcspn(const char *s, const char *reject)
{
	size_t n = 0;

	while (s[n] && !strchr(reject, s[n]))
		n++;
	return n;
}

char *strstr(const char *s, const char *word)
{
	size_t w = strlen(word);

	for (;; s++) {
		if (strncmp(s, word, w) == 0)
			return (char *)s;
		if (!*s)
			return NULL;
	}
}

char *stpcpy(char *restrict to, const char *restrict from)
{
	while ((*to = *from++))
		to++;
	return to;
}

char *strcpy(char *restrict to, const char *restrict from)
{
	stpcpy(to, from);
	return to;
}
