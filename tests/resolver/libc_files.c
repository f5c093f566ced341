// SPDX-License-Identifier: MIT
/* /etc/hosts, /etc/services and /etc/resolv.conf at random: libc and we find the same in them. */
#include "libc.h"

#include "resolver/conf.h"
#include "resolver/hosts.h"
#include "resolver/services.h"

#include <net/if.h>
#include <netdb.h>
#include <resolv.h>

static const char *const names[] = { "a", "A", "b", "c.org", "C.ORG", "a.", "localhost", "x_y", "long-name.example.net" };
static const char *const addresses[] = { "1.2.3.4", "1.2.3.4", "5.6.7.8", "127.0.0.1", "::1", "2001:db8::1", "::ffff:1.2.3.4", "::ffff:9.9.9.9",
					 "0.0.0.0", "::", "fe80::1", "fe80::1%lo", "1.2.3", "300.1.1.1", "name", "01.2.3.4" };
static const char *const ends[] = { "\n", "\n", "\r\n", " \n", " # comment\n", "#x a\n", "\v\f\n", "\n\n" };

static void any_hosts(struct pile *p)
{
	bool newline = any(4);

	p->n = 0;
	for (unsigned line = any(12); line--;) {
		/* Without a newline, or behind a NUL, libc loses as many bytes at the end as there are blanks at the start. */
		bool blank = any(8) == 0 && (newline || line);

		if (blank)
			pile_blank(p);
		if (any(12) == 0)
			pile(p, "#");
		pile(p, ANY_OF(addresses));
		for (unsigned words = any(5); words--;) {
			pile_blank(p);
			pile(p, ANY_OF(names));
		}
		if (!blank && any(20) == 0)
			pile_n(p, " a\0b", 4);
		pile(p, ANY_OF(ends));
	}
	if (p->n && !newline)
		p->text[--p->n] = '\0';
}

static void compare_by_name(const struct fdg_hosts *h, const char *name, int family, bool multi, const struct pile *p)
{
	struct hostent *theirs = gethostbyname2(name, family);
	struct fdg_hosts_query q = { .name = name, .family = family, .single = !multi };
	struct fdg_hosts_entry e;
	unsigned n = 0;

	for (; fdg_hosts_next(h, &q, &e); n++) {
		if (!theirs || !theirs->h_addr_list[n])
			fail_msg("%s (%d): only we have %s in\n%s", name, family, shown(&e.address), p->text);
		assert_memory_equal(e.address.bytes, theirs->h_addr_list[n], family == AF_INET ? 4 : 16);
		if (n == 0)
			assert_string_equal(e.name, theirs->h_name);
	}
	if (theirs && theirs->h_addr_list[n])
		fail_msg("%s (%d): only libc has address %u in\n%s", name, family, n, p->text);
}

static void compare_by_address(const struct fdg_hosts *h, const char *address, const struct pile *p)
{
	struct fdg_ip ip;
	struct fdg_hosts_entry e;
	struct hostent *theirs;
	bool ours;

	if (!fdg_ip_parse(text_of(address), AF_UNSPEC, &ip) || strcmp(address, "::") == 0) /* libc does not look for :: */
		return;
	theirs = gethostbyaddr(ip.bytes, ip.family == AF_INET ? 4 : 16, ip.family);
	ours = fdg_hosts_by_address(h, &ip, &e);
	if (ours != !!theirs)
		fail_msg("%s: %s has it in\n%s", address, ours ? "we" : "libc", p->text);
	if (ours && strcmp(e.name, theirs->h_name) != 0)
		fail_msg("%s: we '%s', libc '%s' in\n%s", address, e.name, theirs->h_name, p->text);
}

static void compare_hosts(bool multi, unsigned times)
{
	struct pile p;

	while (times--) {
		struct fdg_hosts h;

		any_hosts(&p);
		write_etc("/etc/hosts", &p);
		assert_int_equal(fdg_hosts_parse(text_of_pile(&p), &h), 0);
		for (size_t i = 0; i < COUNT(names); i++) {
			compare_by_name(&h, names[i], AF_INET, multi, &p);
			compare_by_name(&h, names[i], AF_INET6, multi, &p);
		}
		for (size_t i = 0; i < COUNT(addresses); i++)
			compare_by_address(&h, addresses[i], &p);
		fdg_hosts_free(&h);
	}
}

/* host.conf is read once in a process. */
static bool multi;

static void hosts_are_libcs(void **state)
{
	(void)state;
	compare_hosts(multi, 400);
}

static const char *const services[] = { "http", "HTTP", "www", "x", "y", "a-b" };
static const char *const protocols[] = { "tcp", "udp", "", "TCP" };

static void any_services(struct pile *p)
{
	static const char *const ports[] = { "80", "010", "9//", "81", "0", "65535", "65616", "99999999999", "4294967290", "-1", "-0", "+7", "0x5", "", "80x", "/" };

	p->n = 0;
	for (unsigned line = any(10); line--;) {
		pile(p, any(10) ? ANY_OF(services) : "#");
		pile_blank(p);
		pile(p, ANY_OF(ports));
		pile(p, any(8) ? "/" : " ");
		pile(p, ANY_OF(protocols));
		for (unsigned words = any(3); words--;) {
			pile_blank(p);
			pile(p, ANY_OF(services));
		}
		pile(p, ANY_OF(ends));
	}
}

static void compare_service(const struct fdg_services *s, const char *name, const char *protocol, const struct pile *p)
{
	struct servent *theirs = getservbyname(name, protocol);
	uint16_t port = 0;
	bool ours = fdg_services_port(s, name, protocol, &port);

	if (ours != !!theirs || (ours && port != ntohs((uint16_t)theirs->s_port)))
		fail_msg("%s/%s: we %d, libc %d in\n%s", name, protocol, ours ? port : -1, theirs ? ntohs((uint16_t)theirs->s_port) : -1, p->text);
}

static void compare_port(const struct fdg_services *s, uint16_t port, const char *protocol, const struct pile *p)
{
	struct servent *theirs = getservbyport(htons(port), protocol);
	const char *ours = fdg_services_name(s, port, protocol);

	if (!ours != !theirs || (ours && strcmp(ours, theirs->s_name) != 0))
		fail_msg("%u/%s: we %s, libc %s in\n%s", port, protocol, ours, theirs ? theirs->s_name : NULL, p->text);
}

static void services_are_libcs(void **state)
{
	struct pile p;

	(void)state;
	for (unsigned times = 600; times--;) {
		struct fdg_services s;

		any_services(&p);
		write_etc("/etc/services", &p);
		assert_int_equal(fdg_services_parse(text_of_pile(&p), &s), 0);
		for (size_t i = 0; i < COUNT(services); i++) {
			compare_service(&s, services[i], NULL, &p);
			compare_service(&s, services[i], ANY_OF(protocols), &p);
		}
		compare_port(&s, 80, NULL, &p);
		compare_port(&s, 65535, ANY_OF(protocols), &p);
		fdg_services_free(&s);
	}
}

static void any_options(struct pile *p)
{
	static const char *const words[] = { "ndots:3", "ndots:99", "ndots:-1", "ndots:", "ndots: 4", "ndots:5x", "timeout:7", "timeout:-3", "timeout:999999999",
					     "attempts:4", "attempts:0", "rotate", "rotate2", "edns0", "single-request", "single-request-reopen", "no_tld_query",
					     "no-tld-query", "use-vc", "trust-ad", "no-aaaa", "inet6", "no-check-names", "what", "ip6-dotint", "#", ";" };

	for (unsigned n = any(5); n--;) {
		pile(p, ANY_OF(words));
		pile_blank(p);
	}
}

static void any_conf(struct pile *p)
{
	static const char *const words[] = { "nameserver", "nameserver", "search", "domain", "sortlist", " nameserver", "nameservers", "#search", ";domain", "search\r" };
	static const char *const values[] = { "10.0.0.1", "0x7f.1", "1.2.3.4x", "2001:db8::1", "fe80::1%lo", "fe80::2%12", "fe80::3%no", "2001:db8::2%lo",
					      "a.org", "b", "c.example.net", "#", "; x", "1.1.1.1#53", "" };

	p->n = 0;
	pile(p, "\n"); /* all empty files are one to libc, and it does not look at the environment again */
	for (unsigned line = any(8); line--;) {
		const char *word = "options ";

		if (any(4) == 0) {
			pile(p, word);
			any_options(p);
		} else {
			word = ANY_OF(words);
			pile(p, word);
			for (unsigned n = any(4); n--;) {
				pile_blank(p);
				pile(p, ANY_OF(values));
			}
		}
		/* A CR behind a sortlist: libc 2.36 never comes back. */
		pile(p, any(10) || strcmp(word, "sortlist") == 0 ? "\n" : "\r\n");
	}
}

static const char *any_variable(const char *name, void (*make)(struct pile *), struct pile *p)
{
	p->n = 0;
	if (any(3)) {
		unsetenv(name);
		return NULL;
	}
	make(p);
	setenv(name, p->n ? p->text : "", 1);
	return p->n ? p->text : "";
}

static void any_domains(struct pile *p)
{
	static const char *const values[] = { "x.org", "y", " ", "\t", "z.z" };

	for (unsigned n = any(4); n--;) {
		pile(p, ANY_OF(values));
		if (any(3))
			pile_blank(p);
	}
}

static bool same_server(const struct fdg_ip *ours, const struct __res_state *r, int i)
{
	const struct sockaddr_in6 *six = r->_u._ext.nsaddrs[i];

	if (r->nsaddr_list[i].sin_family == AF_INET)
		return ours->family == AF_INET && memcmp(ours->bytes, &r->nsaddr_list[i].sin_addr, 4) == 0;
	return six && ours->family == AF_INET6 && memcmp(ours->bytes, &six->sin6_addr, 16) == 0 && ours->scope == six->sin6_scope_id;
}

static unsigned known_options(unsigned long theirs)
{
	static const struct { unsigned long theirs; unsigned ours; } rows[] = {
		{ RES_ROTATE, FDG_CONF_ROTATE }, { RES_USE_EDNS0, FDG_CONF_EDNS0 }, { RES_SNGLKUP, FDG_CONF_SINGLE_REQUEST },
		{ RES_SNGLKUPREOP, FDG_CONF_SINGLE_REQUEST_REOPEN }, { RES_NOTLDQUERY, FDG_CONF_NO_TLD_QUERY }, { RES_NORELOAD, FDG_CONF_NO_RELOAD },
		{ RES_USEVC, FDG_CONF_USE_VC }, { RES_TRUSTAD, FDG_CONF_TRUST_AD }, { RES_NOAAAA, FDG_CONF_NO_AAAA },
	};
	unsigned ours = 0;

	for (size_t i = 0; i < COUNT(rows); i++)
		ours |= theirs & rows[i].theirs ? rows[i].ours : 0;
	return ours;
}

static void compare_conf(const struct fdg_conf *c, const struct __res_state *r, const struct fdg_conf_input *in)
{
	const char *domain = NULL;

	if (c->server_count != (unsigned)r->nscount || c->ndots != r->ndots || c->timeout != (unsigned)(r->retrans < 0 ? 0 : r->retrans) ||
	    c->attempts != (unsigned)(r->retry < 0 ? 0 : r->retry) || c->options != known_options(r->options))
		fail_msg("we %u %u %u %u %x, libc %d %u %d %d %x, of LOCALDOMAIN='%s' RES_OPTIONS='%s' and\n%s", c->server_count, c->ndots, c->timeout, c->attempts,
			 c->options, r->nscount, r->ndots, r->retrans, r->retry, known_options(r->options), in->localdomain, in->res_options, in->text.s);
	for (unsigned i = 0; i < c->server_count; i++)
		if (!same_server(&c->server[i], r, (int)i))
			fail_msg("server %u: %s", i, shown(&c->server[i]));
	for (unsigned i = 0; i < MAXDNSRCH; i++) {
		domain = fdg_conf_next_domain(c, domain);
		if (!domain != !r->dnsrch[i] || (domain && strcmp(domain, r->dnsrch[i]) != 0))
			fail_msg("domain %u: we '%s', libc '%s', of LOCALDOMAIN='%s' and\n%s", i, domain, r->dnsrch[i], in->localdomain, in->text.s);
		if (!domain)
			break;
	}
}

static void resolv_conf_is_libcs(void **state)
{
	struct pile p, q, o;
	char hostname[128];

	(void)state;
	assert_int_equal(gethostname(hostname, sizeof(hostname)), 0);
	for (unsigned times = 3000; times--;) {
		struct __res_state r = { .nscount = 0 };
		struct fdg_conf_input in = { .hostname = hostname, .interface = if_nametoindex };
		struct fdg_conf c;

		any_conf(&p);
		write_etc("/etc/resolv.conf", &p);
		in.text = text_of_pile(&p);
		in.localdomain = any_variable("LOCALDOMAIN", any_domains, &q);
		in.res_options = any_variable("RES_OPTIONS", any_options, &o);
		fdg_conf_parse(&in, &c);
		assert_int_equal(res_ninit(&r), 0);
		compare_conf(&c, &r, &in);
		res_nclose(&r);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_are_libcs),
		cmocka_unit_test(services_are_libcs),
		cmocka_unit_test(resolv_conf_is_libcs),
	};

	multi = argc > 1 && strcmp(argv[1], "multi") == 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
