// SPDX-License-Identifier: MIT
/*
 * closewait.thread and closewait.signal.
 *
 * The thread is one of libc's, made by pthread_create: setuid and its kin are carried out on all threads that libc knows of, and one that it does not know of would go on with the
 * rights that the program gave up. pthread_create allocates, so the call that makes a TCP socket must not be in a signal handler, which may have interrupted malloc.
 */
#include "wrap/wrap.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <time.h>

#include "base/fmt.h"
#include "guards/closewait/sweep.h"
#include "options/options.h"
#include "report/report.h"
#include "wrap/sweeper.h"

#define STACK ((size_t)256 << 10)
#define LOOK_MS 250 /* how long after its last thread a program whose main thread left by pthread_exit may end, at most */
#define STOP_MS 1000
#define KERNEL_SIGSET 8

_Atomic bool fdg_sweeper_wanted;
#define BEGINS (-1)
static _Atomic int thread_id; /* 0: there is none */
static _Atomic bool taken;    /* there is one, or somebody is at it */
static _Atomic uint32_t stopping;

/* A thread keeps a process alive. Where the main thread is gone, libc ends the process when the last one is, if we are not there. Negative: nobody can tell. */
static int main_has_left(void)
{
	void *head = NULL;
	size_t size;
	long error = fdg_sys3(SYS_get_robust_list, fdg_sys_getpid(), &head, &size);

	return error ? (int)error : !head;
}

/* True: it is to stop. */
static bool wait_ms(unsigned ms)
{
	struct timespec t = { ms / 1000, (long)(ms % 1000) * 1000000 };

	if (!atomic_load(&stopping))
		fdg_sys4(SYS_futex, &stopping, FUTEX_WAIT_PRIVATE, 0, &t);
	return atomic_load(&stopping) || fdg_out();
}

static unsigned pause_ms(void)
{
	unsigned period = fdg_sweep_period();

	return period && period < LOOK_MS ? period : LOOK_MS;
}

static void *sweep(void *nothing)
{
	(void)nothing;
	fdg_sys2(SYS_prctl, PR_SET_NAME, "fdguard-sweep");
	atomic_store(&thread_id, fdg_sys_gettid());
	while (!wait_ms(pause_ms()) && !main_has_left())
		fdg_sweep_now(FDG_SWEEP_DUE);
	return NULL;
}

static bool has_handler(int number)
{
	struct sigaction a;

	return sigaction(number, NULL, &a) == 0 && a.sa_handler != SIG_DFL && a.sa_handler != SIG_IGN;
}

/* While a handler runs its signal is blocked. A thread that blocks one that has a handler is taken for that, too: another thread or a later socket will do. */
static bool may_be_in_handler(void)
{
	uint64_t mask = 0;

	fdg_sys4(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &mask, KERNEL_SIGSET);
	for (int s = 1; mask; s++, mask >>= 1)
		if (mask & 1 && has_handler(s))
			return true;
	return false;
}

static int make_thread(void)
{
	pthread_attr_t how;
	pthread_t thread;
	uint64_t mask;
	int error;

	pthread_attr_init(&how);
	pthread_attr_setdetachstate(&how, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&how, STACK);
	atomic_store(&thread_id, BEGINS);
	mask = fdg_sys_set_mask(fdg_sys_all_signals());
	error = pthread_create(&thread, &how, sweep, NULL);
	if (error == EINVAL && pthread_attr_setstacksize(&how, STACK * 16) == 0) /* much thread-local storage */
		error = pthread_create(&thread, &how, sweep, NULL);
	fdg_sys_set_mask(mask);
	pthread_attr_destroy(&how);
	if (error)
		atomic_store(&thread_id, 0);
	return error;
}

void fdg_sweeper_thread(void)
{
	int error = errno;

	if (fdg_foreign_memory() || may_be_in_handler() || atomic_exchange(&taken, true))
		return;
	atomic_store(&fdg_sweeper_wanted, false);
	if (main_has_left() || make_thread() != 0)
		fdg_report_say("closewait.thread: no thread could be made; sockets are looked at when the program makes calls");
	errno = error;
}

void fdg_sweeper_forked(void)
{
	if (!atomic_load_explicit(&taken, memory_order_relaxed) && !atomic_load_explicit(&fdg_sweeper_wanted, memory_order_relaxed))
		return;
	atomic_store(&fdg_sweeper_wanted, false);
	atomic_store(&thread_id, 0);
}

void fdg_sweeper_again(void)
{
	if (!fdg_options.closewait_thread || fdg_options.closewait == FDG_OFF)
		return;
	atomic_store(&taken, false);
	atomic_store(&stopping, 0);
	atomic_store(&fdg_sweeper_wanted, true);
}

static bool is_there(void)
{
	int thread = atomic_load(&thread_id);

	return thread == BEGINS || (thread && fdg_sys3(SYS_tgkill, fdg_sys_getpid(), thread, 0) == 0);
}

void fdg_sweeper_stop(void)
{
	struct timespec ms = { 0, 1000000 };

	if (fdg_foreign_memory())
		return;
	atomic_store(&fdg_sweeper_wanted, false);
	atomic_store(&stopping, 1);
	fdg_sys3(SYS_futex, &stopping, FUTEX_WAKE_PRIVATE, 1);
	for (int i = 0; i < STOP_MS && is_there(); i++)
		fdg_sys2(SYS_nanosleep, &ms, NULL);
	atomic_store(&thread_id, 0);
}

static void told(int number)
{
	(void)number;
	fdg_sweep_now(FDG_SWEEP_SIGNAL);
}

/* A program that has use for the signal takes it, by a handler of its own or by ignoring it, and ours is gone. */
static void take_signal(int number)
{
	struct sigaction a = { .sa_handler = told, .sa_flags = SA_RESTART | SA_ONSTACK }, old;
	char line[128];
	struct fdg_buf b = FDG_BUF(line);

	if (sigaction(number, NULL, &old) == 0 && old.sa_handler == SIG_DFL) {
		sigemptyset(&a.sa_mask);
		sigaction(number, &a, NULL);
		return;
	}
	fdg_fmt(&b, "closewait.signal: signal %d was ignored when the program started, and is left so", number);
	fdg_report_say(line);
}

void fdg_sweeper_start(void)
{
	if (fdg_options.closewait == FDG_OFF)
		return;
	if (fdg_options.closewait_signal)
		take_signal(fdg_options.closewait_signal);
	if (fdg_options.closewait_thread)
		atomic_store(&fdg_sweeper_wanted, true);
}
