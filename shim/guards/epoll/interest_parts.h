/* SPDX-License-Identifier: MIT */
/* What interest.c and interest_find.c share; private to them. */
#ifndef FDG_GUARDS_EPOLL_INTEREST_PARTS_H
#define FDG_GUARDS_EPOLL_INTEREST_PARTS_H

#include "guards/epoll/interest.h"
#include "guards/epoll/records.h"
#include "ledger/ledger.h"

#define FDG_LIST_NO_ID (UINT64_C(1) << 63) /* a set: the ledger has no description for the epoll, its number has to do */

/* The highest number that was ever registered. */
extern _Atomic int fdg_interest_top;

static inline uint64_t fdg_list_of(int epfd)
{
	uint64_t id = fdg_ledger_state(epfd) ? fdg_ledger_description(epfd) : 0;

	return id ? id : FDG_LIST_NO_ID | (unsigned)epfd;
}

static inline uint64_t fdg_record_set(const struct fdg_record *r)
{
	return atomic_load_explicit(&r->set, memory_order_acquire);
}

static inline struct fdg_record *fdg_record_of_set(int fd, uint64_t set)
{
	struct fdg_record *r = fdg_record_of(fd);

	while (r && fdg_record_set(r) != set)
		r = fdg_record_next(r);
	return r;
}

/* False: it is free, or changes under our eyes. */
bool fdg_record_look(struct fdg_record *r, int fd, struct fdg_registration *ret);

#endif
