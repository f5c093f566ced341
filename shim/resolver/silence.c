// SPDX-License-Identifier: MIT
/*
 * When no server says anything any more. What has been asked fails after timeout x attempts, as ever; but behind it wait all that the window lets
 * out no more, and each windowful would take as long again: hours for a million names. So once there was silence for as long as a question may
 * take, those that wait are given up too, after a time that is shorter the longer it lasts: `timeout` at first, half of it when the silence has
 * doubled. Whoever has few names, or a server that is away for a moment, loses few; who has a million of them, and no server, knows it in minutes. What
 * never went out says so (UNASKED): it may be tried again. Meanwhile a windowful is always on its way, and one answer ends it.
 */
#include "resolver/engine.h"

#include "base/poison.h"

void fdg_silence_sent(struct fdg_exchange *x)
{
	if (!x->silent_since)
		x->silent_since = x->now;
}

void fdg_silence_over(struct fdg_exchange *x)
{
	x->silent_since = 0;
}

/* How long a question may wait that was not sent; `now`: not before that long has been silence. */
static uint64_t patience(const struct fdg_exchange *x, uint64_t now)
{
	uint64_t silence = now - x->silent_since, timeout = (uint64_t)x->set.timeout_ms * 1000;

	return silence > x->total ? timeout * x->total / silence : timeout;
}

static const struct fdg_question *first_waiting(const struct fdg_exchange *x)
{
	const struct fdg_question *first = NULL;

	for (unsigned i = 0; i < x->target_count; i++) {
		const struct fdg_queue *ready = &x->targets[i].queues[FDG_QUEUE_READY];
		const struct fdg_question *q = &x->questions[ready->head];

		if (ready->count && (!first || q->asked < first->asked))
			first = q;
	}
	return first;
}

/* The time is that of the last look: a little later is no harm. */
uint64_t fdg_silence_due(const struct fdg_exchange *x)
{
	const struct fdg_question *q = x->silent_since ? first_waiting(x) : NULL;
	uint64_t begin = x->silent_since + x->total, due;

	if (!q)
		return FDG_WHEEL_NEVER;
	due = q->asked + patience(x, x->now > begin ? x->now : begin);
	return due > begin ? due : begin;
}

void fdg_silence_take(struct fdg_exchange *x)
{
	if (!x->silent_since || x->now < x->silent_since + x->total)
		return;
	for (unsigned i = 0; i < x->target_count; i++) {
		uint64_t wait = patience(x, x->now);
		struct fdg_question *q;

		while ((q = fdg_queue_first(x, i, FDG_QUEUE_READY)) && x->now >= q->asked + wait)
			fdg_question_end(x, q,
					 q->status ? (enum fdg_exchange_status)q->status
					 : q->sent ? FDG_EXCHANGE_TIMEOUT
						   : FDG_EXCHANGE_UNASKED);
	}
}
