// SPDX-License-Identifier: MIT
/*
 * OpenMetrics text that node_exporter's reader, which knows the older format of Prometheus alone, reads as well:
 *  - A counter has HELP and no TYPE. OpenMetrics would name it without _total in its TYPE, and who does not know that finds a number without HELP then, for which node_exporter makes up one that
 *    differs from file to file, and refuses all but the first. Without TYPE it is "unknown", which rate() does not mind.
 *  - No "info", no units, no times.
 * Each number has program and pid, so that the files of many processes are one page without two of the same name.
 */
#include <string.h>

#include "base/exe.h"
#include "base/fmt.h"
#include "guards/metrics/sample.h"

#include "base/poison.h"

struct page {
	struct fdg_buf *b;
	const struct fdg_sample *s;
};

/* In the order of FDG_KINDS. */
static const char kinds[FDG_SAMPLE_KINDS][16] = {
	"tcp_socket", "udp_socket", "unix_socket", "unknown", "file", "directory", "device", "terminal", "pipe", "other_socket", "epoll", "eventfd", "timerfd", "signalfd", "inotify",
	"fanotify", "memfd", "pidfd", "message_queue", "mount",
};
_Static_assert(FDG_SAMPLE_KINDS == 20 && FDG_KIND_SOCKET == 6, "a kind has no name here");

static void put_value(struct fdg_buf *b, const char *s)
{
	for (size_t n; *s; s += n) {
		n = strcspn(s, "\\\"");
		fdg_put_utf8(b, s, n);
		if (!s[n])
			return;
		fdg_put_char(b, '\\');
		fdg_put_char(b, s[n++]);
	}
}

static void put_label(struct fdg_buf *b, const char *name, const char *value)
{
	fdg_fmt(b, ",%s=\"", name);
	put_value(b, value);
	fdg_put_char(b, '"');
}

static void begin(const struct page *p, const char *name, const char *help, bool gauge)
{
	fdg_fmt(p->b, "# HELP %s %s\n", name, help);
	if (gauge)
		fdg_fmt(p->b, "# TYPE %s gauge\n", name);
}

static void put_name(const struct page *p, const char *name)
{
	fdg_fmt(p->b, "%s{pid=\"%d\"", name, p->s->counts.pid);
	put_label(p->b, "program", fdg_base_name(p->s->counts.exe));
}

static void put_number(const struct page *p, uint64_t v)
{
	fdg_put(p->b, "} ");
	fdg_put_u64(p->b, v);
	fdg_put_char(p->b, '\n');
}

static void put_one(const struct page *p, const char *name, const char *help, bool gauge, uint64_t v)
{
	begin(p, name, help, gauge);
	put_name(p, name);
	put_number(p, v);
}

static void put_run(const struct page *p)
{
	begin(p, "fdguard_run_info", "A program that fdguard watches: preload is its library in the program, supervisor from outside.", true);
	put_name(p, "fdguard_run_info");
	put_label(p->b, "exe", p->s->counts.exe);
	put_label(p->b, "version", FDGUARD_VERSION);
	put_label(p->b, "by", p->s->supervised ? "supervisor" : "preload");
	put_number(p, 1);
	begin(p, "fdguard_run_start_time_seconds", "When it began, in seconds since 1970.", true);
	put_name(p, "fdguard_run_start_time_seconds");
	fdg_fmt(p->b, "} %ld.%ld%ld%ld\n", (long)(p->s->began_ms / 1000), (long)(p->s->began_ms / 100 % 10), (long)(p->s->began_ms / 10 % 10), (long)(p->s->began_ms % 10));
	put_one(p, "fdguard_run_ended", "1: the program has ended, or become another one; this file is the last of it, and the other numbers are what they were then.", true, p->s->ended);
}

static void put_kinds(const struct page *p)
{
	if (!p->s->has_kinds)
		return;
	begin(p, "fdguard_descriptors", "Descriptors that are open, by kind.", true);
	for (unsigned i = 0; i < FDG_SAMPLE_KINDS; i++) {
		if (!p->s->kind[i] && i != FDG_SAMPLE_TCP)
			continue;
		put_name(p, "fdguard_descriptors");
		put_label(p->b, "kind", kinds[i]);
		put_number(p, p->s->kind[i]);
	}
}

static void put_descriptors(const struct page *p)
{
	if (p->s->descriptors >= 0)
		put_one(p, "fdguard_open_descriptors", "Descriptors that are open.", true, (uint64_t)p->s->descriptors);
	if (p->s->limit >= 0)
		put_one(p, "fdguard_limit_descriptors", "As many as may be open (RLIMIT_NOFILE).", true, (uint64_t)p->s->limit);
	put_kinds(p);
}

static void put_peer(const struct page *p, const char *peer, uint64_t count)
{
	put_name(p, "fdguard_close_wait_sockets");
	put_label(p->b, "peer", peer);
	put_number(p, count);
}

static void put_close_wait(const struct page *p)
{
	uint64_t others = (uint64_t)p->s->close_wait;
	char peer[80];

	if (p->s->close_wait < 0)
		return;
	begin(p, "fdguard_close_wait_sockets", "TCP sockets that the peer has closed and the program has not, by peer; others: of all peers but the 16 that have most.", true);
	for (unsigned i = 0; i < p->s->peers; i++) {
		struct fdg_buf b = FDG_BUF(peer);

		fdg_peer_put(&b, &p->s->peer[i]);
		put_peer(p, peer, p->s->peer[i].count);
		others -= p->s->peer[i].count;
	}
	put_peer(p, "others", others);
}

static void put_finding(const struct page *p, enum fdg_finding_id id, bool fixed)
{
	put_name(p, "fdguard_findings_total");
	put_label(p->b, "id", fdg_finding_name(id));
	put_label(p->b, "action", fixed ? "fixed" : "reported");
	put_number(p, p->s->counts.of[id][fixed]);
}

/* Those that there are not yet as well: what comes from nowhere is no increase to Prometheus. */
static void put_findings(const struct page *p)
{
	begin(p, "fdguard_findings_total", "Findings, each time that one is new or has changed, by id and by what was done about it.", false);
	for (unsigned i = 0; i < FDG_RUN_START; i++) {
		put_finding(p, (enum fdg_finding_id)i, false);
		if (p->s->counts.of[i][1])
			put_finding(p, (enum fdg_finding_id)i, true);
	}
}

void fdg_sample_put(struct fdg_buf *b, const struct fdg_sample *s)
{
	struct page p = { b, s };

	put_run(&p);
	put_descriptors(&p);
	put_close_wait(&p);
	if (s->has_wakeups)
		put_one(&p, "fdguard_wakeups_total", "Returns of epoll_wait, poll, select and their kin.", false, s->wakeups);
	put_findings(&p);
	put_one(&p, "fdguard_findings_repeated_total", "Findings that were there before as they are, and were not written again.", false, s->counts.held_back);
	put_one(&p, "fdguard_findings_suppressed_total", "Different findings that a suppression holds back.", false, s->counts.suppressed);
	put_one(&p, "fdguard_findings_lost_total", "Findings that the log did not take, or that were one too many to keep apart.", false, s->counts.lost + s->counts.dropped);
	fdg_put(b, "# EOF\n");
}
