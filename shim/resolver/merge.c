// SPDX-License-Identifier: MIT
/*
 * What the answers to a name's questions come to, as in libc's res_query and nss_dns (reference tables: tests/resolver/differential).
 */
#include "resolver/core.h"

#include "base/poison.h"

static bool any(const struct fdg_request *q, enum fdg_reply_kind kind)
{
	for (unsigned i = 0; i < FDG_REQUEST_LEGS; i++)
		if (q->leg[i].type && q->leg[i].kind == kind)
			return true;
	return false;
}

/* libc gives up when its first question, which is A, is not answered, whatever the second one brought, unless that was an address. */
static bool first_is_lost(const struct fdg_request *q)
{
	return q->leg[0].kind == FDG_REPLY_NONE;
}

enum fdg_outcome fdg_merge(const struct fdg_request *q)
{
	if (q->leg[0].kind == FDG_REPLY_MALFORMED)
		return FDG_OUTCOME_BROKEN;
	if (any(q, FDG_REPLY_HIT))
		return FDG_OUTCOME_FOUND;
	if (first_is_lost(q))
		return FDG_OUTCOME_AGAIN;
	if (any(q, FDG_REPLY_MALFORMED))
		return FDG_OUTCOME_BROKEN;
	if (any(q, FDG_REPLY_EMPTY))
		return FDG_OUTCOME_EMPTY;
	if (any(q, FDG_REPLY_NXDOMAIN))
		return FDG_OUTCOME_NOTFOUND;
	if (any(q, FDG_REPLY_NORECOVERY))
		return FDG_OUTCOME_NORECOVERY;
	if (any(q, FDG_REPLY_NODATA))
		return FDG_OUTCOME_NODATA;
	return any(q, FDG_REPLY_SERVFAIL) ? FDG_OUTCOME_SERVFAIL : FDG_OUTCOME_AGAIN;
}
