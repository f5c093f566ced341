// SPDX-License-Identifier: MIT
#include "guards/nonblock/shared.h"

#include "base/address.h"
#include "base/fmt.h"
#include "base/state.h"
#include "base/sys.h"
#include "guards/origin.h"
#include "guards/self.h"
#include "ledger/ledger.h"
#include "report/report.h"
#include "report/symbol.h"

#include "base/poison.h"

/* In a mapping of its own: F_SETFL may be called on a small stack. */
struct report {
	struct fdg_finding f;
	struct fdg_place site[FDG_FRAMES_MAX], created[FDG_FRAMES_MAX];
	struct fdg_fact fact[5];
	char message[640], what[160], peer[160], local[160];
};

/* The one of the two that is ours to look at; they are the same to the kernel, and the one that was changed may be closed. */
static int ours(const struct fdg_shared *s)
{
	return s->other_pid ? s->fd : s->other;
}

static void put_other(struct fdg_buf *b, const struct fdg_shared *s)
{
	fdg_fmt(b, "fd %d", s->other);
	if (s->other_pid)
		fdg_fmt(b, " of process %d", s->other_pid);
	else if (s->pid)
		fdg_fmt(b, " of process %d", fdg_sys_getpid());
}

static void put_act(struct fdg_buf *b, const struct fdg_shared *s, const char *what, const char *peer)
{
	if (s->pid)
		fdg_fmt(b, " (process %d)", s->pid);
	fdg_fmt(b, " turned fd %d (%s", s->fd, what);
	if (*peer)
		fdg_fmt(b, " to %s", peer);
	fdg_fmt(b, ") %s by %s, and with it ", s->asked ? "non-blocking" : "blocking", s->call);
	put_other(b, s);
	fdg_put(b, ", which shares its description: ");
}

static void put_suffering(struct fdg_buf *b, const struct fdg_shared *s)
{
	fdg_put(b, "calls on ");
	put_other(b, s);
	fdg_put(b, s->asked ? " now fail with EAGAIN where they waited" : " now wait where they failed with EAGAIN");
}

static void put_sentence(struct fdg_buf *b, const struct fdg_shared *s, const char *what, const char *peer)
{
	fdg_put_self(b);
	put_act(b, s, what, peer);
	if (s->fixed) {
		fdg_put(b, "fdguard keeps it non-blocking, and lets calls on ");
		if (s->asked)
			put_other(b, s);
		else
			fdg_fmt(b, "fd %d", s->fd);
		fdg_put(b, " wait");
		return;
	}
	put_suffering(b, s);
}

static const char *advice(const struct fdg_shared *s)
{
	if (s->asked)
		return "leave the mode of a shared description alone: MSG_DONTWAIT for one call, poll before it, or a description of its own for one of the two (a new socket "
		       "or pipe; for a terminal or pipe, open /proc/self/fd/N)";
	return "leave the mode of a shared description alone: set options on the original descriptor, and where a copy has to wait, poll before the call";
}

static void add_number(struct fdg_finding *f, struct fdg_fact *fact, const char *name, const char *label, int64_t number)
{
	fact[f->facts++] = (struct fdg_fact){ name, label, NULL, number };
}

static void add_text(struct fdg_finding *f, struct fdg_fact *fact, const char *name, const char *label, const char *text)
{
	if (text && *text)
		fact[f->facts++] = (struct fdg_fact){ name, label, text, 0 };
}

static void fill_places(struct report *r, const struct fdg_shared *s)
{
	struct fdg_known k;

	r->f.site = r->site;
	r->f.sites = fdg_origin_places(s->origin, s->site, r->site, fdg_options.stacks);
	if (!r->f.sites && s->place.object && fdg_options.stacks) {
		r->site[0] = s->place;
		r->f.sites = 1;
	}
	r->f.site_label = "changed at";
	r->f.created = r->created;
	if (fdg_ledger_look(s->other_pid ? s->fd : s->other, &k))
		r->f.createds = fdg_origin_places(k.origin, k.site, r->created, fdg_options.stacks);
}

static void add_facts(struct report *r, const struct fdg_shared *s, const char *what)
{
	r->f.fact = r->fact;
	add_text(&r->f, r->fact, "kind", "kind", what);
	add_number(&r->f, r->fact, "other_fd", "other fd", s->other);
	if (s->other_pid || s->pid)
		add_number(&r->f, r->fact, "other_pid", "of process", s->other_pid ? s->other_pid : fdg_sys_getpid());
	add_text(&r->f, r->fact, "mode", "mode", s->asked ? "non-blocking" : "blocking");
	add_text(&r->f, r->fact, "call", "call", s->call);
}

static void fill(struct report *r, const struct fdg_shared *s)
{
	struct fdg_buf message = FDG_BUF(r->message), what = FDG_BUF(r->what), peer = FDG_BUF(r->peer), local = FDG_BUF(r->local);

	r->f = (struct fdg_finding)FDG_FINDING_INIT(FDG_NONBLOCK_SHARED);
	r->f.level = s->level;
	r->f.fixed = s->fixed;
	r->f.fd = s->fd;
	fdg_put_what(&what, ours(s));
	if (fdg_put_peer(&peer, ours(s)))
		r->f.peer = r->peer;
	if (fdg_put_local(&local, ours(s)))
		r->f.local = r->local;
	put_sentence(&message, s, r->what, r->peer);
	r->f.message = r->message;
	r->f.fix = advice(s);
	add_facts(r, s, r->what);
	fill_places(r, s);
}

void fdg_shared_report(const struct fdg_shared *s)
{
	struct report *r;

	if (fdg_foreign_memory() || !fdg_report_wants(s->level))
		return;
	r = fdg_sys_mmap(sizeof(*r), false);
	if (!r)
		return;
	fill(r, s);
	fdg_report(&r->f);
	fdg_sys_munmap(r, sizeof(*r));
}

static const char *or_none(const char *s)
{
	return s && *s ? s : NULL;
}

static void fill_of(struct report *r, const struct fdg_shared *s, const struct fdg_shared_facts *facts)
{
	struct fdg_buf message = FDG_BUF(r->message);

	r->f = (struct fdg_finding)FDG_FINDING_INIT(FDG_NONBLOCK_SHARED);
	r->f.level = s->level;
	r->f.fixed = s->fixed;
	r->f.fd = s->fd;
	r->f.count = facts->count;
	r->f.count_label = "changed there so far";
	r->f.peer = or_none(facts->peer);
	r->f.local = or_none(facts->local);
	fdg_put(&message, facts->self);
	put_act(&message, s, facts->what, facts->peer);
	if (s->fixed)
		fdg_fmt(&message, "fdguard keeps it non-blocking, so calls on fd %d fail with EAGAIN where they would wait", s->fd);
	else
		put_suffering(&message, s);
	r->f.message = r->message;
	r->f.fix = facts->fix ? facts->fix : advice(s);
	add_facts(r, s, facts->what);
	r->f.site = facts->site;
	r->f.sites = facts->sites;
	r->f.source = facts->source;
	r->f.site_label = "changed at";
	r->f.key = s->call; /* where there is no site, all that tells two of them apart */
}

void fdg_shared_report_of(const struct fdg_shared *s, const struct fdg_shared_facts *facts)
{
	struct report *r;

	if (!fdg_report_wants(s->level))
		return;
	r = fdg_sys_mmap(sizeof(*r), false);
	if (!r)
		return;
	fill_of(r, s, facts);
	fdg_report(&r->f);
	fdg_sys_munmap(r, sizeof(*r));
}
