/* SPDX-License-Identifier: MIT */
/* Does an epoll have a descriptor in its interest list? Reads /proc: for reports alone. Async-signal-safe. */
#ifndef FDG_GUARDS_INTEREST_H
#define FDG_GUARDS_INTEREST_H

#include <stdbool.h>
#include <stdint.h>

struct fdg_interest {
	int epfd;
	uint64_t others; /* in the same list */
};

bool fdg_interest_of(int epfd, int fd, struct fdg_interest *ret);

#endif
