/* SPDX-License-Identifier: MIT */
/*
 * Domain names: as text, and as they are on the wire (RFC 1035 sections 2.3.4, 3.1, 4.1.4 and 5.1; comparison: RFC 4343). No allocation, no I/O.
 *
 * A name is kept uncompressed, in the letter case that it came in. Any byte may be part of a label.
 */
#ifndef FDG_RESOLVER_NAME_H
#define FDG_RESOLVER_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolver/error.h"

enum {
	FDG_DNS_LABEL_MAX = 63,     /* RFC 1035 section 2.3.4 */
	FDG_DNS_NAME_MAX = 255,     /* the same; with all length bytes, the root's too */
	FDG_DNS_TEXT_MAX = 1025,    /* of a name as text, every byte as \ddd, with the NUL: NS_MAXDNAME of libc */
	FDG_DNS_POINTERS_MAX = 127, /* followed in one name: as many as a name can have labels */
};

struct fdg_dns_name {
	uint8_t len; /* at least 1: the root */
	uint8_t wire[FDG_DNS_NAME_MAX];
};

/* memcpy, by libc: what gcc puts in place of it for lengths that it knows a bound of takes longer for a few bytes (rep movs). */
void fdg_dns_copy(void *to, const void *from, size_t n);
/* What is used of the name alone. */
void fdg_dns_name_copy(struct fdg_dns_name *to, const struct fdg_dns_name *from);

/*
 * n bytes of text: labels with dots between, \X for the byte X, \ddd for the byte of that decimal value. A dot at the end changes nothing;
 * "" and "." are the root. On an error there is no name in *ret.
 */
enum fdg_dns_error fdg_dns_name_from_text(const char *text, size_t n, struct fdg_dns_name *ret);
/* NUL-terminated, as libc's ns_name_ntop writes it: no dot at the end, but the root is "."; returns the length without the NUL. */
size_t fdg_dns_name_to_text(const struct fdg_dns_name *name, char ret_text[FDG_DNS_TEXT_MAX]);
/* The letters A to Z equal a to z, and no others. */
bool fdg_dns_name_equal(const struct fdg_dns_name *a, const struct fdg_dns_name *b);
/* May it name a host, as libc's res_hnok sees it: letters, digits, - and _ alone, the first byte no - ? */
bool fdg_dns_name_is_host(const struct fdg_dns_name *name);
/*
 * The name at msg[at] of a message of len bytes. Pointers are followed backwards only: behind one nothing at or above it is read. *ret_end is
 * where the name's own bytes end. On an error *ret is garbage.
 */
enum fdg_dns_error fdg_dns_name_read(const uint8_t *msg, size_t len, size_t at, struct fdg_dns_name *ret,
				     size_t *ret_end);
/* The same without following pointers: where its own bytes end. */
enum fdg_dns_error fdg_dns_name_skip(const uint8_t *msg, size_t len, size_t at, size_t *ret_end);

#endif
