/* SPDX-License-Identifier: MIT */
/*
 * The files that say what names mean, as they are now: each is read when it is wanted first, and again when it has changed. Memory is mapped; no
 * descriptor is kept. A file that cannot be read is as libc has it: empty; one that is too large for us is a reason to ask libc.
 */
#ifndef FDG_RESOLVER_WORLD_H
#define FDG_RESOLVER_WORLD_H

#include "resolver/conf.h"
#include "resolver/file.h"
#include "resolver/gaiconf.h"
#include "resolver/hostconf.h"
#include "resolver/hosts.h"
#include "resolver/nss.h"
#include "resolver/services.h"

enum fdg_world_file {
	FDG_WORLD_RESOLV,
	FDG_WORLD_HOSTS,
	FDG_WORLD_NSS,
	FDG_WORLD_HOSTCONF,
	FDG_WORLD_GAICONF,
	FDG_WORLD_SERVICES,
	FDG_WORLD_FILES
};

struct fdg_world {
	struct fdg_conf conf;
	struct fdg_hosts hosts;
	struct fdg_services services;
	struct fdg_nss nss;
	struct fdg_gaiconf gai;
	bool multi;
	bool nss_ours, hosts_ours, services_ours; /* else libc's to do */
	/* Who asks now and then: /etc/hosts is read for the one thing that is asked for, but if it is small, from the second time on as a whole. */
	bool frugal, hosts_whole, hosts_asked;
	uint32_t conf_changes;                    /* times that resolv.conf was read */
	unsigned believe_ms; /* how long resolv.conf and hosts are not looked at again; the others: a second */
	struct fdg_file_stamp stamp[FDG_WORLD_FILES];
	uint64_t looked[FDG_WORLD_FILES]; /* µs; 0: never */
	struct fdg_file reading;          /* the one that is being read */
	/* Makes room where there is no descriptor left; or NULL. */
	void (*let_go)(void *cookie);
	void *cookie;
};

/* Zeroed memory is a world of which nothing is known yet. `now`: fdg_clock(). True: it has changed, or is known only now. */
bool fdg_world_look(struct fdg_world *w, enum fdg_world_file file, uint64_t now);
/* The same for /etc/hosts, where `want` is to be looked for. */
void fdg_world_hosts(struct fdg_world *w, const struct fdg_hosts_want *want, uint64_t now);
void fdg_world_forget(struct fdg_world *w);
/* The descriptor alone: after it was left at any moment. */
void fdg_world_scrap(struct fdg_world *w);
/* The number of a network interface, or 0; straight from the kernel. */
unsigned fdg_world_interface(const char *name);

#endif
