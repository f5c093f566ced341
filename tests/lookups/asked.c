// SPDX-License-Identifier: MIT
/*
 * lookups-asked GROUP…: what libc's names for lookups answer: the cases of resolver/differential.c, and what the functions that fill in a struct hostent leave in errno, h_errno
 * and the caller's buffer. A line each; the script runs it bare and guarded, and compares. Of getaddrinfo what resolver/differential_known.h says may differ.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../harness/own_etc.h"
#include "../resolver/differential.h"
#include "../resolver/server.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define PLAIN "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n"
#define ORDER "hosts: files dns\nservices: files\n"

static struct fdg_lookup *lookup;
static const char *place = "";
static unsigned cases;

static void say(const char *what, const char *answer)
{
	printf("%s\t%s\t%s\n", place, what, answer);
	cases++;
}

/* The second half of a comparison is another process's. */
#define ours_name(...) (void)lookup
#define ours_host(...) (void)0
#define ours_host_by_address(...) (void)0
#define check(what, theirs, ours) ((void)(ours), say(what, theirs))

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

static void set_etc(const char *name, const char *resolv, const char *hosts, const char *nsswitch)
{
	place = name;
	write_etc("/etc/resolv.conf", resolv);
	write_etc("/etc/hosts", hosts);
	write_etc("/etc/nsswitch.conf", nsswitch);
}

static void compare(const char *node, const char *service, int flags, int family, int socktype, int protocol)
{
	static char answer[DIFFERENTIAL_TEXT];
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
	theirs_addresses(node, service, &hints, answer);
	say(what, answer);
}

struct slow {
	pthread_t thread;
	const char *node;
	char theirs[DIFFERENTIAL_TEXT], ours[1];
};

static void *compare_slowly(void *cookie)
{
	static const struct addrinfo hints = { .ai_flags = AI_CANONNAME, .ai_socktype = SOCK_STREAM };
	struct slow *s = cookie;

	theirs_addresses(s->node, NULL, &hints, s->theirs);
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

static void add(char *to, const char *text)
{
	strncat(to, text, DIFFERENTIAL_TEXT - strlen(to) - 1);
}

static void describe(char *to, const struct hostent *h)
{
	char text[INET6_ADDRSTRLEN];

	if (!h) {
		add(to, " none");
		return;
	}
	add(to, " ");
	add(to, h->h_name);
	for (char **a = h->h_aliases; *a; a++) {
		add(to, " [");
		add(to, *a);
		add(to, "]");
	}
	for (char **a = h->h_addr_list; *a; a++) {
		add(to, (uintptr_t)*a % sizeof(int) ? " not aligned" : " ");
		add(to, inet_ntop(h->h_addrtype, *a, text, sizeof(text)));
	}
	snprintf(to + strlen(to), 32, " len=%d", h->h_length);
}

/* What is in the caller's buffer lies in it. */
static bool is_within(const struct hostent *h, const char *room, size_t n)
{
	const char *const *lists[] = { (const char *const *)h->h_aliases, (const char *const *)h->h_addr_list };

	if (h->h_name < room || h->h_name >= room + n)
		return false;
	for (size_t i = 0; i < COUNT(lists); i++) {
		if ((const char *)lists[i] < room || (const char *)lists[i] >= room + n ||
		    (uintptr_t)lists[i] % sizeof(char *))
			return false;
		for (const char *const *a = lists[i]; *a; a++)
			if (*a < room || *a >= room + n)
				return false;
	}
	return true;
}

struct after {
	int r, error, host_error, own_host_error;
};

static void finish(char *answer, const char *what, const struct hostent *h, const struct after *a)
{
	/* With an answer h_errno is what libc's last step left, and says nothing. */
	snprintf(answer, DIFFERENTIAL_TEXT, "r=%d errno=%d h_errno=%d,%d", a->r, a->error, h ? 0 : a->host_error,
		 h ? 0 : a->own_host_error);
	describe(answer, h);
	say(what, answer);
}

static int by_name(const char *name, int family, struct hostent *to, char *room, size_t n, struct hostent **ret,
		   int *error)
{
	if (family)
		return gethostbyname2_r(name, family, to, room, n, ret, error);
	return gethostbyname_r(name, to, room, n, ret, error);
}

static void in_buffer(const char *name, int family)
{
	static char answer[DIFFERENTIAL_TEXT], room[16384];
	struct hostent space, *h = &space;
	struct after a = { .host_error = 4712 };
	char what[512];

	errno = 4711;
	h_errno = 4712;
	a.r = by_name(name, family, &space, room, sizeof(room), &h, &a.host_error);
	a.error = errno;
	a.own_host_error = h_errno;
	snprintf(what, sizeof(what), "_r %s %d", name, family);
	finish(answer, what, h, &a);
	if (h && (h != &space || !is_within(h, room, sizeof(room))))
		say(what, "not in the caller's memory");
}

static void in_libcs_own(const char *name, int family)
{
	static char answer[DIFFERENTIAL_TEXT];
	struct hostent *h;
	struct after a = { .r = 0 };
	char what[512];

	h_errno = 4712;
	errno = 4711;
	h = family ? gethostbyname2(name, family) : gethostbyname(name);
	a.error = errno;
	a.host_error = a.own_host_error = h_errno;
	snprintf(what, sizeof(what), "gethostbyname %s %d", name, family);
	finish(answer, what, h, &a);
}

/* A buffer that grows until it is enough: no answer before the last, and the same one then. */
static void too_small(const char *name, int family)
{
	static char answer[DIFFERENTIAL_TEXT], room[16384];
	struct after a = { .r = 0 };
	char what[512];

	for (size_t n = 0; n < sizeof(room); n = n * 5 / 4 + 1) {
		struct hostent space, *h = &space;

		memset(room, 0x55, sizeof(room));
		errno = 4711;
		h_errno = 4712;
		a.r = by_name(name, family, &space, room + n % 9, n, &h, &a.host_error);
		a.error = errno;
		a.own_host_error = h_errno;
		a.own_host_error = h_errno;
		for (size_t i = n % 9 + n; i < sizeof(room); i++)
			if (room[i] != 0x55) {
				say(name, "it wrote beyond the buffer");
				return;
			}
		if (a.r == ERANGE && !h && a.error == ERANGE && a.host_error == NETDB_INTERNAL)
			continue;
		if (h && !is_within(h, room + n % 9, n))
			say(name, "not in the caller's memory");
		snprintf(what, sizeof(what), "growing %s %d", name, family);
		finish(answer, what, h, &a);
		return;
	}
}

static void compare_hosts(const char *const *names, size_t n)
{
	static const int families[] = { 0, AF_INET, AF_INET6 };

	for (size_t i = 0; i < n; i++)
		for (size_t f = 0; f < COUNT(families); f++) {
			in_buffer(names[i], families[f]);
			in_libcs_own(names[i], families[f]);
			too_small(names[i], families[f]);
		}
}

#include "../resolver/differential_groups.h"

static void address_in_buffer(const char *text, size_t room_len)
{
	static char answer[DIFFERENTIAL_TEXT], room[16384];
	struct hostent space, *h = &space;
	struct after a = { .host_error = 4712 };
	uint8_t bytes[16];
	int family = inet_pton(AF_INET, text, bytes) == 1 ? AF_INET : AF_INET6;
	char what[128];

	if (family == AF_INET6)
		inet_pton(AF_INET6, text, bytes);
	errno = 4711;
	h_errno = 4712;
	a.r = gethostbyaddr_r(bytes, family == AF_INET ? 4 : 16, family, &space, room, room_len, &h, &a.host_error);
	a.error = errno;
	a.own_host_error = h_errno;
	snprintf(what, sizeof(what), "_r %s", text);
	finish(answer, what, h, &a);
}

static void address_in_libcs_own(const char *text)
{
	static char answer[DIFFERENTIAL_TEXT];
	struct after a = { .r = 0 };
	struct hostent *h;
	uint8_t bytes[16];
	int family = inet_pton(AF_INET, text, bytes) == 1 ? AF_INET : AF_INET6;
	char what[128];

	if (family == AF_INET6)
		inet_pton(AF_INET6, text, bytes);
	h_errno = 4712;
	errno = 4711;
	h = gethostbyaddr(bytes, family == AF_INET ? 4 : 16, family);
	a.error = errno;
	a.host_error = a.own_host_error = h_errno;
	snprintf(what, sizeof(what), "gethostbyaddr %s", text);
	finish(answer, what, h, &a);
}

static void group_addresses(void)
{
	static const char *const addresses[] = { "192.0.2.1",   "192.0.2.2",        "192.0.2.3",       "192.0.2.4",
						 "192.0.2.5",   "192.0.2.6",        "192.0.2.7",       "192.0.2.8",
						 "10.0.0.1",    "10.0.0.2",         "127.0.0.1",       "0.0.0.0",
						 "2001:db8::1", "2001:db8::3",      "2001:db8::5",     "::1",
						 "::",          "::ffff:192.0.2.1", "::ffff:10.0.0.1", "::192.0.2.1",
						 "fe80::1",     "ff02::3" };

	set_etc("addresses", PLAIN "search nx.test\n",
		"127.0.0.1 localhost\n10.0.0.1 h1.example.org h1 h1-alias\n::1 localhost\n2001:db8::5 six\n", ORDER);
	for (size_t i = 0; i < COUNT(addresses); i++) {
		address_in_buffer(addresses[i], 16384);
		if (i < 2)
			address_in_buffer(addresses[i], 8);
		address_in_libcs_own(addresses[i]);
	}
}

/* A file of which no table is made. */
static void group_large(void)
{
	static const char *const names[] = { "first", "line1500", "LINE2999", "last", "line15", "twice", "none.test", "ok.test", "ine15" };
	static const char *const addresses[] = { "10.0.0.1",    "10.1.5.220", "10.1.11.183", "10.9.9.9",         "10.1.0.15",
						 "192.0.2.1",   "10.9.9",     "127.0.0.1",   "::ffff:10.9.9.9", "2001:db8::9",
						 "2001:db8::8", "::1" };
	static char text[200000];
	int n = sprintf(text, "10.0.0.1 first a-first\n10.0.0.2 twice\n");

	for (int i = 0; i < 3000; i++)
		n += sprintf(text + n, "10.1.%d.%d line%d line%d.example.org\n", i >> 8, i & 255, i, i);
	sprintf(text + n, "::1 six-loopback\n127.0.0.1 loopback\n2001:db8:0::8 six\n10.0.0.3 twice\n10.9.9.9 last");
	set_etc("large", PLAIN, text, ORDER);
	compare_hosts(names, COUNT(names));
	for (size_t i = 0; i < COUNT(addresses); i++) {
		address_in_buffer(addresses[i], 16384);
		address_in_libcs_own(addresses[i]);
	}
}

static void group_silence(void)
{
	set_etc("silence", PLAIN, "", ORDER);
	in_buffer("silent.test", AF_INET);
	in_libcs_own("silent.test", AF_INET);
	set_etc("nobody listens", "nameserver 127.0.0.2\noptions timeout:1 attempts:1\n", "", ORDER);
	compare_hosts((const char *const[]){ "ok.test" }, 1);
	address_in_buffer("192.0.2.1", 16384);
	address_in_libcs_own("192.0.2.1");
}

static void group_odd(void)
{
	static const char *const names[] = { "127.1",    "1.2.3.4", "256.1.1.1", "1.2.3.4.", "::1",      "fe80::1",
					     "",         ".",       "..",        ".ok.test", "ok..test", "-ok.test",
					     "ok!.test", "0x7f.1",  "here",      "a:b",      "1" };
	struct hostent space, *h = &space;
	int error = 4712;
	char room[512];

	set_etc("odd", PLAIN, "10.0.0.1 here\n", ORDER);
	compare_hosts(names, COUNT(names));
	in_buffer("ok.test", AF_UNIX);
	in_libcs_own("ok.test", AF_UNIX);
	in_libcs_own("ok.test", 77);
	errno = 4711;
	printf("odd\tgethostbyaddr_r, 3 bytes\t%d errno=%d",
	       gethostbyaddr_r("abc", 3, AF_INET, &space, room, sizeof(room), &h, &error), errno);
	printf(" h_errno=%d %s\n", error, h ? "something" : "nothing");
}

static void run(const char *name)
{
	if (strcmp(name, "addresses") == 0)
		group_addresses();
	else if (strcmp(name, "large") == 0)
		group_large();
	else if (strcmp(name, "silence") == 0)
		group_silence();
	else if (strcmp(name, "odd") == 0)
		group_odd();
	else
		run_group(name);
}

int main(int argc, char **argv)
{
	struct server *four = server_start_at(AF_INET, 53), *six = server_start_at(AF_INET6, 53);

	if (!four) {
		perror("a server at 127.0.0.1 port 53");
		return 2;
	}
	server_set(four)->delay_us = 0;
	for (int i = 1; i < argc; i++)
		run(argv[i]);
	fprintf(stderr, "%u cases\n", cases);
	server_stop(four);
	if (six)
		server_stop(six);
	return 0;
}
