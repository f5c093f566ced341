/* SPDX-License-Identifier: MIT */
/*
 * The calls that the differential makes, three times: bare; on a marked descriptor by name; on a marked descriptor by number. Preloaded (calls_preload.c) all are
 * libc's names, and the library decides; linked (calls_linked.c), for sanitizers, the slow paths are called directly and the marks are set by hand.
 */
#ifndef BLOCKING_CALLS_H
#define BLOCKING_CALLS_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

struct calls {
	const char *name;
	ssize_t (*take)(int, void *, size_t);
	ssize_t (*take_parts)(int, const struct iovec *, int);
	ssize_t (*take_parts2)(int, const struct iovec *, int, off_t, int);
	ssize_t (*give)(int, const void *, size_t);
	ssize_t (*give_parts)(int, const struct iovec *, int);
	ssize_t (*give_parts2)(int, const struct iovec *, int, off_t, int);
	ssize_t (*receive)(int, void *, size_t, int);
	ssize_t (*receive_from)(int, void *, size_t, int, struct sockaddr *, socklen_t *);
	ssize_t (*receive_message)(int, struct msghdr *, int);
	int (*receive_messages)(int, struct mmsghdr *, unsigned, int, struct timespec *);
	ssize_t (*post)(int, const void *, size_t, int);
	ssize_t (*post_to)(int, const void *, size_t, int, const struct sockaddr *, socklen_t);
	ssize_t (*post_message)(int, const struct msghdr *, int);
	int (*post_messages)(int, struct mmsghdr *, unsigned, int);
	int (*join)(int, const struct sockaddr *, socklen_t);
	int (*admit)(int, struct sockaddr *, socklen_t *);
	int (*admit4)(int, struct sockaddr *, socklen_t *, int);
	ssize_t (*post_file)(int, int, off_t *, size_t);
	ssize_t (*move)(int, off_t *, int, off_t *, size_t, unsigned);
};

enum { BY_NAME, BY_NUMBER, WAYS };
extern const struct calls bare_calls[WAYS], marked_calls[WAYS];

/* fd is a duplicate of a descriptor that is non-blocking: it is to block, by the guard's doing. */
void mark(int fd);
void unmark(int fd);
/* The program asks for it, through fd. */
void make_nonblocking(int fd);

#endif
