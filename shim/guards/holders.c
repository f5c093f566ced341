// SPDX-License-Identifier: MIT
#include "guards/holders.h"

#include <fcntl.h>
#include <string.h>

#include "base/fmt.h"
#include "base/same.h"
#include "base/sys.h"
#include "ledger/sharers.h"

#include "base/poison.h"

#define ASKED_MAX 256 /* descriptors that the kernel is asked about in one search among strangers */
#define AUXV_MAX 384

struct fdg_children *_Atomic fdg_children;

static fdg_kindword kind_of(uint32_t state)
{
	return state & FDG_KIND_MASK;
}

/* May fd and other, of different ids, be one? Both came from elsewhere or went there. */
static bool may_be_one(uint32_t fd, uint32_t other)
{
	return fd & other & FDG_PASSED && fdg_kind_agrees(kind_of(fd), kind_of(other));
}

static bool is_holder(int fd, int other, unsigned *asked)
{
	uint64_t id = fdg_ledger_description(fd);

	if (id && fdg_ledger_description(other) == id)
		return fdg_same_here(fd, other) != FDG_NOT_SAME;
	if (!may_be_one(fdg_ledger_state(fd), fdg_ledger_state(other)) || (*asked)++ >= ASKED_MAX || fdg_same_here(fd, other) != FDG_SAME)
		return false;
	if (!fdg_foreign_memory())
		fdg_ledger_identify(other, id);
	return true;
}

static int next_candidate(int fd, uint64_t id, uint32_t state)
{
	return state & FDG_PASSED ? fdg_ledger_next_of(fd, id, FDG_PASSED) : fdg_sharers_next(fd, id);
}

int fdg_holders_next(int fd, int after)
{
	uint32_t state = fdg_ledger_state(fd);
	uint64_t id = fdg_ledger_description(fd);
	unsigned asked = 0;

	if (!(state & FDG_SHARED))
		return -1;
	for (int other = next_candidate(after + 1, id, state); other >= 0; other = next_candidate(other + 1, id, state))
		if (other != fd && is_holder(fd, other, &asked))
			return other;
	/* What came from elsewhere can come again, and then asks about all that did. */
	if (after < 0 && !(state & FDG_PASSED) && !fdg_foreign_memory())
		fdg_ledger_flag(fd, 0, FDG_SHARED);
	return -1;
}

static long auxiliary(const char *path, char *ret, size_t size)
{
	int file = fdg_sys_open(path, O_RDONLY | O_CLOEXEC, 0);
	long n;

	if (file < 0)
		return -1;
	n = fdg_sys_read(file, ret, size);
	fdg_sys_close(file);
	return n;
}

/* Its auxiliary vector holds addresses that the kernel chose for this image: another image has others. */
bool fdg_holders_has_execd(int pid)
{
	char path[32], mine[AUXV_MAX], theirs[AUXV_MAX];
	struct fdg_buf b = FDG_BUF(path);
	long n = auxiliary("/proc/self/auxv", mine, sizeof(mine));

	fdg_fmt(&b, "/proc/%d/auxv", pid);
	return n <= 0 || auxiliary(path, theirs, sizeof(theirs)) != n || memcmp(mine, theirs, (size_t)n) != 0;
}

static bool is_gone(int pid)
{
	return fdg_sys2(SYS_kill, pid, 0) < 0;
}

static bool holds(int pid, int fd, struct fdg_holder *ret)
{
	*ret = (struct fdg_holder){ pid, fd, fdg_holders_has_execd(pid) };
	if (!ret->has_execd)
		return fdg_same_there(fd, pid, fd) != FDG_NOT_SAME;
	for (ret->fd = 0; ret->fd <= 2; ret->fd++)
		if (fdg_same_there(fd, pid, ret->fd) != FDG_NOT_SAME)
			return true;
	return false;
}

/* The child of ours in this place; 0: none that lives. */
static int child_at(struct fdg_children *c, unsigned i)
{
	uint64_t entry = atomic_load_explicit(&c->child[i], memory_order_relaxed);
	int pid = (int)(uint32_t)entry;

	if ((int)(entry >> 32) != fdg_sys_getpid())
		return 0;
	if (!is_gone(pid))
		return pid;
	atomic_compare_exchange_strong(&c->child[i], &entry, 0);
	return 0;
}

bool fdg_holders_next_child(int fd, unsigned *at, struct fdg_holder *ret)
{
	struct fdg_children *c = atomic_load_explicit(&fdg_children, memory_order_acquire);

	while (c && *at < FDG_CHILDREN) {
		int pid = child_at(c, (*at)++);

		if (pid && holds(pid, fd, ret))
			return true;
	}
	return false;
}

bool fdg_holders_is_older(int fd)
{
	uint64_t id = fdg_ledger_description(fd);

	return id >= FDG_DESCRIPTION_FIRST && id < atomic_load_explicit(&fdg_ledger_floor, memory_order_relaxed);
}

bool fdg_holders_parent_has(int fd)
{
	return fdg_forked_from && fdg_holders_is_older(fd) && fdg_sys_getppid() == fdg_forked_from && fdg_same_there(fd, fdg_forked_from, fd) != FDG_NOT_SAME;
}

void fdg_holders_forked(int child)
{
	struct fdg_children *c = atomic_load_explicit(&fdg_children, memory_order_acquire);

	if (c)
		atomic_store_explicit(&c->child[atomic_fetch_add(&c->next, 1) % FDG_CHILDREN], (uint64_t)fdg_sys_getpid() << 32 | (uint32_t)child, memory_order_relaxed);
}

unsigned fdg_holders_count(void)
{
	struct fdg_children *c = atomic_load_explicit(&fdg_children, memory_order_acquire);

	return c ? atomic_load_explicit(&c->next, memory_order_relaxed) : 0;
}

bool fdg_holders_is_forked_since(int pid, unsigned count)
{
	struct fdg_children *c = atomic_load_explicit(&fdg_children, memory_order_acquire);
	unsigned next = fdg_holders_count();

	for (unsigned i = next - count > FDG_CHILDREN ? next - FDG_CHILDREN : count; c && i != next; i++)
		if ((int)(uint32_t)atomic_load_explicit(&c->child[i % FDG_CHILDREN], memory_order_relaxed) == pid)
			return true;
	return false;
}
