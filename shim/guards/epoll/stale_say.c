// SPDX-License-Identifier: MIT
/* epoll.stale, in words. */
#include "base/address.h"
#include "base/fmt.h"
#include "base/sys.h"
#include "guards/epoll/events.h"
#include "guards/epoll/stale.h"
#include "guards/self.h"
#include "guards/sharer.h"
#include "options/options.h"
#include "report/report.h"
#include "report/symbol.h"

#include "base/poison.h"

/* In a mapping of its own: programs close and wait on small stacks. */
struct report {
	struct fdg_finding f;
	struct fdg_place site, created;
	struct fdg_fact fact[14];
	char message[768], what[96], peer[128], local[128], data[24], events[96], fired[96], registered[512],
		other_at[512], program[64];
};

static void put_process(struct fdg_buf *b, const struct fdg_stale *s, const struct report *r)
{
	if (*r->program)
		fdg_fmt(b, "%s (pid %d)", r->program, s->other_pid);
	else
		fdg_fmt(b, "process %d", s->other_pid);
	fdg_fmt(b, " has its description as fd %d", s->other);
}

static void put_holder(struct fdg_buf *b, const struct fdg_stale *s, const struct report *r)
{
	if (s->other < 0)
		fdg_put(b, "its description lives on elsewhere");
	else if (s->other_pid)
		put_process(b, s, r);
	else
		fdg_fmt(b, "fd %d shares its description", s->other);
}

static uint64_t a_second(const struct fdg_stale *s)
{
	return s->fired.times * UINT64_C(1000) / (uint64_t)s->fired.ms;
}

static void put_sentence(struct fdg_buf *b, const struct fdg_stale *s, const struct report *r)
{
	fdg_put_self(b);
	fdg_fmt(b, " closed fd %d", s->fd);
	if (s->look >= 0)
		fdg_fmt(b, " (%s%s%s)", r->what, r->f.peer ? " to " : "", r->f.peer ? r->peer : "");
	fdg_fmt(b, " without taking it out of epoll %d, and ", s->epfd);
	put_holder(b, s, r);
	if (s->is_left)
		fdg_fmt(b, ": its events go on to come, with data %s, while the number is %s", r->data,
			s->is_reused ? "another file's" : "closed");
	if (s->fired.times && s->fired.ms > 0) {
		fdg_put(b, " (");
		fdg_put_count(b, a_second(s));
		fdg_put(b, " times a second)");
	}
	if (s->fixed)
		fdg_put(b, s->is_left ? "; fdguard took it out" : ": fdguard took it out");
	else if (s->why)
		fdg_fmt(b, "; it cannot be taken out: %s", s->why);
}

static void add(struct report *r, const char *name, const char *label, const char *text, int64_t number)
{
	r->fact[r->f.facts++] = (struct fdg_fact){ name, label, text, number };
}

static void fill_facts(struct report *r, const struct fdg_stale *s)
{
	struct fdg_buf events = FDG_BUF(r->events), fired = FDG_BUF(r->fired);

	fdg_put_events(&events, "EPOLL", s->events);
	fdg_put_events(&fired, "EPOLL", s->fired.events);
	r->f.fact = r->fact;
	if (s->look >= 0)
		add(r, "kind", "kind", r->what, 0);
	if (s->other >= 0)
		add(r, "other_fd", s->other_pid ? "other fd" : "other fd of this process", NULL, s->other);
	if (s->other >= 0)
		add(r, "other_pid", s->other_pid ? "of process" : NULL, NULL, s->other_pid ? s->other_pid : fdg_sys_getpid());
	if (*r->program)
		add(r, "other_program", "its program", r->program, 0);
	if (*r->other_at)
		add(r, "other_at", "other fd made at", r->other_at, 0);
	add(r, "epoll", "epoll", NULL, s->epfd);
	add(r, "data", "data", r->data, 0);
	if (s->fired.events)
		add(r, "events", "events", r->fired, 0);
	if (s->fired.times && s->fired.ms > 0) {
		add(r, "rate", "wake-ups a second", NULL, (int64_t)a_second(s));
		add(r, "deliveries", "deliveries", NULL, s->fired.times);
	}
	add(r, "registered", "registered for", r->events, 0);
	if (r->registered[0])
		add(r, "registered_at", "registered at", r->registered, 0);
	if (r->f.sites && !s->closed_at)
		add(r, "closed_at", "closed at", "a place that fdguard did not see", 0); /* tools/places.c reads it */
}

/* "keep+0x4b (/usr/bin/x+0x1234)": tools/facts.c reads it. */
static void put_place(struct fdg_buf *b, const struct fdg_place *place)
{
	bool named = fdg_symbol_of(place, b);

	fdg_put(b, named ? " (" : "");
	fdg_put(b, place->object);
	fdg_put(b, "+");
	fdg_put_hex(b, place->offset);
	fdg_put(b, named ? ")" : "");
}

/* Where the copy was made is half of the mistake. */
static void fill_other(struct report *r, const struct fdg_stale *s)
{
	struct fdg_buf at = FDG_BUF(r->other_at);
	struct fdg_place place;
	struct fdg_known k;

	if (!s->other_pid && s->other >= 0 && fdg_ledger_look(s->other, &k) && k.site && fdg_place_of(k.site, &place))
		put_place(&at, &place);
}

/* The close is the place to be mended; one that nobody saw leaves the registration. */
static void fill_places(struct report *r, const struct fdg_stale *s)
{
	struct fdg_buf registered = FDG_BUF(r->registered);
	struct fdg_place place;

	if (!fdg_options.stacks)
		return;
	r->f.site = &r->site;
	r->f.sites = s->closed_at && fdg_place_of(s->closed_at, &r->site);
	r->f.site_label = "closed at";
	fill_other(r, s);
	r->f.created = &r->created;
	r->f.createds = s->made_at && fdg_place_of(s->made_at, &r->created);
	if (!s->registered_at || !fdg_place_of(s->registered_at, &place))
		return;
	if (!r->f.sites) {
		r->site = place;
		r->f.sites = 1;
		r->f.site_label = "registered at";
		return;
	}
	put_place(&registered, &place);
}

static void fill(struct report *r, const struct fdg_stale *s)
{
	struct fdg_buf message = FDG_BUF(r->message), what = FDG_BUF(r->what), peer = FDG_BUF(r->peer),
		       local = FDG_BUF(r->local), data = FDG_BUF(r->data);

	r->f = (struct fdg_finding)FDG_FINDING_INIT(FDG_EPOLL_STALE);
	r->f.fixed = s->fixed;
	r->f.fd = s->fd;
	if (s->fired.times)
		r->f.age_ms = s->fired.ms;
	if (s->look >= 0) {
		fdg_put_what(&what, s->look);
		r->f.peer = fdg_put_peer(&peer, s->look) ? r->peer : NULL;
		r->f.local = fdg_put_local(&local, s->look) ? r->local : NULL;
	}
	if (s->other >= 0 && s->other_pid)
		fdg_sharer_name(s->other_pid, r->program);
	fdg_put_hex(&data, s->data);
	put_sentence(&message, s, r);
	r->f.message = r->message;
	r->f.fix =
		"call EPOLL_CTL_DEL before close; and see that nobody else holds the description: create it with close-on-exec, close its duplicates first";
	fill_places(r, s);
	fill_facts(r, s);
}

void fdg_stale_say(const struct fdg_stale *stale)
{
	struct fdg_stale s = *stale;
	struct report *r;

	if (fdg_foreign_memory() || !fdg_report_wants(fdg_finding_level(FDG_EPOLL_STALE)))
		return;
	r = fdg_sys_mmap(sizeof(*r), false);
	if (!r)
		return;
	if (s.other >= 0 && s.other_pid)
		s.look = fdg_stale_take(s.other_pid, s.other);
	fill(r, &s);
	if (s.other_pid && s.look >= 0)
		fdg_sys_close(s.look);
	fdg_report(&r->f);
	fdg_sys_munmap(r, sizeof(*r));
}
