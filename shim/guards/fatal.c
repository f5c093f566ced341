// SPDX-License-Identifier: MIT
#include "guards/fatal.h"

#include <signal.h>

#include "base/state.h"
#include "base/sys.h"
#include "guards/stdio.h"

#include "base/poison.h"

static const int fatal[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGALRM };

/* Its action is the default again: SA_RESETHAND. */
static void on_signal(int number)
{
	if (fdg_phase_now() == FDG_ACTIVE)
		fdg_stdio_leave(NULL);
	fdg_sys3(SYS_tgkill, fdg_sys_getpid(), fdg_sys_gettid(), number);
}

void fdg_fatal_catch(void)
{
	/* SA_RESTART: else a call that waits for the program would take its own handlers for a mixture (wrap/blocking_signals.c). */
	struct sigaction ours = { .sa_handler = on_signal, .sa_flags = SA_RESETHAND | SA_NODEFER | SA_RESTART }, now;

	for (unsigned i = 0; i < sizeof(fatal) / sizeof(*fatal); i++)
		if (sigaction(fatal[i], NULL, &now) == 0 && now.sa_handler == SIG_DFL)
			sigaction(fatal[i], &ours, NULL);
}

void fdg_fatal_release(void)
{
	struct sigaction none = { .sa_handler = SIG_DFL }, now;

	for (unsigned i = 0; i < sizeof(fatal) / sizeof(*fatal); i++)
		if (sigaction(fatal[i], NULL, &now) == 0 && now.sa_handler == on_signal)
			sigaction(fatal[i], &none, NULL);
}
