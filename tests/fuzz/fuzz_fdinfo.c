// SPDX-License-Identifier: MIT
/* Interest lists as the kernel tells them. What the reader takes for a registration is written out again as the kernel would, and must read the same. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver.h"
#include "guards/epoll/fdinfo.h"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("pos:\t0\nflags:\t02000002\nmnt_id:\t15\nino:\t1039\n"
		  "tfd:        7 events:       1b data:                7  pos:0 ino:3e9 sdev:9\n"
		  "tfd:     1045 events: 80000019 data:     7fde00000006  pos:0 ino:1e672a36 sdev:800001\n"),
	FUZZ_TEXT(
		"tfd:        7 events:       1b data: ffffffffffffffff\ntfd:        8 events:       1b data:                7\n"),
	FUZZ_TEXT("tfd: 99999999999 events: 1 data: 1\ntfd: 1 events: 123456789 data: 1\ntfd: 1 data: 2\n"),
	FUZZ_TEXT(
		"tfd:\t1 events:1 data:1 pos:-5 ino:fffffffffffffffff sdev:1\ntfd:1 events:g data:1\n::: tfd:1 tfd:2\n"),
};
const size_t fuzz_seed_count = sizeof(fuzz_seeds) / sizeof(fuzz_seeds[0]);

static bool is_equal(const struct fdg_fdinfo *a, const struct fdg_fdinfo *b)
{
	return a->fd == b->fd && a->events == b->events && a->data == b->data && a->has_file == b->has_file &&
	       (!a->has_file || (a->ino == b->ino && a->dev == b->dev));
}

static void check(const struct fdg_fdinfo *line)
{
	struct fdg_fdinfo_reader r = { .is_begun = false };
	unsigned long sdev = (unsigned long)(((line->dev >> 8 & 0xfff) | (line->dev >> 32 & ~0xfffUL)) << 20 |
					     (line->dev & 0xff) | (line->dev >> 12 & 0xfff00));
	char text[160];
	int n;

	n = snprintf(text, sizeof(text), "tfd: %8d events: %8x data: %16llx ", line->fd, line->events,
		     (unsigned long long)line->data);
	if (line->has_file)
		n += snprintf(text + n, sizeof(text) - (size_t)n, " pos:%i ino:%llx sdev:%lx", 0,
			      (unsigned long long)line->ino, sdev);
	text[n++] = '\n';
	if (line->fd < 0)
		abort();
	for (int i = 0; i < n; i++)
		if (fdg_fdinfo_take(&r, text[i]) != (i == n - 1))
			abort();
	if (!is_equal(&r.line, line))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct fdg_fdinfo_reader r = { .is_begun = false };

	for (size_t i = 0; i < n; i++)
		if (fdg_fdinfo_take(&r, (char)data[i]))
			check(&r.line);
	return 0;
}
