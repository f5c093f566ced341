// SPDX-License-Identifier: MIT
#include "tools/fingerprint.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/fmt.h"
#include "base/kind.h"
#include "report/stable.h"
#include "tools/explain.h"
#include "tools/places.h"

#define TEXT_MAX 2048
#define KINDS_MAX 16

static const char *class_of_4(uint32_t a)
{
	if (a >> 24 == 127 || a == 0)
		return "loopback";
	if (a >> 24 == 10 || a >> 20 == (172u << 4 | 1) || a >> 16 == (192u << 8 | 168) || a >> 16 == (169u << 8 | 254) || a >> 22 == (100u << 2 | 1))
		return "private";
	return "public";
}

static const char *class_of_6(const struct in6_addr *a)
{
	static const struct in6_addr any = IN6ADDR_ANY_INIT;
	uint32_t last;

	if (IN6_IS_ADDR_V4MAPPED(a)) {
		memcpy(&last, a->s6_addr + 12, sizeof(last));
		return class_of_4(ntohl(last));
	}
	if (IN6_IS_ADDR_LOOPBACK(a) || IN6_ARE_ADDR_EQUAL(a, &any))
		return "loopback";
	return IN6_IS_ADDR_LINKLOCAL(a) || (a->s6_addr[0] & 0xfe) == 0xfc ? "private" : "public";
}

/* The address in "10.0.0.7:8001", "[::1]:80" or "fe80::1%eth0". */
static void cut_address(const char *peer, char ret[64])
{
	const char *begin = peer + (*peer == '['), *colon = strchr(begin, ':');
	size_t n = *peer == '[' ? strcspn(begin, "]%") : colon && !strchr(colon + 1, ':') ? (size_t)(colon - begin) : strcspn(begin, "%");

	n = n < 63 ? n : 63;
	memcpy(ret, begin, n);
	ret[n] = '\0';
}

const char *peer_class(const char *peer)
{
	char text[64];
	struct in_addr a;
	struct in6_addr a6;

	if (!peer || !*peer)
		return "none";
	if (*peer == '/' || *peer == '@' || strncmp(peer, "unix", 4) == 0)
		return "unix";
	cut_address(peer, text);
	if (inet_pton(AF_INET, text, &a) == 1)
		return class_of_4(ntohl(a.s_addr));
	if (inet_pton(AF_INET6, text, &a6) == 1)
		return class_of_6(&a6);
	return strcmp(text, "localhost") == 0 ? "loopback" : "public";
}

static void put_word(struct fdg_buf *b, const char *s, size_t n)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c > ' ' && c < 0x7f && c != '%' && c != '#') {
			fdg_put_char(b, (char)c);
			continue;
		}
		fdg_put_char(b, '%');
		fdg_put_char(b, hex[c >> 4]);
		fdg_put_char(b, hex[c & 15]);
	}
}

size_t fingerprint_symbol_length(const char *symbol)
{
	const char *plus = strrchr(symbol, '+');

	return fdg_stable_length(symbol, plus ? (size_t)(plus - symbol) : strlen(symbol));
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void put_frame(struct fdg_buf *b, const char *name, const struct log_frame *f)
{
	fdg_fmt(b, " %s=", name);
	put_word(b, base_name(f->object), strlen(base_name(f->object)));
	fdg_put_char(b, ':');
	if (f->symbol)
		put_word(b, f->symbol, fingerprint_symbol_length(f->symbol));
	else
		fdg_put_hex(b, f->offset);
}

/* "UDP-socket" of "2 UDP sockets". */
static const char *kind_of(struct pool *pool, const char *counted)
{
	static const struct { const char *one, *many; } words[] = {
#define X(c, s, p, b) { s, p },
		FDG_KINDS(X)
#undef X
	};
	char *kind = pool_copy(pool, counted + strspn(counted, "0123456789, "));
	size_t n = strlen(kind);

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t many = strlen(words[i].many);

		if (n >= many && strcmp(kind + n - many, words[i].many) == 0) {
			strcpy(kind + n - many, words[i].one); /* never longer */
			break;
		}
	}
	for (char *p = kind; (p = strchr(p, ' ')); p++)
		*p = '-';
	return kind;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* "file+UDP-socket" of "2 UDP sockets, 1,100 files": which, and not how many. */
static void put_kinds(struct fdg_buf *b, struct pool *pool, const char *kinds)
{
	const char *kind[KINDS_MAX];
	size_t n = 0;

	for (const char *at = kinds, *end; n < KINDS_MAX && *at; at = end + strspn(end, ", ")) {
		end = strstr(at, ", ");
		end = end ? end : strchr(at, '\0');
		kind[n++] = kind_of(pool, pool_text(pool, at, (size_t)(end - at)));
	}
	qsort(kind, n, sizeof(*kind), by_text);
	for (size_t i = 0; i < n; i++) {
		if (i && strcmp(kind[i], kind[i - 1]) == 0)
			continue;
		fdg_put(b, i ? "+" : " kind=");
		put_word(b, kind[i], strlen(kind[i]));
	}
}

/* Of what was made, or was inherited; elsewhere the descriptor is whichever one the load brought. */
static void put_what(struct fdg_buf *b, struct pool *pool, const struct log_line *l)
{
	const struct explanation *e = explain_find(l->id);
	const char *kind = e && e->mend_at_created ? log_field(l, "kind") : NULL, *kinds = kind ? kind : log_field(l, "kinds");

	if (kinds)
		put_kinds(b, pool, kinds);
}

static const char *without(struct pool *pool, const char *fingerprint, const char *begin)
{
	const char *word = strstr(fingerprint, begin), *rest = word ? strchr(word + 1, ' ') : NULL;

	return rest ? pool_format(pool, "%.*s%s", (int)(word - fingerprint), fingerprint, rest) : fingerprint;
}

const char *fingerprint_without_kind(struct pool *pool, const char *fingerprint)
{
	return without(pool, fingerprint, " kind=");
}

const char *fingerprint_without_caller(struct pool *pool, const char *fingerprint)
{
	return without(pool, fingerprint, " caller=");
}

/* A function that others call to make what they need stands for all of them, unless the stack is known. */
static void put_caller(struct fdg_buf *b, const struct log_line *l)
{
	const struct log_frame *frame = places_frame(l);

	if (frame && (frame == l->created ? l->createds : l->sites) > 1)
		put_frame(b, "caller", frame + 1);
}

const char *fingerprint_of(struct pool *pool, const struct log_line *l)
{
	char text[TEXT_MAX];
	struct fdg_buf b = FDG_BUF(text);

	fdg_put(&b, l->id);
	put_what(&b, pool, l);
	if (l->sites)
		put_frame(&b, "site", &l->site[0]);
	if (l->createds)
		put_frame(&b, "created", &l->created[0]);
	if (!l->sites && !l->createds) {
		fdg_put(&b, " exe=");
		put_word(&b, base_name(l->exe), strlen(base_name(l->exe)));
	}
	put_caller(&b, l);
	fdg_put(&b, log_is_crowded(l) ? " crowded=yes" : "");
	fdg_fmt(&b, " peer=%s", peer_class(l->peer));
	return pool_copy(pool, text);
}
