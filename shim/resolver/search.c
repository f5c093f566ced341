// SPDX-License-Identifier: MIT
#include "resolver/search.h"

#include <string.h>

#include "base/poison.h"

enum { NO_OUTCOME = 0xff, NODE = 256 };

static bool ends_in_dot(const char *node)
{
	size_t n = strlen(node);

	return n && node[n - 1] == '.';
}

static unsigned count_dots(const char *node)
{
	unsigned n = 0;

	while ((node = strchr(node, '.'))) {
		node++;
		n++;
	}
	return n;
}

void fdg_search_start(struct fdg_search *s, const struct fdg_conf *conf, const char *node, bool alone)
{
	unsigned dots = count_dots(node);
	bool last = ends_in_dot(node);

	*s = (struct fdg_search){
		.first = NO_OUTCOME, .last = FDG_OUTCOME_NOTFOUND, .dots = dots > 0, .dot_at_end = last
	};
	s->stopped = last || alone;
	if (dots >= conf->ndots || s->stopped || !conf->search_count) {
		s->at = FDG_SEARCH_AS_IS;
		s->was_asked_as_is = true;
		s->stopped = s->stopped || !conf->search_count;
	}
}

static const char *domain_of(const struct fdg_search *s, const struct fdg_conf *conf)
{
	const char *domain = conf->search + s->at;

	return domain[0] == '.' ? domain + 1 : domain;
}

static bool may_be_asked(const struct fdg_search *s, const struct fdg_dns_name *name)
{
	return s->any || fdg_dns_name_is_host(name);
}

bool fdg_search_name(const struct fdg_search *s, const struct fdg_conf *conf, const char *node,
		     struct fdg_dns_name *ret)
{
	size_t n = strlen(node), more;
	char text[2 * NODE];
	const char *domain;

	if ((!s->any && strchr(node, '\\')) || n >= NODE)
		return false;
	if (s->at == FDG_SEARCH_AS_IS) /* libc does not make the root of "" */
		return n && !fdg_dns_name_from_text(node, n, ret) && may_be_asked(s, ret);
	domain = domain_of(s, conf);
	more = strlen(domain);
	if (n + 1 + more > sizeof(text))
		return false;
	memcpy(text, node, n);
	text[n] = '.';
	memcpy(text + n + 1, domain, more);
	return !fdg_dns_name_from_text(text, n + 1 + more, ret) && may_be_asked(s, ret);
}

static bool ends(enum fdg_outcome o)
{
	return o == FDG_OUTCOME_FOUND || o == FDG_OUTCOME_EMPTY || o == FDG_OUTCOME_BROKEN;
}

static void note(struct fdg_search *s, const struct fdg_conf *conf, enum fdg_outcome o)
{
	s->last = (uint8_t)o;
	if (s->at == FDG_SEARCH_AS_IS) {
		if (!s->searched)
			s->first = (uint8_t)o;
		return;
	}
	s->searched = true;
	s->root_listed = s->root_listed || !*domain_of(s, conf);
	s->nodata = s->nodata || o == FDG_OUTCOME_NODATA;
	s->servfail = s->servfail || o == FDG_OUTCOME_SERVFAIL;
	s->stopped = s->stopped || o == FDG_OUTCOME_NORECOVERY || o == FDG_OUTCOME_AGAIN;
}

/* The domain behind the one that was asked under, or the first. */
static bool to_next_domain(struct fdg_search *s, const struct fdg_conf *conf)
{
	const char *now = s->searched ? conf->search + s->at : NULL, *next = fdg_conf_next_domain(conf, now);

	if (!next)
		return false;
	s->at = (int16_t)(next - conf->search);
	return true;
}

bool fdg_search_next(struct fdg_search *s, const struct fdg_conf *conf, const char *node, enum fdg_outcome o)
{
	(void)node;
	note(s, conf, o);
	if (ends(o))
		return false;
	if (s->at == FDG_SEARCH_AS_IS && s->searched) /* the last of all */
		return false;
	if (!s->stopped && to_next_domain(s, conf))
		return true;
	if (s->was_asked_as_is || s->root_listed || (!s->dots && (conf->options & FDG_CONF_NO_TLD_QUERY)))
		return false;
	s->at = FDG_SEARCH_AS_IS;
	s->was_asked_as_is = true;
	return true;
}

enum fdg_outcome fdg_search_outcome(const struct fdg_search *s)
{
	if (ends((enum fdg_outcome)s->last))
		return (enum fdg_outcome)s->last;
	if (s->first != NO_OUTCOME)
		return (enum fdg_outcome)s->first;
	if (s->nodata)
		return FDG_OUTCOME_NODATA;
	return s->servfail ? FDG_OUTCOME_SERVFAIL : (enum fdg_outcome)s->last;
}
