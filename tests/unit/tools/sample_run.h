/* SPDX-License-Identifier: MIT */
/* A run for the tests of the writers: what a program may put into its names is in it. */
#ifndef FDG_TEST_SAMPLE_RUN_H
#define FDG_TEST_SAMPLE_RUN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/formats.h"

/* Terminal, XML, workflow command, link, argument, reordering, percent, newline. */
#define HOSTILE "\033[31m<b>&\"'\n::error::x%0A::stop-commands::y\t[click](1){0}\u202e]]>\\\x7f\xc2\x9b"

static struct log_frame sample_site[] = { { "/opt/shop/bin/monitor", 0x187c, "probe_fork+0x5c", NULL } };
static struct log_frame sample_created[] = { { "/opt/shop/bin/monitor", 0x19c2, "_ZN3dns9pool_openEv+0xa2", NULL }, { "/opt/shop/lib/lib" HOSTILE ".so", 0x10, NULL, NULL } };
static char *sample_argv[] = { "make", "te<st" HOSTILE, NULL };

static inline struct run_finding sample_finding(const char *id, enum fdg_level level, enum run_verdict verdict, bool fails)
{
	return (struct run_finding){
		.line = {
			.time = "2026-11-21T21:16:00.123Z", .pid = 4711, .tid = 4711, .exe = "/usr/bin/lynx", .guard = "cloexec", .id = id,
			.message = "lynx (pid 4711) inherited 1,100 UDP sockets", .level = level, .fd = 3, .count = 1100, .age_ms = -1,
			.site = sample_site, .sites = 1, .created = sample_created, .createds = 2, .fix = "create it with SOCK_CLOEXEC in monitor",
		},
		.fingerprint = "cloexec.leaked site=monitor:probe_fork created=monitor:dns_pool_open peer=none",
		.hash = 0x0123456789abcdef, .verdict = verdict, .fails = fails, .suppression = 7, .reports = 3, .most = 1100, .processes = 2,
	};
}

static inline struct run_finding hostile_finding(void)
{
	struct run_finding f = sample_finding("cloexec.leaked", FDG_LEVEL_ERROR, RUN_NEW, true);

	f.line.message = f.line.exe = f.line.peer = f.line.local = f.line.fix = HOSTILE;
	f.fingerprint = "cloexec.leaked " HOSTILE;
	return f;
}

static inline struct run sample_run(struct run_finding *findings, size_t n)
{
	return (struct run){
		.o.fail_on = FDG_LEVEL_WARNING, .argv = sample_argv, .directory = (char *)"", .started = "2026-11-21T21:15:59.000Z", .lasted_ms = 61007,
		.exit_status = 99, .finding = findings, .findings = n, .images = 12,
	};
}

/* What a writer writes; on the heap. */
static inline char *written(void (*write)(const struct run *r, const struct sources *s, FILE *f), const struct run *r, const struct sources *s)
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	write(r, s, f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(strlen(text), n);
	return text;
}

static inline size_t count_of(const char *text, const char *what)
{
	const char *end = text + strlen(text);
	size_t n = 0;

	while ((text = memmem(text, (size_t)(end - text), what, strlen(what)))) {
		n++;
		text += strlen(what);
	}
	return n;
}

/* Nothing that a terminal or a viewer obeys, but newlines. */
static inline void assert_plain(const char *text)
{
	assert_null(strstr(text, "\xe2\x80\xae"));
	for (; *text; text++)
		if ((*text & 0xe0) == 0 && *text != '\n')
			fail_msg("control character %#x", *text);
}

#endif
