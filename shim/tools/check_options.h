/* SPDX-License-Identifier: MIT */
/* The command line of fdguard-check. */
#ifndef FDG_TOOLS_CHECK_OPTIONS_H
#define FDG_TOOLS_CHECK_OPTIONS_H

#include "tools/log.h"

struct check_options {
	const char *launcher; /* fdguard itself */
	const char *preload;  /* what LD_PRELOAD was; NULL: not set */
	const char **run;     /* options that `fdguard run` gets, in their order; ends in NULL */
	char *const *argv;    /* CMD */
	const char *log;      /* where the summary goes; NULL: standard error */
	const char *out, *junit, *sarif, *baseline;
	bool json, github, update_baseline, leaks;
	int exit_code;        /* of a run with findings */
	bool no_exit_code;
	enum fdg_level fail_on;
	int64_t max_time_ms;  /* 0: none */
};

/*
 * Reads the command line into *ret, and the options of the library (FDGUARD_OPTIONS and what is set here) into fdg_options. False: *ret_status is what to exit
 * with; what is wrong, or the help, was said.
 */
bool check_options_read(struct pool *pool, int argc, char *argv[], struct check_options *ret, int *ret_status);

#endif
