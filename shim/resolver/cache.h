/* SPDX-License-Identifier: MIT */
/*
 * Answers that are kept for as long as they say (RFC 1035 section 7.4, RFC 2308). A ring of a fixed size: the newest overwrites the oldest, so that
 * nothing is ever freed or searched for; a table of places in it, eight for each hash, that fall void by themselves. Of what failed, SERVFAIL alone is kept, for a
 * moment: who asks again at once shall not make the servers search again. Silence, which may be the line's, is not.
 */
#ifndef FDG_RESOLVER_CACHE_H
#define FDG_RESOLVER_CACHE_H

#include "resolver/hash.h"
#include "resolver/reply.h"

enum {
	FDG_CACHE_MIN = 64 << 10,
	FDG_CACHE_TTL_NEGATIVE = 900, /* s, at most: RFC 2308 section 5 says one to three hours */
	FDG_CACHE_TTL_FAILED = 5, /* s: all servers said SERVFAIL (RFC 2308 section 7.1: five minutes at most; RFC 9520: one second at least) */
};

struct fdg_cache;

/* 0, or -ENOMEM. */
int fdg_cache_make(size_t bytes, struct fdg_cache **ret);
void fdg_cache_free(struct fdg_cache *c);
/* NULL: not there, or too old. It lives until the next put. *ret_left: the seconds it has left. */
const struct fdg_reply *fdg_cache_find(const struct fdg_cache *c, const struct fdg_hash_key *key, uint64_t now,
				       uint32_t *ret_left);
/* Keeps it for `seconds`, if it is not larger than an eighth of the ring. Times are µs. */
void fdg_cache_put(struct fdg_cache *c, const struct fdg_hash_key *key, const struct fdg_reply *r, uint64_t now,
		   uint32_t seconds);
void fdg_cache_flush(struct fdg_cache *c);
/* What has that hash will be put, or looked for, soon. */
void fdg_cache_look_ahead(const struct fdg_cache *c, uint64_t hash);

#endif
