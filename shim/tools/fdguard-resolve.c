// SPDX-License-Identifier: MIT
/*
 * fdguard resolve: many names at once, in bounded memory. Started by the launcher:
 *
 *	fdguard-resolve [options] [NAME… | -f FILE]
 *
 * resolve_options.c has the command line, resolve_run.c the loop: names come in by resolve_input.c, are asked for through libfdguard-resolver, become
 * lines in resolve_line.c, and go out by resolve_output.c.
 */
#include "tools/resolve_options.h"
#include "tools/resolve_run.h"

int main(int argc, char **argv)
{
	struct resolve_options o;
	int status;

	(void)argc;
	status = resolve_options_read(&o, argv + 1);
	return status >= 0 ? status : resolve_run(&o);
}
