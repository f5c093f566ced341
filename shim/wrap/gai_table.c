// SPDX-License-Identifier: MIT
/* Requests that are not over: found by a number that lies in the program's own struct gaicb, and is believed if the table says the same. */
#include "wrap/gai.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdlib.h>

#include "base/big.h"
#include "base/sys.h"

enum { CHUNK = 4096, CHUNKS = 256 };

struct fdg_gai_line fdg_gai_queued, fdg_gai_lined;

static FDG_BIG struct fdg_gai *chunks[CHUNKS];
static _Atomic uint32_t made; /* written with the lock */
static struct fdg_gai_line unused, done;
static struct fdg_gai_batch *over;
static _Atomic uint32_t lock; /* 0 free, 1 held, 2 held and waited for */
static _Atomic uint32_t news, sleepers;

static void acquire(void)
{
	uint32_t free = 0;

	if (atomic_compare_exchange_strong_explicit(&lock, &free, 1, memory_order_acquire, memory_order_relaxed))
		return;
	while (atomic_exchange_explicit(&lock, 2, memory_order_acquire))
		fdg_sys4(SYS_futex, &lock, FUTEX_WAIT_PRIVATE, 2, NULL);
}

static void release(void)
{
	if (atomic_exchange_explicit(&lock, 0, memory_order_release) == 2)
		fdg_sys3(SYS_futex, &lock, FUTEX_WAKE_PRIVATE, 1);
}

uint64_t fdg_gai_enter(void)
{
	uint64_t mask = fdg_sys_set_mask(~UINT64_C(0));

	acquire();
	return mask;
}

void fdg_gai_lock(void)
{
	acquire();
}

static struct fdg_gai_batch *unlock(void)
{
	struct fdg_gai_batch *b = over;

	over = NULL;
	release();
	return b;
}

static void tell_all(struct fdg_gai_batch *b)
{
	for (struct fdg_gai_batch *next; b; b = next) {
		next = b->next;
		fdg_gai_tell(&b->event);
		free(b);
	}
}

void fdg_gai_unlock(void)
{
	tell_all(unlock());
}

void fdg_gai_leave(uint64_t mask)
{
	struct fdg_gai_batch *b = unlock();

	fdg_sys_set_mask(mask);
	tell_all(b);
}

static struct fdg_gai *at(uint32_t number)
{
	return &chunks[number / CHUNK][number % CHUNK];
}

struct fdg_gai *fdg_gai_first(const struct fdg_gai_line *l)
{
	return l->used ? at(l->first) : NULL;
}

void fdg_gai_put(struct fdg_gai_line *l, struct fdg_gai *g, enum fdg_gai_state state)
{
	g->state = (uint8_t)state;
	g->next = FDG_GAI_NONE;
	g->previous = l->used ? l->last : FDG_GAI_NONE;
	if (l->used)
		at(l->last)->next = g->number;
	else
		l->first = g->number;
	l->last = g->number;
	l->used = true;
}

void fdg_gai_take(struct fdg_gai_line *l, struct fdg_gai *g)
{
	if (g->previous == FDG_GAI_NONE)
		l->first = g->next;
	else
		at(g->previous)->next = g->next;
	if (g->next == FDG_GAI_NONE)
		l->last = g->previous;
	else
		at(g->next)->previous = g->previous;
	l->used = l->first != FDG_GAI_NONE;
}

static struct fdg_gai *one_more(void)
{
	struct fdg_gai **chunk = &chunks[made / CHUNK];

	if (made == CHUNK * CHUNKS)
		return NULL;
	if (!*chunk)
		*chunk = fdg_sys_mmap(CHUNK * sizeof(**chunk), false);
	if (!*chunk)
		return NULL;
	at(made)->number = made;
	return at(made++);
}

struct fdg_gai *fdg_gai_new(struct gaicb *cb, struct fdg_gai_batch *batch)
{
	struct fdg_gai *g = fdg_gai_first(&unused);

	if (g)
		fdg_gai_take(&unused, g);
	else
		g = one_more();
	if (!g)
		return NULL;
	g->cb = cb;
	g->batch = batch;
	g->left = false;
	cb->__glibc_reserved[0] = (int)g->number;
	__atomic_store_n(&cb->__return, EAI_INPROGRESS, __ATOMIC_RELEASE);
	atomic_fetch_add_explicit(&batch->left, 1, memory_order_relaxed);
	return g;
}

bool fdg_gai_any(void)
{
	return atomic_load_explicit(&made, memory_order_relaxed) > 0;
}

struct fdg_gai *fdg_gai_find(const struct gaicb *cb)
{
	uint32_t number = (uint32_t)cb->__glibc_reserved[0];
	struct fdg_gai *g = number < made ? at(number) : NULL;

	return g && g->cb == cb ? g : NULL;
}

void fdg_gai_end(struct fdg_gai *g, int error, struct addrinfo *found)
{
	g->error = error;
	g->found = found;
	fdg_gai_put(&done, g, FDG_GAI_DONE);
}

void fdg_gai_count_down(struct fdg_gai_batch *b)
{
	bool waited = b->waited;

	if (atomic_fetch_sub_explicit(&b->left, 1, memory_order_acq_rel) > 1)
		return;
	if (waited) { /* and gone, perhaps: a number to the kernel */
		fdg_sys3(SYS_futex, &b->left, FUTEX_WAKE_PRIVATE, INT32_MAX);
		return;
	}
	b->next = over;
	over = b;
}

static void tell_sleepers(void)
{
	atomic_fetch_add(&news, 1);
	if (atomic_load(&sleepers))
		fdg_sys3(SYS_futex, &news, FUTEX_WAKE_PRIVATE, INT32_MAX);
}

static void show(struct fdg_gai *g)
{
	struct gaicb *cb = g->cb;

	g->cb = NULL;
	if (g->left && g->found)
		freeaddrinfo(g->found);
	if (!cb || g->left)
		return;
	if (!g->error)
		cb->ar_result = g->found;
	__atomic_store_n(&cb->__return, g->error, __ATOMIC_RELEASE);
}

void fdg_gai_drop(struct fdg_gai *g)
{
	g->error = EAI_CANCELED;
	show(g);
	g->state = FDG_GAI_DROPPED;
	tell_sleepers();
}

static void abandon(struct fdg_gai *g)
{
	if (g->state == FDG_GAI_ASKED) {
		__atomic_store_n(&g->cb->__return, EAI_CANCELED, __ATOMIC_RELEASE);
		g->left = true;
	} else {
		if (g->state == FDG_GAI_LINED) {
			fdg_gai_take(&fdg_gai_lined, g);
			fdg_gai_libc_not();
		}
		fdg_gai_end(g, EAI_CANCELED, NULL);
	}
}

void fdg_gai_abandon(struct fdg_gai_batch *b)
{
	b->waited = false;
	atomic_fetch_add_explicit(&b->left, 1, memory_order_relaxed);
	for (uint32_t i = 0; i < made; i++)
		if (at(i)->state != FDG_GAI_FREE && at(i)->batch == b)
			abandon(at(i));
	fdg_gai_publish();
	fdg_gai_count_down(b);
}

void fdg_gai_publish(void)
{
	struct fdg_gai *g;

	if (!done.used)
		return;
	while ((g = fdg_gai_first(&done))) {
		fdg_gai_take(&done, g);
		show(g);
		fdg_gai_count_down(g->batch);
		fdg_gai_put(&unused, g, FDG_GAI_FREE);
	}
	tell_sleepers();
}

uint32_t fdg_gai_news(void)
{
	return atomic_load(&news);
}

int fdg_gai_sleep(uint32_t seen, const struct timespec *timeout)
{
	long r;

	atomic_fetch_add(&sleepers, 1);
	r = fdg_sys4(SYS_futex, &news, FUTEX_WAIT_PRIVATE, seen, timeout);
	atomic_fetch_sub(&sleepers, 1);
	return r == -EAGAIN ? 0 : (int)r;
}

void fdg_gai_forking(void)
{
	uint64_t mask;

	if (!fdg_gai_any())
		return;
	mask = fdg_gai_enter();
	fdg_gai_drive_rests();
	fdg_gai_leave(mask);
}

/* Requests of the parent are never over here. What its threads had in hand stays as it is: memory that nobody uses. */
void fdg_gai_forked(void)
{
	if (!made)
		return;
	for (uint32_t i = 0; i < CHUNKS; i++)
		chunks[i] = NULL;
	made = 0;
	unused = done = fdg_gai_queued = fdg_gai_lined = (struct fdg_gai_line){ .used = false };
	over = NULL;
	atomic_store(&sleepers, 0);
	fdg_gai_drive_forked();
	fdg_gai_libc_forked();
	atomic_store(&lock, 0);
}
