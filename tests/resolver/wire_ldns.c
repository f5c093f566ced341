// SPDX-License-Identifier: MIT
/*
 * Our codec and ldns on the same bytes, record by record, up to the first fault that either finds. What both take must be the same. On damaged
 * messages ldns may take what we refuse where a pointer does not point backwards, and where data are longer than their type wants, or empty; and
 * it may refuse, or end elsewhere, what we pass over: data of types that we do not read, and pointers to the first byte. Nothing else.
 */
#include "resolver/wire.h"

#include "common.h"
#include "packet.h"

#include <ldns/ldns.h>

enum { GOOD = 40000, DAMAGED = 160000 };

static struct {
	unsigned whole, refused, pointer, data, opaque, zero;
} count;

static bool names_equal(const struct fdg_dns_name *name, const ldns_rdf *rdf)
{
	return ldns_rdf_size(rdf) == name->len && memcmp(ldns_rdf_data(rdf), name->wire, name->len) == 0;
}

static uint32_t number(const ldns_rr *rr, size_t i)
{
	return ldns_rdf2native_int32(ldns_rr_rdf(rr, i));
}

static void compare_bytes(const uint8_t *bytes, size_t n, const ldns_rr *rr)
{
	assert_int_equal(ldns_rdf_size(ldns_rr_rdf(rr, 0)), n);
	assert_memory_equal(ldns_rdf_data(ldns_rr_rdf(rr, 0)), bytes, n);
}

static void compare_soa(const struct fdg_dns_soa *soa, const ldns_rr *rr)
{
	assert_true(names_equal(&soa->server, ldns_rr_rdf(rr, 0)) && names_equal(&soa->mailbox, ldns_rr_rdf(rr, 1)));
	assert_true(soa->serial == number(rr, 2) && soa->refresh == number(rr, 3) && soa->retry == number(rr, 4));
	assert_true(soa->expire == number(rr, 5) && soa->minimum == number(rr, 6));
}

static void compare_opt(const struct fdg_dns_opt *opt, const struct fdg_dns_message *m, const ldns_rr *rr)
{
	uint16_t payload = ldns_rr_get_class(rr);

	assert_int_equal(opt->payload, payload < FDG_DNS_PAYLOAD_MIN ? FDG_DNS_PAYLOAD_MIN : payload);
	assert_int_equal(opt->rcode, ldns_rr_ttl(rr) >> 24 << 4 | m->header.rcode);
	assert_int_equal(opt->version, ldns_rr_ttl(rr) >> 16 & 0xff);
	assert_int_equal(opt->secure, ldns_rr_ttl(rr) >> 15 & 1);
}

/* Reads the record's data, and compares them where ldns has them too. */
static enum fdg_dns_error read_data(const struct fdg_dns_message *m, const struct fdg_dns_record *r, const ldns_rr *rr)
{
	struct fdg_dns_name name;
	struct fdg_dns_soa soa;
	struct fdg_dns_opt opt;
	uint8_t bytes[16];
	enum fdg_dns_error error = FDG_DNS_OK;

	switch (r->type) {
	case FDG_DNS_A:
	case FDG_DNS_AAAA:
		error = r->type == FDG_DNS_A ? fdg_dns_read_a(m, r, bytes) : fdg_dns_read_aaaa(m, r, bytes);
		if (!error && rr)
			compare_bytes(bytes, r->type == FDG_DNS_A ? 4 : 16, rr);
		break;
	case FDG_DNS_CNAME:
	case FDG_DNS_PTR:
		error = fdg_dns_read_target(m, r, &name);
		if (!error && rr)
			assert_true(names_equal(&name, ldns_rr_rdf(rr, 0)));
		break;
	case FDG_DNS_SOA:
		error = fdg_dns_read_soa(m, r, &soa);
		if (!error && rr)
			compare_soa(&soa, rr);
		break;
	case FDG_DNS_OPT:
		if (!fdg_dns_read_opt(m, r, &opt) && rr)
			compare_opt(&opt, m, rr);
	}
	return error;
}

static bool is_read(uint16_t type)
{
	return type == FDG_DNS_A || type == FDG_DNS_AAAA || type == FDG_DNS_CNAME || type == FDG_DNS_PTR || type == FDG_DNS_SOA;
}

/* One of the two found a fault, or both did: may they differ so? */
static void judge(const struct packet *p, enum fdg_dns_error error, ldns_status theirs, const struct fdg_dns_record *r)
{
	bool zero = memmem(p->data + 12, p->len - 12, "\xc0", 2) != NULL;

	if (error && theirs)
		count.refused++;
	else if (error == FDG_DNS_POINTER)
		count.pointer++;
	else if (error == FDG_DNS_DATA)
		count.data++;
	else if (!error && r && !is_read(r->type))
		count.opaque++;
	else if (!error && zero)
		count.zero++;
	else
		fail_msg("a message of %zu bytes: we: %s; ldns: %s", p->len, fdg_dns_sentence(error), ldns_get_errorstr_by_id(theirs));
}

/* True if both read the next question, and found the same. */
static bool same_question(const struct packet *p, struct fdg_dns_message *m, size_t *pos)
{
	struct fdg_dns_question q;
	ldns_rr *rr = NULL;
	enum fdg_dns_error error = fdg_dns_next_question(m, &q);
	ldns_status theirs = ldns_wire2rr(&rr, p->data, p->len, pos, LDNS_SECTION_QUESTION);

	if (!error && !theirs) {
		assert_true(names_equal(&q.name, ldns_rr_owner(rr)));
		assert_true(q.type == ldns_rr_get_type(rr) && q.class_ == ldns_rr_get_class(rr));
		assert_int_equal(m->at, *pos);
	} else {
		judge(p, error, theirs, NULL);
	}
	if (!theirs)
		ldns_rr_free(rr);
	return !error && !theirs;
}

static void compare_record(const struct fdg_dns_name *owner, const struct fdg_dns_record *r, const ldns_rr *rr)
{
	assert_true(names_equal(owner, ldns_rr_owner(rr)));
	assert_true(r->type == ldns_rr_get_type(rr) && r->class_ == ldns_rr_get_class(rr));
	assert_int_equal(r->ttl, ldns_rr_ttl(rr) > FDG_DNS_TTL_MAX ? 0 : ldns_rr_ttl(rr));
}

static bool same_record(const struct packet *p, struct fdg_dns_message *m, size_t *pos)
{
	struct fdg_dns_record r = { .type = 0 };
	struct fdg_dns_name owner;
	ldns_rr *rr = NULL;
	enum fdg_dns_error error = fdg_dns_next(m, &r);
	ldns_status theirs = ldns_wire2rr(&rr, p->data, p->len, pos, LDNS_SECTION_ANSWER);

	if (!error)
		error = fdg_dns_read_owner(m, &r, &owner);
	if (!error)
		error = read_data(m, &r, theirs ? NULL : rr);
	if (!error && !theirs)
		compare_record(&owner, &r, rr);
	if (error || theirs || (m->at != *pos && !is_read(r.type)))
		judge(p, error, theirs, &r);
	else
		assert_int_equal(m->at, *pos);
	if (!theirs)
		ldns_rr_free(rr);
	return !error && !theirs && m->at == *pos;
}

static bool same_message(const struct packet *p)
{
	struct fdg_dns_message m;
	struct fdg_dns_record r;
	size_t pos = FDG_DNS_HEADER;
	unsigned records;

	assert_int_equal(fdg_dns_open(&m, p->data, p->len), FDG_DNS_OK);
	for (unsigned i = 0; i < m.header.count[0]; i++)
		if (!same_question(p, &m, &pos))
			return false;
	records = m.header.count[1] + m.header.count[2] + m.header.count[3];
	while (records--)
		if (!same_record(p, &m, &pos))
			return false;
	assert_int_equal(fdg_dns_next(&m, &r), FDG_DNS_END);
	count.whole++;
	return true;
}

static void good_messages_are_read_alike(void **state)
{
	struct packet p;

	(void)state;
	for (unsigned i = 0; i < GOOD; i++) {
		packet_make(&p);
		same_message(&p);
	}
	assert_int_equal(count.pointer + count.data + count.opaque + count.zero, 0);
	assert_true(count.whole > GOOD / 20 * 19); /* chains of pointers make names of more than 255 bytes, which both refuse */
}

static void damaged_messages_are_read_alike(void **state)
{
	struct packet p;

	(void)state;
	memset(&count, 0, sizeof(count));
	for (unsigned i = 0; i < DAMAGED; i++) {
		packet_make(&p);
		packet_damage(&p);
		if (p.len >= FDG_DNS_HEADER)
			same_message(&p);
	}
	print_message("both took %u and refused %u; we alone refused %u for a pointer, %u for data; ldns alone refused %u for data, %u for a pointer\n",
		      count.whole, count.refused, count.pointer, count.data, count.opaque, count.zero);
	assert_true(count.whole > DAMAGED / 5 && count.refused > DAMAGED / 5);
	assert_true(count.zero < DAMAGED / 100);
}

/* The header, as ldns has it in a whole message. */
static void headers_are_read_alike(void **state)
{
	struct packet p;

	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		struct fdg_dns_message m;
		ldns_pkt *pkt;

		packet_make(&p);
		if (ldns_wire2pkt(&pkt, p.data, p.len))
			continue;
		assert_int_equal(fdg_dns_open(&m, p.data, p.len), FDG_DNS_OK);
		assert_true(m.header.id == ldns_pkt_id(pkt) && m.header.opcode == ldns_pkt_get_opcode(pkt) && m.header.rcode == (ldns_pkt_get_rcode(pkt) & 0xf));
		assert_true(m.header.answer == ldns_pkt_qr(pkt) && m.header.authoritative == ldns_pkt_aa(pkt) && m.header.truncated == ldns_pkt_tc(pkt));
		assert_true(m.header.recurse == ldns_pkt_rd(pkt) && m.header.recursion == ldns_pkt_ra(pkt));
		assert_true(m.header.authentic == ldns_pkt_ad(pkt) && m.header.unchecked == ldns_pkt_cd(pkt));
		ldns_pkt_free(pkt);
	}
}

static void our_queries_are_read_by_ldns(void **state)
{
	uint8_t buf[FDG_DNS_QUERY_MAX];

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		struct fdg_dns_query q = { .id = (uint16_t)any(65536), .type = any(2) ? 1 : 28, .payload = any(2) ? (uint16_t)(512 + any(4096)) : 0,
					   .recurse = any(2), .authentic = any(2) };
		struct packet p = { .len = 0 };
		ldns_pkt *pkt;
		size_t n;

		do
			packet_make(&p);
		while (fdg_dns_name_read(p.data, p.len, FDG_DNS_HEADER, &q.name, &n));
		assert_int_equal(fdg_dns_write(&q, buf, sizeof(buf), &n), FDG_DNS_OK);
		assert_int_equal(ldns_wire2pkt(&pkt, buf, n), LDNS_STATUS_OK);
		assert_true(ldns_pkt_id(pkt) == q.id && ldns_pkt_rd(pkt) == q.recurse && ldns_pkt_ad(pkt) == q.authentic && !ldns_pkt_qr(pkt));
		assert_true(names_equal(&q.name, ldns_rr_owner(ldns_rr_list_rr(ldns_pkt_question(pkt), 0))));
		assert_int_equal(ldns_rr_get_type(ldns_rr_list_rr(ldns_pkt_question(pkt), 0)), q.type);
		assert_int_equal(ldns_pkt_edns_udp_size(pkt), q.payload);
		ldns_pkt_free(pkt);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_messages_are_read_alike),
		cmocka_unit_test(damaged_messages_are_read_alike),
		cmocka_unit_test(headers_are_read_alike),
		cmocka_unit_test(our_queries_are_read_by_ldns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
