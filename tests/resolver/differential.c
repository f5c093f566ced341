// SPDX-License-Identifier: MIT
/*
 * resolver-differential GROUP…: getaddrinfo, getnameinfo, gethostbyname2_r and gethostbyaddr_r of libc and ours, one question after the other, in one
 * process, with an /etc of the test's own (test_differential.sh) and a name server that does what names say (server.h). What differs must be in
 * the table below, with libc's words and ours, and a reason.
 */
#include "differential.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "server.h"

#include "../harness/own_etc.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define PLAIN "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"
#define ORDER "hosts: files dns\nservices: files\n"
#define V4 "4/1/6 192.0.2.1%0:0"
#define V6 "6/1/6 2001:db8::1%0:0"

/* What differs, and why that is meant. Texts are compared up to the end of those here. */
static const struct known {
	const char *place, *what, *theirs, *ours, *reason;
} known[] = {
#include "differential_known.h"
};

static struct differential_tally tally;
static bool used[COUNT(known)];
static struct fdg_lookup *lookup;
static const char *place = "";

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

static bool is_known(const char *what, const char *theirs, const char *ours)
{
	for (size_t i = 0; i < COUNT(known); i++) {
		const struct known *k = &known[i];

		if (strcmp(k->place, place) != 0 || (k->what && strcmp(k->what, what) != 0) ||
		    !begins(theirs, k->theirs) || !begins(ours, k->ours))
			continue;
		used[i] = true;
		return true;
	}
	return false;
}

static bool was_visited(const char *name);

static void check(const char *what, const char *theirs, const char *ours)
{
	tally.cases++;
	tally.found += strchr(theirs, '.') != NULL; /* an address, or a name */
	if (strcmp(theirs, ours) == 0)
		return;
	if (is_known(what, theirs, ours)) {
		tally.known++;
		return;
	}
	tally.wrong++;
	printf("%s: %s\n  libc: %.400s\n  ours: %.400s\n", place, what, theirs, ours);
}

/* Another inode and another time: libc sees that it has changed. */
static void write_etc(const char *path, const char *text)
{
	static long moments;
	long now = 2000000 + ++moments;
	struct timespec times[2] = { { now, 0 }, { now, 0 } };
	FILE *f;

	need_own_etc();
	f = fopen("/etc/new", "w");
	if (!f || fputs(text, f) < 0 || fflush(f) || futimens(fileno(f), times) || fclose(f) ||
	    rename("/etc/new", path)) {
		perror(path);
		exit(2);
	}
}

/* What is asked of both anew: files that we look at once a second are looked at now. */
static void anew(void)
{
	struct fdg_lookup_calls calls = { .believe_ms = 0 };

	fdg_lookup_free(lookup);
	lookup = NULL;
	if (fdg_lookup_make(&calls, &lookup)) {
		fputs("no lookup\n", stderr);
		exit(2);
	}
}

static const char *places[256];
static size_t place_count;

static bool was_visited(const char *name)
{
	for (size_t i = 0; i < place_count; i++)
		if (strcmp(places[i], name) == 0)
			return true;
	return false;
}

static void set_etc(const char *name, const char *resolv, const char *hosts, const char *nsswitch)
{
	place = name;
	if (place_count < COUNT(places))
		places[place_count++] = name;
	write_etc("/etc/resolv.conf", resolv);
	write_etc("/etc/hosts", hosts);
	write_etc("/etc/nsswitch.conf", nsswitch);
	anew();
}

static void compare(const char *node, const char *service, int flags, int family, int socktype, int protocol)
{
	static char theirs[DIFFERENTIAL_TEXT], ours[DIFFERENTIAL_TEXT];
	struct addrinfo hints = {
		.ai_flags = flags, .ai_family = family, .ai_socktype = socktype, .ai_protocol = protocol
	};
	char what[512];

	snprintf(what, sizeof(what), "%s %s fl=%x %s %d/%d", node ? node : "-", service ? service : "-",
		 (unsigned)flags,
		 family == AF_INET    ? "v4"
		 : family == AF_INET6 ? "v6"
		 : family             ? "??"
				      : "un",
		 socktype, protocol);
	theirs_addresses(node, service, &hints, theirs);
	ours_addresses(lookup, node, service, &hints, ours);
	check(what, theirs, ours);
}

/* Cases that wait for a second or more: each in a thread of its own, with a lookup of its own. */
struct slow {
	pthread_t thread;
	const char *node;
	char theirs[DIFFERENTIAL_TEXT], ours[DIFFERENTIAL_TEXT];
};

static void *compare_slowly(void *cookie)
{
	static const struct addrinfo hints = { .ai_flags = AI_CANONNAME, .ai_socktype = SOCK_STREAM };
	struct fdg_lookup_calls calls = { .believe_ms = 0 };
	struct slow *s = cookie;
	struct fdg_lookup *l;

	theirs_addresses(s->node, NULL, &hints, s->theirs);
	if (fdg_lookup_make(&calls, &l))
		return NULL;
	ours_addresses(l, s->node, NULL, &hints, s->ours);
	fdg_lookup_free(l);
	return NULL;
}

static void compare_families(const char *node, const int *flags, size_t count)
{
	static const int families[] = { AF_UNSPEC, AF_INET, AF_INET6 };

	for (size_t f = 0; f < COUNT(families); f++)
		for (size_t i = 0; i < count; i++)
			compare(node, NULL, flags[i], families[f], SOCK_STREAM, 0);
}

static void compare_names(const char *const *names, size_t n, const int *flags, size_t count)
{
	for (size_t i = 0; i < n; i++)
		compare_families(names[i], flags, count);
}

static void compare_hosts(const char *const *names, size_t n)
{
	static char theirs[DIFFERENTIAL_TEXT], ours[DIFFERENTIAL_TEXT];
	static const int families[] = { AF_INET, AF_INET6 };
	char what[512];

	for (size_t i = 0; i < n; i++)
		for (size_t f = 0; f < COUNT(families); f++) {
			snprintf(what, sizeof(what), "gethostbyname2 %s %s", names[i],
				 families[f] == AF_INET ? "v4" : "v6");
			theirs_host(names[i], families[f], theirs);
			ours_host(lookup, names[i], families[f], ours);
			if (strcmp(ours, "LIBC") != 0)
				check(what, theirs, ours);
		}
}

#include "differential_groups.h"

/* Names of servers that are not ours, which the script has started. */
static int compare_given(int argc, char **argv)
{
	static const int flags[] = { 0, AI_CANONNAME, AI_V4MAPPED | AI_ALL };

	set_etc("servers", PLAIN "search test\n", "", ORDER);
	for (int i = 0; i < argc; i++) {
		compare_families(argv[i], flags, COUNT(flags));
		compare_hosts((const char *const *)&argv[i], 1);
	}
	compare_name("192.0.2.1", 0, 80, 0, 1025, 0);
	compare_name("192.0.2.77", 0, 80, 0, 1025, NI_NAMEREQD);
	compare_name("2001:db8::1", 0, 80, 0, 1025, 0);
	fdg_lookup_free(lookup);
	printf("%u cases, %u wrong\n", tally.cases, tally.wrong);
	return tally.wrong || !tally.found;
}

int main(int argc, char **argv)
{
	struct server *four, *six;
	bool all_used = true;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 1 && strcmp(argv[1], "--names") == 0)
		return compare_given(argc - 2, argv + 2);
	four = server_start_at(AF_INET, 53);
	six = server_start_at(AF_INET6, 53);

	if (!four) {
		perror("a server at 127.0.0.1 port 53");
		return 2;
	}
	server_set(four)->delay_us = 0;
	for (int i = 1; i < argc; i++)
		run_group(argv[i]);
	fdg_lookup_free(lookup);
	for (size_t i = 0; i < COUNT(known); i++)
		if (!used[i] && was_visited(known[i].place)) {
			printf("the table says that this differs, but nothing does: %s: %s\n", known[i].place,
			       known[i].what ? known[i].what : "all");
			all_used = false;
		}
	printf("%u cases, %u of them known to differ, %u wrong\n", tally.cases, tally.known, tally.wrong);
	server_stop(four);
	if (six)
		server_stop(six);
	return tally.wrong || !all_used;
}
