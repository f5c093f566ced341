/* SPDX-License-Identifier: MIT */
/*
 * /etc/gai.conf, as glibc 2.36 reads it: the tables of RFC 6724 sections 2.1 and 3.2 (libc's own are those of RFC 3484 with additions; gai.conf(5)).
 *
 * Naming one label replaces the table of labels, and so for precedence and scopev4. The longest prefix that matches counts.
 */
#ifndef FDG_RESOLVER_GAICONF_H
#define FDG_RESOLVER_GAICONF_H

#include "resolver/address.h"

enum {
	FDG_GAICONF_FILE_MAX = 1 << 20, /* bytes of the file: for fdg_file_load */
	FDG_GAICONF_ENTRIES = 64,       /* of a table, with the one that catches all; libc has no limit */
};

struct fdg_gaiconf_entry {
	uint8_t prefix[16]; /* AF_INET addresses are mapped */
	uint8_t bits;
	uint32_t value;
};

struct fdg_gaiconf_table {
	struct fdg_gaiconf_entry entry[FDG_GAICONF_ENTRIES]; /* by falling length; the last one matches all */
	unsigned count;
};

struct fdg_gaiconf {
	struct fdg_gaiconf_table label, precedence, scope4;
	bool reload; /* read it again when it changes; else once in a process */
	bool cut;    /* a table had no room: the sorting is libc's */
};

/* An empty text: libc's defaults. */
void fdg_gaiconf_parse(struct fdg_text text, struct fdg_gaiconf *ret);

uint32_t fdg_gaiconf_label(const struct fdg_gaiconf *c, const struct fdg_ip *ip);
uint32_t fdg_gaiconf_precedence(const struct fdg_gaiconf *c, const struct fdg_ip *ip);
/* RFC 6724 section 3.1 and 3.2: 1 interface-local, 2 link-local, 5 site-local, 14 global. */
uint32_t fdg_gaiconf_scope(const struct fdg_gaiconf *c, const struct fdg_ip *ip);

#endif
