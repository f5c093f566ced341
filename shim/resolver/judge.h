/* SPDX-License-Identifier: MIT */
/*
 * What a message is that came to a port with the id of a question that was sent from there. No I/O.
 */
#ifndef FDG_RESOLVER_JUDGE_H
#define FDG_RESOLVER_JUDGE_H

#include "resolver/wire.h"

enum fdg_verdict {
	/* Not the question's answer. */
	FDG_VERDICT_SHORT,      /* less than a header */
	FDG_VERDICT_NOT_ANSWER, /* a query, or of another kind than a standard query */
	FDG_VERDICT_QUESTION,   /* the answer to another question */
	/* Its answer, but not the end of it. */
	FDG_VERDICT_TRUNCATED,
	FDG_VERDICT_PLAIN,    /* the server does not understand EDNS */
	FDG_VERDICT_SERVFAIL, /* another server may know */
	FDG_VERDICT_REFUSED,  /* REFUSED, NOTIMP, or nothing at all from one that does not recurse */
	/* The end of it. */
	FDG_VERDICT_MALFORMED, /* its records cannot be walked; libc takes that as final too */
	FDG_VERDICT_FINAL,
};

struct fdg_asked {
	const uint8_t *packet; /* the query without its OPT record */
	size_t len;
	bool opt; /* it was sent with one */
};

/* `cut`: the message was longer than what was received of it. */
enum fdg_verdict fdg_judge(const struct fdg_asked *asked, const uint8_t *msg, size_t len, bool cut);

/* The next message of a stream: two bytes of length, then that many (RFC 1035 section 4.2.2). *at is moved behind it; false: there is no whole one. */
bool fdg_frame_next(const uint8_t *stream, size_t len, size_t *at, const uint8_t **ret_msg, size_t *ret_len);

#endif
