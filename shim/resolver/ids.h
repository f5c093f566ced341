/* SPDX-License-Identifier: MIT */
/*
 * From a port and an id to the transmission that went out with them: a hash over memory of the owner's.
 */
#ifndef FDG_RESOLVER_IDS_H
#define FDG_RESOLVER_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FDG_IDS_NONE UINT32_MAX

/* A transmission that may be answered. Zeroed memory is none. */
struct fdg_try {
	uint32_t key; /* of fdg_ids_key */
	uint32_t next;
	uint32_t sent; /* µs, the low 32 bits */
	uint8_t server;
	bool out;  /* it is in the hash */
	bool lost; /* it was counted as such */
	bool opt;  /* it had an OPT record */
};

struct fdg_ids {
	uint32_t *heads;
	uint32_t mask;
	struct fdg_try *tries;
};

static inline uint32_t fdg_ids_key(unsigned port, uint16_t id)
{
	return (uint32_t)port << 16 | id;
}

/* `heads`: mask + 1 of them, a power of two. */
void fdg_ids_start(struct fdg_ids *ids, uint32_t *heads, uint32_t mask, struct fdg_try *tries);
void fdg_ids_put(struct fdg_ids *ids, uint32_t n, uint32_t key);
void fdg_ids_take_out(struct fdg_ids *ids, uint32_t n);
uint32_t fdg_ids_find(const struct fdg_ids *ids, uint32_t key);

#endif
