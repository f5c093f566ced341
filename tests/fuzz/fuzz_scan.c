// SPDX-License-Identifier: MIT
/* Files of /proc that say whatever they like. What is read must hold what the readers promise. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "driver.h"
#include "tools/scan_text.h"

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT("pos:\t0\nflags:\t02004002\nmnt_id:\t9\nino:\t1031\n"),
	FUZZ_TEXT("Name:\tx\nTgid:\t11\nPid:\t11\nPPid:\t7\nTracerPid:\t0\nUid:\t1000\t1000\nSigIgn:\t0000000000001000\nSigCgt:\t0000000180004002\n"),
	FUZZ_TEXT("11 (a) b (c) S 7 11 11 0 -1 4194560 100 0 0 0 5 6 0 0 20 0 1 0 314159 1000 2"),
	FUZZ_TEXT("0 0x5 0x7ffc0010 0x400 0x1 0x2 0x3 0x7ffc1234 0x7f56\n"),
	FUZZ_TEXT("1000 234 5\n"),
	FUZZ_TEXT("   1: 0100007F:1F90 0200007F:0050 08 0000000A:00000001 00:00000000 00000000  1000        0 424242 1 0000000000000000 20"),
	FUZZ_TEXT("   0: 00000000000000000000000001000000:0016 00000000000000000000000000000000:0000 0A 00000000:00000003 00:00000000 00000000     0        0 77 1 0"),
	FUZZ_TEXT("socket:[123456]"),
};
const size_t fuzz_seed_count = sizeof(fuzz_seeds) / sizeof(fuzz_seeds[0]);

static void must(int what)
{
	if (!what)
		abort();
}

static void read_tcp(const char *text, bool six)
{
	struct scan_tcp t;

	if (scan_read_tcp(text, six, &t))
		must(t.local.ss_family == (six ? AF_INET6 : AF_INET) && t.peer.ss_family == t.local.ss_family && t.state <= 0xff);
}

static void read_all(const char *text, size_t n)
{
	struct scan_fdinfo info;
	struct scan_status status;
	struct scan_call call;
	uint64_t number;

	must(scan_kind_of(text, &number) < SCAN_KINDS);
	if (scan_read_fdinfo(text, &info))
		must(info.flags >= 0);
	if (scan_read_status(text, &status))
		must(status.pid > 0 && status.parent >= 0);
	if (scan_read_call(text, &call))
		must(call.nr >= 0);
	scan_read_schedstat(text, &number);
	scan_read_sleeps(text, &number);
	scan_read_start(text, &number);
	read_tcp(text, false);
	read_tcp(text, true);
	scan_names_number(text, n, 3);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char *text = malloc(n + 1); /* no byte more, so that a sanitizer sees what reads beyond it */

	must(text != NULL);
	memcpy(text, data, n);
	text[n] = '\0';
	read_all(text, n);
	free(text);
	return 0;
}
