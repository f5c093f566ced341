/* SPDX-License-Identifier: MIT */
/*
 * Guard resolver: lookups of names that take long, or end without an answer. The story is at the top of lookup.c.
 *
 * Async-signal-safe; errno is left alone.
 */
#ifndef FDG_GUARDS_LOOKUP_LOOKUP_H
#define FDG_GUARDS_LOOKUP_LOOKUP_H

#include <stdbool.h>
#include <stdint.h>

struct sockaddr_storage;

/* A lookup that is over. */
struct fdg_looked_up {
	const char *call;   /* "getaddrinfo" */
	const char *asked;  /* the name, or an address as text; as the program gave it. NULL: none */
	const void *site;   /* of the call */
	bool by_libc;       /* then there is nothing to say of a server */
	int64_t took_ms;
	int64_t lost_ms; /* … of which it is known to have waited for no server */
	const char *reason; /* why there is no answer; NULL: there is one, and be it that there is no such name */
	const struct sockaddr_storage *server; /* who answered, or failed last; NULL: not known */
	unsigned sent;      /* messages, to all servers */
	const char *missing; /* "A" or "AAAA": nobody answered that one; NULL: none of the two alone, or not known */
};

/* Counts it, and tells of one that took FDG_LOOKUP_SLOW, or failed. */
enum { FDG_LOOKUP_SLOW = 1000, FDG_LOOKUP_LOST = 250 /* ms; what is less is not spoken of */ };
void fdg_looked_up(const struct fdg_looked_up *l);

/* Of a lookup that waited for answers for that long at most; ms. */
static inline int64_t fdg_lookup_lost(uint64_t took_us, uint64_t waited_us)
{
	return took_us > waited_us ? (int64_t)((took_us - waited_us) / 1000) : 0;
}

/* For lookups of libc's, which tells nothing but its code. NULL: that is an answer, or no lookup failed. */
const char *fdg_lookup_reason(int eai);
/* The same for h_errno. */
const char *fdg_lookup_host_reason(int h_error);
/* The time, for took_ms; in ms. */
int64_t fdg_lookup_clock(void);

#endif
