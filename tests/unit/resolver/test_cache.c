// SPDX-License-Identifier: MIT
#include "common.h"

#include "resolver/cache.h"

enum { SECOND = 1000000, NAMES = 20000 };

static const struct fdg_hash_seed seed = { { 1, 2 } };

static void key_of(const char *text, uint16_t type, struct fdg_hash_key *ret)
{
	struct fdg_dns_name name;

	assert_int_equal(fdg_dns_name_from_text(text, strlen(text), &name), 0);
	fdg_hash_key(&seed, &name, type, ret);
}

static struct fdg_reply *reply_of(uint32_t address)
{
	static union {
		struct fdg_reply reply;
		uint8_t room[FDG_REPLY_MAX];
	} all;

	all.reply = (struct fdg_reply){
		.kind = FDG_REPLY_HIT, .width = 4, .count = 1, .as_asked = true, .type = FDG_DNS_A
	};
	memcpy(all.reply.bytes, &address, 4);
	return &all.reply;
}

static uint32_t address_in(const struct fdg_reply *r)
{
	uint32_t address;

	memcpy(&address, fdg_reply_data(r), 4);
	return address;
}

static struct fdg_cache *make(size_t bytes)
{
	struct fdg_cache *c;

	assert_int_equal(fdg_cache_make(bytes, &c), 0);
	return c;
}

static void an_answer_is_kept_for_its_time(void **state)
{
	struct fdg_cache *c = make(FDG_CACHE_MIN);
	struct fdg_hash_key key, other, type;
	const struct fdg_reply *r;
	uint32_t left;

	(void)state;
	key_of("a.org", FDG_DNS_A, &key);
	key_of("b.org", FDG_DNS_A, &other);
	key_of("a.org", FDG_DNS_AAAA, &type);
	assert_null(fdg_cache_find(c, &key, 0, &left));
	fdg_cache_put(c, &key, reply_of(7), 10 * SECOND, 60);
	r = fdg_cache_find(c, &key, 20 * SECOND, &left);
	assert_non_null(r);
	assert_int_equal(address_in(r), 7);
	assert_int_equal(left, 50);
	assert_null(fdg_cache_find(c, &other, 20 * SECOND, &left));
	assert_null(fdg_cache_find(c, &type, 20 * SECOND, &left));
	assert_non_null(fdg_cache_find(c, &key, 70 * SECOND - 1, &left));
	assert_null(fdg_cache_find(c, &key, 70 * SECOND, &left));
	fdg_cache_free(c);
}

static void letter_case_does_not_matter(void **state)
{
	struct fdg_cache *c = make(FDG_CACHE_MIN);
	struct fdg_hash_key lower, upper;
	uint32_t left;

	(void)state;
	key_of("www.example.org", FDG_DNS_A, &lower);
	key_of("WWW.Example.ORG", FDG_DNS_A, &upper);
	fdg_cache_put(c, &upper, reply_of(7), 0, 60);
	assert_non_null(fdg_cache_find(c, &lower, 0, &left));
	fdg_cache_free(c);
}

static void the_newer_answer_counts(void **state)
{
	struct fdg_cache *c = make(FDG_CACHE_MIN);
	struct fdg_hash_key key;
	uint32_t left;

	(void)state;
	key_of("a.org", FDG_DNS_A, &key);
	fdg_cache_put(c, &key, reply_of(7), 0, 60);
	fdg_cache_put(c, &key, reply_of(8), 0, 60);
	assert_int_equal(address_in(fdg_cache_find(c, &key, 0, &left)), 8);
	fdg_cache_put(c, &key, reply_of(9), 0, 0); /* not to be kept */
	assert_int_equal(address_in(fdg_cache_find(c, &key, 0, &left)), 8);
	fdg_cache_flush(c);
	assert_null(fdg_cache_find(c, &key, 0, &left));
	fdg_cache_put(c, &key, reply_of(9), 0, 60);
	assert_int_equal(address_in(fdg_cache_find(c, &key, 0, &left)), 9);
	fdg_cache_free(c);
}

/* More than there is room for: what is found is right, the newest is found, and the oldest is not. */
static void the_oldest_give_way(void **state)
{
	struct fdg_cache *c = make(FDG_CACHE_MIN);
	struct fdg_hash_key key;
	char text[32];
	uint32_t left;
	unsigned found = 0;

	(void)state;
	for (uint32_t i = 0; i < NAMES; i++) {
		snprintf(text, sizeof(text), "name%u.example.org", i);
		key_of(text, FDG_DNS_A, &key);
		fdg_cache_put(c, &key, reply_of(i), 0, 60);
		assert_int_equal(address_in(fdg_cache_find(c, &key, 0, &left)), i);
	}
	for (uint32_t i = 0; i < NAMES; i++) {
		const struct fdg_reply *r;

		snprintf(text, sizeof(text), "name%u.example.org", i);
		key_of(text, FDG_DNS_A, &key);
		r = fdg_cache_find(c, &key, 0, &left);
		if (!r)
			continue;
		assert_int_equal(address_in(r), i);
		assert_true(i > NAMES / 2);
		found++;
	}
	assert_true(found > 300);
	fdg_cache_free(c);
}

static void what_is_too_large_is_not_kept(void **state)
{
	struct fdg_cache *c = make(FDG_CACHE_MIN);
	struct fdg_reply *r = reply_of(1);
	struct fdg_hash_key key;
	uint32_t left;

	(void)state;
	r->count = 4000;
	key_of("a.org", FDG_DNS_A, &key);
	fdg_cache_put(c, &key, r, 0, 60);
	assert_null(fdg_cache_find(c, &key, 0, &left));
	r->count = 1000;
	fdg_cache_put(c, &key, r, 0, 60);
	assert_int_equal(fdg_cache_find(c, &key, 0, &left)->count, 1000);
	fdg_cache_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_kept_for_its_time), cmocka_unit_test(letter_case_does_not_matter),
		cmocka_unit_test(the_newer_answer_counts),        cmocka_unit_test(the_oldest_give_way),
		cmocka_unit_test(what_is_too_large_is_not_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
