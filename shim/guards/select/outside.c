// SPDX-License-Identifier: MIT
#include "guards/select/outside.h"

#include "base/fmt.h"

#include "base/poison.h"

static void put_message(struct fdg_buf *b, const struct fdg_select_seen *s)
{
	if (s->into)
		fdg_fmt(b, "%s called %s with fd %d in its %s, which has no bit for it: the kernel reads and writes the %s, which lies there", s->self, s->call, s->fd, s->set, s->into);
	else
		fdg_fmt(b, "%s called %s with fd %d in its %s: an fd_set has no bit for that, and whether this one is longer cannot be seen from outside", s->self, s->call, s->fd, s->set);
}

void fdg_select_report_seen(const struct fdg_select_seen *s)
{
	struct fdg_finding f = FDG_FINDING_INIT(FDG_SELECT_OVERFLOW);
	char message[512];
	struct fdg_buf b = FDG_BUF(message);
	const struct fdg_fact fact[] = {
		{ "nfds", "nfds", NULL, s->nfds },
		{ "kind", "kind", s->kind, 0 },
	};

	put_message(&b, s);
	f.level = s->into ? FDG_LEVEL_ERROR : FDG_LEVEL_NOTE;
	f.message = message;
	f.fix = "wait with poll or epoll, which take any number";
	f.fd = s->fd;
	f.site = s->site;
	f.source = s->source;
	f.sites = s->sites;
	f.site_label = "waited at";
	f.fact = fact;
	f.facts = *s->kind ? 2 : 1;
	f.key = s->call;
	fdg_report(&f);
}
