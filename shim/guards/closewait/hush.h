/* SPDX-License-Identifier: MIT */
/*
 * The first call that sends on a connection which closewait=fix has ended fails with EPIPE, and without SIGPIPE: without us it would have succeeded, and its bytes would be lost. A program that sends
 * once and then hears of the end never met that signal. The second call gets it, as ever.
 *
 * Async-signal-safe; errno is left alone.
 */
#ifndef FDG_GUARDS_CLOSEWAIT_HUSH_H
#define FDG_GUARDS_CLOSEWAIT_HUSH_H

#include <stdbool.h>
#include <stdint.h>

struct fdg_hush {
	uint64_t mask;     /* the thread's */
	bool was_pending;
};

/* Was fd ended, and not been sent to since? */
bool fdg_hush_wants(int fd);
/* Around the real call. */
void fdg_hush_begin(struct fdg_hush *h);
void fdg_hush_end(const struct fdg_hush *h, int fd, bool failed);

/* The value of `call`, which sends on fd. */
#define FDG_HUSHED(fd, call) \
	__extension__({ \
		struct fdg_hush hush_; \
		__typeof__(call) r_; \
\
		fdg_hush_begin(&hush_); \
		r_ = (call); \
		fdg_hush_end(&hush_, (fd), r_ < 0); \
		r_; \
	})

#endif
