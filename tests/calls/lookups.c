// SPDX-License-Identifier: MIT
/* Lookups of names and addresses, in a thread that waits in epoll_wait and in one that does not: answers, errors, and cancellation. */
#include <netdb.h>

#include "../harness/name_server.h"
#include "cancelled.h"
#include "listed.h"

static const struct addrinfo streams = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM };
static const unsigned char there[4] = { 192, 0, 2, 1 };
static struct sockaddr_in peer = { .sin_family = AF_INET };
static char room[1024];

static void names(void)
{
	struct addrinfo *list = NULL;
	struct hostent entry, *h;
	int error;

	SAME(getaddrinfo("there.test.", "80", &streams, &list), 0);
	SAME(memcmp(&((struct sockaddr_in *)list->ai_addr)->sin_addr, there, 4), 0);
	SAME(ntohs(((struct sockaddr_in *)list->ai_addr)->sin_port), 80);
	EXPECT(!list->ai_next);
	freeaddrinfo(list);
	h = gethostbyname("there.test.");
	EXPECT(h && memcmp(h->h_addr_list[0], there, 4) == 0);
	h = gethostbyname(h->h_name); /* libc's own memory */
	EXPECT(h && memcmp(h->h_addr_list[0], there, 4) == 0);
	h = gethostbyname2("there.test.", AF_INET);
	EXPECT(h && memcmp(h->h_addr_list[0], there, 4) == 0);
	SAME(gethostbyname_r("there.test.", &entry, room, sizeof room, &h, &error), 0);
	EXPECT(h == &entry && memcmp(h->h_addr_list[0], there, 4) == 0);
	SAME(gethostbyname2_r("there.test.", AF_INET, &entry, room, sizeof room, &h, &error), 0);
	EXPECT(h == &entry && memcmp(h->h_addr_list[0], there, 4) == 0);
}

static void addresses(void)
{
	struct hostent entry, *h = gethostbyaddr(there, 4, AF_INET);
	char service[8];
	int error;

	EXPECT(h && strcmp(h->h_name, "found.test") == 0);
	SAME(gethostbyaddr_r(there, 4, AF_INET, &entry, room, sizeof room, &h, &error), 0);
	EXPECT(h == &entry && strcmp(h->h_name, "found.test") == 0);
	SAME(getnameinfo((struct sockaddr *)&peer, sizeof peer, room, sizeof room, service, sizeof service, NI_NUMERICSERV), 0);
	EXPECT(strcmp(room, "found.test") == 0);
	EXPECT(strcmp(service, "80") == 0);
}

static void errors(void)
{
	struct addrinfo *list;
	struct hostent entry, *h = &entry;
	int error = 0;

	SAME(getaddrinfo(NULL, NULL, NULL, &list), EAI_NONAME);
	SAME(getaddrinfo("there.test.", "no-such-service", &streams, &list), EAI_SERVICE);
	SAME(getaddrinfo("there.test.", NULL, &(struct addrinfo){ .ai_flags = -1 }, &list), EAI_BADFLAGS);
	SAME(getaddrinfo("there.test.", NULL, &(struct addrinfo){ .ai_flags = AI_NUMERICHOST }, &list), EAI_NONAME);
	SAME(getnameinfo(NULL, 0, room, sizeof room, NULL, 0, 0), EAI_FAMILY);
	SAME(getnameinfo((struct sockaddr *)&peer, 4, room, sizeof room, NULL, 0, 0), EAI_FAMILY);
	SAME(gethostbyname_r("there.test.", &entry, room, 1, &h, &error), ERANGE);
	SAME(error, NETDB_INTERNAL);
	EXPECT(!h);
	h_errno = 0;
	EXPECT(!gethostbyname2("there.test.", 4711));
	SAME(h_errno, NO_DATA);
	SAME(errno, EAFNOSUPPORT);
	EXPECT(!gethostbyaddr(there, 3, AF_INET));
	EXPECT(!gethostbyaddr(nowhere(), 0, AF_INET6));
}

static void what_needs_no_server(void)
{
	struct addrinfo *list = NULL;

	errno = 4711;
	SAME(getaddrinfo("192.0.2.1", "80", &streams, &list), 0);
	SAME(errno, 4711);
	freeaddrinfo(list);
	errno = 4711;
	EXPECT(gethostbyname("192.0.2.1"));
	SAME(errno, 4711);
	SAME(getnameinfo((struct sockaddr *)&peer, sizeof peer, room, sizeof room, NULL, 0, NI_NUMERICHOST), 0);
	EXPECT(strcmp(room, "192.0.2.1") == 0);
}

static void all(void)
{
	RUN(names);
	RUN(addresses);
	RUN(errors);
	RUN(what_needs_no_server);
}

static struct addrinfo *never;
static void turn(void)
{
	struct epoll_event event;
	int loop = epoll_create1(EPOLL_CLOEXEC);

	SAME(epoll_wait(loop, &event, 1, 0), 0);
	SAME(ask_here(), 0);
}
THREAD(looks_up, ask_here(); getaddrinfo("there.test.", NULL, &streams, &never))
THREAD(looks_up_in_loop, turn(); getaddrinfo("there.test.", NULL, &streams, &never))

/* libc keeps the socket of a lookup that was cancelled: in a child, which has no use for it. */
static void cancellation(void)
{
	EXPECT(cancelled(looks_up, false));
	EXPECT(cancelled(looks_up_in_loop, false));
	EXPECT(!never);
}

void body(void)
{
	memcpy(&peer.sin_addr, there, 4);
	peer.sin_port = htons(80);
	SAME(start_name_server(), 0);
	SAME(ask_here(), 0);
	plain_and_listed(all);
	server_is_silent = 1;
	RUN_IN_CHILD(cancellation);
}
