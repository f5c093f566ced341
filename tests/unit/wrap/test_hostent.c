// SPDX-License-Identifier: MIT
/* wrap/hostent.c, which is compiled in here: where the parts of a struct hostent lie, and the memory of calls that are given none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <string.h>

#include "wrap/hostent.c"

int fdg_lookups_me(void)
{
	return fdg_sys_gettid();
}

static const uint8_t three[] = { 192, 0, 2, 1, 192, 0, 2, 2, 192, 0, 2, 3 };
static const struct fdg_lookup_host host = {
	.name = "name.test",
	.aliases = "one\0other.test\0",
	.alias_count = 2,
	.family = AF_INET,
	.address_len = 4,
	.address_count = 3,
	.addresses = three,
};

static bool is_within(const void *p, const char *room, size_t n)
{
	return (const char *)p >= room && (const char *)p < room + n;
}

static void expect_host(const struct hostent *h)
{
	assert_string_equal(h->h_name, "name.test");
	assert_string_equal(h->h_aliases[0], "one");
	assert_string_equal(h->h_aliases[1], "other.test");
	assert_null(h->h_aliases[2]);
	assert_int_equal(h->h_addrtype, AF_INET);
	assert_int_equal(h->h_length, 4);
	for (int i = 0; i < 3; i++)
		assert_memory_equal(h->h_addr_list[i], three + 4 * i, 4);
	assert_null(h->h_addr_list[3]);
	assert_int_equal((uintptr_t)h->h_aliases % sizeof(char *), 0);
	assert_int_equal((uintptr_t)h->h_addr_list % sizeof(char *), 0);
	assert_int_equal((uintptr_t)h->h_addr_list[0] % sizeof(uint32_t), 0);
}

/* Whatever the buffer's alignment: all of it within, nothing beyond, and one byte less is too little. */
static void is_carved_exactly(void **state)
{
	static _Alignas(16) char room[512];
	struct hostent h;

	(void)state;
	for (size_t off = 0; off < 16; off++) {
		size_t n = size_of(&host) + -off % sizeof(char *);

		memset(room, 0x55, sizeof(room));
		memset(&h, 0, sizeof(h));
		assert_false(fdg_hostent_fill(&host, &h, room + off, n - 1));
		assert_null(h.h_name);
		for (size_t i = 0; i < sizeof(room); i++)
			assert_int_equal(room[i], 0x55);
		assert_true(fdg_hostent_fill(&host, &h, room + off, n));
		expect_host(&h);
		assert_true(is_within(h.h_name, room + off, n) && is_within(h.h_aliases[1], room + off, n) &&
			    is_within(h.h_addr_list[2], room + off, n));
		for (size_t i = 0; i < sizeof(room); i++)
			if (i < off || i >= off + n)
				assert_int_equal(room[i], 0x55);
	}
	assert_false(fdg_hostent_fill(&host, &h, NULL, 0));
}

static void grows_and_leaves_what_was(void **state)
{
	static char names[FIRST * 3];
	struct fdg_lookup_host large = host;
	struct fdg_hostent_own own = { .room = NULL };
	const struct hostent *h = fdg_hostent_keep(&own, &host);
	const char *before;

	(void)state;
	expect_host(h);
	before = h->h_name;
	memset(names, 'x', sizeof(names) - 2);
	large.aliases = names;
	large.alias_count = 1;
	h = fdg_hostent_keep(&own, &large);
	assert_int_equal(strlen(h->h_aliases[0]), sizeof(names) - 2);
	assert_string_equal(before, "name.test");
	assert_ptr_not_equal(before, h->h_name);
	assert_int_equal(own.writer, 0);
}

static void is_not_waited_for(void **state)
{
	struct fdg_hostent_own own = { .writer = fdg_sys_gettid() };

	(void)state;
	assert_null(fdg_hostent_keep(&own, &host));
	own.writer = 1;
	assert_null(fdg_hostent_keep(&own, &host));
	assert_int_equal(own.writer, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_carved_exactly),
		cmocka_unit_test(grows_and_leaves_what_was),
		cmocka_unit_test(is_not_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
