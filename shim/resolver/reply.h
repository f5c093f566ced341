/* SPDX-License-Identifier: MIT */
/*
 * What an answer says of a name, for one type: read from the message as nss_dns of glibc 2.36 reads it, and kept in one piece of memory that can be
 * copied. No allocation, no I/O.
 *
 * CNAMEs are followed in the order in which they stand; whose they are is not looked at, as in libc. So a chain needs no bound of its own: it
 * ends with the message.
 */
#ifndef FDG_RESOLVER_REPLY_H
#define FDG_RESOLVER_REPLY_H

#include "resolver/exchange.h"

enum {
	FDG_REPLY_NAMES = 8192, /* bytes of all names; aliases for which there is no room are left out */
	FDG_REPLY_DATA = 65536, /* bytes of addresses: more than a message can have */
	FDG_REPLY_MAX = 64 + FDG_REPLY_NAMES + FDG_REPLY_DATA,
};

enum fdg_reply_kind {
	FDG_REPLY_HIT,        /* addresses, or names for PTR */
	FDG_REPLY_EMPTY,      /* records, but none that was asked for */
	FDG_REPLY_MALFORMED,  /* records that cannot be read */
	FDG_REPLY_NODATA,     /* no record of the type */
	FDG_REPLY_NXDOMAIN,   /* no such name */
	FDG_REPLY_NORECOVERY, /* FORMERR and codes that nobody uses */
	FDG_REPLY_SERVFAIL,
	FDG_REPLY_REFUSED,
	FDG_REPLY_NONE, /* no answer: `status` says why */
};

struct fdg_reply {
	uint8_t kind;   /* enum fdg_reply_kind */
	uint8_t status; /* enum fdg_exchange_status */
	/* The canonical name is the one that was asked for, letter by letter: it is not among the names. */
	bool as_asked;
	bool cname;    /* there was one */
	bool keep;     /* it may be kept for ttl seconds; what is not there, if a SOA says so */
	uint8_t width; /* bytes of an address; 0: PTR */
	uint16_t type, count, name_count, names_len;
	uint32_t ttl;
	/*
	 * Names as text, each with its NUL: the canonical one (unless as_asked), then the aliases: the name asked for (unless as_asked), and those
	 * between. Then, from a multiple of 4 on, the addresses.
	 */
	uint8_t bytes[];
};

/* ret: FDG_REPLY_MAX bytes. `asked`: the name in the question that was sent. */
void fdg_reply_read(const struct fdg_exchange_answer *a, const struct fdg_dns_name *asked, uint16_t type,
		    struct fdg_reply *ret);

static inline size_t fdg_reply_names_room(const struct fdg_reply *r)
{
	return (r->names_len + 3u) & ~(size_t)3;
}

static inline const uint8_t *fdg_reply_data(const struct fdg_reply *r)
{
	return r->bytes + fdg_reply_names_room(r);
}

/* Bytes of all of it. */
static inline size_t fdg_reply_size(const struct fdg_reply *r)
{
	return sizeof(*r) + fdg_reply_names_room(r) + (size_t)r->count * r->width;
}

#endif
