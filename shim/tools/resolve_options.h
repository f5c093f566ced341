/* SPDX-License-Identifier: MIT */
/* The command line of `fdguard resolve`. */
#ifndef FDG_TOOLS_RESOLVE_OPTIONS_H
#define FDG_TOOLS_RESOLVE_OPTIONS_H

#include <stdbool.h>
#include <sys/socket.h>

enum { RESOLVE_SERVERS = 8 };

struct resolve_options {
	struct sockaddr_storage servers[RESOLVE_SERVERS];
	unsigned server_count;
	int family;
	unsigned inflight, timeout_ms, tries; /* 0: the library's default */
	bool json, unordered;
	const char *file;   /* -f; NULL: none */
	char *const *names; /* the last is NULL; none: read the file, or standard input */
};

/* -1: go on. Otherwise the exit status: 0 after --help, 2 after a sentence on standard error. */
int resolve_options_read(struct resolve_options *o, char **argv);

#endif
