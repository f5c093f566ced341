// SPDX-License-Identifier: MIT
/* Guard epoll, for poll: the findings' words. In a mapping of their own, for small stacks. */

#include "base/address.h"
#include "base/sys.h"
#include "guards/epoll/epoll.h"
#include "guards/epoll/events.h"
#include "guards/epoll/poll.h"
#include "guards/origin.h"
#include "guards/self.h"
#include "ledger/ledger.h"
#include "report/report.h"
#include "report/symbol.h"

#include "base/poison.h"

struct words {
	const struct fdg_poll_finding *of;
	struct fdg_finding f;
	struct fdg_place site, created[FDG_FRAMES_MAX];
	struct fdg_fact fact[10];
	int fd;
	bool closed, queued;
	char what[96], peer[160], local[160], told[96], asked[96], last[96], key[224], message[640];
};

static void put_subject(struct fdg_buf *b, const struct words *w)
{
	fdg_fmt(b, "%s on fd %d", w->told, w->fd);
	if (w->closed) {
		fdg_put(b, ", which is not open");
		return;
	}
	fdg_fmt(b, " (%s", w->what);
	if (*w->peer)
		fdg_fmt(b, " to %s", w->peer);
	fdg_put(b, ")");
}

/* What the program did, which is nothing. */
static void put_neglect(struct fdg_buf *b, const struct words *w)
{
	uint32_t tried = w->of->suspect->tried;

	if (w->closed)
		fdg_put(b, ", and the program goes on asking for it");
	else if (tried & FDG_TRIED_ROOM)
		fdg_fmt(b, ", and its accept fails (%s)", w->last);
	else if (tried & FDG_TRIED_END)
		fdg_fmt(b, ", and the program goes on asking though there is nothing more to come (%s)", w->last);
	else if (tried & FDG_TRIED)
		fdg_fmt(b, ", and the calls on it find nothing (%s)", w->last);
	else if (tried & FDG_TRIED_GAVE)
		fdg_put(b, ", and nothing is done on it but to send");
	else {
		fdg_put(b, ", and ");
		fdg_put_self(b);
		fdg_put(b, " makes no call on it that changes anything");
	}
}

static void put_message(struct words *w)
{
	struct fdg_buf b = FDG_BUF(w->message);
	const struct fdg_poll_finding *f = w->of;

	if (f->rate) {
		fdg_fmt(&b, "%s returns ", f->polled->call);
		fdg_put_count(&b, f->rate);
		fdg_put(&b, " times a second with ");
	} else {
		fdg_fmt(&b, "%s told ", f->polled->call);
		fdg_put_count(&b, f->suspect->deliveries);
		fdg_fmt(&b, " times in %ld ms of ", (long)f->ms);
	}
	put_subject(&b, w);
	put_neglect(&b, w);
	if (f->fixed)
		fdg_put(&b, "; fdguard leaves it out of the waits until it is open again");
	else if (f->rate && fdg_options.epoll == FDG_FIX && f->told & (POLLERR | POLLHUP))
		fdg_put(&b, "; fdguard leaves poll's errors and hang-ups to the program");
}

static const char *advice(const struct words *w)
{
	short told = w->of->told;
	uint32_t tried = w->of->suspect->tried;

	if (w->closed)
		return "take a descriptor out of the array when it is closed, or make its number -1 there, and look for POLLNVAL";
	if (tried & FDG_TRIED_ROOM)
		return "when accept fails for want of descriptors, ask for nothing on the listener for a while (a number below 0 is left out)";
	if (tried & FDG_TRIED_END)
		return "close it, or take it out of the array, when read returns 0 or an error that stays";
	if (w->queued)
		return "on POLLERR read the error queue, with recvmsg and MSG_ERRQUEUE";
	if (told & (POLLERR | POLLHUP))
		return "treat POLLERR as readable and writable, and POLLHUP as readable: the next read or write gets the real error or the end; then close it, or take it out of "
		       "the array (events = 0 does not keep them away, a number below 0 does)";
	if (told & POLLOUT)
		return "ask for POLLOUT only while there is something to write";
	return "read what is there, or stop asking for it";
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

static void add_queue(struct words *w)
{
	int64_t bytes = w->queued ? fdg_queue_bytes(w->fd) : -1;

	if (bytes >= 0)
		add_number(w, "queue_bytes", "bytes in its error queue", bytes);
}

static void add_facts(struct words *w)
{
	const struct fdg_poll_finding *of = w->of;

	add_text(w, "call", "call", of->polled->call);
	add_text(w, "kind", "kind", w->what);
	add_text(w, "events", "events", w->told);
	add_text(w, "registered", "asked for", w->asked);
	if (of->rate)
		add_number(w, "rate", "wake-ups a second", (int64_t)of->rate);
	add_number(w, "deliveries", "deliveries", of->suspect->deliveries);
	add_text(w, "last_call", "the program's last call on it", w->last);
	add_queue(w);
	add_number(w, "entries", "descriptors in the array", (int64_t)of->polled->n);
}

static void add_places(struct words *w)
{
	struct fdg_known k;

	w->f.site = &w->site;
	w->f.sites = fdg_options.stacks > 0 && fdg_place_of(w->of->polled->site, &w->site);
	w->f.site_label = "waited at";
	w->f.created = w->created;
	if (!w->closed && fdg_ledger_look(w->fd, &k))
		w->f.createds = fdg_origin_places(k.origin, k.site, w->created, fdg_options.stacks);
}

static void ask_kernel(struct words *w)
{
	struct fdg_buf what = FDG_BUF(w->what), peer = FDG_BUF(w->peer), local = FDG_BUF(w->local);

	fdg_put_what(&what, w->fd);
	w->f.peer = fdg_put_peer(&peer, w->fd) ? w->peer : NULL;
	w->f.local = fdg_put_local(&local, w->fd) ? w->local : NULL;
	w->queued = w->of->told & POLLERR && fdg_epoll_is_queued(w->fd);
}

static void fill(struct words *w)
{
	struct fdg_buf told = FDG_BUF(w->told), asked = FDG_BUF(w->asked), last = FDG_BUF(w->last), key = FDG_BUF(w->key);
	const struct fdg_suspect *s = w->of->suspect;

	w->closed = w->of->told & POLLNVAL;
	if (!w->closed)
		ask_kernel(w);
	fdg_put_events(&told, "POLL", (unsigned short)w->of->told);
	fdg_put_events(&asked, "POLL", (unsigned short)w->of->asked);
	fdg_put_last_call(&last, s);
	fdg_fmt(&key, "poll %s %s", w->told, w->what);
	put_message(w);
	w->f.message = w->message;
	w->f.fixed = w->of->fixed;
	w->f.fix = advice(w);
	w->f.key = w->key;
	w->f.fd = w->fd;
	w->f.age_ms = w->of->ms;
	w->f.fact = w->fact;
	add_facts(w);
	add_places(w);
}

void fdg_poll_say(const struct fdg_poll_finding *of)
{
	enum fdg_finding_id id = of->rate ? FDG_EPOLL_SPIN : FDG_EPOLL_IGNORED;
	struct words *w;

	if (!fdg_report_wants(fdg_finding_level(id)))
		return;
	w = fdg_sys_mmap(sizeof(*w), false);
	if (!w)
		return;
	w->of = of;
	w->fd = of->suspect->told.fd;
	w->f = (struct fdg_finding)FDG_FINDING_INIT(id);
	fill(w);
	fdg_report(&w->f);
	fdg_sys_munmap(w, sizeof(*w));
}
