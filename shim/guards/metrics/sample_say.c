// SPDX-License-Identifier: MIT
/* The line run.sample, from which `fdguard report` draws its time lines. */
#include "base/fmt.h"
#include "guards/metrics/sample.h"

#include "base/poison.h"

#define PEERS_MAX 1536

static void put_peers(struct fdg_buf *b, const struct fdg_sample *s)
{
	fdg_put(b, ",\"close_wait_peers\":[");
	for (unsigned i = 0; i < s->peers; i++) {
		fdg_put(b, i ? ",{\"peer\":\"" : "{\"peer\":\"");
		fdg_peer_put(b, &s->peer[i]);
		fdg_put(b, "\",\"count\":");
		fdg_put_u64(b, s->peer[i].count);
		fdg_put_char(b, '}');
	}
	fdg_put_char(b, ']');
}

static void add(struct fdg_fact *fact, unsigned *n, const char *name, int64_t v)
{
	if (v >= 0)
		fact[(*n)++] = (struct fdg_fact){ name, NULL, NULL, v };
}

void fdg_sample_say(const struct fdg_sample *s)
{
	static const char *const classes[] = { "sockets", "files", "pipes", "epolls", "others" };
	char message[64], peers[PEERS_MAX];
	struct fdg_buf m = FDG_BUF(message), p = FDG_BUF(peers);
	struct fdg_fact fact[16];
	unsigned n = 0;

	if (s->descriptors < 0)
		return;
	fdg_put_count(&m, (uint64_t)s->descriptors);
	fdg_put(&m, s->descriptors == 1 ? " descriptor open" : " descriptors open");
	add(fact, &n, "open", s->descriptors);
	add(fact, &n, "limit_nofile", s->limit);
	for (unsigned i = 0; s->has_kinds && i < FDG_FDLEAK_CLASSES; i++)
		add(fact, &n, classes[i], s->class[i]);
	add(fact, &n, "close_wait", s->close_wait);
	if (s->has_wakeups)
		add(fact, &n, "wakeups", (int64_t)s->wakeups);
	if (s->close_wait >= 0)
		put_peers(&p, s);
	fdg_report_run_sample(message, fact, n, p.cut ? NULL : peers);
}
