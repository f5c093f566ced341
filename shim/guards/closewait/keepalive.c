// SPDX-License-Identifier: MIT
#include "guards/closewait/keepalive.h"

#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <string.h>

#include "base/big.h"
#include "base/state.h"
#include "base/sys.h"
#include "guards/closewait/cure.h"
#include "ledger/ledger.h"

#include "base/poison.h"

/* Sockets whose keepalive the program turned off, each in the place of its cookie. One that had the place before is forgotten. */
#define OFF 65536u
FDG_BIG static _Atomic uint64_t off[OFF];
static _Atomic bool any_off;

static int get(int fd, int level, int name)
{
	int value = -1;
	unsigned n = sizeof(value);

	return fdg_sys_getsockopt(fd, level, name, &value, &n) == 0 ? value : -1;
}

static void set(int fd, int level, int name, int value)
{
	fdg_sys5(SYS_setsockopt, fd, level, name, &value, sizeof(value));
}

/* MPTCP has keepalive for each of its paths, and is left alone. */
static bool is_tcp(int fd)
{
	return get(fd, SOL_SOCKET, SO_PROTOCOL) == IPPROTO_TCP;
}

static void force(int fd)
{
	const struct fdg_keepalive *k = &fdg_options.keepalive;
	int64_t timeout = fdg_options.keepalive_user_timeout_ms;

	if (k->idle) {
		set(fd, IPPROTO_TCP, TCP_KEEPIDLE, k->idle);
		set(fd, IPPROTO_TCP, TCP_KEEPINTVL, k->interval);
		set(fd, IPPROTO_TCP, TCP_KEEPCNT, k->count);
	}
	if (k->on)
		set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	if (timeout > 0)
		set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, timeout < INT_MAX ? (int)timeout : INT_MAX);
}

void fdg_keepalive_socket_slow(int fd)
{
	if (is_tcp(fd))
		force(fd);
}

/* Nobody has asked for either, as far as can be seen. */
static bool is_untouched(int fd)
{
	return get(fd, SOL_SOCKET, SO_KEEPALIVE) == 0 && get(fd, IPPROTO_TCP, TCP_USER_TIMEOUT) == 0;
}

void fdg_keepalive_accepted_slow(int listener, int fd)
{
	bool made_elsewhere = fdg_ledger_is_inherited(listener) || fdg_ledger_state(listener) & FDG_PASSED;

	if (made_elsewhere && is_tcp(fd) && is_untouched(fd) && !is_untouched(listener))
		force(fd);
}

void fdg_keepalive_arrived_slow(int fd)
{
	if (is_tcp(fd) && is_untouched(fd) && !fdg_keepalive_is_off(fdg_cure_cookie(fd)))
		force(fd);
}

void fdg_keepalive_start(void)
{
	if (!fdg_keepalive_any())
		return;
	for (int fd = 0; fd <= 2; fd++)
		fdg_keepalive_arrived_slow(fd);
	for (int fd = fdg_ledger_next(3); fd >= 0; fd = fdg_ledger_next(fd + 1))
		fdg_keepalive_arrived_slow(fd);
}

void fdg_keepalive_noted_slow(int fd, const void *value)
{
	_Atomic uint64_t *place;
	uint64_t cookie;
	int on;

	memcpy(&on, value, sizeof(on));
	if (fdg_phase_now() != FDG_ACTIVE || fdg_foreign_memory())
		return;
	if (on && !atomic_load_explicit(&any_off, memory_order_relaxed))
		return;
	cookie = fdg_cure_cookie(fd);
	place = &off[cookie % OFF];
	if (!on) {
		atomic_store_explicit(place, cookie, memory_order_relaxed);
		atomic_store_explicit(&any_off, true, memory_order_relaxed);
	} else if (atomic_load_explicit(place, memory_order_relaxed) == cookie) {
		atomic_store_explicit(place, 0, memory_order_relaxed);
	}
}

bool fdg_keepalive_is_off(uint64_t cookie)
{
	return cookie && atomic_load_explicit(&off[cookie % OFF], memory_order_relaxed) == cookie;
}
