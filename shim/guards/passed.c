// SPDX-License-Identifier: MIT
#include "guards/passed.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "base/big.h"
#include "base/sys.h"
#include "ledger/ledger.h"

#include "base/poison.h"

/* Written without a lock: a line of two writers is of no inode, or of one that fd is not. */
FDG_BIG static struct passed {
	_Atomic uint64_t dev, ino;
	_Atomic uint32_t generation;
	_Atomic int fd;
} table[FDG_PASSED_MAX];
static _Atomic unsigned count;

static bool is_of(const struct passed *l, uint64_t dev, uint64_t ino)
{
	return atomic_load_explicit(&l->ino, memory_order_relaxed) == ino && atomic_load_explicit(&l->dev, memory_order_relaxed) == dev;
}

/* Is it in use still, and as the same? */
static bool is_open(const struct passed *l, int fd)
{
	return fdg_ledger_state(fd) & FDG_PASSED && atomic_load_explicit(&l->generation, memory_order_relaxed) == fdg_ledger_generation(fd);
}

static bool has(const struct stat *st, int fd)
{
	unsigned at = 0;

	for (int known = fdg_passed_next(st->st_dev, st->st_ino, &at); known >= 0; known = fdg_passed_next(st->st_dev, st->st_ino, &at))
		if (known == fd)
			return true;
	return false;
}

void fdg_passed_add(int fd)
{
	struct passed *l;
	struct stat st;

	if (fdg_foreign_memory() || fdg_sys_fstat(fd, &st) < 0 || has(&st, fd))
		return;
	l = &table[atomic_fetch_add_explicit(&count, 1, memory_order_relaxed) % FDG_PASSED_MAX];
	atomic_store_explicit(&l->fd, fd, memory_order_relaxed);
	atomic_store_explicit(&l->generation, fdg_ledger_generation(fd), memory_order_relaxed);
	atomic_store_explicit(&l->dev, st.st_dev, memory_order_relaxed);
	atomic_store_explicit(&l->ino, st.st_ino, memory_order_relaxed);
}

int fdg_passed_next(uint64_t dev, uint64_t ino, unsigned *at)
{
	unsigned end = atomic_load_explicit(&count, memory_order_relaxed);

	while (*at < FDG_PASSED_MAX && *at < end) {
		const struct passed *l = &table[(*at)++];
		int fd = is_of(l, dev, ino) ? atomic_load_explicit(&l->fd, memory_order_relaxed) : -1;

		if (fd >= 0 && is_open(l, fd))
			return fd;
	}
	return -1;
}
