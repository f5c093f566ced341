// SPDX-License-Identifier: MIT
/* A library that looks names up before main and after it: in its constructor, in its destructor, and at exit. */
#include "lookup_life.h"

static void at_exit(void)
{
	say("at exit: %s", first("ok.example"));
}

__attribute__((constructor)) static void early(void)
{
	say("constructor: %s", first("ok.example"));
	atexit(at_exit);
}

__attribute__((destructor)) static void late(void)
{
	say("destructor: %s", first("tc.example"));
}
