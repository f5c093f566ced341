// SPDX-License-Identifier: MIT
/*
 * resolv.conf's rotate: who is asked first. Each lookup begins with the server behind the last one's, the first anywhere, as libc's: else the first server would have all the
 * lookups of programs that make one.
 */
#include "resolver/engine.h"

#include <string.h>

#include "base/poison.h"

/* A and AAAA of a name, one upon the other: a lookup has one server. */
static bool is_the_other(struct fdg_exchange *x, const struct fdg_question *q)
{
	uint16_t len = (uint16_t)(q->len - FDG_DNS_HEADER - 4);
	const uint8_t *name = q->packet + FDG_DNS_HEADER;
	uint16_t type = (uint16_t)(name[len] << 8 | name[len + 1]);
	bool is = x->turned_type && x->turned_type != type && x->turned_len == len && !memcmp(x->turned, name, len);

	memcpy(x->turned, name, len);
	x->turned_len = len;
	x->turned_type = is ? 0 : type;
	return is;
}

unsigned fdg_rotate(struct fdg_exchange *x, const struct fdg_question *q)
{
	uint16_t somewhere = 0;

	if (!(x->set.options & FDG_CONF_ROTATE))
		return 0;
	if (!x->turn) {
		fdg_random_16(&x->random, &somewhere);
		x->turn = 1 + somewhere;
	}
	return (is_the_other(x, q) ? x->turn - 1 : x->turn++) % x->target_count;
}
