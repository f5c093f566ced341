// SPDX-License-Identifier: MIT
/* A suppressions file, line by line and as a whole. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "driver.h"
#include "report/run.h"
#include "report/suppress.h"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("# ours\n\ncloexec.* site:libsdk.so:* peer:10.0.0.[0-9]* exe:/opt/*/shopd # known\nclosewait.leak\r\n"),
	FUZZ_TEXT("closewait.leak site:libsdk.so:0x1a2b\nclosewait.leak site:libsdk.so:poll_loop\nepoll.spin exe:\n"),
	FUZZ_TEXT("* peer:? peer:?\n[!a]*\tsite:**:*\nclosewait.leek\nclosewait.leak why"),
	FUZZ_TEXT("*\0*\n"),
};
const size_t fuzz_seed_count = sizeof(fuzz_seeds) / sizeof(fuzz_seeds[0]);

static const struct fdg_place site[] = { { "/usr/lib/libsdk.so", 0x1a2b } };
static const struct fdg_symbols symbols = { .site = { 1 }, .text = "\0poll_loop+0x4b" };
static struct fdg_finding finding = { .id = FDG_CLOSEWAIT_LEAK, .peer = "10.0.0.7:8001", .site = site, .sites = 1 };

static void must(bool what)
{
	if (!what)
		abort();
}

static bool inside(const char *s, const char *text, size_t n)
{
	return !s || (s >= text && s + strlen(s) <= text + n);
}

static void parse(char *line)
{
	size_t n = strlen(line);
	char why[256];
	struct fdg_buf w = FDG_BUF(why);
	struct fdg_suppression s = { .line = 1 };

	if (fdg_suppression_parse(line, &s, &w)) {
		must(s.id && *s.id && !w.len);
		must(inside(s.id, line, n) && inside(s.site, line, n) && inside(s.peer, line, n) && inside(s.exe, line, n));
		fdg_suppression_matches(&s, &finding, &symbols);
	} else {
		must(!s.id);
	}
}

static void parse_lines(const uint8_t *data, size_t n)
{
	char *text = strndup((const char *)data, n), *end;

	for (char *line = text; line; line = end ? end + 1 : NULL) {
		end = strchr(line, '\n');
		if (end)
			*end = '\0';
		parse(line);
	}
	free(text);
}

static void read_file(const uint8_t *data, size_t n)
{
	static int fd = -1;
	static char path[32];
	char used[64];
	struct fdg_buf u = FDG_BUF(used);

	if (fd < 0)
		fd = memfd_create("suppressions", MFD_CLOEXEC);
	must(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, data, n, 0) == (ssize_t)n);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	fdg_arena_forget();
	fdg_options.suppressions = path;
	fdg_suppress_start();
	must(!fdg_suppressed(&finding, &symbols) || fdg_suppress_any());
	fdg_suppress_put_used(&u);
	must(used[0] == '[');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	atomic_store(&fdg_run.said, 8); /* sentences are not what this is about */
	parse_lines(data, n);
	read_file(data, n);
	return 0;
}
