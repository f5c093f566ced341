// SPDX-License-Identifier: MIT
/*
 * cloexec-wrong|cloexec-right KIND HOW CMD [ARG…]: makes a descriptor that nobody means CMD to have, and starts CMD.
 * KIND: socket epoll file pipe dup none. HOW: see children.h.
 */
#include "children.h"
#include "cloexec_twin.h"

volatile int made;

static int make_none(void)
{
	return 0;
}

static const struct {
	const char *name;
	int (*make)(void);
} kinds[] = {
	{ "socket", make_socket }, { "epoll", make_epoll }, { "file", make_file },
	{ "pipe", make_pipe },     { "dup", make_dup },     { "none", make_none },
};

int main(int argc, char **argv)
{
	if (argc < 4) {
		fprintf(stderr, "usage: %s KIND HOW CMD [ARG...]\n", argv[0]);
		return 99;
	}
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
		if (strcmp(kinds[i].name, argv[1]))
			continue;
		if (kinds[i].make()) {
			perror(argv[1]);
			return 99;
		}
		return child_run(argv[2], argv + 3);
	}
	fprintf(stderr, "no such kind: %s\n", argv[1]);
	return 99;
}
