/* SPDX-License-Identifier: MIT */
/*
 * Under which names a name is asked for, one after the other: resolv.conf's search list and ndots, as res_search of glibc 2.36 has them. No allocation, no
 * I/O.
 */
#ifndef FDG_RESOLVER_SEARCH_H
#define FDG_RESOLVER_SEARCH_H

#include "resolver/conf.h"
#include "resolver/name.h"

/* What became of a name: what a search, or an answer of two questions, comes to. By falling weight of those that are failures. */
enum fdg_outcome {
	FDG_OUTCOME_FOUND,
	FDG_OUTCOME_NOTFOUND,
	FDG_OUTCOME_NODATA,
	FDG_OUTCOME_NORECOVERY,
	FDG_OUTCOME_SERVFAIL, /* another name may be known */
	FDG_OUTCOME_AGAIN,    /* no name is worth asking for now */
	FDG_OUTCOME_EMPTY,    /* there was an answer, in which there is nothing: the search is over */
	FDG_OUTCOME_BROKEN,   /* … or that cannot be read */
};

enum { FDG_SEARCH_AS_IS = -1, FDG_SEARCH_OVER = -2 };

struct fdg_search {
	int16_t at; /* byte of conf's search where the domain is, or one of the above */
	bool was_asked_as_is, dots, dot_at_end, searched, root_listed, stopped;
	bool nodata, servfail;
	bool any;      /* names that no host has are asked for too */
	uint8_t first; /* enum fdg_outcome of the name as it is, if that came first */
	uint8_t last;
};

/* At the first name. `alone`: no list. */
void fdg_search_start(struct fdg_search *s, const struct fdg_conf *conf, const char *node, bool alone);
/* The name to ask for; false: it is none that can be asked. */
bool fdg_search_name(const struct fdg_search *s, const struct fdg_conf *conf, const char *node,
		     struct fdg_dns_name *ret);
/* To the next name, after this outcome of the last; false: it is over, and fdg_search_outcome says how. */
bool fdg_search_next(struct fdg_search *s, const struct fdg_conf *conf, const char *node, enum fdg_outcome o);
enum fdg_outcome fdg_search_outcome(const struct fdg_search *s);

#endif
