// SPDX-License-Identifier: MIT
#include "common.h"

#include "resolver/hash.h"

/* SipHash-1-3 of 0, 1, 2, ... under the key 0 ... 15, from the vectors that other implementations are tested with (Rust's core, OpenBSD's tests). */
static void it_is_siphash_1_3(void **state)
{
	static const struct {
		size_t n;
		uint64_t hash;
	} vectors[] = { { 0, UINT64_C(0xabac0158050fc4dc) },
			{ 1, UINT64_C(0xc9f49bf37d57ca93) },
			{ 2, UINT64_C(0x82cb9b024dc7d44d) },
			{ 8, UINT64_C(0x369095118d299a8e) } };
	struct fdg_hash_seed seed;
	uint8_t bytes[16];

	(void)state;
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	memcpy(&seed, bytes, sizeof(seed));
	for (size_t i = 0; i < COUNT(vectors); i++)
		assert_int_equal(fdg_hash_bytes(&seed, bytes, vectors[i].n), vectors[i].hash);
}

static void seeds_differ(void **state)
{
	struct fdg_random random;
	struct fdg_hash_seed a, b;

	(void)state;
	assert_int_equal(fdg_random_make(&random), 0);
	assert_true(fdg_hash_seed(&random, &a));
	assert_true(fdg_hash_seed(&random, &b));
	assert_memory_not_equal(&a, &b, sizeof(a));
	assert_true(fdg_hash_bytes(&a, "x", 1) != fdg_hash_bytes(&b, "x", 1));
	fdg_random_free(&random);
}

static void keys_are_lower_case(void **state)
{
	static const struct fdg_hash_seed seed = { { 3, 4 } };
	struct fdg_dns_name a, b;
	struct fdg_hash_key x, y;

	(void)state;
	assert_int_equal(fdg_dns_name_from_text("A[z.Org", 7, &a), 0);
	assert_int_equal(fdg_dns_name_from_text("a[Z.oRG", 7, &b), 0);
	fdg_hash_key(&seed, &a, 1, &x);
	fdg_hash_key(&seed, &b, 1, &y);
	assert_int_equal(x.hash, y.hash);
	assert_int_equal(x.len, y.len);
	assert_memory_equal(x.wire, y.wire, x.len);
	assert_int_equal(fdg_dns_name_from_text("a[z.or", 6, &b), 0);
	fdg_hash_key(&seed, &b, 28, &y);
	assert_true(x.hash != y.hash);
	assert_int_equal(y.type, 28);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_siphash_1_3),
		cmocka_unit_test(seeds_differ),
		cmocka_unit_test(keys_are_lower_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
