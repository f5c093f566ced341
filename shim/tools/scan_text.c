// SPDX-License-Identifier: MIT
#include "tools/scan_text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool has_prefix(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

enum scan_kind scan_kind_of(const char *link, uint64_t *ret_ino)
{
	static const struct { const char *prefix; enum scan_kind kind; } kinds[] = {
		{ "socket:[", SCAN_SOCKET }, { "pipe:[", SCAN_PIPE }, { "anon_inode:[eventpoll]", SCAN_EPOLL }, { "anon_inode:[eventfd]", SCAN_EVENT },
		{ "anon_inode:[timerfd]", SCAN_TIMER }, { "/", SCAN_FILE },
	};

	*ret_ino = 0;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!has_prefix(link, kinds[i].prefix))
			continue;
		if (kinds[i].kind == SCAN_SOCKET || kinds[i].kind == SCAN_PIPE)
			*ret_ino = strtoull(link + strlen(kinds[i].prefix), NULL, 10);
		return kinds[i].kind;
	}
	return SCAN_OTHER;
}

const char *scan_kind_words(enum scan_kind k, uint64_t count)
{
	static const char *const words[SCAN_KINDS][2] = {
		{ "other descriptor", "other descriptors" }, { "file", "files" }, { "pipe", "pipes" }, { "socket", "sockets" },
		{ "epoll", "epolls" }, { "eventfd", "eventfds" }, { "timerfd", "timerfds" },
	};

	return words[k][count != 1];
}

/* What stands behind a word at the beginning of a line, and blanks; NULL: there is no such line. */
static const char *line_of(const char *text, const char *word)
{
	for (const char *at = text; at && *at; at = strchr(at, '\n'), at = at ? at + 1 : NULL)
		if (has_prefix(at, word))
			return at + strlen(word) + strspn(at + strlen(word), " \t");
	return NULL;
}

/* A number that a blank, a sign or the end of the line follows. */
static bool number(const char *text, int base, uint64_t *ret)
{
	char *end;

	if (!text || *text == '-' || *text == '+' || *text == ' ')
		return false;
	errno = 0;
	*ret = strtoull(text, &end, base);
	return end != text && errno == 0 && (*end == '\0' || strchr(" \t\n:", *end));
}

bool scan_read_fdinfo(const char *text, struct scan_fdinfo *ret)
{
	uint64_t flags, ino = 0;

	if (!number(line_of(text, "flags:"), 8, &flags) || flags > INT32_MAX)
		return false;
	number(line_of(text, "ino:"), 10, &ino);
	*ret = (struct scan_fdinfo){ (int)flags, ino };
	return true;
}

bool scan_read_status(const char *text, struct scan_status *ret)
{
	uint64_t pid, parent, uid, tracer = 0;

	*ret = (struct scan_status){ .pid = 0 };
	if (!number(line_of(text, "Tgid:"), 10, &pid) || !number(line_of(text, "PPid:"), 10, &parent) || !number(line_of(text, "Uid:"), 10, &uid))
		return false;
	number(line_of(text, "TracerPid:"), 10, &tracer);
	number(line_of(text, "SigIgn:"), 16, &ret->ignored);
	number(line_of(text, "SigCgt:"), 16, &ret->caught);
	ret->pid = (int)pid;
	ret->parent = (int)parent;
	ret->tracer = (int)tracer;
	ret->uid = (unsigned)uid;
	return pid > 0 && pid <= INT32_MAX && parent <= INT32_MAX;
}

bool scan_read_call(const char *text, struct scan_call *ret)
{
	uint64_t *const to[] = { &ret->arg[0], &ret->arg[1], &ret->arg[2], &ret->arg[3], &ret->arg[4], &ret->arg[5], &ret->sp, &ret->pc };
	const char *at = text;
	uint64_t nr;

	if (!number(text, 10, &nr) || nr > 100000)
		return false;
	ret->nr = (long)nr;
	for (size_t i = 0; i < sizeof(to) / sizeof(to[0]); i++) {
		at = strchr(at, ' ');
		if (!at || !number(++at, 16, to[i]))
			return false;
	}
	return true;
}

bool scan_read_schedstat(const char *text, uint64_t *ret_busy)
{
	const char *second = strchr(text, ' ');
	uint64_t ran, waited;

	if (!second || !number(text, 10, &ran) || !number(second + 1, 10, &waited))
		return false;
	*ret_busy = ran + waited;
	return true;
}

bool scan_read_sleeps(const char *text, uint64_t *ret_sleeps)
{
	return number(line_of(text, "voluntary_ctxt_switches:"), 10, ret_sleeps);
}

bool scan_read_start(const char *text, uint64_t *ret_start)
{
	const char *at = strrchr(text, ')'); /* a program can have any name */

	for (int field = 2; at && field < 22; field++) {
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	return number(at, 10, ret_start);
}

/* "0100007F:1F90", as four bytes of the machine's order each. */
static bool read_address(const char **at, bool six, struct sockaddr_storage *ret)
{
	struct sockaddr_in *in = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret;
	uint32_t word[4] = { 0 };
	unsigned port;
	int n;

	memset(ret, 0, sizeof(*ret));
	for (int i = 0; i < (six ? 4 : 1); i++, *at += n)
		if (sscanf(*at, "%8x%n", &word[i], &n) != 1 || n != 8)
			return false;
	if (sscanf(*at, ":%4x%n", &port, &n) != 1 || n != 5)
		return false;
	*at += n;
	if (six) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons((uint16_t)port);
		memcpy(&in6->sin6_addr, word, sizeof(word));
		return true;
	}
	in->sin_family = AF_INET;
	in->sin_port = htons((uint16_t)port);
	memcpy(&in->sin_addr, word, sizeof(word[0]));
	return true;
}

bool scan_read_tcp(const char *line, bool six, struct scan_tcp *ret)
{
	const char *at = strchr(line, ':');
	unsigned long long ino;
	int n = -1;

	*ret = (struct scan_tcp){ .state = 0 };
	if (!at)
		return false;
	at += 1 + strspn(at + 1, " ");
	if (!read_address(&at, six, &ret->local) || *at++ != ' ' || !read_address(&at, six, &ret->peer))
		return false;
	if (sscanf(at, " %2x %8x:%8x %*2x:%*8x %*8x %*u %*u %llu%n", &ret->state, &ret->sending, &ret->waiting, &ino, &n) != 4 || n < 0)
		return false;
	ret->ino = ino;
	return true;
}

static bool is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '_';
}

/* "-f3", but not "python3" */
static bool begins(const char *text, size_t at)
{
	if (at == 0 || !is_word(text[at - 1]))
		return true;
	return at >= 2 && text[at - 2] == '-' && (text[at - 1] < '0' || text[at - 1] > '9') && (at == 2 || text[at - 3] == '\0');
}

bool scan_names_number(const char *text, size_t n, int number_wanted)
{
	char word[16];
	size_t len = (size_t)snprintf(word, sizeof(word), "%d", number_wanted);

	for (size_t i = 0; i + len <= n; i++)
		if (memcmp(text + i, word, len) == 0 && begins(text, i) && (i + len == n || !is_word(text[i + len])))
			return true;
	return false;
}
