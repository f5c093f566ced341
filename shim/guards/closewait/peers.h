/* SPDX-License-Identifier: MIT */
/*
 * How many sockets are in CLOSE_WAIT, of whatever age, and to whom: a tally of each sweep, for metrics. One thread at a time, as sweeps are.
 */
#ifndef FDG_GUARDS_CLOSEWAIT_PEERS_H
#define FDG_GUARDS_CLOSEWAIT_PEERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/fmt.h"

/* Those of accepted connections have no port: each client has another one. */
struct fdg_peer {
	unsigned char address[16]; /* as IPv6 has it */
	uint16_t port;
	bool accepted;
	uint32_t count;
};

void fdg_peers_begin(void);
/* fd is in CLOSE_WAIT. */
void fdg_peers_add(int fd, bool accepted);
/* The sweep is over: what it saw is what is told from now on. */
void fdg_peers_end(void);
void fdg_peers_forked(void);

/*
 * As the last sweep saw it: how many in all, or -1: there was none yet. Into `ret` the `room` peers that have most, and then those that were told of the last time and have none any
 * more, with 0, once.
 */
int64_t fdg_peers_tell(struct fdg_peer *ret, unsigned room, unsigned *ret_n);
/* "10.0.0.7:8001", "[2001:db8::7]:8001", "10.0.0.9:*" */
void fdg_peer_put(struct fdg_buf *b, const struct fdg_peer *p);

#endif
