/* SPDX-License-Identifier: MIT */
/*
 * Sockets of our network namespace, whosever they are, as the kernel lists them to anybody (sock_diag). Without a descriptor of theirs: one more would keep a listener open.
 */
#ifndef FDG_SUPERVISE_DIAG_H
#define FDG_SUPERVISE_DIAG_H

#include <stdbool.h>
#include <stdint.h>

#include "guards/reuseport/groups.h"

/* Bits. */
enum { FDG_DIAG_TCP = 1, FDG_DIAG_TCP6 = 2, FDG_DIAG_UDP = 4, FDG_DIAG_UDP6 = 8, FDG_DIAG_ALL = 15 };

/* A listening TCP socket, or a UDP one that is not connected. */
struct fdg_diag_row {
	uint64_t inode;
	unsigned queued, backlog; /* what waits to be accepted, and for how many there is room */
	struct fdg_group group;   /* without namespace and v6only */
};
#define FDG_DIAG_ROWS 4096u
struct fdg_diag_rows {
	unsigned n;
	struct fdg_diag_row row[FDG_DIAG_ROWS];
};
/* All of these kinds. False: there are more, or the kernel does not tell. */
bool fdg_diag_look(unsigned kinds, struct fdg_diag_rows *ret);

/* One end of a TCP connection. */
struct fdg_diag_end {
	uint32_t name[10]; /* ports, addresses, device: what the kernel finds it by */
	uint16_t port;
	unsigned char family, address[16]; /* here */
};
typedef void fdg_diag_see(void *cookie, const struct fdg_diag_end *e);
/* Those at these ports, at most FDG_DIAG_PORTS, that nobody has accepted yet. It takes a walk over the kernel's table of connections, which misses some where many come and go meanwhile. */
#define FDG_DIAG_PORTS 16u
bool fdg_diag_waiting(unsigned kind, const uint16_t port[], unsigned ports, fdg_diag_see *see, void *cookie);
/* Is it there: waiting, accepted, or closed and not forgotten yet? True where the kernel does not tell. */
bool fdg_diag_is_there(const struct fdg_diag_end *e);

/*
 * What the namespace has counted: resets that it sent (refusals as well); ends of connections that were reset, by whichever side; and how many of both programs meant, or caused by closing a connection whose data they
 * had not read.
 */
struct fdg_diag_resets {
	bool is_known;
	uint64_t sent, torn, meant;
};
enum fdg_diag_when { FDG_DIAG_BEFORE, FDG_DIAG_AFTER };
struct fdg_diag_resets fdg_diag_resets(enum fdg_diag_when when);
/* Without what was meant, and rather too few. 0: not known. */
struct fdg_diag_resets_between {
	unsigned sent, torn;
};
struct fdg_diag_resets_between fdg_diag_resets_between(const struct fdg_diag_resets *before, const struct fdg_diag_resets *after);

#endif
