/* SPDX-License-Identifier: MIT */
/* Which epoll of this process has a descriptor in its interest list? Reads /proc: for reports alone. Async-signal-safe. */
#ifndef FDG_GUARDS_INTEREST_H
#define FDG_GUARDS_INTEREST_H

#include <stdbool.h>
#include <stdint.h>

struct fdg_interest {
	int epfd;
	uint64_t others; /* in the same list */
};

/* Of the epolls that the ledger knows. */
bool fdg_find_interest(int fd, struct fdg_interest *ret);

#endif
