// SPDX-License-Identifier: MIT
/*
 * A guarded program's first and last moments.
 *
 * The constructor runs before any other code of the process (-z initfirst): libc has not set environ yet, so everything comes from the vector that the loader
 * hands us. It makes no thread, keeps no descriptor and allocates nothing.
 */
#include "wrap/wrap.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>

#include "base/apart.h"
#include "base/exe.h"
#include "base/judged.h"
#include "base/sys.h"
#include "guards/cloexec/leftover.h"
#include "guards/closewait/keepalive.h"
#include "guards/closewait/sweep.h"
#include "guards/epoll/slow.h"
#include "guards/metrics/metrics.h"
#include "guards/nonblock/nonblock.h"
#include "guards/nonblock/modes.h"
#include "guards/nonblock/stdio.h"
#include "guards/reuseport/handover.h"
#include "guards/reuseport/reuseport.h"
#include "guards/select/select.h"
#include "guards/self.h"
#include "guards/uncovered.h"
#include "options/options.h"
#include "report/report.h"
#include "wrap/environ.h"
#include "wrap/sweeper.h"

static const char *variable(char *const envp[], const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; envp && envp[i]; i++)
		if (strncmp(envp[i], name, n) == 0 && envp[i][n] == '=')
			return envp[i] + n + 1;
	return NULL;
}

static const char *library_path(void)
{
	struct dl_find_object self;

	return _dl_find_object((void *)(uintptr_t)fdg_bind_start, &self) == 0 ? self.dlfo_link_map->l_name : "";
}

/* Said once in a tree of processes: a note in the environment, or the launcher's mark in its place, tells that somebody did. */
static void say(void *cookie, bool severe, const char *sentence)
{
	char line[512];
	struct fdg_buf b = FDG_BUF(line);

	fdg_cloexec_always_note = true;
	if (*(const bool *)cookie)
		return;
	fdg_fmt(&b, severe ? "FDGUARD_OPTIONS: %s" : "%s", sentence);
	fdg_report_say(line);
}

static bool is_left_out(void)
{
	const char *name;

	if (!fdg_options.only.count && !fdg_options.skip.count)
		return false;
	name = fdg_base_name(fdg_exe());
	return (fdg_options.only.count && !fdg_names_match(&fdg_options.only, name)) || fdg_names_match(&fdg_options.skip, name);
}

static bool is_valgrinds(const char *preload)
{
	return preload && strstr(preload, "vgpreload_core");
}

void fdg_leaving(void)
{
	fdg_nonblock_end();
	fdg_stdio_leave(NULL);
	fdg_reuseport_leaving(false, NULL);
	fdg_sweep_now(FDG_SWEEP_END);
	fdg_sweep_tell_last();
	fdg_report_end();
}

/* quick_exit ends in an _exit that does not pass us. */
static void leave_quickly(void)
{
	if (!fdg_out())
		fdg_leaving();
}

static bool is_supervised(long above)
{
	return above > 0 && above & FDG_PROBE_SUPERVISED;
}

/* For check, which is told of static programs as well. */
static void say_if_go(long above)
{
	if (fdg_options.run_exec && !is_supervised(above) && fdg_exe_is_go())
		fdg_uncovered_report(fdg_base_name(fdg_exe()), "is a Go program: it makes its system calls past the C library, where no preload sees them");
}

__attribute__((constructor)) static void fdg_start(int argc, char **argv, char **envp)
{
	bool secure = getauxval(AT_SECURE) != 0;
	const char *note = secure ? NULL : variable(envp, FDG_NOTE_NAME);
	bool said = note != NULL;
	long above;

	fdg_bind_start();
	if (is_valgrinds(variable(envp, "LD_PRELOAD")))
		fdg_apart_never();
	fdg_options_defaults(&fdg_options);
	if (!secure)
		fdg_options_read(&fdg_options, variable(envp, "FDGUARD_OPTIONS"), say, &said);
	fdg_self_start(argv);
	fdg_report_start(NULL, argc, argv);
	fdg_environ_start(envp, library_path());
	above = fdg_sys2(SYS_prctl, PR_GET_SECCOMP, FDG_PROBE);
	fdg_modes_start(above); /* a supervisor that may not look into this process knows by it that we are here */
	if (is_left_out()) {
		atomic_store(&fdg_phase, FDG_PASSIVE);
		return;
	}
	fdg_report_run_start();
	say_if_go(above);
	if (fdg_options.run_exec)
		fdg_report_open_by(fdg_leftover_put);
	fdg_cloexec_start();
	fdg_inherited_start(argv, envp, note);
	fdg_keepalive_start();
	fdg_sweeper_start();
	fdg_metrics_start(fdg_metrics_any() && is_supervised(above) && fdg_exe_is_go()); /* it calls libc neither to wait nor to end */
	fdg_stdio_start();
	at_quick_exit(leave_quickly);
	fdg_select_main_stack = (uintptr_t)envp;
	atomic_store(&fdg_phase, FDG_ACTIVE);
}

/* Wrappers go on working after this: other libraries' destructors and detached threads still call them. */
__attribute__((destructor)) static void fdg_stop(void)
{
	if (fdg_out()) /* a program that is left out did not say run.start either */
		return;
	fdg_leaving();
	fdg_room_make();
}

WRAP(void, _exit, (int status))
{
	if (!fdg_out() && !fdg_foreign_memory())
		fdg_leaving();
	real__exit(status);
	__builtin_unreachable();
}
FDG_TWIN(_Exit, _exit)

/* A program that filters its system calls may be killed for any that it did not foresee: from here on ours are none. */
void fdg_retire(void)
{
	if (fdg_foreign_memory())
		return;
	atomic_store(&fdg_phase, FDG_RETIRED);
	fdg_report_retire();
}

/* One that sets no filter for certain, as libraries ask what the kernel can do: it ends nothing. */
bool fdg_sets_filter(unsigned mode, unsigned long argument)
{
	return mode == SECCOMP_MODE_STRICT || (mode == SECCOMP_MODE_FILTER && argument != 0);
}

/* The last moment at which we may make system calls of our own. */
void fdg_before_filter(void)
{
	if (!fdg_foreign_memory()) {
		if (fdg_handover_may())
			fdg_handover_filtering();
		fdg_sweep_tell_last();
		fdg_report_filter();
		fdg_room_make();
	}
	fdg_sweeper_stop();
	fdg_nonblock_release();
	fdg_slow_stop();
	fdg_cloexec_release(false);
}

WRAP(int, prctl, (int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d))
{
	bool filter = option == PR_SET_SECCOMP && fdg_sets_filter((unsigned)a, b);
	int r;

	if (filter && !fdg_out())
		fdg_before_filter();
	r = real_prctl(option, a, b, c, d);
	if (filter && r == 0)
		fdg_retire();
	else if (filter && !fdg_out()) {
		fdg_cloexec_release(true);
		fdg_sweeper_again();
	}
	return r;
}
