/* SPDX-License-Identifier: MIT */
/* For unit tests: the text of the findings. Include it after cmocka.h. */
#ifndef REPORTED_H
#define REPORTED_H

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "options/options.h"
#include "report/report.h"

static char log_path[] = "/tmp/fdg-unit-XXXXXX";
static char logged[65536];

/* What was reported since the last look. It stays in `logged`. */
static inline const char *report(void)
{
	int fd = open(log_path, O_RDWR | O_CLOEXEC);
	ssize_t n = read(fd, logged, sizeof(logged) - 1);

	logged[n > 0 ? n : 0] = '\0';
	assert_int_equal(ftruncate(fd, 0), 0);
	close(fd);
	return logged;
}

/* Options are the defaults, but for the log. exe as for fdg_report_start. */
static inline int begin_reports(const char *exe)
{
	int fd = mkstemp(log_path);

	close(fd);
	fdg_options_defaults(&fdg_options);
	fdg_options.log.where = FDG_LOG_FILE;
	fdg_options.log.path = log_path;
	fdg_report_start(exe, 0, NULL);
	return fd < 0;
}

/* A group's teardown. */
static inline int end_reports(void **state)
{
	(void)state;
	return unlink(log_path);
}

#endif
