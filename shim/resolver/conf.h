/* SPDX-License-Identifier: MIT */
/*
 * /etc/resolv.conf with LOCALDOMAIN and RES_OPTIONS, as glibc 2.36 reads them (resolv.conf(5)).
 *
 * Known and without effect, as in libc: the options inet6, ip6-bytestring, ip6-dotint, no-ip6-dotint and no-check-names, and every unknown word.
 */
#ifndef FDG_RESOLVER_CONF_H
#define FDG_RESOLVER_CONF_H

#include "resolver/address.h"

enum {
	FDG_CONF_FILE_MAX = 1 << 20, /* bytes of the file: for fdg_file_load */
	FDG_CONF_SERVERS = 3,        /* MAXNS */
	FDG_CONF_PORT = 53,
	FDG_CONF_SEARCH_BYTES = 4096, /* of all domains, each with its NUL; libc has no limit */
	FDG_CONF_NDOTS_MAX = 15,      /* RES_MAXNDOTS */
	FDG_CONF_TIMEOUT_MAX = 30,    /* s: RES_MAXRETRANS */
	FDG_CONF_ATTEMPTS_MAX = 5,    /* RES_MAXRETRY */
};

enum fdg_conf_option {
	FDG_CONF_ROTATE = 1,
	FDG_CONF_EDNS0 = 2,
	FDG_CONF_SINGLE_REQUEST = 4,
	FDG_CONF_SINGLE_REQUEST_REOPEN = 8,
	FDG_CONF_NO_TLD_QUERY = 16,
	FDG_CONF_NO_RELOAD = 32,
	FDG_CONF_USE_VC = 64, /* TCP alone */
	FDG_CONF_TRUST_AD = 128,
	FDG_CONF_NO_AAAA = 256,
};

struct fdg_conf_input {
	struct fdg_text text;    /* the file's; empty if there is none */
	const char *localdomain; /* environment, or NULL */
	const char *res_options;
	const char *hostname;                    /* its domain is searched if nothing else names one; or NULL */
	unsigned (*interface)(const char *name); /* index of one, or 0; NULL: scopes are numbers alone */
};

struct fdg_conf {
	struct fdg_ip server[FDG_CONF_SERVERS];
	unsigned server_count;              /* at least 1: 127.0.0.1 if nothing else is named */
	char search[FDG_CONF_SEARCH_BYTES]; /* domains, one behind the other, each with its NUL; one may be empty */
	unsigned search_len, search_count;
	unsigned ndots, timeout, attempts;
	unsigned options; /* of enum fdg_conf_option */
	bool search_cut;  /* there was no room for all domains */
	bool sortlist;    /* there is a sortlist, which is not read: libc obeys it in gethostbyname */
};

void fdg_conf_parse(const struct fdg_conf_input *in, struct fdg_conf *ret);
/* The domain behind `domain`, or the first for NULL; NULL behind the last. */
const char *fdg_conf_next_domain(const struct fdg_conf *c, const char *domain);

#endif
