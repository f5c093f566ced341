// SPDX-License-Identifier: MIT
/* What a message that a server sent is taken to say of a name: the first byte is the type, the rest the message. */
#include <stdlib.h>
#include <string.h>

#include "driver.h"
#include "resolver/reply.h"

#define HEAD "\0\1\x81\x80\0\1\0\2\0\1\0\0\3www\2de\0\0\1\0\1"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("\0" HEAD "\xc0\x0c\0\5\0\1\0\0\0\x3c\0\6\3end\xc0\x10\xc0\x24\0\1\0\1\0\0\0\x3d\0\4\1\2\3\4"),
	FUZZ_TEXT("\1" HEAD "\xc0\x0c\0\x1c\0\1\0\0\0\x3c\0\x10"
		  "0123456789abcdef\xc0\x0c\0\x1c\0\1\0\0\0\x3c\0\x10"
		  "0123456789abcdef"),
	FUZZ_TEXT("\2" HEAD
		  "\xc0\x0c\0\x0c\0\1\0\0\0\x3c\0\6\3one\xc0\x10\xc0\x0c\0\x0c\0\1\0\0\0\x3c\0\6\3two\xc0\x10"),
	FUZZ_TEXT(
		"\0\0\1\x81\x83\0\1\0\0\0\1\0\0\3www\2de\0\0\1\0\1\xc0\x10\0\6\0\1\0\0\0\x3c\0\x18\1n\0\1p\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5"),
};
const size_t fuzz_seed_count = sizeof(fuzz_seeds) / sizeof(fuzz_seeds[0]);

static union {
	struct fdg_reply reply;
	uint8_t room[FDG_REPLY_MAX];
} first, second;

static void must(bool what)
{
	if (!what)
		abort();
}

static void check_names(const struct fdg_reply *r)
{
	const char *name = (const char *)r->bytes, *end = name + r->names_len;

	for (unsigned i = 0; i < r->name_count; i++) {
		const char *nul = memchr(name, '\0', (size_t)(end - name));

		must(nul && nul - name < FDG_DNS_TEXT_MAX);
		name = nul + 1;
	}
	must(name == end);
}

static void check(const struct fdg_reply *r, uint16_t type, size_t n)
{
	must(r->kind <= FDG_REPLY_NONE && r->type == type);
	must(fdg_reply_size(r) <= FDG_REPLY_MAX);
	must((r->kind == FDG_REPLY_HIT) == (r->count > 0));
	must((size_t)r->count * (r->width ? r->width + 12u : 12u) <= n + 12);
	must(!r->keep || r->kind == FDG_REPLY_HIT || r->kind == FDG_REPLY_EMPTY || r->kind == FDG_REPLY_NODATA ||
	     r->kind == FDG_REPLY_NXDOMAIN);
	must(r->kind != FDG_REPLY_HIT || type == FDG_DNS_PTR || r->as_asked || r->name_count);
	if (r->kind == FDG_REPLY_HIT)
		check_names(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const uint16_t types[] = { FDG_DNS_A, FDG_DNS_AAAA, FDG_DNS_PTR };
	struct fdg_exchange_answer a = { .status = FDG_EXCHANGE_ANSWERED, .packet = data + 1, .len = n - 1 };
	struct fdg_dns_name asked;
	uint16_t type;

	if (!n)
		return 0;
	type = types[data[0] % 3];
	must(!fdg_dns_name_from_text("www.de", 6, &asked));
	fdg_reply_read(&a, &asked, type, &first.reply);
	check(&first.reply, type, n);
	memset(&second, 0xee, 256);
	fdg_reply_read(&a, &asked, type, &second.reply);
	must(first.reply.kind == second.reply.kind);
	if (first.reply.kind == FDG_REPLY_HIT)
		must(!memcmp(first.reply.bytes, second.reply.bytes,
			     fdg_reply_size(&first.reply) - sizeof(first.reply)));
	return 0;
}
