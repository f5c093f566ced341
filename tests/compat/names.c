// SPDX-License-Identifier: MIT
/* compat-names NAME…: what getaddrinfo and gethostbyname say. */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>

static void put(int family, const void *address)
{
	char text[INET6_ADDRSTRLEN];

	printf(" %s", inet_ntop(family, address, text, sizeof(text)));
}

static void ask(const char *name)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list;
	int error = getaddrinfo(name, NULL, &hints, &list);
	struct hostent *h;

	printf("%s: %d", name, error);
	for (struct addrinfo *a = error ? NULL : list; a; a = a->ai_next)
		put(a->ai_family, a->ai_family == AF_INET
					  ? (void *)&((struct sockaddr_in *)(void *)a->ai_addr)->sin_addr
					  : (void *)&((struct sockaddr_in6 *)(void *)a->ai_addr)->sin6_addr);
	if (!error)
		freeaddrinfo(list);
	h = gethostbyname(name);
	printf(", %d", h ? 0 : h_errno);
	for (char **a = h ? h->h_addr_list : NULL; a && *a; a++)
		put(h->h_addrtype, *a);
	puts("");
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		ask(argv[i]);
	return 0;
}
