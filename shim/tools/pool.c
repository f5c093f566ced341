// SPDX-License-Identifier: MIT
#include "tools/pool.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK (64u << 10)

struct pool_chunk {
	struct pool_chunk *next;
	size_t used, size;
	alignas(max_align_t) char bytes[];
};

static void *must(void *p)
{
	if (p)
		return p;
	fputs("fdguard: out of memory\n", stderr);
	exit(2);
}

void *pool_take(struct pool *p, size_t n)
{
	struct pool_chunk *c = p->chunk;
	char *at;

	n = (n + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (!c || c->size - c->used < n) {
		size_t size = n > CHUNK ? n : CHUNK;

		c = must(malloc(sizeof(*c) + size));
		c->used = 0;
		c->size = size;
		c->next = p->chunk;
		p->chunk = c;
	}
	at = c->bytes + c->used;
	c->used += n;
	return memset(at, 0, n);
}

char *pool_text(struct pool *p, const char *s, size_t n)
{
	return n ? memcpy(pool_take(p, n + 1), s, n) : pool_take(p, 1);
}

char *pool_copy(struct pool *p, const char *s)
{
	return s ? pool_text(p, s, strlen(s)) : NULL;
}

char *pool_format(struct pool *p, const char *format, ...)
{
	va_list ap;
	char *text, *copy;

	va_start(ap, format);
	if (vasprintf(&text, format, ap) < 0)
		text = must(NULL);
	va_end(ap);
	copy = pool_copy(p, text);
	free(text);
	return copy;
}

void pool_free(struct pool *p)
{
	for (struct pool_chunk *c = p->chunk, *next; c; c = next) {
		next = c->next;
		free(c);
	}
	p->chunk = NULL;
}

void pool_empty(struct pool *p)
{
	struct pool rest;

	if (!p->chunk)
		return;
	rest.chunk = p->chunk->next;
	pool_free(&rest);
	p->chunk->next = NULL;
	p->chunk->used = 0;
}

void *pool_grow(void *array, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return array;
	*room = *room ? *room * 2 : 16;
	return must(reallocarray(array, *room, size));
}
