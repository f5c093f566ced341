// SPDX-License-Identifier: MIT
/*
 * nonblock-lookup CALL [HOW]: a thread with an event loop looks a name or an address up, and the name server, on loopback, answers after 200 ms. HOW makes it right:
 * no-loop, other-thread, pool, quick (the server answers at once); or `long`: it has a long name. Prints what was found.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <netdb.h>

#include "harness/name_server.h"

#define NAMED __attribute__((noinline))
#define LATER_US 200000

static const struct in_addr address = { 0x010200c0 }; /* 192.0.2.1 on x86-64 and aarch64 */
static char room[2048];
static struct hostent entry;
static int error;

static void must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	exit(98);
}

static const char *text_of(const void *in)
{
	return inet_ntop(AF_INET, in, room, sizeof room);
}

static const char *found(const struct hostent *h)
{
	return !h ? "nothing" : h->h_addrtype == AF_INET && strcmp(h->h_name, "found.test") ? text_of(h->h_addr_list[0]) : h->h_name;
}

NAMED static const char *by_getaddrinfo(const char *name)
{
	struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM }, *list;
	const char *r = "nothing";

	if (getaddrinfo(name, "80", &hints, &list) == 0) {
		r = text_of(&((struct sockaddr_in *)list->ai_addr)->sin_addr);
		freeaddrinfo(list);
	}
	return r;
}

NAMED static const char *by_getnameinfo(const char *name)
{
	struct sockaddr_in peer = { .sin_family = AF_INET, .sin_addr = address };

	(void)name;
	return getnameinfo((struct sockaddr *)&peer, sizeof peer, room, sizeof room, NULL, 0, 0) ? "nothing" : room;
}

NAMED static const char *by_gethostbyname(const char *name)
{
	struct hostent *h = gethostbyname(name);

	return found(h);
}

NAMED static const char *by_gethostbyname2(const char *name)
{
	struct hostent *h = gethostbyname2(name, AF_INET);

	return found(h);
}

NAMED static const char *by_gethostbyaddr(const char *name)
{
	struct hostent *h = gethostbyaddr(&address, sizeof address, AF_INET);

	(void)name;
	return found(h);
}

NAMED static const char *by_gethostbyname_r(const char *name)
{
	static char space[2048];
	struct hostent *h = NULL;

	return gethostbyname_r(name, &entry, space, sizeof space, &h, &error) ? "error" : found(h);
}

NAMED static const char *by_gethostbyname2_r(const char *name)
{
	static char space[2048];
	struct hostent *h = NULL;

	return gethostbyname2_r(name, AF_INET, &entry, space, sizeof space, &h, &error) ? "error" : found(h);
}

NAMED static const char *by_gethostbyaddr_r(const char *name)
{
	static char space[2048];
	struct hostent *h = NULL;

	(void)name;
	return gethostbyaddr_r(&address, sizeof address, AF_INET, &entry, space, sizeof space, &h, &error) ? "error" : found(h);
}

typedef const char *lookup(const char *name);
static lookup *chosen;
static const char *asked = "slow.test.";
static int loop;

static void *turn_loop(void *nothing)
{
	struct epoll_event e;

	must(epoll_wait(loop, &e, 1, 0) >= 0, "epoll_wait");
	return nothing;
}

static void *look_up(void *nothing)
{
	must(ask_here() == 0, "ask_here");
	puts(chosen(asked));
	return nothing;
}

static void in_other_thread(void *(*f)(void *))
{
	pthread_t t;

	must(pthread_create(&t, NULL, f, NULL) == 0 && pthread_join(t, NULL) == 0, "another thread");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		lookup *go;
	} calls[] = {
		{ "getaddrinfo", by_getaddrinfo }, { "getnameinfo", by_getnameinfo }, { "gethostbyname", by_gethostbyname },
		{ "gethostbyname2", by_gethostbyname2 }, { "gethostbyaddr", by_gethostbyaddr }, { "gethostbyname_r", by_gethostbyname_r },
		{ "gethostbyname2_r", by_gethostbyname2_r }, { "gethostbyaddr_r", by_gethostbyaddr_r },
	};
	const char *how = argc > 2 ? argv[2] : "";

	for (size_t i = 0; argc > 1 && i < sizeof calls / sizeof *calls; i++)
		if (strcmp(argv[1], calls[i].name) == 0)
			chosen = calls[i].go;
	if (!chosen)
		return 99;
	loop = epoll_create1(EPOLL_CLOEXEC);
	must(start_name_server() == 0, "name server");
	server_delay_us = strcmp(how, "quick") ? LATER_US : 0;
	if (strcmp(how, "no-loop"))
		turn_loop(NULL);
	if (strcmp(how, "pool") == 0)
		in_other_thread(turn_loop);
	if (strcmp(how, "long") == 0)
		asked = "0123456789012345678901234567890123456789012345678901234567890." "0123456789012345678901234567890.test.";
	if (strcmp(how, "other-thread") == 0)
		in_other_thread(look_up);
	else
		look_up(NULL);
	return 0;
}
