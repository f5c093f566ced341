/* SPDX-License-Identifier: MIT */
/* What server.c answers: see server.h for the names. */
#ifndef TESTS_RESOLVER_SERVER_MESSAGES_H
#define TESTS_RESOLVER_SERVER_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MESSAGE_QUERY_MAX = 512, MESSAGE_MAX = 5200 };

struct message {
	size_t len;
	uint8_t data[MESSAGE_MAX];
};

#define ACTS(X) \
	X(OK, "ok") \
	X(SERVFAIL, "servfail") \
	X(REFUSED, "refused") X(NX, "nx") X(NODATA, "nodata") X(NOTIMP, "notimp") X(FORMERR, "formerr") \
		X(LAME, "lame") X(SILENT, "silent") X(CASE, "case") X(TWICE, "twice") X(WRONGID, "wrongid") \
			X(WRONGNAME, "wrongname") X(WRONGTYPE, "wrongtype") X(WRONGCLASS, "wrongclass") \
				X(NOQUESTION, "noquestion") X(QUERY, "query") X(OPCODE, "opcode") X(SHORT, "short") \
					X(EMPTY, "empty") X(WRONGPORT, "wrongport") X(FLOOD, "flood") \
						X(MALFORMED, "malformed") X(NOOPT, "noopt") X(OPTDROP, "optdrop") \
							X(BADVERS, "badvers") X(BIG, "big") \
								X(HUGE_, "huge") /* server_records.c */ \
		X(CHAIN, "chain") X(LONGCHAIN, "longchain") X(LOOP, "loop") X(REVERSE, "reverse") \
			X(DANGLING, "dangling") X(BADTARGET, "badtarget") X(FOREIGN, "foreign") X(CLASSCH, "classch") \
				X(TXT, "txt") X(UNRELATED, "unrelated") X(DUP, "dup") X(MANY, "many") \
					X(MIXED, "mixed") X(SHORTDATA, "shortdata") X(CUT, "cut") X(RCODE, "rcode") \
						X(FAILFULL, "failfull") X(NXFULL, "nxfull") X(NXSOA, "nxsoa") \
							X(NODATASOA, "nodatasoa") X(LOOPNAME, "loopname") \
								X(PTR, "ptr") X(TTL, "ttl") /* by TCP */ \
		X(TC, "tc") X(TCCUT, "tccut") X(TCMUTE, "tcmute") X(TCSLOW, "tcslow") X(TCJUNK, "tcjunk") \
			X(TCID, "tcid") X(TCONE, "tcone") X(TCSWAP, "tcswap")

enum act {
#define X(name, text) ACT_##name,
	ACTS(X)
#undef X
};

enum act message_act(const struct message *query);
/* server_records.c: those of its acts; false: it is none of them. */
bool message_records(const struct message *query, enum act act, struct message *ret);
/* The header and the question of an answer. */
void message_begin(const struct message *query, struct message *m, unsigned rcode);
bool message_has_opt(const struct message *query);
/* Returns how many messages there are to send, one after the other. */
int message_answer(const struct message *query, enum act act, struct message ret[2]);
int message_answer_tcp(const struct message *query, enum act act, struct message ret[2]);

#endif
