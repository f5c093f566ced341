// SPDX-License-Identifier: MIT
#include "guards/closewait/connections.h"

#include <stddef.h>
#include <time.h>

#include "base/big.h"
#include "base/sys.h"
#include "ledger/watch.h"
#include "options/options.h"

#include "base/poison.h"

#define MOMENT_SHIFT 4 /* 16 ms */
#define OF_ITS_END (FDG_CONNECTION_LEAK | FDG_CONNECTION_CURED | FDG_CONNECTION_SHUT | FDG_CONNECTION_EPHEMERAL | FDG_CONNECTION_HALF | FDG_CONNECTION_HUSH)

FDG_BIG _Atomic uint32_t fdg_connection_uses[FDG_LEDGER_MAX];
FDG_BIG static struct fdg_connection first[FDG_LEDGER_CHUNK];
FDG_BIG static struct fdg_connection *_Atomic chunks[FDG_LEDGER_MAX / FDG_LEDGER_CHUNK]; /* [0] stays unused */
static _Atomic int64_t epoch;
static _Atomic uint32_t threads;
_Atomic uint32_t fdg_connection_starts;

#define GET(field) atomic_load_explicit(&c->field, memory_order_relaxed)
#define PUT(field, value) atomic_store_explicit(&c->field, (value), memory_order_relaxed)

/* libc's clock makes no system call. */
int64_t fdg_connection_clock(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_MONOTONIC_COARSE, &t) < 0)
		return 0;
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The epoch lies a day back: what is older than the process has room before it. */
fdg_moment fdg_connection_moment(int64_t ms)
{
	int64_t begin = atomic_load_explicit(&epoch, memory_order_relaxed), mine = ms - 86400000;

	if (!begin)
		begin = atomic_compare_exchange_strong(&epoch, &begin, mine) ? mine : begin;
	return ms <= begin ? 1 : (fdg_moment)((uint64_t)(ms - begin) >> MOMENT_SHIFT) + 1;
}

int64_t fdg_connection_ms(fdg_moment since, fdg_moment now)
{
	return since && since < now ? (int64_t)(now - since) << MOMENT_SHIFT : 0;
}

static struct fdg_connection *place(int fd, bool map)
{
	struct fdg_connection *chunk, *none = NULL;
	size_t size = FDG_LEDGER_CHUNK * sizeof(*chunk);
	unsigned i = (unsigned)fd / FDG_LEDGER_CHUNK;

	if ((unsigned)fd < FDG_LEDGER_CHUNK)
		return &first[fd];
	if ((unsigned)fd >= FDG_LEDGER_MAX)
		return NULL;
	chunk = atomic_load_explicit(&chunks[i], memory_order_acquire);
	if (!chunk && map && (chunk = fdg_sys_mmap(size, false)) && !atomic_compare_exchange_strong(&chunks[i], &none, chunk)) {
		fdg_sys_munmap(chunk, size);
		chunk = none;
	}
	return chunk ? &chunk[(unsigned)fd % FDG_LEDGER_CHUNK] : NULL;
}

struct fdg_connection *fdg_connection_find(int fd)
{
	struct fdg_connection *c = place(fd, false);

	return c && GET(generation) == fdg_ledger_generation(fd) && fdg_ledger_state(fd) ? c : NULL;
}

/* Nothing is known of its end. */
static void begin(struct fdg_connection *c)
{
	PUT(cookie, 0);
	PUT(seen, 0);
	PUT(sent, 0);
	PUT(asked, 0);
	PUT(unread, 0);
	PUT(group, 0);
}

struct fdg_connection *fdg_connection_make(int fd)
{
	uint32_t generation = fdg_ledger_generation(fd);
	struct fdg_connection *c;

	if (fdg_foreign_memory() || !fdg_ledger_state(fd))
		return NULL;
	c = place(fd, true);
	if (!c || GET(generation) == generation)
		return c;
	PUT(bits, 0);
	PUT(site, 0);
	PUT(thread, 0);
	atomic_store_explicit(&fdg_connection_uses[fd], 0, memory_order_relaxed);
	PUT(used, 0);
	begin(c);
	PUT(starts, atomic_load_explicit(&fdg_connection_starts, memory_order_relaxed));
	atomic_store_explicit(&c->generation, generation, memory_order_release);
	return c;
}

static uint32_t this_thread(void)
{
	static _Thread_local uint32_t number;

	if (!number)
		number = atomic_fetch_add_explicit(&threads, 1, memory_order_relaxed) + 1;
	return number;
}

static void made(int fd, uint32_t bit, const void *site)
{
	struct fdg_connection *c;

	if (fdg_options.closewait == FDG_OFF || !fdg_connection_is_tcp(fdg_ledger_state(fd)) || !(c = fdg_connection_make(fd)))
		return;
	if (GET(seen)) /* of another connection on the same socket */
		begin(c);
	PUT(site, (uintptr_t)site);
	PUT(thread, this_thread());
	PUT(used, fdg_connection_moment(fdg_connection_clock())); /* accept and connect may have waited */
	PUT(bits, (GET(bits) & ~(uint32_t)OF_ITS_END) | bit);
	if (!fdg_watched(fd)) /* nobody else has the number yet */
		atomic_store_explicit(&fdg_watch[fd], FDG_WATCH_USE, memory_order_relaxed);
	else if (!(fdg_watched(fd) & FDG_WATCH_USE))
		fdg_watch_change(fd, FDG_WATCH_USE, 0);
}

void fdg_connection_connected(int fd, const void *site)
{
	made(fd, FDG_CONNECTION_CONNECTED, site);
}

void fdg_connection_accepted(int fd, const void *site)
{
	made(fd, FDG_CONNECTION_ACCEPTED, site);
}

void fdg_connection_copied(int from, int to)
{
	const struct fdg_connection *was = fdg_connection_is_tcp(fdg_ledger_state(to)) ? fdg_connection_find(from) : NULL;
	struct fdg_connection *c = was ? fdg_connection_make(to) : NULL;

	if (!c)
		return;
	PUT(site, atomic_load_explicit(&was->site, memory_order_relaxed));
	PUT(thread, atomic_load_explicit(&was->thread, memory_order_relaxed));
	PUT(used, atomic_load_explicit(&was->used, memory_order_relaxed));
	PUT(starts, atomic_load_explicit(&was->starts, memory_order_relaxed));
	PUT(bits, atomic_load_explicit(&was->bits, memory_order_relaxed) & (FDG_CONNECTION_CONNECTED | FDG_CONNECTION_ACCEPTED | FDG_CONNECTION_ARRIVED));
}

static void went(int fd, uint32_t bit)
{
	struct fdg_connection *c;

	if (fdg_options.closewait != FDG_OFF && fdg_connection_is_tcp(fdg_ledger_state(fd)) && (c = fdg_connection_make(fd)))
		PUT(bits, GET(bits) | bit);
}

void fdg_connection_arrived(int fd)
{
	went(fd, FDG_CONNECTION_ARRIVED);
}

void fdg_connection_sent(int fd)
{
	went(fd, FDG_CONNECTION_SENT);
}

void fdg_connection_start(void)
{
	if (!fdg_foreign_memory())
		atomic_fetch_add_explicit(&fdg_connection_starts, 1, memory_order_relaxed);
}
