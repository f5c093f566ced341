/* SPDX-License-Identifier: MIT */
/*
 * The interest list of an epoll as the kernel tells it, in /proc/self/fdinfo/EPFD: for what is about to be said or mended. Async-signal-safe; with 5,000 descriptors in
 * the list it takes milliseconds.
 */
#ifndef FDG_GUARDS_EPOLL_FDINFO_H
#define FDG_GUARDS_EPOLL_FDINFO_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* One registration. The number may be closed by now, or another file's. */
struct fdg_fdinfo {
	int fd;
	uint32_t events;
	uint64_t data;
	bool has_file; /* the kernel told the file that was registered */
	uint64_t ino;
	dev_t dev;
};

/* Line by line, one byte after the other; zeroed to begin. */
struct fdg_fdinfo_reader {
	struct fdg_fdinfo line;
	unsigned seen; /* one bit a field */
	int field;     /* whose number is being read; -1: none */
	unsigned digits;
	uint64_t number;
	char key[8];
	unsigned letters;
	bool is_wrong, is_begun;
};

/* Takes one byte. True where it ended the line of a registration, which is in r->line then. */
bool fdg_fdinfo_take(struct fdg_fdinfo_reader *r, char c);

/* Calls f for each registration until it returns false. False: the list could not be read, or not to its end (longer than 16 MiB). */
bool fdg_fdinfo_each(int epfd, bool (*f)(void *cookie, const struct fdg_fdinfo *line), void *cookie);

/* Does the list have fd? And how many others. */
bool fdg_fdinfo_of(int epfd, int fd, uint64_t *ret_others);

#endif
