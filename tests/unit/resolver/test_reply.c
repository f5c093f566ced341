// SPDX-License-Identifier: MIT
#include "common.h"

#include "resolver/reply.h"

/* An answer to "www.org" IN A, made by hand: the records are the matter. */
struct answer {
	uint8_t data[512];
	size_t len;
};

static union {
	struct fdg_reply reply;
	uint8_t room[FDG_REPLY_MAX];
} got;

static void add(struct answer *a, const void *bytes, size_t n)
{
	memcpy(a->data + a->len, bytes, n);
	a->len += n;
}

static struct answer begin(unsigned rcode)
{
	struct answer a = { .len = 0 };
	uint8_t header[] = { 0, 1, 0x81, (uint8_t)(0x80 | rcode), 0, 1, 0, 0, 0, 0, 0, 0 };

	add(&a, header, sizeof(header));
	add(&a, "\3www\3org\0\0\1\0\1", 13);
	return a;
}

static void record(struct answer *a, unsigned section, const char *owner, size_t owner_len, uint8_t type, uint8_t ttl,
		   const void *data, uint8_t n)
{
	uint8_t head[] = { 0, type, 0, 1, 0, 0, 0, ttl, 0, n };

	add(a, owner, owner_len);
	add(a, head, sizeof(head));
	add(a, data, n);
	a->data[5 + 2 * section]++;
}

#define WWW "\xc0\x0c", 2
#define END "\3end\3org", 9
#define SOA_OF_20 "\0\0\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\x14", 22

static const struct fdg_reply *read_back(const struct answer *a, uint16_t type)
{
	struct fdg_exchange_answer answer = { .status = FDG_EXCHANGE_ANSWERED, .packet = a->data, .len = a->len };
	struct fdg_dns_name asked;

	assert_int_equal(fdg_dns_name_from_text("www.org", 7, &asked), 0);
	memset(&got, 0xee, sizeof(got));
	fdg_reply_read(&answer, &asked, type, &got.reply);
	return &got.reply;
}

static void addresses_and_the_least_ttl(void **state)
{
	struct answer a = begin(0);
	const struct fdg_reply *r;

	(void)state;
	record(&a, 1, WWW, FDG_DNS_A, 60, "\1\2\3\4", 4);
	record(&a, 1, WWW, FDG_DNS_A, 50, "\5\6\7\10", 4);
	r = read_back(&a, FDG_DNS_A);
	assert_int_equal(r->kind, FDG_REPLY_HIT);
	assert_int_equal(r->count, 2);
	assert_int_equal(r->ttl, 50);
	assert_true(r->keep && r->as_asked && !r->cname);
	assert_int_equal(r->name_count, 0);
	assert_memory_equal(fdg_reply_data(r), "\1\2\3\4\5\6\7\10", 8);
}

static void a_chain_names_the_host(void **state)
{
	struct answer a = begin(0);
	const struct fdg_reply *r;

	(void)state;
	record(&a, 1, WWW, FDG_DNS_CNAME, 9, END);
	record(&a, 1, END, FDG_DNS_A, 60, "\1\2\3\4", 4);
	r = read_back(&a, FDG_DNS_A);
	assert_int_equal(r->kind, FDG_REPLY_HIT);
	assert_int_equal(r->ttl, 9);
	assert_true(!r->as_asked && r->cname);
	assert_int_equal(r->name_count, 2);
	assert_string_equal((const char *)r->bytes, "end.org");
	assert_string_equal((const char *)r->bytes + 8, "www.org");
	assert_memory_equal(fdg_reply_data(r), "\1\2\3\4", 4);
}

static void what_is_not_asked_for_is_passed_over(void **state)
{
	struct answer a = begin(0);

	(void)state;
	record(&a, 1, END, FDG_DNS_A, 60, "\1\2\3\4", 4);
	record(&a, 1, WWW, FDG_DNS_AAAA, 60, "0123456789abcdef", 16);
	record(&a, 1, WWW, FDG_DNS_A, 60, "\1\2\3", 3);
	assert_int_equal(read_back(&a, FDG_DNS_A)->kind, FDG_REPLY_EMPTY);
	assert_false(got.reply.keep);
}

static void damage_in_the_answers_spoils_all(void **state)
{
	struct answer a = begin(0);

	(void)state;
	record(&a, 1, WWW, FDG_DNS_A, 60, "\1\2\3\4", 4);
	record(&a, 1, WWW, FDG_DNS_A, 60, "\1\2\3\4", 4);
	a.len--;
	assert_int_equal(read_back(&a, FDG_DNS_A)->kind, FDG_REPLY_MALFORMED);
	assert_int_equal(got.reply.count, 0);
	assert_false(got.reply.keep);
}

static void damage_behind_them_does_not(void **state)
{
	struct answer a = begin(0);

	(void)state;
	record(&a, 1, WWW, FDG_DNS_A, 60, "\1\2\3\4", 4);
	record(&a, 2, WWW, FDG_DNS_SOA, 60, SOA_OF_20);
	a.len -= 3;
	assert_int_equal(read_back(&a, FDG_DNS_A)->kind, FDG_REPLY_HIT);
	assert_int_equal(got.reply.count, 1);
}

/* RFC 2308 section 5: the smaller of the SOA's own TTL and its last field; without a SOA it is not kept. */
static void nothing_is_kept_as_long_as_the_soa_says(void **state)
{
	struct answer a = begin(0);

	(void)state;
	assert_int_equal(read_back(&a, FDG_DNS_A)->kind, FDG_REPLY_NODATA);
	assert_false(got.reply.keep);
	record(&a, 2, WWW, FDG_DNS_SOA, 60, SOA_OF_20);
	assert_int_equal(read_back(&a, FDG_DNS_A)->kind, FDG_REPLY_NODATA);
	assert_true(got.reply.keep);
	assert_int_equal(got.reply.ttl, 20);
	a = begin(3);
	record(&a, 2, WWW, FDG_DNS_SOA, 7, SOA_OF_20);
	assert_int_equal(read_back(&a, FDG_DNS_A)->kind, FDG_REPLY_NXDOMAIN);
	assert_true(got.reply.keep);
	assert_int_equal(got.reply.ttl, 7);
	a = begin(1);
	record(&a, 2, WWW, FDG_DNS_SOA, 7, SOA_OF_20);
	assert_int_equal(read_back(&a, FDG_DNS_A)->kind, FDG_REPLY_NORECOVERY);
	assert_false(got.reply.keep);
}

static void failures_have_kinds(void **state)
{
	struct fdg_exchange_answer a = { .status = FDG_EXCHANGE_SERVFAIL };
	struct fdg_dns_name asked = { .len = 1 };

	(void)state;
	fdg_reply_read(&a, &asked, FDG_DNS_A, &got.reply);
	assert_int_equal(got.reply.kind, FDG_REPLY_SERVFAIL);
	a.status = FDG_EXCHANGE_REFUSED;
	fdg_reply_read(&a, &asked, FDG_DNS_A, &got.reply);
	assert_int_equal(got.reply.kind, FDG_REPLY_REFUSED);
	a.status = FDG_EXCHANGE_TIMEOUT;
	fdg_reply_read(&a, &asked, FDG_DNS_A, &got.reply);
	assert_int_equal(got.reply.kind, FDG_REPLY_NONE);
	assert_int_equal(got.reply.status, FDG_EXCHANGE_TIMEOUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_and_the_least_ttl),
		cmocka_unit_test(a_chain_names_the_host),
		cmocka_unit_test(what_is_not_asked_for_is_passed_over),
		cmocka_unit_test(damage_in_the_answers_spoils_all),
		cmocka_unit_test(damage_behind_them_does_not),
		cmocka_unit_test(nothing_is_kept_as_long_as_the_soa_says),
		cmocka_unit_test(failures_have_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
