// SPDX-License-Identifier: MIT
/* Runs a test's body from a library's constructor: what other preloads, C++ and sanitizers do. carrier.c is the program. */
#include <stdlib.h>
#include <unistd.h>

#include "expect.h"

extern char **environ;
extern int carrier_saw_body __attribute__((weak));

__attribute__((constructor)) static void run(int argc, char **argv, char **envp)
{
	/* In a child of a test, or in a program (env, sh) that is not the carrier. */
	if (!&carrier_saw_body || (argc > 1 && argv[1][0] == 'c'))
		return;
	if (!environ) /* linked with -z initfirst: libc has not looked yet */
		environ = envp;
	if (!EXPECT(preload_is_there()))
		_exit(99);
	scratch_enter();
	body();
	scratch_leave();
	if (expect_failures())
		_exit(1);
	carrier_saw_body = 1;
}
