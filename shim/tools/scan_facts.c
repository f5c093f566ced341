// SPDX-License-Identifier: MIT
#include "tools/scan_facts.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/address.h"

void scan_finding_begin(struct scan_finding *r, enum fdg_finding_id id)
{
	*r = (struct scan_finding){ .f = FDG_FINDING_INIT(id) };
	r->f.message = r->message;
	r->f.key = r->key;
	r->f.fact = r->fact;
}

void scan_add(struct scan *s, struct scan_finding *r, const char *name, const char *label, const char *text, int64_t number)
{
	if (r->f.facts < SCAN_FACTS_MAX)
		r->fact[r->f.facts++] = (struct fdg_fact){ name, label, pool_copy(&s->pool, text), number };
}

void scan_finding_say(struct scan *s, struct scan_finding *r)
{
	if (r->peer[0])
		r->f.peer = r->peer;
	scan_add(s, r, "by", NULL, "scan", 0);
	scan_say(s->out, s->p, &r->f);
}

const char *scan_name_of(struct scan *s, int pid)
{
	char path[64], exe[PATH_MAX];
	const char *name;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	n = readlink(path, exe, sizeof(exe) - 1);
	if (n <= 0)
		return pool_format(&s->pool, "process %d", pid);
	exe[n] = '\0';
	name = strrchr(exe, '/');
	return pool_format(&s->pool, "%s (pid %d)", name ? name + 1 : exe, pid);
}

void scan_put_kind(struct fdg_buf *b, enum scan_kind k, uint64_t count)
{
	fdg_put_count(b, count);
	fdg_fmt(b, " %s", scan_kind_words(k, count));
}

void scan_put_what(struct fdg_buf *b, int copy)
{
	size_t before;

	fdg_put_what(b, copy);
	before = b->len;
	fdg_put(b, " to ");
	if (!fdg_put_peer(b, copy)) {
		b->len = before;
		b->text[before] = '\0';
	}
}
