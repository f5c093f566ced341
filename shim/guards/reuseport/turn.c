// SPDX-License-Identifier: MIT
#include "guards/reuseport/turn.h"

#include <linux/futex.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <time.h>

#include "base/sys.h"
#include "guards/reuseport/standins_parts.h"

#include "base/poison.h"

enum { TURN_MS = 2000 }; /* a turn takes some milliseconds; on a machine that has far too much to do its thread waits for the CPU */

/* Synchronous ones are not held back. */
#define NOW(sig) (UINT64_C(1) << ((sig)-1))
#define NOT_HELD (NOW(SIGSEGV) | NOW(SIGBUS) | NOW(SIGFPE) | NOW(SIGILL) | NOW(SIGTRAP) | NOW(SIGSYS) | NOW(SIGKILL) | NOW(SIGSTOP))

static _Atomic int owner; /* the thread */
static _Atomic unsigned waiting;
static int64_t began;
static uint64_t masked; /* the rest is its own */

static bool take_now(void)
{
	uint64_t mask = ~NOT_HELD, was;
	int nobody = 0;

	fdg_sys4(SYS_rt_sigprocmask, SIG_BLOCK, &mask, &was, sizeof(mask));
	if (atomic_compare_exchange_strong(&owner, &nobody, fdg_sys_gettid())) {
		masked = was;
		began = fdg_now_ms();
		return true;
	}
	fdg_sys4(SYS_rt_sigprocmask, SIG_SETMASK, &was, NULL, sizeof(was));
	return false;
}

/* Until it is over, or 1 ms. */
static void wait_for(int other)
{
	struct timespec ms = { 0, 1000000 };

	atomic_fetch_add(&waiting, 1);
	if (other)
		fdg_sys4(SYS_futex, &owner, FUTEX_WAIT_PRIVATE, other, &ms);
	atomic_fetch_sub(&waiting, 1);
}

bool fdg_turn_take(void)
{
	int64_t asked = fdg_now_ms();

	if (fdg_turn_is_mine())
		return true;
	do {
		if (!fdg_turn_is_taken() && take_now())
			return true;
		wait_for(atomic_load(&owner));
	} while (fdg_now_ms() - asked < TURN_MS);
	return false;
}

void fdg_turn_end(void)
{
	uint64_t mask = masked;

	atomic_store(&owner, 0);
	if (atomic_load(&waiting))
		fdg_sys3(SYS_futex, &owner, FUTEX_WAKE_PRIVATE, 1);
	fdg_sys4(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, sizeof(mask));
}

bool fdg_turn_is_mine(void)
{
	return atomic_load_explicit(&owner, memory_order_relaxed) == fdg_sys_gettid();
}

bool fdg_turn_is_taken(void)
{
	return atomic_load_explicit(&owner, memory_order_relaxed) != 0;
}

int64_t fdg_turn_began(void)
{
	return began;
}

void fdg_turn_forked(void)
{
	atomic_store_explicit(&waiting, 0, memory_order_relaxed);
	atomic_store_explicit(&owner, 0, memory_order_relaxed);
}
