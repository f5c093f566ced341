/* SPDX-License-Identifier: MIT */
/* For all tests of the resolver. */
#ifndef TESTS_UNIT_RESOLVER_COMMON_H
#define TESTS_UNIT_RESOLVER_COMMON_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>

#include "resolver/address.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static inline struct fdg_text text_of(const char *s)
{
	return (struct fdg_text){ s, strlen(s) };
}

/* In a buffer that is used again. */
static inline const char *shown(const struct fdg_ip *ip)
{
	static char text[INET6_ADDRSTRLEN + 12];

	assert_non_null(inet_ntop(ip->family, ip->bytes, text, INET6_ADDRSTRLEN));
	if (ip->scope)
		snprintf(text + strlen(text), 12, "%%%u", ip->scope);
	return text;
}

static inline struct fdg_ip ip_of(const char *s)
{
	struct fdg_ip ip;

	if (!fdg_ip_parse(text_of(s), AF_UNSPEC, &ip))
		fail_msg("%s is no address", s);
	return ip;
}

/* The same numbers at every run. */
static inline uint32_t any(uint32_t below)
{
	static uint64_t state = 0x9e3779b97f4a7c15;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 32) % below;
}

#endif
