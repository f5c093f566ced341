// SPDX-License-Identifier: MIT
#include "guards/holders.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/files.h"
#include "base/fmt.h"
#include "base/same.h"
#include "base/sys.h"
#include "guards/passed.h"
#include "ledger/sharers.h"

#include "base/poison.h"

#define AUXV_MAX 384

struct fdg_children *_Atomic fdg_children;

/* Who is asked about: what has its id, and what was of its inode when it went to another process, or came from one. */
struct search {
	int fd;
	uint32_t state;
	uint64_t id;
	bool by_inode;
	struct stat st;
};

static struct search search_for(int fd)
{
	struct search s = { .fd = fd, .state = fdg_ledger_state(fd), .id = fdg_ledger_description(fd) };

	s.by_inode = s.state & FDG_PASSED && fdg_sys_fstat(fd, &s.st) == 0;
	return s;
}

static int next_candidate(const struct search *s, int after)
{
	int sharer = s->id ? fdg_sharers_next(after + 1, s->id) : -1;
	int passed = s->by_inode ? fdg_passed_next(s->st.st_dev, s->st.st_ino, after) : -1;

	return sharer < 0 || (passed >= 0 && passed < sharer) ? passed : sharer;
}

/* All that the ledger has by the other's id: one that stayed behind would seem to be alone. */
static void unite(int other, uint64_t id)
{
	uint64_t was = fdg_ledger_description(other);

	fdg_ledger_identify(other, id);
	for (int h = was ? fdg_sharers_next(0, was) : -1; h >= 0; h = fdg_sharers_next(h + 1, was))
		fdg_ledger_identify(h, id);
}

static bool is_holder(const struct search *s, int other)
{
	if (s->id && fdg_ledger_description(other) == s->id)
		return fdg_same_here(s->fd, other) != FDG_NOT_SAME;
	if (!fdg_kind_agrees(s->state & FDG_KIND_MASK, fdg_ledger_state(other) & FDG_KIND_MASK) || fdg_same_here(s->fd, other) != FDG_SAME)
		return false;
	if (s->id && !fdg_foreign_memory())
		unite(other, s->id);
	return true;
}

int fdg_holders_next(int fd, int after)
{
	struct search s;

	if (!(fdg_ledger_state(fd) & FDG_SHARED))
		return -1;
	s = search_for(fd);
	for (int other = next_candidate(&s, after); other >= 0; other = next_candidate(&s, other))
		if (other != fd && is_holder(&s, other))
			return other;
	/* What came from elsewhere can come again. */
	if (after < 0 && !(s.state & FDG_PASSED) && !fdg_foreign_memory())
		fdg_ledger_flag(fd, 0, FDG_SHARED);
	return -1;
}

/* Its auxiliary vector holds addresses that the kernel chose for this image: another image has others. */
bool fdg_holders_has_execd(int pid)
{
	char path[32], mine[AUXV_MAX], theirs[AUXV_MAX];
	struct fdg_buf b = FDG_BUF(path);
	long n = fdg_read_file("/proc/self/auxv", mine, sizeof(mine));

	fdg_fmt(&b, "/proc/%d/auxv", pid);
	return n <= 0 || fdg_read_file(path, theirs, sizeof(theirs)) != n || memcmp(mine, theirs, (size_t)n) != 0;
}

static bool is_gone(int pid)
{
	return fdg_sys2(SYS_kill, pid, 0) == -ESRCH; /* one that became somebody else is still there */
}

static bool has_execd(int pid, struct fdg_execd *known)
{
	unsigned i = 0;

	while (known && i < 8 && known->pid[i] && known->pid[i] != pid && known->pid[i] != -pid)
		i++;
	if (!known || i == 8)
		return fdg_holders_has_execd(pid);
	if (!known->pid[i])
		known->pid[i] = fdg_holders_has_execd(pid) ? -pid : pid;
	return known->pid[i] < 0;
}

/* Whether it is another program is looked at last, for that is dear. */
static bool holds(int pid, int fd, struct fdg_execd *known, struct fdg_holder *ret)
{
	bool at_fd = fdg_same_there(fd, pid, fd) != FDG_NOT_SAME;
	int low = 0;

	while (low <= 2 && fdg_same_there(fd, pid, low) == FDG_NOT_SAME)
		low++;
	if (!at_fd && low > 2)
		return false;
	*ret = (struct fdg_holder){ pid, fd, has_execd(pid, known) };
	if (!ret->has_execd)
		return at_fd;
	ret->fd = low;
	return low <= 2;
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

int fdg_holders_child(unsigned *at)
{
	struct fdg_children *c = atomic_load_explicit(&fdg_children, memory_order_acquire);
	int pid = 0;

	while (c && !pid && *at < FDG_CHILDREN)
		pid = child_at(c, (*at)++);
	return pid;
}

bool fdg_holders_next_child(int fd, unsigned *at, struct fdg_holder *ret)
{
	for (int pid = fdg_holders_child(at); pid; pid = fdg_holders_child(at))
		if (holds(pid, fd, NULL, ret))
			return true;
	return false;
}

bool fdg_holders_child_has(int fd, struct fdg_execd *known)
{
	struct fdg_holder h;
	unsigned at = 0;

	for (int pid = fdg_holders_child(&at); pid; pid = fdg_holders_child(&at))
		if (holds(pid, fd, known, &h))
			return true;
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

_Atomic bool fdg_holders_lost;

void fdg_holders_forked(int child)
{
	struct fdg_children *c = atomic_load_explicit(&fdg_children, memory_order_acquire);
	uint64_t old;

	if (!c)
		return;
	old = atomic_exchange_explicit(&c->child[atomic_fetch_add(&c->next, 1) % FDG_CHILDREN], (uint64_t)fdg_sys_getpid() << 32 | (uint32_t)child, memory_order_relaxed);
	if ((uint32_t)old && !is_gone((int)(uint32_t)old))
		atomic_store_explicit(&fdg_holders_lost, true, memory_order_relaxed);
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
