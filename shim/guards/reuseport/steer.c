// SPDX-License-Identifier: MIT
#include "guards/reuseport/steer.h"

#include <linux/filter.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/big.h"
#include "base/sys.h"
#include "guards/reuseport/kept.h"
#include "guards/reuseport/lent.h"
#include "guards/reuseport/order.h"
#include "guards/reuseport/standins_parts.h"

#include "base/poison.h"

#ifndef SO_ATTACH_REUSEPORT_CBPF
#define SO_ATTACH_REUSEPORT_CBPF 51
#endif
#ifndef SO_DETACH_REUSEPORT_BPF
#define SO_DETACH_REUSEPORT_BPF 68
#endif
#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62
#endif

enum { OUT = FDG_ROWS, LOOKS = 5000, LONG_NS = 5000000, SHARE = 10 };

static struct steered {
	struct fdg_group group;
	unsigned n, out[OUT]; /* places, ascending */
	uint64_t inode[OUT];  /* … theirs, in the order of the calls */
	int by;               /* one that stays */
	uint64_t cookie;
	struct sock_filter code[3 + 2 * OUT];
} steered; /* of this turn */
static _Atomic bool is_steered;

static int place_of(int fd, const struct fdg_group *g)
{
	struct stat st;

	return fdg_sys_fstat(fd, &st) < 0 ? -1 : fdg_order_place(g, st.st_ino);
}

static bool is_out(unsigned place)
{
	for (unsigned i = 0; i < steered.n; i++)
		if (steered.out[i] == place)
			return true;
	return false;
}

static bool is_noted(unsigned place, int fd)
{
	struct stat st;
	unsigned at;

	if (is_out(place))
		return true;
	if (steered.n == OUT || fdg_sys_fstat(fd, &st) < 0)
		return false;
	steered.inode[steered.n] = st.st_ino;
	for (at = steered.n++; at > 0 && steered.out[at - 1] > place; at--)
		steered.out[at] = steered.out[at - 1];
	steered.out[at] = place;
	return true;
}

/* -1: all of them are being closed. */
static int one_that_stays(void)
{
	int place;

	for (int fd = fdg_groups_next(-1); fd >= 0; fd = fdg_groups_next(fd))
		if ((place = place_of(fd, &steered.group)) >= 0 && !is_out((unsigned)place))
			return fd;
	return -1;
}

/* One of the others, each as likely: the kernel does not let a classic program have its own hash. */
static bool attach(int fd, unsigned left)
{
	struct sock_filter *at = steered.code;
	struct sock_fprog program = { 0, steered.code };

	*at++ = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_RANDOM));
	*at++ = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, left);
	for (unsigned i = 0; i < steered.n; i++) {
		*at++ = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, steered.out[i], 0, 1);
		*at++ = (struct sock_filter)BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, 1);
	}
	*at++ = (struct sock_filter)BPF_STMT(BPF_RET | BPF_A, 0);
	program.len = (unsigned short)(at - steered.code);
	return fdg_sys5(SYS_setsockopt, fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof(program)) == 0;
}

bool fdg_steer_clear(int fd, const struct fdg_group *g)
{
	int place = place_of(fd, g), by;
	unsigned members = fdg_order_count(g);

	if (place < 0 || (atomic_load(&is_steered) && !fdg_group_is_same(g, &steered.group)))
		return false;
	if (!atomic_load(&is_steered)) {
		steered.group = *g;
		steered.n = 0;
	}
	if (!is_noted((unsigned)place, fd) || steered.n >= members || (by = one_that_stays()) < 0)
		return false;
	steered.by = by;
	steered.cookie = fdg_socket_cookie(by);
	if (!attach(by, members - steered.n))
		return false;
	atomic_store(&is_steered, true);
	return true;
}

/* True where that is not known. Where a look is long, and not because others have the CPU, a tenth of the time is enough for it. */
static bool may_be_others(int fd)
{
	static int64_t next; /* of this turn */
	int64_t begun = fdg_now_ns(), took;
	bool seen;

	if (begun < next)
		return true;
	seen = fdg_lent_is_seen(fd, LOOKS, &took);
	if (took > LONG_NS)
		next = begun + took * SHARE;
	return seen;
}

/*
 * When it is closed the kernel takes it out of the group, and then out of the table in which it looks for listeners; between the two, where it lets packets be worked on, it is
 * one without a group, and takes what comes (under full load one in some 1,500 closes). So it is bound to a network device that there is none of. That can be undone by who has
 * CAP_NET_RAW alone: not where another process is seen to have it, too, by pidfd_getfd.
 */
bool fdg_steer_hide(int fd)
{
	int none = INT32_MAX;

	return !may_be_others(fd) && fdg_sys5(SYS_setsockopt, fd, SOL_SOCKET, SO_BINDTOIFINDEX, &none, sizeof(none)) == 0;
}

bool fdg_steer_is_done(void)
{
	static FDG_BIG struct fdg_group_rows rows; /* whose turn it is */

	if (!atomic_load(&is_steered) || !fdg_group_list(&steered.group, &rows))
		return true;
	for (unsigned i = 0; i < rows.n; i++)
		for (unsigned k = 0; k < steered.n; k++)
			if (rows.inode[i] == steered.inode[k])
				return false;
	return true;
}

/* What takes all for none of the group's places is as good as no program (before Linux 5.3, which cannot take one off). */
static void detach(int fd)
{
	struct sock_filter code[] = { BPF_STMT(BPF_RET | BPF_K, ~0u) };
	struct sock_fprog program = { 1, code };

	if (fdg_sys5(SYS_setsockopt, fd, SOL_SOCKET, SO_DETACH_REUSEPORT_BPF, &program, sizeof(int)) < 0)
		fdg_sys5(SYS_setsockopt, fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof(program));
}

void fdg_steer_end(void)
{
	if (!atomic_exchange(&is_steered, false))
		return;
	if (fdg_socket_cookie(steered.by) != steered.cookie)
		steered.by = fdg_groups_sibling(&steered.group, -1, -1);
	if (steered.by >= 0)
		detach(steered.by);
}

void fdg_steer_is_over(void)
{
	atomic_store(&is_steered, false);
}
