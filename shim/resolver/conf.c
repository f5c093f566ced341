// SPDX-License-Identifier: MIT
#include "resolver/conf.h"

#include <string.h>

#include "base/poison.h"

enum { NDOTS = 1, TIMEOUT = 5, ATTEMPTS = 2, NDOTS_BITS = 15 };

static const char blank[] = " \t";

/* Any prefix of a word is taken for the option, as libc does: the longer ones come first. */
static const struct {
	const char *name;
	unsigned option;
} names[] = {
	{ "rotate", FDG_CONF_ROTATE },
	{ "edns0", FDG_CONF_EDNS0 },
	{ "single-request-reopen", FDG_CONF_SINGLE_REQUEST_REOPEN },
	{ "single-request", FDG_CONF_SINGLE_REQUEST },
	{ "no_tld_query", FDG_CONF_NO_TLD_QUERY },
	{ "no-tld-query", FDG_CONF_NO_TLD_QUERY },
	{ "no-reload", FDG_CONF_NO_RELOAD },
	{ "use-vc", FDG_CONF_USE_VC },
	{ "trust-ad", FDG_CONF_TRUST_AD },
	{ "no-aaaa", FDG_CONF_NO_AAAA },
};

static struct fdg_text skip_blanks(struct fdg_text t)
{
	while (t.n && strchr(blank, *t.s)) {
		t.s++;
		t.n--;
	}
	return t;
}

/* The rest of a line that begins with the keyword and a blank. */
static bool follows(struct fdg_text line, const char *keyword, struct fdg_text *ret)
{
	size_t n = strlen(keyword);

	if (line.n <= n || !fdg_text_starts(line, keyword) || !strchr(blank, line.s[n]))
		return false;
	*ret = skip_blanks((struct fdg_text){ line.s + n, line.n - n });
	return true;
}

/* atoi, held between -1 and 1,000,000. */
static int read_int(struct fdg_text t)
{
	bool negative;
	int value = 0;

	t = fdg_text_trim_start(t);
	negative = t.n && *t.s == '-';
	if (t.n && (*t.s == '-' || *t.s == '+')) {
		t.s++;
		t.n--;
	}
	for (; t.n && *t.s >= '0' && *t.s <= '9' && value < 100000; t.s++, t.n--)
		value = value * 10 + (*t.s - '0');
	return negative && value ? -1 : value;
}

static unsigned up_to(int value, int max, int if_negative)
{
	return (unsigned)(value < 0 ? if_negative : value < max ? value : max);
}

/* `word` begins an option, and goes on to the end of all options: libc's atoi passes blanks. */
static void set_option(struct fdg_conf *c, struct fdg_text word)
{
	struct fdg_text number = word;

	fdg_text_until(&number, ":");
	if (fdg_text_starts(word, "ndots:"))
		c->ndots = up_to(read_int(number), FDG_CONF_NDOTS_MAX, NDOTS_BITS); /* four bits hold it in libc */
	else if (fdg_text_starts(word, "timeout:"))
		c->timeout = up_to(read_int(number), FDG_CONF_TIMEOUT_MAX, 0);
	else if (fdg_text_starts(word, "attempts:"))
		c->attempts = up_to(read_int(number), FDG_CONF_ATTEMPTS_MAX, 0);
	else
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
			if (!fdg_text_starts(word, names[i].name))
				continue;
			c->options |= names[i].option;
			return;
		}
}

static void set_options(struct fdg_conf *c, struct fdg_text text)
{
	for (text = skip_blanks(text); text.n; text = skip_blanks(text)) {
		set_option(c, text);
		fdg_text_until(&text, blank);
	}
}

static void clear_search(struct fdg_conf *c)
{
	c->search_len = c->search_count = 0;
	c->search_cut = false;
}

static void add_domain(struct fdg_conf *c, struct fdg_text domain)
{
	if (c->search_cut || domain.n + 1 > sizeof(c->search) - c->search_len) {
		c->search_cut = true;
		return;
	}
	if (domain.n)
		memcpy(c->search + c->search_len, domain.s, domain.n);
	c->search_len += (unsigned)domain.n;
	c->search[c->search_len++] = '\0';
	c->search_count++;
}

/* The first domain counts even if it is empty. */
static void set_search(struct fdg_conf *c, struct fdg_text text)
{
	clear_search(c);
	add_domain(c, fdg_text_until(&text, blank));
	for (text = skip_blanks(text); text.n; text = skip_blanks(text))
		add_domain(c, fdg_text_until(&text, blank));
}

static void add_server(struct fdg_conf *c, const struct fdg_conf_input *in, struct fdg_text text)
{
	struct fdg_text scope = fdg_text_until(&text, blank), word = scope, number = fdg_text_until(&scope, "%");
	struct fdg_ip ip;

	if (c->server_count == FDG_CONF_SERVERS)
		return;
	if (!fdg_ip_parse_old(word, &ip)) {
		if (!fdg_ip_parse(number, AF_INET6, &ip))
			return;
		fdg_ip_parse_scope(scope, in->interface, &ip); /* a bad one is no scope */
	}
	c->server[c->server_count++] = ip;
}

static void read_line(struct fdg_conf *c, const struct fdg_conf_input *in, struct fdg_text line)
{
	struct fdg_text rest;

	if (follows(line, "domain", &rest)) {
		if (rest.n && !in->localdomain) {
			clear_search(c);
			add_domain(c, fdg_text_until(&rest, blank));
		}
	} else if (follows(line, "search", &rest)) {
		if (rest.n && !in->localdomain)
			set_search(c, rest);
	} else if (follows(line, "nameserver", &rest)) {
		add_server(c, in, rest);
	} else if (follows(line, "sortlist", &rest)) {
		c->sortlist = true;
	} else if (follows(line, "options", &rest)) {
		set_options(c, rest);
	}
}

static void fill_gaps(struct fdg_conf *c, const struct fdg_conf_input *in)
{
	const char *dot = in->hostname ? strchr(in->hostname, '.') : NULL;

	if (!c->server_count)
		c->server[c->server_count++] = (struct fdg_ip){ .family = AF_INET, .bytes = { 127, 0, 0, 1 } };
	if (!c->search_count && dot)
		add_domain(c, (struct fdg_text){ dot + 1, strlen(dot + 1) });
}

void fdg_conf_parse(const struct fdg_conf_input *in, struct fdg_conf *ret)
{
	struct fdg_text rest = in->text, line;

	ret->server_count = ret->options = 0;
	ret->sortlist = false;
	ret->ndots = NDOTS;
	ret->timeout = TIMEOUT;
	ret->attempts = ATTEMPTS;
	clear_search(ret);
	if (in->localdomain) {
		line = (struct fdg_text){ in->localdomain, strlen(in->localdomain) };
		set_search(ret, fdg_text_until(&line, "\n"));
	}
	while (fdg_text_line(&rest, &line))
		read_line(ret, in, line);
	fill_gaps(ret, in);
	if (in->res_options)
		set_options(ret, (struct fdg_text){ in->res_options, strlen(in->res_options) });
}

const char *fdg_conf_next_domain(const struct fdg_conf *c, const char *domain)
{
	const char *next = domain ? domain + strlen(domain) + 1 : c->search;

	return next < c->search + c->search_len ? next : NULL;
}
