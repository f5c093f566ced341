/* SPDX-License-Identifier: MIT */
/*
 * A name server on loopback, in a thread of the program, that does wrong what it is asked to do wrong: the first label of a name, up to the first digit or
 * dash, says what. UDP and TCP at one port.
 *
 *	ok        192.0.2.1, 2001:db8::1; other types: nothing
 *	nx nodata servfail refused notimp formerr lame silent
 *	case      answers the question in upper case
 *	twice     the right answer, two times
 *	wrongid wrongname wrongtype wrongclass noquestion query opcode short empty wrongport
 *	          such a message first, the right one then; with "only" behind it, that alone
 *	flood     5,000 messages with random ids, then the right one
 *	malformed a record that is longer than the message
 *	noopt     FORMERR, the header alone, to a query with OPT; optdrop: silence to it; badvers
 *	big huge  3,000 and 5,000 bytes by UDP, not marked as truncated
 *	tc        truncated by UDP, good by TCP; then, by TCP: tccut (closes), tcmute, tcslow (byte by byte), tcjunk (a message of 5 bytes),
 *	          tcid (wrong id first), tcone (closes behind each answer), tcswap (two answers, in the other order)
 *	chain longchain loop reverse dangling badtarget (a CNAME to what is no host), foreign (another owner's), classch, txt, unrelated (a TXT
 *	first), dup, many (60), mixed (both types), shortdata, cut, rcode (9), failfull and nxfull (SERVFAIL, NXDOMAIN with an address), nxsoa,
 *	nodatasoa (with a SOA of 30 s), loopname (an owner that points at itself), ttl (of 1 s)
 *	x         what the second label says
 *	NAME-6ACT to AAAA: ACT
 *
 * PTR by the number in the first label: 1 one name, 2 two, 3 NXDOMAIN, 4 nothing, 5 SERVFAIL, 6 by a CNAME, 7 to what is no host, 8 malformed, others
 * NXDOMAIN.
 */
#ifndef TESTS_RESOLVER_SERVER_H
#define TESTS_RESOLVER_SERVER_H

#include <stdatomic.h>
#include <stdint.h>

struct server;

struct server_settings {
	_Atomic uint32_t delay_us;
	_Atomic uint32_t loss; /* of 1,000 messages, in either direction */
	_Atomic int dead;      /* takes nothing, UDP or TCP */
	_Atomic int only; /* what to do whatever the name says: an enum act of server_messages.h; 0: what the name says */
};

struct server_counts {
	_Atomic uint64_t queries, answers, tcp_made, tcp_queries, with_opt;
	_Atomic uint64_t ports; /* how many different ones queries came from */
	_Atomic uint64_t near;  /* ids within 16 of the one before */
};

/* On 127.0.0.1, or ::1. NULL and errno on failure. */
struct server *server_start(int family);
/* The same, at a port. */
struct server *server_start_at(int family, uint16_t port);
void server_stop(struct server *s);
uint16_t server_port(const struct server *s);
struct server_settings *server_set(struct server *s);
struct server_counts *server_counts(struct server *s);

#endif
