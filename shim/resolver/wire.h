/* SPDX-License-Identifier: MIT */
/*
 * DNS messages (RFC 1035 section 4; EDNS0: RFC 6891; SOA in answers: RFC 2308 section 5; AAAA: RFC 3596). No allocation, no I/O; a message is
 * bytes that the caller owns and keeps for as long as it is walked.
 *
 *	struct fdg_dns_message m;
 *	struct fdg_dns_record r;
 *	enum fdg_dns_error e = fdg_dns_open(&m, bytes, n);
 *
 *	if (!e)
 *		e = fdg_dns_answers(&m, &query);
 *	while (!e && !(e = fdg_dns_next(&m, &r)))
 *		if (r.section == FDG_DNS_ANSWER && r.type == FDG_DNS_A)
 *			e = fdg_dns_read_a(&m, &r, address);
 *	then e is FDG_DNS_END, or what is wrong with the message
 *
 * The walk passes over records of any type by their length; what is in one is looked at when it is read. It is bounded: a record takes at least
 * 11 bytes of a message of at most 65,535, and a name at most 127 pointers and 255 bytes.
 */
#ifndef FDG_RESOLVER_WIRE_H
#define FDG_RESOLVER_WIRE_H

#include "resolver/name.h"

enum {
	FDG_DNS_HEADER = 12,                                            /* bytes; RFC 1035 section 4.1.1 */
	FDG_DNS_MESSAGE_MAX = 65535,                                    /* what TCP's length can tell; section 4.2.2 */
	FDG_DNS_QUERY_MAX = FDG_DNS_HEADER + FDG_DNS_NAME_MAX + 4 + 11, /* bytes of a query with an OPT record */
	FDG_DNS_PAYLOAD_MIN = 512,    /* smaller ones mean this: RFC 6891 section 6.2.3 */
	FDG_DNS_TTL_MAX = 0x7fffffff, /* RFC 2181 section 8 */
};

enum fdg_dns_type {
	FDG_DNS_A = 1,
	FDG_DNS_CNAME = 5,
	FDG_DNS_SOA = 6,
	FDG_DNS_PTR = 12,
	FDG_DNS_AAAA = 28,
	FDG_DNS_OPT = 41,
};

enum { FDG_DNS_IN = 1 }; /* class */

enum fdg_dns_rcode {
	FDG_DNS_NOERROR = 0,
	FDG_DNS_FORMERR = 1,
	FDG_DNS_SERVFAIL = 2,
	FDG_DNS_NXDOMAIN = 3,
	FDG_DNS_NOTIMP = 4,
	FDG_DNS_REFUSED = 5,
	FDG_DNS_BADVERS = 16, /* with the high bits of an OPT record */
};

struct fdg_dns_query {
	struct fdg_dns_name name;
	uint16_t id;
	uint16_t type;    /* of class IN */
	uint16_t payload; /* UDP bytes that we take, in an OPT record; 0: none is sent (resolv.conf: edns0) */
	bool recurse;     /* RD */
	bool authentic;   /* AD: tell whether the data are authentic (resolv.conf: trust-ad); RFC 6840 section 5.7 */
};

/* The query's bytes; FDG_DNS_ROOM if there is no room for them, which FDG_DNS_QUERY_MAX always is. */
enum fdg_dns_error fdg_dns_write(const struct fdg_dns_query *query, uint8_t *buf, size_t room, size_t *ret_len);

enum fdg_dns_section { FDG_DNS_ANSWER = 1, FDG_DNS_AUTHORITY, FDG_DNS_ADDITIONAL };

struct fdg_dns_header {
	uint16_t id;
	uint8_t opcode, rcode; /* rcode: the low four bits; fdg_dns_opt has the rest */
	bool answer, authoritative, truncated, recurse, recursion, authentic, unchecked; /* QR AA TC RD RA AD CD */
	uint16_t count[4]; /* questions, and records of each section: enum fdg_dns_section */
};

struct fdg_dns_message {
	struct fdg_dns_header header;
	/* The walk's own. */
	const uint8_t *data;
	size_t len, at;
	uint8_t section; /* 0: questions */
	uint16_t done;   /* of the section */
};

struct fdg_dns_question {
	struct fdg_dns_name name;
	uint16_t type, class_;
};

struct fdg_dns_record {
	enum fdg_dns_section section;
	uint16_t type, class_;
	uint32_t ttl; /* a value with the high bit set is 0: RFC 2181 section 8 */
	size_t owner; /* where in the message the name is: fdg_dns_read_owner */
	size_t data, data_len;
};

struct fdg_dns_soa {
	struct fdg_dns_name server, mailbox;
	uint32_t serial, refresh, retry, expire, minimum;
};

struct fdg_dns_opt {
	uint16_t payload; /* UDP bytes that the server takes; at least FDG_DNS_PAYLOAD_MIN */
	uint16_t rcode;   /* all twelve bits: with the header's four */
	uint8_t version;
	bool secure;    /* DO */
	size_t at, end; /* for fdg_dns_opt_next */
};

/* Reads the header. `data` must stay until the walk is over. */
enum fdg_dns_error fdg_dns_open(struct fdg_dns_message *ret_m, const void *data, size_t len);
/* The next question; FDG_DNS_END behind the last. fdg_dns_next passes over those that were not read. */
enum fdg_dns_error fdg_dns_next_question(struct fdg_dns_message *m, struct fdg_dns_question *ret);
/* In its place: the next question is n bytes long, and the caller knows it. */
void fdg_dns_pass(struct fdg_dns_message *m, size_t n);
/*
 * Right behind fdg_dns_open: is this the answer to the query, by QR, opcode, id and the one question (in any letter case)? Who sent it, the
 * caller must know.
 */
enum fdg_dns_error fdg_dns_answers(struct fdg_dns_message *m, const struct fdg_dns_query *query);
/* The next record of any section; FDG_DNS_END behind the last. After an error the same error comes again. */
enum fdg_dns_error fdg_dns_next(struct fdg_dns_message *m, struct fdg_dns_record *ret);

enum fdg_dns_error fdg_dns_read_owner(const struct fdg_dns_message *m, const struct fdg_dns_record *r,
				      struct fdg_dns_name *ret);
/* The data of a record of this type; FDG_DNS_TYPE if it is of another. Names must end where the data end. */
enum fdg_dns_error fdg_dns_read_a(const struct fdg_dns_message *m, const struct fdg_dns_record *r, uint8_t ret[4]);
enum fdg_dns_error fdg_dns_read_aaaa(const struct fdg_dns_message *m, const struct fdg_dns_record *r, uint8_t ret[16]);
enum fdg_dns_error fdg_dns_read_target(const struct fdg_dns_message *m, const struct fdg_dns_record *r,
				       struct fdg_dns_name *ret); /* CNAME, PTR */
enum fdg_dns_error fdg_dns_read_soa(const struct fdg_dns_message *m, const struct fdg_dns_record *r,
				    struct fdg_dns_soa *ret);
enum fdg_dns_error fdg_dns_read_opt(const struct fdg_dns_message *m, const struct fdg_dns_record *r,
				    struct fdg_dns_opt *ret);

struct fdg_dns_option {
	uint16_t code;
	size_t data, data_len;
};

/* The next option of an OPT record; FDG_DNS_END behind the last. */
enum fdg_dns_error fdg_dns_opt_next(const struct fdg_dns_message *m, struct fdg_dns_opt *opt,
				    struct fdg_dns_option *ret);

#endif
