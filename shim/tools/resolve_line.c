// SPDX-License-Identifier: MIT
#include "tools/resolve_line.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "base/fmt.h"

enum {
	ADDRESS_ROOM = INET6_ADDRSTRLEN + IF_NAMESIZE + 8,
	FIXED_ROOM = 1024,
	SHOWN = 256,
	LABEL_MAX = 63,
	HOST_MAX = 253,
};

static const char *const words[RESOLVE_OUTCOMES] = { "ok", "noname", "nodata", "failed", "bad" };

static bool make_room(struct resolve_line *l, size_t n, struct fdg_buf *ret)
{
	if (l->room < n) {
		char *bigger = realloc(l->text, n);

		if (!bigger)
			return false;
		l->text = bigger;
		l->room = n;
	}
	l->text[0] = '\0';
	*ret = (struct fdg_buf){ l->text, 0, l->room, false };
	return true;
}

static void put_scope(struct fdg_buf *b, const struct sockaddr_in6 *a)
{
	char name[IF_NAMESIZE];

	if (!a->sin6_scope_id)
		return;
	fdg_put_char(b, '%');
	if (if_indextoname(a->sin6_scope_id, name))
		fdg_put(b, name);
	else
		fdg_put_u64(b, a->sin6_scope_id);
}

static void put_four(struct fdg_buf *b, const uint8_t *a)
{
	for (int i = 0; i < 4; i++) {
		if (i)
			fdg_put_char(b, '.');
		fdg_put_u64(b, a[i]);
	}
}

static void put_address(struct fdg_buf *b, const struct sockaddr *a)
{
	const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)a;
	char text[INET6_ADDRSTRLEN];

	if (a->sa_family == AF_INET) {
		put_four(b, (const uint8_t *)&((const struct sockaddr_in *)a)->sin_addr);
		return;
	}
	fdg_put(b, inet_ntop(AF_INET6, &six->sin6_addr, text, sizeof(text)));
	put_scope(b, six);
}

static void put_server(struct fdg_buf *b, const struct sockaddr_storage *a)
{
	bool six = a->ss_family == AF_INET6;

	fdg_put(b, six ? "[" : "");
	put_address(b, (const struct sockaddr *)a);
	fdg_put(b, six ? "]:" : ":");
	fdg_put_u64(b, ntohs(((const struct sockaddr_in *)a)->sin_port)); /* at the same place in both */
}

/* Why it cannot be a host's name, or an address; NULL: it may be one. RFC 1123 section 2.1, and the underscore, which libc lets pass. */
static const char *fault(const char *name)
{
	size_t n = strlen(name), label = 0;

	if (name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._")])
		return "there is a character in it that is none of a host's name, and it is no address";
	if (*name == '-')
		return "a host's name does not begin with a dash";
	if (n > HOST_MAX + (name[n - 1] == '.'))
		return "it is longer than 253 characters";
	for (const char *s = name; *s; s += label + (s[label] == '.')) {
		label = strcspn(s, ".");
		if (!label)
			return "there is nothing between two dots, or before the first";
		if (label > LABEL_MAX)
			return "a part of it is longer than 63 characters";
	}
	return NULL;
}

/* "*" is no name to getaddrinfo, and so none to the library. */
static const char *name_of(const struct fdg_resolver_result *r)
{
	return r->node ? r->node : "*";
}

/* A name that was refused before DNS was asked may be none. */
static enum resolve_outcome outcome(const struct fdg_resolver_result *r)
{
	switch (r->error) {
	case 0:
		return RESOLVE_OK;
	case EAI_NONAME:
		return !r->server && fault(name_of(r)) ? RESOLVE_BAD : RESOLVE_NONAME;
	case EAI_NODATA:
	case EAI_ADDRFAMILY:
		return RESOLVE_NODATA;
	default:
		return RESOLVE_FAILED;
	}
}

static const char *reason(const struct fdg_resolver_result *r, enum resolve_outcome o)
{
	if (o == RESOLVE_BAD)
		return fault(name_of(r));
	return r->reason ? r->reason : fdg_resolver_strerror(r->error);
}

static void put_addresses(struct fdg_buf *b, const struct addrinfo *a, const char *between, const char *around)
{
	for (bool first = true; a; a = a->ai_next, first = false) {
		fdg_put(b, first ? "" : between);
		fdg_put(b, around);
		put_address(b, a->ai_addr);
		fdg_put(b, around);
	}
}

static void put_member(struct fdg_buf *b, const char *name, const char *value)
{
	if (!value)
		return;
	fdg_fmt(b, ",\"%s\":\"", name);
	fdg_put_json(b, value);
	fdg_put_char(b, '"');
}

static void put_ms(struct fdg_buf *b, uint64_t us)
{
	fdg_put(b, ",\"ms\":");
	fdg_put_u64(b, us / 1000);
	fdg_put_char(b, '.');
	fdg_put_char(b, (char)('0' + us % 1000 / 100));
	fdg_put_char(b, (char)('0' + us % 100 / 10));
	fdg_put_char(b, (char)('0' + us % 10));
}

static void put_json_start(struct fdg_buf *b, const char *name, uint64_t number, enum resolve_outcome o)
{
	fdg_put(b, "{\"name\":\"");
	fdg_put_json(b, name);
	fdg_put(b, "\",\"line\":");
	fdg_put_u64(b, number);
	put_member(b, "status", words[o]);
}

static void put_json(struct fdg_buf *b, uint64_t number, const struct fdg_resolver_result *r, enum resolve_outcome o)
{
	static const char *const sources[] = { [FDG_RESOLVER_FROM_TEXT] = "text",
					       [FDG_RESOLVER_FROM_FILES] = "files",
					       [FDG_RESOLVER_FROM_DNS] = "dns",
					       [FDG_RESOLVER_FROM_CACHE] = "cache" };

	put_json_start(b, name_of(r), number, o);
	if (o == RESOLVE_OK) {
		fdg_put(b, ",\"addresses\":[");
		put_addresses(b, r->addresses, ",", "\"");
		fdg_put_char(b, ']');
		put_member(b, "canonical", r->host);
	} else {
		put_member(b, "reason", reason(r, o));
	}
	put_member(b, "source", r->source <= FDG_RESOLVER_FROM_CACHE ? sources[r->source] : NULL);
	if (o == RESOLVE_OK && (r->source == FDG_RESOLVER_FROM_DNS || r->source == FDG_RESOLVER_FROM_CACHE)) {
		fdg_put(b, ",\"ttl\":");
		fdg_put_u64(b, r->ttl);
	}
	put_ms(b, r->took_us);
	fdg_put(b, ",\"sent\":");
	fdg_put_u64(b, r->sent);
	if (r->server) {
		fdg_put(b, ",\"server\":\"");
		put_server(b, r->server);
		fdg_put_char(b, '"');
	}
	fdg_put(b, "}\n");
}

static void put_text(struct fdg_buf *b, const struct fdg_resolver_result *r, enum resolve_outcome o)
{
	fdg_put_printable(b, name_of(r), strlen(name_of(r)));
	fdg_put_char(b, '\t');
	fdg_put(b, words[o]);
	fdg_put_char(b, '\t');
	if (o == RESOLVE_OK)
		put_addresses(b, r->addresses, " ", "");
	else
		fdg_put(b, reason(r, o));
	fdg_put_char(b, '\n');
}

bool resolve_line_result(struct resolve_line *l, uint64_t number, const struct fdg_resolver_result *r,
			 enum resolve_outcome *ret)
{
	size_t room = FIXED_ROOM + 6 * strlen(name_of(r)) + (r->host ? 6 * strlen(r->host) : 0);
	struct fdg_buf b;

	for (const struct addrinfo *a = r->addresses; a; a = a->ai_next)
		room += ADDRESS_ROOM;
	if (!make_room(l, room, &b))
		return false;
	*ret = outcome(r);
	if (l->json)
		put_json(&b, number, r, *ret);
	else
		put_text(&b, r, *ret);
	l->len = b.len;
	return true;
}

const char *resolve_line_shown(const struct resolve_name *name, char *to, size_t room)
{
	struct fdg_buf b = { to, 0, room, false };

	*to = '\0';
	fdg_put_printable(&b, name->text, name->len < SHOWN ? name->len : SHOWN);
	if (name->len > SHOWN)
		fdg_put(&b, "...");
	return to;
}

bool resolve_line_bad(struct resolve_line *l, const struct resolve_name *name)
{
	char shown[4 * SHOWN + 8];
	struct fdg_buf b;

	if (!make_room(l, FIXED_ROOM + 6 * sizeof(shown), &b))
		return false;
	resolve_line_shown(name, shown, sizeof(shown));
	if (l->json) {
		put_json_start(&b, shown, name->line, RESOLVE_BAD);
		put_member(&b, "reason", name->bad);
		fdg_put(&b, "}\n");
	} else {
		fdg_fmt(&b, "%s\t%s\t%s\n", shown, words[RESOLVE_BAD], name->bad);
	}
	l->len = b.len;
	return true;
}
