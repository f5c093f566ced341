// SPDX-License-Identifier: MIT
/* A DNS message, all of it read; and the same bytes as the text of a name. */
#include <stdlib.h>
#include <string.h>

#include "driver.h"
#include "resolver/wire.h"

#define HEAD(counts) "\x12\x34\x81\x80" counts "\3www\2de\0\0\1\0\1"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT(HEAD("\0\1\0\1\0\0\0\0") "\xc0\x0c\0\1\0\1\0\0\0\x3d\0\4\1\2\3\4"),
	FUZZ_TEXT(HEAD("\0\1\0\2\0\1\0\1") "\xc0\x0c\0\5\0\1\0\0\0\x3c\0\6\3web\xc0\x10" "\xc0\x24\0\x1c\0\1\x80\0\0\0\0\x10" "0123456789abcdef"
		  "\xc0\x10\0\6\0\1\0\0\0\5\0\x20\2ns\xc0\x10\4mail\xc0\x10\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5"
		  "\0\0\x29\4\xd0\1\0\x80\0\0\x0b\0\x0a\0\2xy\0\3\0\1z"),
	FUZZ_TEXT(HEAD("\0\1\0\2\0\0\0\0") "\1" "4\0\0\x0c\0\1\0\0\0\5\0\2\xc0\x0c" "\xc0\x18\0\x10\0\1\0\0\0\1\0\3\2hi"),
	FUZZ_TEXT("\x12\x34\x81\x83\0\1\0\0\0\1\0\0\3www\2de\0\0\1\0\1\xc0\x10\0\6\0\1\0\0\0\5\0\x18\xc0\x0c\xc0\x10\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5"),
	FUZZ_TEXT("\0\0\0\0\0\1\0\0\0\0\0\0\xc0\x0c\0\1\0\1"),
	FUZZ_TEXT("www.exa\\.mple\\000\\255.c\\\\om."),
};
const size_t fuzz_seed_count = sizeof(fuzz_seeds) / sizeof(fuzz_seeds[0]);

static void must(bool what)
{
	if (!what)
		abort();
}

/* Whatever is taken for a name is one, and is the same after a way through text. */
static void check_name(const struct fdg_dns_name *name)
{
	char text[FDG_DNS_TEXT_MAX];
	struct fdg_dns_name back;
	size_t n = 0;

	must(name->len >= 1);
	for (; name->wire[n]; n += 1u + name->wire[n])
		must(name->wire[n] <= FDG_DNS_LABEL_MAX && n + 1 + name->wire[n] < name->len);
	must(n + 1 == name->len);
	n = fdg_dns_name_to_text(name, text);
	must(n < sizeof(text) && strlen(text) == n);
	must(!fdg_dns_name_from_text(text, n, &back));
	must(back.len == name->len && memcmp(back.wire, name->wire, name->len) == 0 && fdg_dns_name_equal(&back, name));
	fdg_dns_name_is_host(name);
}

/* Asks for the name, and reads the question again. */
static void ask_for(const struct fdg_dns_question *question, uint16_t id)
{
	struct fdg_dns_query q = { .name = question->name, .id = id, .type = question->type, .payload = question->class_, .recurse = true };
	struct fdg_dns_message m;
	struct fdg_dns_question back;
	uint8_t buf[FDG_DNS_QUERY_MAX];
	size_t n;

	must(!fdg_dns_write(&q, buf, sizeof(buf), &n) && n <= sizeof(buf));
	must(!fdg_dns_open(&m, buf, n) && fdg_dns_answers(&m, &q) == FDG_DNS_NOT_ANSWER);
	must(!fdg_dns_next_question(&m, &back) && fdg_dns_name_equal(&back.name, &q.name) && back.type == q.type);
	buf[2] |= 0x80;
	must(!fdg_dns_open(&m, buf, n) && !fdg_dns_answers(&m, &q));
}

static void read_options(const struct fdg_dns_message *m, struct fdg_dns_opt *opt, size_t n)
{
	struct fdg_dns_option option;

	must(opt->payload >= FDG_DNS_PAYLOAD_MIN);
	while (!fdg_dns_opt_next(m, opt, &option))
		must(option.data + option.data_len <= n);
}

static void read_record(const struct fdg_dns_message *m, const struct fdg_dns_record *r, size_t n)
{
	struct fdg_dns_name name;
	struct fdg_dns_soa soa;
	struct fdg_dns_opt opt;
	uint8_t bytes[16];

	must(r->data + r->data_len <= n && r->owner < r->data && r->ttl <= FDG_DNS_TTL_MAX);
	must(r->section >= FDG_DNS_ANSWER && r->section <= FDG_DNS_ADDITIONAL);
	if (!fdg_dns_read_owner(m, r, &name))
		check_name(&name);
	if (!fdg_dns_read_target(m, r, &name))
		check_name(&name);
	if (!fdg_dns_read_soa(m, r, &soa)) {
		check_name(&soa.server);
		check_name(&soa.mailbox);
	}
	if (!fdg_dns_read_opt(m, r, &opt))
		read_options(m, &opt, n);
	must(fdg_dns_read_a(m, r, bytes) || r->data_len == 4);
	must(fdg_dns_read_aaaa(m, r, bytes) || r->data_len == 16);
}

static void read_message(const uint8_t *data, size_t n)
{
	struct fdg_dns_message m;
	struct fdg_dns_question q;
	struct fdg_dns_record r;
	size_t records = 0;
	enum fdg_dns_error error;

	if (fdg_dns_open(&m, data, n)) {
		must(n < FDG_DNS_HEADER || n > FDG_DNS_MESSAGE_MAX);
		return;
	}
	while (!fdg_dns_next_question(&m, &q)) {
		check_name(&q.name);
		ask_for(&q, m.header.id);
	}
	while (!(error = fdg_dns_next(&m, &r))) {
		read_record(&m, &r, n);
		must(++records <= n / 11);
	}
	must(error == fdg_dns_next(&m, &r));
	must(m.at <= n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct fdg_dns_name name;

	read_message(data, n);
	if (!fdg_dns_name_from_text((const char *)data, n, &name))
		check_name(&name);
	return 0;
}
