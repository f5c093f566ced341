/* SPDX-License-Identifier: MIT */
/*
 * What the kernel knows of this host's addresses: which there are (netlink), and which one packets to a destination would come from (a connected UDP
 * socket: nothing is sent). Both are remembered until the kernel tells that an address or a route has changed.
 *
 * Two descriptors are kept, high and close-on-exec: one that is told of changes, one to ask with. Where they cannot be had, nothing is
 * remembered, and each question opens its own.
 */
#ifndef FDG_RESOLVER_SOURCES_H
#define FDG_RESOLVER_SOURCES_H

#include "resolver/sort.h"

enum {
	FDG_SOURCES_ADDRESSES = 1024, /* of this host; with more, those behind are not known by their properties */
	FDG_SOURCES_KEPT = 512,       /* destinations */
	FDG_SOURCES_BELIEVE = 1000,
};

struct fdg_own_address {
	uint8_t six[16];
	uint8_t prefix_len;
	bool deprecated, home;
	uint32_t interface;
};

struct fdg_kept_source {
	struct fdg_ip to;
	struct fdg_sort_source from;
	uint32_t time; /* of `changes`; 0: none */
	bool reachable;
};

struct fdg_kept_fd {
	int fd; /* -1: none */
	uint64_t cookie;
};

struct fdg_sources {
	struct fdg_own_address *own; /* mapped; NULL: nobody has asked yet */
	struct fdg_kept_source *kept;
	size_t mapped;
	unsigned own_count;
	bool own_known;   /* the list is the present one */
	bool four, six;   /* AI_ADDRCONFIG: there is an address beyond 127.0.0.1 and ::1 */
	bool lost;        /* netlink cannot be had: all counts as there */
	uint32_t changes; /* from 1 */
	struct fdg_kept_fd told, four_fd, six_fd;
	volatile int loose; /* open, and not yet among them; -1: none */
	int pid;
	uint64_t looked; /* µs */
	/* Makes room where there is no descriptor left; or NULL. */
	void (*let_go)(void *cookie);
	void *cookie;
};

void fdg_sources_start(struct fdg_sources *s);
void fdg_sources_end(struct fdg_sources *s);
/* The descriptors alone: after it was left at any moment. */
void fdg_sources_scrap(struct fdg_sources *s);
/* To be called before what is remembered is used: is it still true? It is asked once in FDG_SOURCES_BELIEVE µs. `keep`: descriptors may be kept. */
void fdg_sources_refresh(struct fdg_sources *s, bool keep, uint64_t now);
/* The host's own addresses are read, if they are not known. */
void fdg_sources_read(struct fdg_sources *s);
/* A fdg_sort_ask; the cookie is the sources. */
bool fdg_sources_ask(void *cookie, const struct fdg_ip *to, struct fdg_sort_source *ret);

#endif
