/* SPDX-License-Identifier: MIT */
/* For the tests of report: lines of a log, and a report that has read them. */
#ifndef FDG_TEST_REPORT_SAMPLE_H
#define FDG_TEST_REPORT_SAMPLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tools/report.h"
#include "tools/report_page.h"

#define AT(time, pid, guard, id, level, rest) \
	"{\"v\":1,\"time\":\"2026-11-21T" time "Z\",\"pid\":" pid ",\"tid\":1,\"exe\":\"/usr/bin/x\",\"guard\":\"" guard "\",\"id\":\"" id "\",\"level\":\"" level \
	"\",\"action\":\"reported\",\"message\":\"what happened\"" rest "}\n"
#define START(time, pid, rest) AT(time, pid, "run", "run.start", "note", rest)
#define END(time, pid, rest) AT(time, pid, "run", "run.end", "note", rest)
#define LEAK(time, pid, rest) AT(time, pid, "closewait", "closewait.leak", "warning", rest)
#define MADE(name) ",\"created\":[{\"object\":\"/lib/sdk.so\",\"offset\":\"0x10\",\"symbol\":\"" name "+0x1\"}]"

static struct report sample;

static inline void begin(void)
{
	memset(&sample, 0, sizeof(sample));
	report_begin(&sample);
	sample.commands = true;
}

static inline void give(const char *text, size_t n)
{
	char path[] = "/tmp/fdguard-test.XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, n), n);
	close(fd);
	report_read(&sample, path);
	unlink(path);
}

static inline void give_text(const char *text)
{
	give(text, strlen(text));
}

static inline void end_reading(void)
{
	report_finish(&sample);
	judge_finish(sample.judge, NULL, false);
}

/* On the heap. */
static inline char *put(void (*write)(const struct report *p, FILE *f))
{
	char *text = NULL;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	write(&sample, f);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(strlen(text), n);
	return text;
}

#endif
