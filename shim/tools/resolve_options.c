// SPDX-License-Identifier: MIT
#include "tools/resolve_options.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options/reader.h"

enum { MISTAKE = 2, INFLIGHT_MAX = 32767, TRIES_MAX = 100, TIMEOUT_MAX_MS = 3600000 };

static const char help[] =
	"usage: fdguard resolve [options] [NAME... | -f FILE]\n"
	"\n"
	"Finds the addresses of many names at once, by /etc/hosts and DNS as getaddrinfo does. Reads names, one per line, from FILE or standard input, and writes\n"
	"a line for each: NAME, a word, and addresses or the reason, with tabs between them. The words: ok; noname, there is no such name; nodata, it has no such\n"
	"address; failed, there is no answer; bad, the line is no name. Blank lines and lines that begin with # are passed over.\n"
	"\n"
	"  -f FILE               read names from FILE; - is standard input\n"
	"  -4, -6                IPv4 or IPv6 addresses alone\n"
	"  --json                a JSON object per line, with the canonical name, the time to live, the server and how long it took\n"
	"  --unordered           write lines as answers come; otherwise in the order of the names\n"
	"  --server ADDR[:PORT]  ask this server and not those of /etc/resolv.conf; can be given more than once ([ADDR]:PORT for IPv6)\n"
	"  --inflight N          names at a time (4096; at most 32767)\n"
	"  --timeout T           how long to wait for a server (500ms, 5s), and\n"
	"  --tries N             how often to ask them all; both are otherwise resolv.conf's\n"
	"\n"
	"Exit status: 0 if each name got a final answer, which may be that there is no such name; 1 if one failed or was bad; 2 for a mistake, or if input or\n"
	"output failed; 128+N if signal N stopped it, which says where.\n";

static bool mistake(const char *format, const char *what)
{
	fputs("fdguard: ", stderr);
	fprintf(stderr, format, what);
	fputs("; fdguard help resolve lists the options\n", stderr);
	return false;
}

static bool read_number(const char *v, unsigned max, unsigned *ret)
{
	char *end;
	unsigned long n = strtoul(v, &end, 10);

	if (*v < '0' || *v > '9' || *end || n < 1 || n > max)
		return false;
	*ret = (unsigned)n;
	return true;
}

static bool read_inflight(struct resolve_options *o, const char *v)
{
	return read_number(v, INFLIGHT_MAX, &o->inflight) ||
	       mistake("--inflight: '%s' is no number from 1 to 32767", v);
}

static bool read_tries(struct resolve_options *o, const char *v)
{
	return read_number(v, TRIES_MAX, &o->tries) || mistake("--tries: '%s' is no number from 1 to 100", v);
}

static bool read_timeout(struct resolve_options *o, const char *v)
{
	struct fdg_slice slice = FDG_SLICE(v);
	int64_t ms;

	if (!*v || fdg_value_read(fdg_row_find(FDG_SLICE("closewait.age")), &slice, &ms) || ms < 1 ||
	    ms > TIMEOUT_MAX_MS)
		return mistake("--timeout: '%s' is no time like 500ms, 5s or 1m", v);
	o->timeout_ms = (unsigned)ms;
	return true;
}

/* fe80::1%eth0, or %2 */
static bool read_six(char *text, unsigned port, struct sockaddr_storage *ret)
{
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)ret;
	char *zone = strchr(text, '%');

	if (zone)
		*zone++ = '\0';
	six->sin6_family = AF_INET6;
	six->sin6_port = htons((uint16_t)port);
	if (inet_pton(AF_INET6, text, &six->sin6_addr) != 1)
		return false;
	if (!zone)
		return true;
	six->sin6_scope_id = if_nametoindex(zone);
	return six->sin6_scope_id || read_number(zone, UINT32_MAX, &six->sin6_scope_id);
}

static bool read_four(const char *text, unsigned port, struct sockaddr_storage *ret)
{
	struct sockaddr_in *four = (struct sockaddr_in *)ret;

	four->sin_family = AF_INET;
	four->sin_port = htons((uint16_t)port);
	return inet_pton(AF_INET, text, &four->sin_addr) == 1;
}

static bool read_address(const char *v, struct sockaddr_storage *ret)
{
	char text[128], *address = text, *colon;
	unsigned port = 53;

	if (strlen(v) >= sizeof(text))
		return false;
	strcpy(text, v);
	if (*text == '[') {
		char *end = strchr(text, ']');

		if (!end || (end[1] && (end[1] != ':' || !read_number(end + 2, UINT16_MAX, &port))))
			return false;
		*end = '\0';
		return read_six(address + 1, port, ret);
	}
	colon = strchr(text, ':');
	if (colon && strchr(colon + 1, ':'))
		return read_six(address, port, ret);
	if (colon) {
		*colon = '\0';
		if (!read_number(colon + 1, UINT16_MAX, &port))
			return false;
	}
	return read_four(address, port, ret);
}

static bool read_server(struct resolve_options *o, const char *v)
{
	if (o->server_count == RESOLVE_SERVERS)
		return mistake("--server: '%s' is one too many: at most 8", v);
	return read_address(v, &o->servers[o->server_count++]) ||
	       mistake("--server: '%s' is no address like 192.0.2.1, 192.0.2.1:5353, 2001:db8::1 or [2001:db8::1]:5353",
		       v);
}

static bool read_file(struct resolve_options *o, const char *v)
{
	if (o->file)
		return mistake("-f: '%s' is a second file; cat joins them", v);
	o->file = v;
	return true;
}

static bool read_family(struct resolve_options *o, int family)
{
	if (o->family && o->family != family)
		return mistake("%s: without either of them both families are looked for",
			       "-4 and -6 exclude each other");
	o->family = family;
	return true;
}

static const struct {
	const char *name;
	bool (*read)(struct resolve_options *, const char *);
} with_value[] = {
	{ "-f", read_file },           { "--server", read_server }, { "--inflight", read_inflight },
	{ "--timeout", read_timeout }, { "--tries", read_tries },
};

/* Returns how many arguments it took, 0 after a complaint. */
static int read_one(struct resolve_options *o, char **argv)
{
	if (!strcmp(argv[0], "--json"))
		return o->json = true;
	if (!strcmp(argv[0], "--unordered"))
		return o->unordered = true;
	if (!strcmp(argv[0], "-4") || !strcmp(argv[0], "-6"))
		return read_family(o, argv[0][1] == '4' ? AF_INET : AF_INET6);
	for (size_t i = 0; i < sizeof(with_value) / sizeof(with_value[0]); i++) {
		size_t n = strlen(with_value[i].name);

		if (strncmp(argv[0], with_value[i].name, n) != 0)
			continue;
		if (argv[0][n] == '=' && n > 2)
			return with_value[i].read(o, argv[0] + n + 1);
		if (!argv[0][n])
			return argv[1] ? 2 * with_value[i].read(o, argv[1]) : mistake("%s wants a value", argv[0]);
	}
	return mistake("unknown option '%s'", argv[0]);
}

int resolve_options_read(struct resolve_options *o, char **argv)
{
	*o = (struct resolve_options){ .family = AF_UNSPEC };
	for (int taken; *argv && argv[0][0] == '-' && argv[0][1]; argv += taken) {
		if (!strcmp(*argv, "-h") || !strcmp(*argv, "--help")) {
			fputs(help, stdout);
			return fflush(stdout) ? MISTAKE : 0;
		}
		if (!strcmp(*argv, "--")) {
			argv++;
			break;
		}
		taken = read_one(o, argv);
		if (!taken)
			return MISTAKE;
	}
	o->names = argv;
	if (*argv && o->file) {
		mistake("'%s': names are given, or a file with -f, not both", *argv);
		return MISTAKE;
	}
	return -1;
}
