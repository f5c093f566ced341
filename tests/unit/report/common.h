/* SPDX-License-Identifier: MIT */
/*
 * For the tests of this folder. What a report does to descriptors, signals and standard error is done in a forked child, which only acts; the parent
 * looks at what came out.
 */
#ifndef FDG_TEST_REPORT_COMMON_H
#define FDG_TEST_REPORT_COMMON_H

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "options/options.h"
#include "report/report.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define EXE "/opt/shop/bin/shopd"

struct outcome {
	int status;          /* as waitpid gives it */
	char err[256 << 10]; /* what came to standard error */
	size_t len;
};

static inline void set_options(enum fdg_format format, const char *log)
{
	fdg_options_defaults(&fdg_options);
	fdg_options.format = format;
	if (log) {
		fdg_options.log.where = FDG_LOG_FILE;
		fdg_options.log.path = log;
	}
}

static inline void drain(int fd, struct outcome *ret)
{
	ssize_t n;

	ret->len = 0;
	while ((n = read(fd, ret->err + ret->len, sizeof(ret->err) - 1 - ret->len)) > 0)
		ret->len += (size_t)n;
	ret->err[ret->len] = '\0';
}

/* Runs act in a child whose standard error is a pipe. */
static inline struct outcome *in_child(void (*act)(void))
{
	static struct outcome out;
	int p[2];
	pid_t pid;

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(p[1], 2);
		close(p[1]);
		close(p[0]);
		act();
		_exit(0);
	}
	close(p[1]);
	drain(p[0], &out);
	close(p[0]);
	assert_int_equal(waitpid(pid, &out.status, 0), pid);
	return &out;
}

static inline void assert_exit(const struct outcome *o, int code)
{
	if (!WIFEXITED(o->status) || WEXITSTATUS(o->status) != code)
		fail_msg("wait status 0x%x instead of exit %d; it said: %.600s", (unsigned)o->status, code, o->err);
}

static inline void assert_contains(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in: %.3000s", part, text);
}

static inline void assert_lacks(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("\"%s\" in: %.3000s", part, text);
}

static inline unsigned occurrences(const char *text, const char *part)
{
	unsigned n = 0;

	for (text = strstr(text, part); text; text = strstr(text + strlen(part), part))
		n++;
	return n;
}

static inline char *slurp(const char *path)
{
	static char text[256 << 10];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		fail_msg("%s: %s", path, strerror(errno));
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	assert_true(n >= 0);
	text[n] = '\0';
	return text;
}

/* A folder of the test's own, which is the working directory until leave_folder. */
static inline const char *enter_folder(void)
{
	static char path[PATH_MAX];
	const char *tmp = getenv("TMPDIR");

	snprintf(path, sizeof(path), "%s/fdguard-unit.XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(path));
	assert_int_equal(chdir(path), 0);
	return path;
}

static inline void leave_folder(const char *path)
{
	char command[PATH_MAX + 16];

	assert_int_equal(chdir("/"), 0);
	snprintf(command, sizeof(command), "rm -rf '%s'", path);
	assert_int_equal(system(command), 0);
}

static inline void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static inline struct fdg_finding leak(void)
{
	struct fdg_finding f = FDG_FINDING_INIT(FDG_CLOSEWAIT_LEAK);

	f.message = "360 TCP sockets to 10.0.0.7:8001 are in CLOSE_WAIT";
	f.fix = "close the socket when read returns 0";
	f.fd = 1045;
	f.count = 360;
	f.peer = "10.0.0.7:8001";
	f.age_ms = 61000;
	return f;
}

/* Is [s, end) one JSON value, and UTF-8? Returns behind it, or NULL. */
static inline const char *json_value(const char *s, const char *end);

static inline const char *json_utf8(const char *s, const char *end)
{
	unsigned char c = (unsigned char)*s;
	int n = c < 0x80 ? 0 : c >= 0xc2 && c < 0xe0 ? 1 : c >= 0xe0 && c < 0xf0 ? 2 : c >= 0xf0 && c < 0xf5 ? 3 : -1;

	if (n < 0 || end - s < n + 1)
		return NULL;
	if ((c == 0xe0 && (unsigned char)s[1] < 0xa0) || (c == 0xed && (unsigned char)s[1] > 0x9f))
		return NULL;
	if ((c == 0xf0 && (unsigned char)s[1] < 0x90) || (c == 0xf4 && (unsigned char)s[1] > 0x8f))
		return NULL;
	for (int i = 1; i <= n; i++)
		if (((unsigned char)s[i] & 0xc0) != 0x80)
			return NULL;
	return s + n + 1;
}

static inline const char *json_escape(const char *s, const char *end)
{
	if (end - s >= 1 && strchr("\"\\/bfnrt", *s) && *s)
		return s + 1;
	if (end - s < 5 || *s != 'u')
		return NULL;
	for (int i = 1; i < 5; i++)
		if (!isxdigit((unsigned char)s[i]))
			return NULL;
	return s + 5;
}

static inline const char *json_string(const char *s, const char *end)
{
	if (s == end || *s++ != '"')
		return NULL;
	while (s && s < end && *s != '"') {
		if ((unsigned char)*s < 0x20)
			return NULL;
		s = *s == '\\' ? json_escape(s + 1, end) : json_utf8(s, end);
	}
	return s && s < end ? s + 1 : NULL;
}

static inline const char *json_list(const char *s, const char *end, bool object)
{
	char close = object ? '}' : ']';

	if (++s < end && *s == close)
		return s + 1;
	while (s && s < end) {
		if (object) {
			s = json_string(s, end);
			if (!s || s == end || *s++ != ':')
				return NULL;
		}
		s = json_value(s, end);
		if (!s || s == end)
			return NULL;
		if (*s == close)
			return s + 1;
		if (*s++ != ',')
			return NULL;
	}
	return NULL;
}

static inline const char *json_value(const char *s, const char *end)
{
	const char *start = s;

	if (s == end)
		return NULL;
	if (*s == '{' || *s == '[')
		return json_list(s, end, *s == '{');
	if (*s == '"')
		return json_string(s, end);
	if (end - s >= 4 && strncmp(s, "true", 4) == 0)
		return s + 4;
	s += *s == '-';
	start = s;
	while (s < end && isdigit((unsigned char)*s))
		s++;
	return s == start || (*start == '0' && s > start + 1) ? NULL : s;
}

/* Every line is one object, at most PIPE_BUF bytes with its newline, and there are `lines` of them. */
static inline void assert_json_lines(const char *text, unsigned lines)
{
	unsigned n = 0;

	for (const char *s = text; *s; n++) {
		const char *end = strchr(s, '\n');

		if (!end || *s != '{' || json_value(s, end) != end)
			fail_msg("line %u is no JSON object: %.5000s", n, s);
		assert_true(end + 1 - s <= PIPE_BUF);
		s = end + 1;
	}
	assert_int_equal(n, lines);
}

#endif
