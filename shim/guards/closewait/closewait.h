/* SPDX-License-Identifier: MIT */
/*
 * Guard closewait: connections that the peer has closed and nobody closes here. The story is at the top of closewait.c. For sweep.c alone, and for the unit tests.
 *
 * Async-signal-safe; one thread at a time.
 */
#ifndef FDG_GUARDS_CLOSEWAIT_CLOSEWAIT_H
#define FDG_GUARDS_CLOSEWAIT_CLOSEWAIT_H

#include <stdbool.h>
#include <stdint.h>

#include "guards/closewait/connections.h"
#include "guards/closewait/cure.h"
#include "guards/holders.h"

/* One sweep. */
struct fdg_closewait {
	fdg_moment now;
	bool is_last;      /* the process ends */
	bool is_asked_for; /* by a signal, or because the process ends: it leaves nothing out */
	bool has_relatives; /* processes that may have what this one has */
	bool is_cut;       /* something was left out, or grows: the next one is to come soon */
	struct fdg_execd execd;
	uint64_t known;    /* descriptors that the ledger knows */
	uint64_t sockets;  /* TCP sockets of them */
	uint64_t leaks;    /* of them, over all groups */
};

void fdg_closewait_begin(void);
/* poll told of fd, a TCP socket, that its peer has closed. */
void fdg_closewait_polled(struct fdg_closewait *s, int fd, int revents);
/* So many bytes may lie unread in a connection that nobody closes: a TLS alert, "408 Request Timeout", "421 idle". Who has more to read may be slow. */
#define FDG_CLOSEWAIT_PARTING 2048u

/* fd leaks, and was used last then: for its group, and to be cured where that is asked for and may be. */
void fdg_closewait_count(struct fdg_closewait *s, int fd, struct fdg_connection *c, fdg_moment used);
void fdg_closewait_cure_none(void); /* forgets those that were to be */
/* So many have been looked at that those to be cured can be. */
void fdg_closewait_cure(struct fdg_closewait *s);
void fdg_closewait_end(struct fdg_closewait *s);

/*
 * Leaks that belong together: to one peer and made at one place, or accepted by one listener at one place.
 */
#define FDG_CLOSEWAIT_GROUPS 256 /* the last one has all that find no room */
#define FDG_CLOSEWAIT_PEERS 16u  /* of one place, that have a group each; one more group has all others */

/* What some leaks were like when they were counted. */
struct fdg_closewait_tally {
	uint32_t sockets, ephemeral, unread;
	int64_t age, idle; /* ms: of the oldest; of the one that was used last */
	int fd;            /* the oldest */
};

struct fdg_closewait_group {
	uint32_t serial; /* 0: free */
	bool is_rest, is_many, accepted, hosts_differ;
	unsigned char address[16], host[16]; /* whose connections; the first one's peer */
	uint16_t port;
	const void *site;
	uint32_t origin;
	/* In this sweep. */
	uint32_t count, fixed; /* fixed: cured ones, that are still there */
	struct fdg_closewait_tally there, ended; /* … and ended in this one, or since they were told of */
	uint32_t threads; /* that made them; 0: not known */
	enum fdg_cured uncured; /* why the last one was not */
	/* Over time. */
	uint32_t cured, said, were; /* were: in the sweep before */
	fdg_moment said_at, last;
	bool is_held; /* since that sweep */
	char peer[80], local[80]; /* of the first one */
};

/* The group of fd, which leaks: makes it if need be. */
struct fdg_closewait_group *fdg_closewait_group_of(int fd, struct fdg_connection *c, fdg_moment now);
extern unsigned fdg_closewait_groups_end; /* those from here on were never begun: their pages are not touched at the end of every process */
struct fdg_closewait_group *fdg_closewait_group_at(unsigned i);
/* The number in struct fdg_connection's `group`, from 1. */
uint32_t fdg_closewait_group_id(const struct fdg_closewait_group *g);

/* Those that leak, and those that did until they were cured. */
static inline uint32_t fdg_closewait_total(const struct fdg_closewait_group *g)
{
	return g->count + g->cured - g->fixed;
}

/* The ports that the kernel hands out, both included, as they were at the first look. */
void fdg_closewait_ports(uint32_t *ret_from, uint32_t *ret_to);
/* How many threads made what leaks, for every group. Of those that were ended some may be closed by now: it never becomes less. */
void fdg_closewait_count_threads(void);
/* Both of its tallies. */
struct fdg_closewait_tally fdg_closewait_sum(const struct fdg_closewait_group *g);
/* All leaks of all groups, the cured ones too. */
uint64_t fdg_closewait_all(void);
/* The finding, for a group that has changed enough. */
void fdg_closewait_say(const struct fdg_closewait *s, const struct fdg_closewait_group *g);
/* For who asked by closewait.signal, when there is nothing to be told. */
void fdg_closewait_answer(const struct fdg_closewait *s);

#endif
