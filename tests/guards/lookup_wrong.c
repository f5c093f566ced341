// SPDX-License-Identifier: MIT
/*
 * lookup-wrong NAME [TIMES]: looks a name up, which ends without an answer or takes more than a second (test_lookup.sh has the server), again and again. Prints how the last one ended.
 */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>

static __attribute__((noinline)) int connect_to(const char *name)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list;
	int error = getaddrinfo(name, "80", &hints, &list);

	if (!error)
		freeaddrinfo(list);
	return error;
}

int main(int argc, char **argv)
{
	int error = 0;

	for (int i = argc > 2 ? atoi(argv[2]) : 1; argc > 1 && i; i--)
		error = connect_to(argv[1]);
	puts(error ? gai_strerror(error) : "found");
	return 0;
}
