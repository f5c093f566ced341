// SPDX-License-Identifier: MIT
#include "resolver/hash.h"

#include <endian.h>
#include <string.h>

#include "base/poison.h"

bool fdg_hash_seed(struct fdg_random *random, struct fdg_hash_seed *ret)
{
	uint16_t words[8];

	for (int i = 0; i < 8; i++)
		if (!fdg_random_16(random, &words[i]))
			return false;
	memcpy(ret, words, sizeof(*ret));
	return true;
}

static inline uint64_t turn(uint64_t x, unsigned by)
{
	return x << by | x >> (64 - by);
}

static inline void round_once(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = turn(v[1], 13) ^ v[0];
	v[0] = turn(v[0], 32);
	v[2] += v[3];
	v[3] = turn(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = turn(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = turn(v[1], 17) ^ v[2];
	v[2] = turn(v[2], 32);
}

uint64_t fdg_hash_bytes(const struct fdg_hash_seed *seed, const void *data, size_t n)
{
	uint64_t v[4] = { seed->k[0] ^ UINT64_C(0x736f6d6570736575), seed->k[1] ^ UINT64_C(0x646f72616e646f6d),
			  seed->k[0] ^ UINT64_C(0x6c7967656e657261), seed->k[1] ^ UINT64_C(0x7465646279746573) };
	const uint8_t *p = data;
	uint64_t word, last = (uint64_t)n << 56;

	for (; n >= 8; n -= 8, p += 8) {
		memcpy(&word, p, 8);
		word = le64toh(word);
		v[3] ^= word;
		round_once(v);
		v[0] ^= word;
	}
	word = last;
	for (unsigned i = 0; i < n; i++)
		word |= (uint64_t)p[i] << 8 * i;
	v[3] ^= word;
	round_once(v);
	v[0] ^= word;
	v[2] ^= 0xff;
	round_once(v);
	round_once(v);
	round_once(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void fdg_hash_lower(const struct fdg_dns_name *name, uint16_t type, uint64_t hash, struct fdg_hash_key *ret)
{
	ret->hash = hash;
	ret->type = type;
	ret->len = name->len;
	for (unsigned i = 0; i < name->len; i++) {
		uint8_t c = name->wire[i]; /* lengths of labels are below the letters */

		ret->wire[i] = c >= 'A' && c <= 'Z' ? c | 0x20 : c;
	}
}

void fdg_hash_key(const struct fdg_hash_seed *seed, const struct fdg_dns_name *name, uint16_t type,
		  struct fdg_hash_key *ret)
{
	fdg_hash_lower(name, type, 0, ret);
	ret->hash = fdg_hash_bytes(seed, ret->wire, ret->len);
}
