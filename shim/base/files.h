/* SPDX-License-Identifier: MIT */
/*
 * Files of the kernel's, read without a descriptor that another thread of the program could meet with (base/apart.h). Async-signal-safe.
 */
#ifndef FDG_BASE_FILES_H
#define FDG_BASE_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The first n bytes of it at most, by one read(2). How many, or a negative errno. */
long fdg_read_file(const char *path, void *ret, size_t n);

/*
 * All of it, but no more than `most` bytes: a mapping, which is the caller's to give back (fdg_sys_munmap with ret_room). NULL: it could not be read. Of a file that is longer *ret_n is `most`.
 */
char *fdg_read_all(const char *path, size_t most, size_t *ret_n, size_t *ret_room);

/* The entries of a folder that are numbers: processes of /proc, descriptors of /proc/PID/fd. Those that come and go meanwhile may be missed. */
struct fdg_numbers {
	const char *path; /* the caller's, until the end */
	int64_t next;     /* where the kernel goes on */
	long at, len;     /* in the room; len is a negative errno at a bad end */
	_Alignas(8) char room[2048];
};
void fdg_numbers_begin(struct fdg_numbers *n, const char *path);
/* The next one; -1: there are no more, or (n->len) it could not be read. */
int fdg_numbers_next(struct fdg_numbers *n);

/* Calls f for each of them, at most `max`, until it returns something else than 0, which is the result. -1: there are more than max. */
int fdg_each_number(struct fdg_numbers *room, const char *path, unsigned max, int (*f)(void *cookie, int n), void *cookie);

/* net.ipv4.ip_local_port_range: the ports that the kernel chooses for a program, both included. False: not known. */
bool fdg_local_ports(unsigned *ret_from, unsigned *ret_to);

#endif
