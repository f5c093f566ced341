// SPDX-License-Identifier: MIT
/* Lists of addresses and tables of gai.conf at random: we put them in the order in which getaddrinfo does. */
#include "libc.h"

#include "resolver/hosts.h"
#include "resolver/sort.h"

#include <ifaddrs.h>
#include <netdb.h>

enum { MAX = 24, HOME = 0x10, DEPRECATED = 0x20 };

static const char *const addresses[] = {
	"10.1.0.7", "10.1.0.1", "10.1.0.200", "10.1.1.7", "192.168.7.1", "192.168.200.1", "172.16.0.9", "172.20.0.1", "8.8.8.8", "127.0.0.1", "127.0.0.5",
	"169.254.1.1", "2001:db8:1::1", "2001:db8:1::99", "2001:db8:2::1", "2001:db8:2::5", "2001:db8:3::1", "2001:db8:ffff::1", "2001:0:1::9", "2002:a01:1::7",
	"fd00:1::1", "fd00:1::2", "fd00:2::1", "fec0::1", "fe80::5", "::1", "::1.2.3.4", "::ffff:8.8.4.4", "ff02::1", "2a00::1", "64:ff9b::808:808",
};

/* Flags and interface of a source, as the kernel lists them. */
static void look_at_six(struct fdg_sort_source *s)
{
	FILE *f = fopen("/proc/net/if_inet6", "r");
	unsigned index, len, scope, flags;
	char digits[33], text[33];

	assert_non_null(f);
	for (int i = 0; i < 16; i++)
		sprintf(digits + 2 * i, "%02x", s->ip.bytes[i]);
	while (fscanf(f, "%32s %x %x %x %x %*s", text, &index, &len, &scope, &flags) == 5) {
		if (strcmp(text, digits) != 0)
			continue;
		s->interface = index;
		s->deprecated = flags & DEPRECATED;
		s->home = flags & HOME;
	}
	fclose(f);
}

static void look_at_four(struct fdg_sort_source *s)
{
	struct ifaddrs *list, *i;

	assert_int_equal(getifaddrs(&list), 0);
	for (i = list; i; i = i->ifa_next) {
		const struct sockaddr_in *a = (const void *)i->ifa_addr, *mask = (const void *)i->ifa_netmask;

		if (!a || a->sin_family != AF_INET || memcmp(&a->sin_addr, s->ip.bytes, 4) != 0)
			continue;
		s->prefix_len = (uint8_t)__builtin_popcount(mask->sin_addr.s_addr);
		s->interface = i->ifa_name[0] == 'v' ? (unsigned)i->ifa_name[1] : 1;
	}
	freeifaddrs(list);
}

static bool ask(void *cookie, const struct fdg_ip *to, struct fdg_sort_source *ret)
{
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(1) };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(1) };
	bool is_four = to->family == AF_INET;
	struct sockaddr *a = is_four ? (void *)&four : (void *)&six;
	socklen_t n = is_four ? sizeof(four) : sizeof(six);
	int fd = socket(to->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool ok;

	(void)cookie;
	memcpy(is_four ? (void *)&four.sin_addr : (void *)&six.sin6_addr, to->bytes, is_four ? 4 : 16);
	ok = connect(fd, a, n) == 0 && getsockname(fd, a, &n) == 0;
	close(fd);
	if (!ok)
		return false;
	ret->ip.family = to->family;
	memcpy(ret->ip.bytes, is_four ? (void *)&four.sin_addr : (void *)&six.sin6_addr, is_four ? 4 : 16);
	if (is_four)
		look_at_four(ret);
	else
		look_at_six(ret);
	return true;
}

static void any_list(struct pile *p, uint32_t max)
{
	p->n = 0;
	for (unsigned n = 1 + any(max); n--;) {
		pile(p, ANY_OF(addresses));
		pile(p, " name\n");
	}
}

static void any_gai(struct pile *p)
{
	static const char *const prefixes[] = { "::1/128", "::/0", "2001:db8::/32", "2001:db8:2::/48", "fd00::/8", "::ffff:0:0/96", "::ffff:10.0.0.0/104", "fe80::/10",
						"2002::/16", "fec0::/9", "::ffff:127.0.0.1/128", "10.0.0.0/8", "bad" };
	static const char *const fours[] = { "10.0.0.0/8", "10.1.0.0/24", "::ffff:172.16.0.0/108", "0.0.0.0/0", "127.0.0.0/8", "169.254.0.0/16", "8.8.8.8/32", "1.2.3.4/33",
					     "::1/128" };
	static const char *const values[] = { "0", "1", "2", "5", "14", "40", "100", "-1", "x", "2147483648" };

	p->n = 0;
	for (unsigned n = any(7); n--;) {
		unsigned kind = any(3);

		pile(p, kind == 0 ? "label " : kind == 1 ? "precedence " : "scopev4 ");
		pile(p, kind == 2 ? ANY_OF(fours) : ANY_OF(prefixes));
		pile_blank(p);
		pile(p, ANY_OF(values));
		pile(p, any(4) ? "\n" : " # why\n");
	}
	pile(p, "reload yes\n");
}

/* Our list and its order. */
static unsigned ours(const struct pile *hosts, const struct pile *gai, struct fdg_sort_item *items, unsigned *order)
{
	struct fdg_hosts_query q = { .name = "name", .family = AF_UNSPEC };
	struct fdg_hosts_entry e;
	struct fdg_gaiconf conf;
	struct fdg_hosts h;
	unsigned n = 0;

	assert_int_equal(fdg_hosts_parse(text_of_pile(hosts), &h), 0);
	while (fdg_hosts_next(&h, &q, &e))
		items[n++].to = e.address;
	fdg_hosts_free(&h);
	fdg_gaiconf_parse(text_of_pile(gai), &conf);
	fdg_sort(&conf, items, order, n, ask, NULL);
	return n;
}

static bool same(const struct fdg_ip *ip, const struct addrinfo *a)
{
	const void *bytes = a->ai_family == AF_INET ? (void *)&((struct sockaddr_in *)a->ai_addr)->sin_addr : (void *)&((struct sockaddr_in6 *)a->ai_addr)->sin6_addr;

	return ip->family == a->ai_family && memcmp(ip->bytes, bytes, a->ai_family == AF_INET ? 4 : 16) == 0;
}

static void compare(const struct pile *hosts, const struct pile *gai)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct fdg_sort_item items[MAX];
	unsigned order[2 * MAX], n = ours(hosts, gai, items, order), i = 0;
	struct addrinfo *list, *a;
	char text[64];

	assert_int_equal(getaddrinfo("name", NULL, &hints, &list), 0);
	for (a = list; a; a = a->ai_next, i++) {
		assert_true(i < n);
		if (same(&items[order[i]].to, a))
			continue;
		getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof(text), NULL, 0, NI_NUMERICHOST);
		fail_msg("at %u we have %s, libc has %s, of\n%swith\n%s", i, shown(&items[order[i]].to), text, hosts->text, gai->text);
	}
	assert_int_equal(i, n);
	freeaddrinfo(list);
}

static void run(unsigned times, uint32_t max, bool with_gai)
{
	struct pile hosts, gai = { .n = 0 };

	pile(&gai, "reload yes\n");
	while (times--) {
		if (with_gai)
			any_gai(&gai);
		write_etc("/etc/gai.conf", &gai);
		any_list(&hosts, max);
		write_etc("/etc/hosts", &hosts);
		compare(&hosts, &gai);
	}
}

static void the_order_is_libcs(void **state)
{
	(void)state;
	run(300, 4, false);
	run(300, MAX, false);
}

static void the_order_by_gai_conf_is_libcs(void **state)
{
	(void)state;
	run(300, 4, true);
	run(300, MAX, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_order_is_libcs),
		cmocka_unit_test(the_order_by_gai_conf_is_libcs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
