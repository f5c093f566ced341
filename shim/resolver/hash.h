/* SPDX-License-Identifier: MIT */
/*
 * Names as keys: in lower case, with a hash that nobody can foresee (SipHash-1-3 with a random key), so that names from outside cannot be made to meet in one
 * place.
 */
#ifndef FDG_RESOLVER_HASH_H
#define FDG_RESOLVER_HASH_H

#include "resolver/name.h"
#include "resolver/random.h"

struct fdg_hash_seed {
	uint64_t k[2];
};

struct fdg_hash_key {
	uint64_t hash; /* of the name alone: what is kept of one name lies together */
	uint16_t type;
	uint8_t len;
	uint8_t wire[FDG_DNS_NAME_MAX]; /* in lower case */
};

/* False when the kernel gives no random numbers. */
bool fdg_hash_seed(struct fdg_random *random, struct fdg_hash_seed *ret);
void fdg_hash_key(const struct fdg_hash_seed *seed, const struct fdg_dns_name *name, uint16_t type,
		  struct fdg_hash_key *ret);
/* The same where the hash is known. */
void fdg_hash_lower(const struct fdg_dns_name *name, uint16_t type, uint64_t hash, struct fdg_hash_key *ret);
uint64_t fdg_hash_bytes(const struct fdg_hash_seed *seed, const void *data, size_t n);

#endif
