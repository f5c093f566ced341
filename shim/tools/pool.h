/* SPDX-License-Identifier: MIT */
/* Memory that is given back all at once. Out of memory ends the program with a sentence and status 2: these are tools. */
#ifndef FDG_TOOLS_POOL_H
#define FDG_TOOLS_POOL_H

#include <stddef.h>

struct pool {
	struct pool_chunk *chunk; /* NULL: empty; { 0 } is a good pool */
};

void *pool_take(struct pool *p, size_t n); /* zeroed, aligned for anything */
char *pool_text(struct pool *p, const char *s, size_t n);
char *pool_copy(struct pool *p, const char *s); /* NULL stays NULL */
char *pool_format(struct pool *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
void pool_free(struct pool *p);
void pool_empty(struct pool *p); /* what was taken is gone; some memory is kept for more */

/* Room for one more in an array that grows on the heap: *count < *room afterwards. */
void *pool_grow(void *array, size_t count, size_t *room, size_t size);

#endif
