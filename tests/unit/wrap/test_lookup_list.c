// SPDX-License-Identifier: MIT
/* getaddrinfo's list, with a malloc that fails at any call. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int left, lent;

static void *malloc_or_not(size_t n)
{
	if (!left--) {
		errno = ENOMEM;
		return NULL;
	}
	lent++;
	return malloc(n);
}

static void free_and_count(void *p)
{
	lent -= p != NULL;
	free(p);
}

#define malloc malloc_or_not
#define free free_and_count
#include "wrap/lookup_list.c"
#undef malloc
#undef free

bool fdg_lookup_entry(const struct fdg_lookup_result *r, unsigned n, struct fdg_lookup_entry *ret)
{
	struct fdg_lookup_entry e = { .flags = r->flags, .family = n % 2 ? AF_INET6 : AF_INET, .socktype = SOCK_DGRAM, .protocol = IPPROTO_UDP };

	if (n == r->address_count)
		return false;
	e.address_len = n % 2 ? sizeof(e.address.six) : sizeof(e.address.four);
	e.address.any.sa_family = (sa_family_t)e.family;
	e.canonical = n ? NULL : r->canonical;
	*ret = e;
	return true;
}

static void it_is_libcs_to_free(void **state)
{
	const struct fdg_lookup_result r = { .address_count = 5, .canonical = "name.example", .flags = AI_CANONNAME };
	struct addrinfo *list = NULL, *a;
	int n = 0;

	(void)state;
	left = 100;
	assert_int_equal(fdg_lookup_list(&r, &list), 0);
	for (a = list; a; a = a->ai_next, n++) {
		assert_int_equal(a->ai_family, n % 2 ? AF_INET6 : AF_INET);
		assert_int_equal(a->ai_addr->sa_family, a->ai_family);
		assert_int_equal(a->ai_addrlen, n % 2 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
		assert_int_equal(a->ai_flags, AI_CANONNAME);
		assert_int_equal(a->ai_socktype, SOCK_DGRAM);
		assert_int_equal(a->ai_protocol, IPPROTO_UDP);
		assert_int_equal(a->ai_canonname != NULL, n == 0);
	}
	assert_int_equal(n, 5);
	assert_string_equal(list->ai_canonname, "name.example");
	freeaddrinfo(list);
	lent = 0;
}

static void without_memory_nothing_is_left_of_it(void **state)
{
	const struct fdg_lookup_result r = { .address_count = 3, .canonical = "name.example" };

	(void)state;
	for (int fails_at = 0; fails_at < 4; fails_at++) {
		struct addrinfo *list = (struct addrinfo *)&r;

		left = fails_at;
		errno = 77;
		assert_int_equal(fdg_lookup_list(&r, &list), EAI_MEMORY);
		assert_int_equal(errno, 77);
		assert_ptr_equal(list, &r);
		assert_int_equal(lent, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_libcs_to_free),
		cmocka_unit_test(without_memory_nothing_is_left_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
