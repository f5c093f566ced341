// SPDX-License-Identifier: MIT
/*
 * resolver-serve [--port N] [--delay MS] [--loss OF-1000]: server.c as a program. Prints its port, serves until standard input ends, and prints what it has counted:
 * queries, then queries by TCP.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server.h"

static int usage(void)
{
	fputs("usage: resolver-serve [--port N] [--delay MS] [--loss OF-1000]\n", stderr);
	return 2;
}

int main(int argc, char **argv)
{
	unsigned port = 0, delay = 0, loss = 0;
	struct server *s;
	char c;

	for (; argc > 2; argc -= 2, argv += 2) {
		unsigned n = (unsigned)atoi(argv[2]);

		if (!strcmp(argv[1], "--port"))
			port = n;
		else if (!strcmp(argv[1], "--delay"))
			delay = n;
		else if (!strcmp(argv[1], "--loss"))
			loss = n;
		else
			return usage();
	}
	if (argc != 1)
		return usage();
	s = server_start_at(AF_INET, (uint16_t)port);
	if (!s) {
		perror("resolver-serve");
		return 1;
	}
	server_set(s)->delay_us = delay * 1000;
	server_set(s)->loss = loss;
	printf("%u\n", server_port(s));
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
	printf("%llu %llu\n", (unsigned long long)server_counts(s)->queries,
	       (unsigned long long)server_counts(s)->tcp_queries);
	server_stop(s);
	return 0;
}
