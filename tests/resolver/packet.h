/* SPDX-License-Identifier: MIT */
/* DNS messages made at random: good ones, with compressed names and many types, and what becomes of them by small damage. */
#ifndef TESTS_RESOLVER_PACKET_H
#define TESTS_RESOLVER_PACKET_H

#include <stddef.h>
#include <stdint.h>

enum { PACKET_MAX = 2048 };

struct packet {
	uint8_t data[PACKET_MAX];
	size_t len;
	uint16_t names[64]; /* where names begin, to point at */
	unsigned name_count;
};

void packet_make(struct packet *p);
void packet_damage(struct packet *p);

#endif
