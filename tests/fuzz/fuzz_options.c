// SPDX-License-Identifier: MIT
/* FDGUARD_OPTIONS: the input up to a NUL; what is behind it is a file that the text can include as FILE. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/kind.h"
#include "driver.h"
#include "options/options.h"

static const char full[] =
	"cloexec=fix:cloexec.kinds=socket,pipe,all:cloexec.inherited=close:cloexec.allow=3,7-9,pipe:select.fortify=fix:closewait.age=60s";

const struct fuzz_seed fuzz_seeds[] = {
	FUZZ_TEXT(full),
	FUZZ_TEXT("closewait.signal=SIGRTMIN+3:closewait.cure=keepalive keepalive=60/10/5:keepalive.user_timeout=250ms"),
	FUZZ_TEXT("log='/tmp/a b:%p.%e.%%':level=note:format=json:stacks=32\tsuppressions=x:metrics=/m"),
	FUZZ_TEXT("only=nginx,py*,[a-z]?[!0-9]:skip='a b'\nepoll.spin=5k:connect.retry=2M:follow=off"),
	FUZZ_TEXT("include=FILE:level=error\0level=note # why\n#x\nlog='a\nonly=a'b\ninclude=FILE\r\nstacks=3"),
	FUZZ_TEXT("include=.:include=/dev/null:include='/nowhere':include="),
	FUZZ_TEXT("cloexce=off:=x:x:'':closewait.age=99999999999999999999h:keepalive=1/2"),
};
const size_t fuzz_seed_count = sizeof(fuzz_seeds) / sizeof(fuzz_seeds[0]);

static int mistakes;

static void must(bool what)
{
	if (!what)
		abort();
}

static void hear(void *cookie, bool severe, const char *sentence)
{
	size_t n = strlen(sentence);

	must(cookie == &mistakes && n > 0 && n < 511);
	mistakes += severe;
	for (size_t i = 0; i < n; i++)
		must((unsigned char)sentence[i] >= 0x20 && sentence[i] != 0x7f);
}

static void check_names(const struct fdg_names *n)
{
	for (unsigned i = 0; i < n->count; i++)
		must(n->glob[i][0] && !strchr(n->glob[i], ','));
	fdg_names_match(n, "nginx");
}

static void check_options(const struct fdg_options *o)
{
	must(o->cloexec <= FDG_FIX && o->level <= FDG_LEVEL_ERROR && o->format <= FDG_JSON && o->stacks <= 32);
	must(o->cloexec_kinds && o->cloexec_kinds <= FDG_KIND_ALL_BITS);
	must(o->closewait_age_ms >= 0 && o->closewait_age_ms <= FDG_DURATION_MAX);
	must(o->closewait_signal >= 0 && o->closewait_signal <= 64);
	must(o->keepalive.on || !o->keepalive.idle);
	must(o->cloexec_allow.ranges <= FDG_FDSET_RANGES);
	for (unsigned i = 0; i < o->cloexec_allow.ranges; i++)
		must(o->cloexec_allow.range[i].first >= 0 && o->cloexec_allow.range[i].first <= o->cloexec_allow.range[i].last);
	must((o->log.where == FDG_LOG_FILE) == (o->log.path && o->log.path[0] == '/'));
	must(!o->suppressions[0] || o->suppressions[0] == '/');
	check_names(&o->only);
	check_names(&o->skip);
}

static char directory[] = "/tmp/fdguard-fuzz.XXXXXX";

static void leave_directory(void)
{
	unlink("FILE");
	rmdir(directory);
}

/* A working directory of ours, in which FILE is memory. */
static int enter_directory(void)
{
	int file = memfd_create("FILE", 0);
	char link[32];

	must(file >= 0 && mkdtemp(directory) && chdir(directory) == 0);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", file);
	must(symlink(link, "FILE") == 0 && atexit(leave_directory) == 0);
	return file;
}

static void write_file(const uint8_t *data, size_t n)
{
	static int file = -1;

	if (file < 0)
		file = enter_directory();
	must(ftruncate(file, 0) == 0 && pwrite(file, data, n, 0) == (ssize_t)n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	size_t text_len = strnlen((const char *)data, n), rest = n - text_len;
	char *text = strndup((const char *)data, text_len);
	struct fdg_options o;

	write_file(data + text_len + !!rest, rest - !!rest);
	fdg_arena_forget();
	fdg_options_defaults(&o);
	mistakes = 0;
	must(fdg_options_read(&o, text, hear, &mistakes) == mistakes);
	check_options(&o);
	mistakes = 0;
	must(fdg_options_set(&o, text, hear, &mistakes) == mistakes);
	check_options(&o);
	free(text);
	return 0;
}
