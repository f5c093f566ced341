// SPDX-License-Identifier: MIT
/* The same text as /etc/hosts and /etc/services; every word of it is looked up in both, and in /etc/hosts read for that word alone. */
#include <stdlib.h>
#include <string.h>

#include "driver.h"
#include "resolver/hosts.h"
#include "resolver/services.h"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("127.0.0.1\tlocalhost\n::1 localhost ip6-localhost # six\r\n10.0.0.1 a.b a A\n10.0.0.1 a\n::ffff:10.0.0.1 a\nfe80::1%lo x\n9.9.9.9\n"),
	FUZZ_TEXT("http 80/tcp www # web\nhttp\t80/udp\nx 65616/tcp\ny -1/ z\nz 7"),
	FUZZ_TEXT("1.2.3.4"),
	FUZZ_TEXT("\n\n#\n 1.1.1.1 \v a\0b\n1.1.1.1 a"),
};
const size_t fuzz_seed_count = sizeof(fuzz_seeds) / sizeof(fuzz_seeds[0]);

static void must(bool what)
{
	if (!what)
		abort();
}

static void look_up_host(const struct fdg_hosts *h, const char *name)
{
	static const int families[] = { AF_UNSPEC, AF_INET, AF_INET6 };

	for (int i = 0; i < 3; i++) {
		struct fdg_hosts_query q = { .name = name, .family = families[i], .mapped = true };
		struct fdg_hosts_entry e, reverse;
		uint32_t count = 0;

		while (fdg_hosts_next(h, &q, &e)) {
			const char *alias = e.aliases;

			must(++count <= h->table.line_count);
			must(families[i] == AF_UNSPEC || e.address.family == families[i]);
			for (uint32_t a = 0; a < e.alias_count; a++)
				alias += strlen(alias) + 1;
			must(alias <= h->table.text + h->table.text_len);
			must(families[i] == AF_INET6 || fdg_hosts_by_address(h, &e.address, &reverse)); /* AF_INET6: it may be mapped */
		}
	}
}

static void keep(const struct fdg_hosts_want *want, struct fdg_text text, struct fdg_hosts *ret)
{
	char *part = malloc(text.n + 1);

	must(part != NULL);
	memcpy(part, text.s, text.n);
	must(!fdg_hosts_parse((struct fdg_text){ part, fdg_hosts_keep(want, part, text.n) }, ret));
	free(part);
}

/* The lines that are kept for a name, or an address, say of it what all lines say. */
static void look_up_kept(const struct fdg_hosts *h, struct fdg_text text, const char *name)
{
	struct fdg_hosts_want want = { .name = name };
	struct fdg_hosts_query all = { .name = name, .family = AF_UNSPEC }, some = all;
	struct fdg_hosts_entry a, b;
	struct fdg_hosts kept;
	bool more;

	keep(&want, text, &kept);
	do {
		more = fdg_hosts_next(h, &all, &a);
		must(fdg_hosts_next(&kept, &some, &b) == more);
		must(!more || (a.address.family == b.address.family && !memcmp(a.address.bytes, b.address.bytes, 16) &&
			       !strcmp(a.name, b.name) && a.alias_count == b.alias_count));
	} while (more);
	fdg_hosts_free(&kept);
}

static void look_up_kept_address(const struct fdg_hosts *h, struct fdg_text text, struct fdg_text word)
{
	struct fdg_hosts_entry a, b;
	struct fdg_hosts kept;
	struct fdg_ip ip;
	bool is_there;

	if (!fdg_ip_parse(word, AF_UNSPEC, &ip))
		return;
	keep(&(struct fdg_hosts_want){ .ip = &ip }, text, &kept);
	is_there = fdg_hosts_by_address(h, &ip, &a);
	must(fdg_hosts_by_address(&kept, &ip, &b) == is_there);
	must(!is_there || (!strcmp(a.name, b.name) && a.alias_count == b.alias_count));
	fdg_hosts_free(&kept);
}

static void look_up_service(const struct fdg_services *s, const char *name)
{
	uint16_t port;

	if (fdg_services_port(s, name, NULL, &port))
		must(fdg_services_name(s, port, NULL) != NULL);
	fdg_services_port(s, name, "tcp", &port);
	fdg_services_number(name, &port);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct fdg_text text = { (const char *)data, n }, rest = text, word;
	struct fdg_hosts h;
	struct fdg_services s;

	must(fdg_hosts_parse(text, &h) == 0 && fdg_services_parse(text, &s) == 0);
	for (int i = 0; i < 16 && fdg_text_word(&rest, &word); i++) {
		char *name = strndup(word.s, word.n);

		must(name != NULL);
		look_up_host(&h, name);
		if (i < 4) {
			look_up_kept(&h, text, name);
			look_up_kept_address(&h, text, word);
		}
		look_up_service(&s, name);
		free(name);
	}
	fdg_hosts_free(&h);
	fdg_services_free(&s);
	return 0;
}
