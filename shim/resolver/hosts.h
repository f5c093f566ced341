/* SPDX-License-Identifier: MIT */
/*
 * /etc/hosts, as nss_files of glibc 2.36 reads it, parsed once into a hash (hosts(5)).
 *
 * A line is an address and its names, the first of which is the canonical one. An address with a scope, or no address, makes the line void. CR
 * counts as blank; what follows a # is not read. Names are compared in any letter case, a dot at their end matters.
 */
#ifndef FDG_RESOLVER_HOSTS_H
#define FDG_RESOLVER_HOSTS_H

#include "resolver/address.h"
#include "resolver/table.h"

struct fdg_hosts {
	struct fdg_table table;
};

/* An answer; its texts live as long as the hosts do. */
struct fdg_hosts_entry {
	struct fdg_ip address;
	const char *name;    /* canonical; "" if the line has none */
	const char *aliases; /* one behind the other, a NUL behind each */
	uint32_t alias_count;
};

struct fdg_hosts_query {
	const char *name;
	int family;  /* AF_INET: ::ffff: and ::1 lines count as 4; AF_INET6; AF_UNSPEC: each line as it is */
	bool mapped; /* AF_INET6: lines of AF_INET count, mapped */
	bool single; /* the first address alone: host.conf's "multi off" */
	/* The walk's own: zeros at first. */
	uint32_t node, line;
	bool started, found;
};

/* 0, -EFBIG (more than FDG_TABLE_TEXT_MAX bytes) or -ENOMEM. The text is copied. */
int fdg_hosts_parse(struct fdg_text text, struct fdg_hosts *ret);
void fdg_hosts_free(struct fdg_hosts *h);

/* The next line that has the name, in the file's order; false when there is none. */
bool fdg_hosts_next(const struct fdg_hosts *h, struct fdg_hosts_query *q, struct fdg_hosts_entry *ret);
/* The first line with the address: an AF_INET one may be written as AF_INET6, and 127.0.0.1 as ::1, but not the other way. */
bool fdg_hosts_by_address(const struct fdg_hosts *h, const struct fdg_ip *ip, struct fdg_hosts_entry *ret);

/* hosts_pick.c: a name, or an address, if there is one. */
struct fdg_hosts_want {
	const char *name;
	const struct fdg_ip *ip;
};

/* Of whole lines, those that may have the name, or the first that has the address, are moved to the front, in their order: parsed, they say of it what all would. Returns their length. */
size_t fdg_hosts_keep(const struct fdg_hosts_want *want, char *text, size_t n);

/* The same for a file that comes in parts: a fdg_file_part that collects what is kept. -ECANCELED: no further part is needed. */
struct fdg_hosts_pick {
	struct fdg_hosts_want want;
	char *text; /* mapped */
	size_t len, room;
};

int fdg_hosts_pick_lines(void *pick, char *lines, size_t n);
void fdg_hosts_pick_free(struct fdg_hosts_pick *p);

#endif
