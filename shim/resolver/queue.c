// SPDX-License-Identifier: MIT
/* The queues of questions: lists by number, so that one in the middle leaves as easily as the first. */
#include "resolver/engine.h"

#include "base/poison.h"

static struct fdg_queue *queue_of(struct fdg_exchange *x, unsigned server, unsigned name)
{
	return name == FDG_QUEUE_OVER ? &x->over : &x->targets[server].queues[name];
}

/* Empty ones hold no number that is read: zeroed memory is one. */
void fdg_queue_push(struct fdg_exchange *x, struct fdg_question *q, enum fdg_queue_name name)
{
	struct fdg_queue *to = queue_of(x, q->server, name);
	uint32_t n = fdg_question_number(x, q);

	q->queue = (uint8_t)name;
	q->next = FDG_NONE;
	q->prev = to->count ? to->tail : FDG_NONE;
	if (to->count)
		x->questions[to->tail].next = n;
	else
		to->head = n;
	to->tail = n;
	to->count++;
}

void fdg_queue_push_first(struct fdg_exchange *x, struct fdg_question *q, enum fdg_queue_name name)
{
	struct fdg_queue *to = queue_of(x, q->server, name);
	uint32_t n = fdg_question_number(x, q);

	q->queue = (uint8_t)name;
	q->prev = FDG_NONE;
	q->next = to->count ? to->head : FDG_NONE;
	if (to->count)
		x->questions[to->head].prev = n;
	else
		to->tail = n;
	to->head = n;
	to->count++;
}

void fdg_queue_leave(struct fdg_exchange *x, struct fdg_question *q)
{
	struct fdg_queue *from = queue_of(x, q->server, q->queue);

	if (q->queue == FDG_QUEUE_NONE)
		return;
	if (q->next != FDG_NONE)
		x->questions[q->next].prev = q->prev;
	else
		from->tail = q->prev;
	if (q->prev != FDG_NONE)
		x->questions[q->prev].next = q->next;
	else
		from->head = q->next;
	from->count--;
	q->queue = FDG_QUEUE_NONE;
}

struct fdg_question *fdg_queue_first(struct fdg_exchange *x, unsigned server, enum fdg_queue_name name)
{
	struct fdg_queue *from = queue_of(x, server, name);

	return from->count ? &x->questions[from->head] : NULL;
}

struct fdg_question *fdg_queue_next(struct fdg_exchange *x, const struct fdg_question *q)
{
	return q->next == FDG_NONE ? NULL : &x->questions[q->next];
}
