// SPDX-License-Identifier: MIT
/* The same text as resolv.conf, nsswitch.conf, gai.conf and host.conf. */
#include <stdlib.h>
#include <string.h>

#include "driver.h"
#include "resolver/conf.h"
#include "resolver/gaiconf.h"
#include "resolver/hostconf.h"
#include "resolver/nss.h"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("# ours\nnameserver 10.0.0.1\nnameserver fe80::1%lo\nnameserver 0x7f.1 ; c\nsearch a.org b.org\noptions ndots:3 timeout:1 attempts:4 rotate edns0\n"),
	FUZZ_TEXT("domain x.org y\nsortlist 10.0.0.0/8\noptions single-request-reopen no_tld_query use-vc trust-ad no-aaaa no-reload ndots:-1 timeout:99\n"),
	FUZZ_TEXT("passwd: files\nhosts: files [NOTFOUND=return] dns [!UNAVAIL=continue] # mdns\n"),
	FUZZ_TEXT("label ::1/128 0\nlabel ::/0 1\nprecedence ::ffff:0:0/96 100\nscopev4 ::ffff:169.254.0.0/112 2\nscopev4 10.0.0.0/8 14\nreload yes\n"),
	FUZZ_TEXT("order hosts,bind\nmulti on\nhosts: mdns4_minimal dns\n"),
};
const size_t fuzz_seed_count = sizeof(fuzz_seeds) / sizeof(fuzz_seeds[0]);

static void must(bool what)
{
	if (!what)
		abort();
}

static unsigned index_of(const char *name)
{
	return (unsigned)strlen(name);
}

static void read_resolv(struct fdg_text text, const char *string)
{
	static struct fdg_conf c;
	struct fdg_conf_input in = { .text = text, .hostname = "box.example.org", .interface = index_of };
	unsigned domains = 0;

	for (int i = 0; i < 2; i++) {
		fdg_conf_parse(&in, &c);
		must(c.server_count >= 1 && c.server_count <= FDG_CONF_SERVERS && c.search_len <= FDG_CONF_SEARCH_BYTES);
		must(c.ndots <= FDG_CONF_NDOTS_MAX && c.timeout <= FDG_CONF_TIMEOUT_MAX && c.attempts <= FDG_CONF_ATTEMPTS_MAX);
		domains = 0;
		for (const char *d = fdg_conf_next_domain(&c, NULL); d; d = fdg_conf_next_domain(&c, d))
			domains++;
		must(domains == c.search_count && domains > 0);
		in = (struct fdg_conf_input){ .localdomain = string, .res_options = string };
	}
}

static void check_table(const struct fdg_gaiconf_table *t)
{
	must(t->count >= 1 && t->count <= FDG_GAICONF_ENTRIES);
	for (unsigned i = 1; i < t->count; i++)
		must(t->entry[i].bits <= t->entry[i - 1].bits);
}

static void read_gai(struct fdg_text text)
{
	static const struct fdg_ip addresses[] = { { .family = AF_INET, .bytes = { 10, 1, 2, 3 } }, { .family = AF_INET6, .bytes = { 0x20, 1, 13 } } };
	static struct fdg_gaiconf c;

	fdg_gaiconf_parse(text, &c);
	check_table(&c.label);
	check_table(&c.precedence);
	check_table(&c.scope4);
	for (int i = 0; i < 2; i++) {
		fdg_gaiconf_label(&c, &addresses[i]);
		fdg_gaiconf_precedence(&c, &addresses[i]);
		fdg_gaiconf_scope(&c, &addresses[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct fdg_text text = { (const char *)data, n };
	char *string = strndup((const char *)data, n);
	struct fdg_nss nss;

	must(string != NULL);
	read_resolv(text, string);
	read_gai(text);
	must(!fdg_nss_parse(text, &nss) || (nss.count >= 1 && nss.count <= FDG_NSS_STEPS));
	fdg_hostconf_multi(text, string);
	free(string);
	return 0;
}
