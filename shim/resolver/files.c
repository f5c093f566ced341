// SPDX-License-Identifier: MIT
/* The step "files": /etc/hosts. */
#include "resolver/core.h"

#include <string.h>

#include "resolver/node.h"

#include "base/poison.h"

static void take_names(struct fdg_request *q, const struct fdg_hosts_entry *e)
{
	const char *alias = e->aliases;

	if (!q->named)
		fdg_request_name(q, e->name);
	for (uint32_t i = 0; q->names && i < e->alias_count; i++, alias += strlen(alias) + 1)
		fdg_request_alias(q, alias);
}

/* Every line that has the name, for a family. */
static bool take_lines(struct fdg_core *c, struct fdg_request *q, int family, bool map)
{
	struct fdg_hosts_query lines = { .name = q->asked_for, .family = family, .single = !c->world.multi };
	struct fdg_hosts_entry e;
	bool any = false;

	while (fdg_hosts_next(&c->world.hosts, &lines, &e)) {
		if (map && e.address.family == AF_INET)
			fdg_ip_map(&e.address);
		if (!fdg_request_add(c, q, &e.address))
			break;
		q->got_six = q->got_six || family == AF_INET6;
		take_names(q, &e);
		any = true;
	}
	return any;
}

static bool take_family(struct fdg_core *c, struct fdg_request *q)
{
	bool mapped = q->family == AF_INET6 && (q->flags & AI_V4MAPPED), any;

	any = take_lines(c, q, q->family, false);
	if (mapped && (!any || (q->flags & AI_ALL)))
		any = take_lines(c, q, AF_INET, true) || any;
	return any;
}

enum fdg_nss_status fdg_files_step(struct fdg_core *c, struct fdg_request *q)
{
	q->why[0] = q->why[1] = FDG_OUTCOME_NOTFOUND;
	if (c->set.flags & FDG_CORE_NO_HOSTS)
		return FDG_NSS_NOTFOUND;
	fdg_world_look(&c->world, FDG_WORLD_HOSTCONF, c->now);
	fdg_world_hosts(&c->world, &(struct fdg_hosts_want){ .name = q->asked_for }, c->now);
	if (!c->world.hosts_ours) {
		fdg_request_end(c, q, FDG_CORE_NOT_OURS);
		return FDG_NSS_UNAVAIL;
	}
	q->source = FDG_FROM_FILES;
	if (!take_family(c, q))
		return FDG_NSS_NOTFOUND;
	q->found = true;
	q->ttl = 0;
	return FDG_NSS_SUCCESS;
}
