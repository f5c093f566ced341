// SPDX-License-Identifier: MIT
/* Why a request found nothing, in getaddrinfo's words and in ours. */
#include "resolver/core.h"

#include <netdb.h>

#include "resolver/sentence.h"

#include "base/poison.h"

static bool is_again(enum fdg_outcome o)
{
	return o == FDG_OUTCOME_SERVFAIL || o == FDG_OUTCOME_AGAIN;
}

static bool is_nodata(enum fdg_outcome o)
{
	return o == FDG_OUTCOME_NODATA || is_again(o);
}

/* libc asks gethostbyname for AF_INET alone, if no canonical name is wanted, and understands what it says in a way of its own. */
static int error_of_simple(const struct fdg_request *q)
{
	switch (q->why[0]) {
	case FDG_OUTCOME_SERVFAIL:
	case FDG_OUTCOME_AGAIN:
		return q->late ? EAI_NONAME : EAI_AGAIN;
	case FDG_OUTCOME_NODATA:
	case FDG_OUTCOME_EMPTY:
	case FDG_OUTCOME_BROKEN:
		return EAI_NODATA;
	default:
		return EAI_NONAME;
	}
}

/* libc's gaih_inet: "no data" wins over "try again" unless both families say that; "no name" over both. */
int fdg_request_error(const struct fdg_request *q)
{
	enum fdg_outcome four = (enum fdg_outcome)q->why[0], six = (enum fdg_outcome)q->why[1];

	if (q->family == AF_INET && !(q->flags & AI_CANONNAME) && !q->reverse)
		return error_of_simple(q);
	if (!is_nodata(four) || !is_nodata(six))
		return EAI_NONAME;
	return is_again(four) && is_again(six) ? EAI_AGAIN : EAI_NODATA;
}

const char *fdg_request_reason(const struct fdg_request *q)
{
	if (q->error == EAI_AGAIN && q->status != FDG_EXCHANGE_ANSWERED)
		return fdg_exchange_sentence((enum fdg_exchange_status)q->status);
	return fdg_error_sentence(q->error);
}
