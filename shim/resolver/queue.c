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

enum { LENGTHS = FDG_DNS_QUERY_MAX + 1 };

/* Numbers of the first n, in order of length. */
static void sort_numbers(struct fdg_exchange *x, uint32_t first, uint32_t n)
{
	uint16_t places[LENGTHS] = { 0 }, sum = 0;
	uint32_t number = first;

	for (uint32_t i = 0; i < n; i++, number = x->questions[number].next)
		places[x->questions[number].len]++;
	for (unsigned i = 0; i < LENGTHS; i++) {
		uint16_t count = places[i];

		places[i] = sum;
		sum = (uint16_t)(sum + count);
	}
	number = first;
	for (uint32_t i = 0; i < n; i++, number = x->questions[number].next)
		x->sorted[places[x->questions[number].len]++] = number;
}

void fdg_queue_sort(struct fdg_exchange *x, unsigned server, enum fdg_queue_name name, uint32_t n)
{
	struct fdg_queue *queue = queue_of(x, server, name);
	uint32_t last = queue->head, behind;

	if (n > queue->count)
		n = queue->count;
	if (n > FDG_SORTED)
		n = FDG_SORTED;
	if (n < 2)
		return;
	for (uint32_t i = 1; i < n; i++)
		last = x->questions[last].next;
	behind = x->questions[last].next;
	sort_numbers(x, queue->head, n);
	for (uint32_t i = 0; i < n; i++) {
		struct fdg_question *q = &x->questions[x->sorted[i]];

		q->prev = i ? x->sorted[i - 1] : FDG_NONE;
		q->next = i + 1 < n ? x->sorted[i + 1] : behind;
	}
	queue->head = x->sorted[0];
	if (behind == FDG_NONE)
		queue->tail = x->sorted[n - 1];
	else
		x->questions[behind].prev = x->sorted[n - 1];
}
