// SPDX-License-Identifier: MIT
/*
 * The life of a question: queue READY -> AGAIN <-> FLYING of one server after the other, STREAM -> STREAMED if it goes by TCP, OVER, free.
 */
#include "resolver/engine.h"

#include "base/poison.h"

enum { AGAIN_MIN = 60000 /* µs */ };

struct fdg_question *fdg_question_take(struct fdg_exchange *x)
{
	struct fdg_question *q;

	if (x->free != FDG_NONE) {
		q = &x->questions[x->free];
		x->free = q->next;
	} else if (x->touched < x->set.questions) {
		q = &x->questions[x->touched++];
	} else {
		return NULL;
	}
	x->running++;
	q->generation++;
	return q;
}

void fdg_question_give_back(struct fdg_exchange *x, struct fdg_question *q)
{
	q->generation++; /* odd: in use */
	q->next = x->free;
	x->free = fdg_question_number(x, q);
	x->running--;
}

void fdg_try_close(struct fdg_exchange *x, uint32_t try)
{
	unsigned port = x->ids.tries[try].key >> 16;

	fdg_ids_take_out(&x->ids, try);
	if (port < x->port_count)
		fdg_pool_landed(x, port);
}

void fdg_question_close_tries(struct fdg_exchange *x, const struct fdg_question *q)
{
	uint32_t first = fdg_question_number(x, q) * FDG_TRIES;

	for (uint32_t i = first; i < first + FDG_TRIES; i++)
		if (x->ids.tries[i].out)
			fdg_try_close(x, i);
}

/* Out of all that knows it but its memory. */
static void detach(struct fdg_exchange *x, struct fdg_question *q)
{
	fdg_queue_leave(x, q);
	fdg_wheel_clear(x->wheel, fdg_question_number(x, q));
	fdg_question_close_tries(x, q);
}

void fdg_question_end(struct fdg_exchange *x, struct fdg_question *q, enum fdg_exchange_status status)
{
	detach(x, q);
	q->status = (uint8_t)status;
	fdg_queue_push(x, q, FDG_QUEUE_OVER);
}

static void tell(struct fdg_exchange *x, struct fdg_question *q, const struct fdg_exchange_answer *a)
{
	fdg_exchange_done *done = q->done;
	void *cookie = q->cookie;

	fdg_question_give_back(x, q);
	x->counts.ended++;
	done(cookie, a);
}

void fdg_question_tell(struct fdg_exchange *x)
{
	while (x->over.count) {
		struct fdg_question *q = &x->questions[x->over.head];
		struct fdg_exchange_answer a = {
			.status = (enum fdg_exchange_status)q->status,
			.server = q->last_server,
			.sent = q->sent,
			.tcp = q->tcp,
		};

		fdg_queue_leave(x, q);
		tell(x, q, &a);
	}
}

/* Failures that the server stated count against it here, and if there were too many for good. */
bool fdg_question_is_done_with(const struct fdg_exchange *x, const struct fdg_question *q, unsigned server)
{
	return q->bad[server] + q->silent[server] >= (int)x->set.attempts;
}

/* The server behind `after` that may still know, a live one if there is any; FDG_NONE: none. */
static unsigned server_behind(const struct fdg_exchange *x, const struct fdg_question *q, unsigned after)
{
	unsigned dead = FDG_NONE;

	for (unsigned i = 1; i <= x->target_count; i++) {
		unsigned server = (after + i) % x->target_count;

		if (fdg_question_is_done_with(x, q, server))
			continue;
		if (fdg_server_is_live(&x->targets[server].state))
			return server;
		if (dead == FDG_NONE)
			dead = server;
	}
	return dead;
}

void fdg_question_queue(struct fdg_exchange *x, struct fdg_question *q)
{
	fdg_queue_leave(x, q);
	if (q->tcp) {
		fdg_question_close_tries(x, q);
		fdg_queue_push(x, q, FDG_QUEUE_STREAM);
		if (!q->deadline)
			q->deadline = x->now + x->total;
		q->turn_end = x->now + (uint64_t)x->set.timeout_ms * 1000;
		fdg_wheel_set(x->wheel, fdg_question_number(x, q),
			      q->turn_end < q->deadline ? q->turn_end : q->deadline);
		return;
	}
	fdg_wheel_clear(x->wheel, fdg_question_number(x, q));
	fdg_queue_push(x, q, q->counted ? FDG_QUEUE_AGAIN : FDG_QUEUE_READY);
}

static void go_to(struct fdg_exchange *x, struct fdg_question *q, unsigned server)
{
	fdg_queue_leave(x, q);
	q->counted = q->counted && server == q->server;
	q->server = (uint8_t)server;
	q->sends = 0;
	q->turn_end = 0;
	fdg_question_queue(x, q);
}

void fdg_question_start(struct fdg_exchange *x, struct fdg_question *q)
{
	unsigned first = fdg_rotate(x, q);
	unsigned server = server_behind(x, q, first + x->target_count - 1);

	x->counts.asked++;
	if (server == FDG_NONE || !x->total)
		fdg_question_end(x, q, FDG_EXCHANGE_TIMEOUT);
	else
		go_to(x, q, server);
}

void fdg_question_restart(struct fdg_exchange *x, struct fdg_question *q)
{
	if (q->queue == FDG_QUEUE_OVER)
		return;
	detach(x, q);
	q->counted = false;
	q->deadline = 0;
	go_to(x, q, q->server);
}

/*
 * An unmodified program's servers shall not be asked more often in the minute in which they are slow. One repetition, where libc waits, is what makes up
 * for a message that was lost; more would make up for a second one, and are not made.
 */
static bool is_last(const struct fdg_exchange *x, const struct fdg_question *q)
{
	return x->set.brief && q->sends >= FDG_BRIEF_SENDS;
}

/*
 * When the transmission that just went out is looked at again. With another live server to ask, the third wait is the last; else a server has `timeout`,
 * after which the waits begin anew, so that at any loss there are many transmissions.
 */
void fdg_question_sent(struct fdg_exchange *x, struct fdg_question *q)
{
	uint64_t timeout = (uint64_t)x->set.timeout_ms * 1000, when;
	uint32_t max = (uint32_t)(timeout / 4);

	if (!q->deadline)
		q->deadline = x->now + x->total;
	if (!q->turn_end)
		q->turn_end = x->now + timeout;
	q->sent++;
	q->sends++;
	q->last_server = q->server;
	when = x->now + fdg_server_patience(&x->targets[q->server].state, q->sends, max);
	if (is_last(x, q))
		when = q->turn_end;
	if (when > q->deadline)
		when = q->deadline;
	fdg_wheel_set(x->wheel, fdg_question_number(x, q), when);
}

static uint32_t newest_try(const struct fdg_exchange *x, const struct fdg_question *q)
{
	uint32_t first = fdg_question_number(x, q) * FDG_TRIES, newest = FDG_NONE, age = UINT32_MAX;

	for (uint32_t i = first; i < first + FDG_TRIES; i++) {
		const struct fdg_try *t = &x->ids.tries[i];

		if (t->out && t->server == q->server && (uint32_t)x->now - t->sent <= age) {
			age = (uint32_t)x->now - t->sent;
			newest = i;
		}
	}
	return newest;
}

static void count_lost(struct fdg_exchange *x, struct fdg_question *q)
{
	uint32_t try = newest_try(x, q);

	x->counts.lost++;
	if (try != FDG_NONE)
		x->ids.tries[try].lost = true;
	if (fdg_server_lost(&x->targets[q->server].state, x->now))
		x->counts.dead++;
}

static void expired_by_udp(struct fdg_exchange *x, struct fdg_question *q)
{
	unsigned other;

	count_lost(x, q);
	if (x->set.brief && x->now >= q->turn_end)
		q->silent[q->server]++;
	other = server_behind(x, q, q->server);
	if (other == FDG_NONE) {
		fdg_question_end(x, q, q->status ? (enum fdg_exchange_status)q->status : FDG_EXCHANGE_TIMEOUT);
		return;
	}
	if (q->sends >= FDG_SWITCH && other != q->server && fdg_server_is_live(&x->targets[other].state)) {
		go_to(x, q, other);
		return;
	}
	if (x->now >= q->turn_end) {
		go_to(x, q, other);
		return;
	}
	fdg_question_queue(x, q);
}

void fdg_question_expired(struct fdg_exchange *x, struct fdg_question *q)
{
	if (x->now >= q->deadline) {
		if (q->queue == FDG_QUEUE_FLYING)
			count_lost(x, q);
		fdg_question_end(x, q, q->status ? (enum fdg_exchange_status)q->status : FDG_EXCHANGE_TIMEOUT);
	} else if (q->tcp) {
		fdg_tcp_expired(x, q);
	} else {
		expired_by_udp(x, q);
	}
}

/* Behind getaddrinfo: what a turn that ended early has left is not the others' to wait in. */
static void give_back(struct fdg_exchange *x, struct fdg_question *q)
{
	uint64_t timeout = (uint64_t)x->set.timeout_ms * 1000, left = timeout;

	if (!q->deadline)
		q->deadline = x->now + x->total;
	if (q->turn_end)
		left = q->turn_end > x->now ? q->turn_end - x->now : 0;
	q->deadline = q->deadline > x->now + left ? q->deadline - left : x->now;
}

/* A server that was asked beside the question's own, or before, changes nothing of its course. */
void fdg_question_bad(struct fdg_exchange *x, struct fdg_question *q, unsigned server, enum fdg_exchange_status status)
{
	unsigned other;

	if (!fdg_question_is_done_with(x, q, server))
		q->bad[server]++;
	if (server != q->server)
		return;
	q->status = (uint8_t)status;
	q->last_server = (uint8_t)server;
	if (x->set.brief)
		give_back(x, q);
	other = server_behind(x, q, server);
	if (other == FDG_NONE)
		fdg_question_end(x, q, status);
	else
		go_to(x, q, other);
}

/* What other servers failed is no fault of the name. */
static void shame_others(struct fdg_exchange *x, const struct fdg_question *q, unsigned server)
{
	for (unsigned i = 0; i < x->target_count; i++)
		if (i != server && q->bad[i] && fdg_server_shame(&x->targets[i].state, x->now))
			x->counts.lame++;
}

/* A server that answers only what has no OPT record gets none any more. */
static void learn_opt(struct fdg_server *s, const struct fdg_question *q, const struct fdg_try *t)
{
	if (s->plain >= FDG_SERVER_PLAIN || !q->opt_len)
		return;
	s->plain = t->opt ? 0 : s->plain + 1;
}

static void answered(struct fdg_exchange *x, uint32_t try, enum fdg_verdict verdict, const uint8_t *msg, size_t len)
{
	struct fdg_question *q = &x->questions[try / FDG_TRIES];
	const struct fdg_try *t = &x->ids.tries[try];
	unsigned server = t->server;
	struct fdg_exchange_answer a = {
		.status = verdict == FDG_VERDICT_MALFORMED ? FDG_EXCHANGE_MALFORMED : FDG_EXCHANGE_ANSWERED,
		.packet = msg,
		.len = len,
		.server = server,
		.sent = q->sent,
		.tcp = q->tcp,
	};

	fdg_server_good(&x->targets[server].state);
	learn_opt(&x->targets[server].state, q, t);
	shame_others(x, q, server);
	detach(x, q);
	tell(x, q, &a);
}

/* What went out before the round trip was known waits by a guess: it is brought forward to what is known now, with room for slow answers. */
static void look_again(struct fdg_exchange *x, unsigned server)
{
	const struct fdg_server *s = &x->targets[server].state;
	uint64_t when = x->now + (4 * s->rto > AGAIN_MIN ? 4 * s->rto : AGAIN_MIN);

	for (struct fdg_question *q = fdg_queue_first(x, server, FDG_QUEUE_FLYING); q; q = fdg_queue_next(x, q))
		if (!is_last(x, q))
			fdg_wheel_advance(x->wheel, fdg_question_number(x, q), when);
}

static void measure(struct fdg_exchange *x, struct fdg_try *t)
{
	struct fdg_target *target = &x->targets[t->server];
	uint32_t trip = (uint32_t)x->now - t->sent;

	fdg_silence_over(x);
	if (t->lost)
		fdg_server_late(&target->state);
	t->lost = false;
	if (t->key >> 16 >= x->port_count)
		trip = 0; /* a connection's time says nothing of UDP's */
	else if (!trip)
		trip = 1;
	if (fdg_server_answered(&target->state, x->now, trip, target->queues[FDG_QUEUE_FLYING].count))
		look_again(x, t->server);
}

static void to_tcp(struct fdg_exchange *x, struct fdg_question *q, unsigned server)
{
	q->tcp = true;
	go_to(x, q, server);
}

static void without_opt(struct fdg_exchange *x, struct fdg_question *q, uint32_t try)
{
	unsigned server = x->ids.tries[try].server;

	x->targets[server].state.plain = FDG_SERVER_PLAIN;
	fdg_try_close(x, try);
	q->plain = true;
	if (server == q->server)
		fdg_question_queue(x, q);
}

bool fdg_question_message(struct fdg_exchange *x, uint32_t try, const uint8_t *msg, size_t len, bool cut)
{
	struct fdg_question *q = &x->questions[try / FDG_TRIES];
	struct fdg_try *t = &x->ids.tries[try];
	struct fdg_asked asked = { q->packet, q->len, t->opt };
	enum fdg_verdict verdict = fdg_judge(&asked, msg, len, cut);
	unsigned server = t->server;

	if (verdict == FDG_VERDICT_SHORT)
		x->counts.too_short++;
	else if (verdict == FDG_VERDICT_NOT_ANSWER)
		x->counts.not_answers++;
	else if (verdict == FDG_VERDICT_QUESTION)
		x->counts.wrong_question++;
	if (verdict <= FDG_VERDICT_QUESTION)
		return false;
	x->counts.answers++;
	measure(x, t);
	if (verdict == FDG_VERDICT_PLAIN) {
		without_opt(x, q, try);
	} else if (verdict == FDG_VERDICT_TRUNCATED) {
		if (q->tcp)
			answered(x, try, FDG_VERDICT_FINAL, msg, len); /* by TCP there is no more */
		else
			to_tcp(x, q, server);
	} else if (verdict >= FDG_VERDICT_MALFORMED) {
		answered(x, try, verdict, msg, len);
	} else {
		fdg_try_close(x, try);
		fdg_question_bad(x, q, server,
				 verdict == FDG_VERDICT_SERVFAIL ? FDG_EXCHANGE_SERVFAIL : FDG_EXCHANGE_REFUSED);
	}
	return true;
}
