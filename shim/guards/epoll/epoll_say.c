// SPDX-License-Identifier: MIT
#include "guards/epoll/epoll_say.h"

#include <sys/epoll.h>

#include "base/address.h"
#include "base/fmt.h"
#include "base/sys.h"
#include "guards/epoll/epoll.h"
#include "guards/epoll/events.h"
#include "guards/epoll/slow.h"
#include "guards/origin.h"
#include "guards/self.h"
#include "report/report.h"
#include "report/symbol.h"

#include "base/poison.h"

#define STAYS (EPOLLERR | EPOLLHUP)

struct words {
	struct fdg_finding f;
	struct fdg_place site, created[FDG_FRAMES_MAX];
	struct fdg_fact fact[14];
	char message[768], what[96], peer[160], local[160], told[96], asked[160], last[96], data[24], key[128];
};

static void put_subject(struct fdg_buf *b, const struct words *w, const struct fdg_epoll_claim *c)
{
	fdg_fmt(b, "fd %d (%s", c->r->fd, w->what);
	if (*w->peer)
		fdg_fmt(b, " to %s", w->peer);
	else if (c->shows & EPOLLERR && fdg_was_reset(c->r->fd))
		fdg_put(b, ", reset by its peer");
	fdg_put(b, ")");
}

/* What the program did, which is nothing. */
static void put_neglect(struct fdg_buf *b, const struct words *w, const struct fdg_epoll_claim *c)
{
	uint32_t tried = c->s->tried;

	fdg_put(b, ", and ");
	if (c->shows & STAYS && fdg_epoll_is_fresh(c->r->fd))
		fdg_put(b, "it was registered before it is connected");
	else if (tried & FDG_TRIED_ROOM)
		fdg_fmt(b, "its accept fails (%s)", w->last);
	else if (tried & FDG_TRIED_END)
		fdg_fmt(b, "it stays registered though there is nothing more to come (%s)", w->last);
	else if (tried & FDG_TRIED)
		fdg_fmt(b, "the calls on it find nothing (%s)", w->last);
	else if (tried & FDG_TRIED_GAVE)
		fdg_put(b, "nothing is done on it but to send");
	else {
		fdg_put_self(b);
		fdg_put(b, " makes no call on it that changes anything");
	}
}

static void put_ignored(struct words *w, const struct fdg_epoll_claim *c)
{
	struct fdg_buf b = FDG_BUF(w->message);

	if (c->once) {
		fdg_fmt(&b, "epoll_wait told once of %s on ", w->told);
		put_subject(&b, w, c);
		fdg_put(&b, ", and will not again");
	} else {
		fdg_put(&b, "epoll_wait told ");
		fdg_put_count(&b, c->s->deliveries);
		fdg_fmt(&b, " times in %ld ms of %s on ", (long)c->ms, w->told);
		put_subject(&b, w, c);
	}
	put_neglect(&b, w, c);
	if (c->fixed) {
		char given[64];
		struct fdg_buf g = FDG_BUF(given);

		fdg_put_events(&g, "EPOLL", c->given);
		fdg_fmt(&b, "; from now on such events have %s as well", given);
	}
}

static void put_spin(struct words *w, const struct fdg_epoll_claim *c)
{
	struct fdg_buf b = FDG_BUF(w->message);

	fdg_put(&b, "epoll_wait returns ");
	fdg_put_count(&b, c->rate);
	fdg_fmt(&b, " times a second with %s on ", w->told);
	put_subject(&b, w, c);
	put_neglect(&b, w, c);
	if (c->fixed)
		fdg_fmt(&b, "; its waits are slowed: at most %d wake-ups a second until the next call on it that changes anything",
			fdg_turn_is_narrow() ? FDG_SLOW_A_SECOND_NARROW : FDG_SLOW_A_SECOND);
	else if (c->why_not)
		fdg_fmt(&b, "; fdguard does not end it: %s", c->why_not);
}

static const char *advice(const struct fdg_epoll_claim *c)
{
	if (c->shows & STAYS && fdg_epoll_is_fresh(c->r->fd))
		return "register a socket after connect was called: before it hangs up";
	if (c->s->tried & FDG_TRIED_ROOM)
		return "when accept fails for want of descriptors, take the listener out of the set for a while";
	if (c->s->tried & FDG_TRIED_END)
		return "close it, or take it out of the set, when read returns 0 or an error that stays";
	if (c->shows & EPOLLERR && fdg_epoll_is_queued(c->r->fd))
		return "on EPOLLERR read the error queue, with recvmsg and MSG_ERRQUEUE";
	if (c->shows & STAYS && !(c->r->events & (EPOLLIN | EPOLLOUT)))
		return "EPOLLERR and EPOLLHUP come whatever is registered: to pause a connection take it out of the set (EPOLL_CTL_DEL)";
	if (c->shows & STAYS)
		return "treat EPOLLERR as readable and writable, and EPOLLHUP as readable: the next read or write gets the real error; if the error stays, read the error queue "
		       "(MSG_ERRQUEUE)";
	if (c->shows & EPOLLIN)
		return "read what is there, or take the descriptor out of the set";
	return "ask for EPOLLOUT only while there is something to write";
}

static void add_text(struct words *w, const char *name, const char *label, const char *text)
{
	if (*text)
		w->fact[w->f.facts++] = (struct fdg_fact){ name, label, text, 0 };
}

static void add_number(struct words *w, const char *name, const char *label, int64_t number)
{
	w->fact[w->f.facts++] = (struct fdg_fact){ name, label, NULL, number };
}

static void add_queue(struct words *w, const struct fdg_epoll_claim *c)
{
	int64_t bytes = c->shows & EPOLLERR && fdg_epoll_is_queued(c->r->fd) ? fdg_queue_bytes(c->r->fd) : -1;

	if (bytes >= 0)
		add_number(w, "queue_bytes", "bytes in its error queue", bytes);
}

static void add_facts(struct words *w, const struct fdg_epoll_claim *c)
{
	unsigned left_out;

	add_text(w, "call", "call", "epoll_wait");
	add_text(w, "kind", "kind", w->what);
	add_text(w, "events", "events", w->told);
	add_text(w, "registered", "registered for", w->asked);
	if (c->rate)
		add_number(w, "rate", "wake-ups a second", (int64_t)c->rate);
	if (c->s->deliveries)
		add_number(w, "deliveries", "deliveries", c->s->deliveries);
	if ((left_out = fdg_suspects_left_out()) != 0)
		add_number(w, "others", "deliveries of others, too many to be followed", left_out);
	add_text(w, "last_call", "the program's last call on it", w->last);
	add_queue(w, c);
	add_number(w, "epoll", "epoll", fdg_interest_epoll(c->r));
	add_text(w, "data", "data", w->data);
}

static void add_places(struct words *w, const struct fdg_epoll_claim *c)
{
	struct fdg_known k;

	w->f.site = &w->site;
	w->f.sites = fdg_options.stacks > 0 && c->r->site && fdg_place_of(c->r->site, &w->site);
	w->f.site_label = "registered at";
	w->f.created = w->created;
	if (fdg_ledger_look(c->r->fd, &k))
		w->f.createds = fdg_origin_places(k.origin, k.site, w->created, fdg_options.stacks);
}

static void fill(struct words *w, enum fdg_finding_id id, const struct fdg_epoll_claim *c)
{
	struct fdg_buf what = FDG_BUF(w->what), peer = FDG_BUF(w->peer), local = FDG_BUF(w->local), told = FDG_BUF(w->told), asked = FDG_BUF(w->asked),
		       last = FDG_BUF(w->last), data = FDG_BUF(w->data), key = FDG_BUF(w->key);

	w->f = (struct fdg_finding)FDG_FINDING_INIT(id);
	fdg_put_what(&what, c->r->fd);
	w->f.peer = fdg_put_peer(&peer, c->r->fd) ? w->peer : NULL;
	w->f.local = fdg_put_local(&local, c->r->fd) ? w->local : NULL;
	fdg_put_events(&told, "EPOLL", c->s->events & 0xffff);
	fdg_put_events(&asked, "EPOLL", c->r->events);
	fdg_put_last_call(&last, c->s);
	fdg_put_hex(&data, c->r->data);
	fdg_fmt(&key, "epoll %s %s", w->told, w->what);
	w->f.key = w->key;
	w->f.fixed = c->fixed;
	w->f.fd = c->r->fd;
	w->f.age_ms = c->ms;
	w->f.message = w->message;
	w->f.fix = advice(c);
	w->f.fact = w->fact;
	add_facts(w, c);
	add_places(w, c);
}

static void say(enum fdg_finding_id id, void (*put)(struct words *w, const struct fdg_epoll_claim *c), const struct fdg_epoll_claim *c)
{
	struct words *w;

	if (!fdg_report_wants(fdg_finding_level(id)))
		return;
	w = fdg_sys_mmap(sizeof(*w), false);
	if (!w)
		return;
	fill(w, id, c);
	put(w, c);
	fdg_report(&w->f);
	fdg_sys_munmap(w, sizeof(*w));
}

void fdg_epoll_say_ignored(const struct fdg_epoll_claim *c)
{
	say(FDG_EPOLL_IGNORED, put_ignored, c);
}

void fdg_epoll_say_spin(const struct fdg_epoll_claim *c)
{
	say(FDG_EPOLL_SPIN, put_spin, c);
}
