/* SPDX-License-Identifier: MIT */
/*
 * The hosts line of /etc/nsswitch.conf, as glibc 2.36 reads it (nsswitch.conf(5)): is it ours to do, made of files and dns alone? Everything else
 * (mdns, resolve, myhostname, ldap, merge, a line that libc refuses) is libc's.
 */
#ifndef FDG_RESOLVER_NSS_H
#define FDG_RESOLVER_NSS_H

#include "resolver/text.h"

enum { FDG_NSS_STEPS = 8 };

enum fdg_nss_source { FDG_NSS_FILES, FDG_NSS_DNS };

enum fdg_nss_status { FDG_NSS_SUCCESS, FDG_NSS_NOTFOUND, FDG_NSS_UNAVAIL, FDG_NSS_TRYAGAIN, FDG_NSS_STATUSES };

struct fdg_nss_step {
	enum fdg_nss_source source;
	bool ends[FDG_NSS_STATUSES]; /* this status ends the lookup; else the next step is made */
};

struct fdg_nss {
	struct fdg_nss_step step[FDG_NSS_STEPS];
	unsigned count;
};

/* False: the line is libc's to do, and *ret is garbage. Without a hosts line: files, then dns. */
bool fdg_nss_parse(struct fdg_text text, struct fdg_nss *ret);

#endif
